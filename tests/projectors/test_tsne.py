from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours.nearest import nearest_of_distances
from rsgraph.projectors.tsne import MOST, Tsne
from tests.projectors.test_umap import same_group_share, three_groups


def test_project_keeps_groups_together_and_repeats() -> None:
    vectors, labels = three_groups(20)
    first, second = (Tsne(perplexity=10).project(vectors, seed=3) for _ in range(2))
    assert first.method == "tsne"
    assert first.points.dtype == np.float32
    assert same_group_share(first.points, labels) == 1.0
    np.testing.assert_array_equal(first.points, second.points)


def test_project_distances_keeps_groups_together() -> None:
    vectors, labels = three_groups(20)
    found = Tsne(perplexity=10).project_distances(cdist(vectors, vectors, "cosine"), seed=0)
    assert same_group_share(found.points, labels) == 1.0


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_few_points_fall_back_to_pca(n: int) -> None:
    found = Tsne().project(np.arange(3 * n, dtype=np.float32).reshape(n, 3), seed=0)
    assert found.method == "pca"
    assert found.points.shape == (n, 2)


@pytest.mark.parametrize("n", [5, 20])
def test_constant_input_is_finite(n: int) -> None:
    assert np.isfinite(Tsne().project(np.ones((n, 3), np.float32), seed=0).points).all()
    assert np.isfinite(Tsne().project_distances(np.zeros((n, n)), seed=0).points).all()


@pytest.mark.parametrize(("parameter", "value"), [("perplexity", 0.5), ("metric", "manhattan")])
def test_tsne_refuses_bad_parameters(parameter: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"`{parameter}`"):
        Tsne(**{parameter: value})  # type: ignore[arg-type]  # that is the test


def test_project_neighbours_keeps_groups_together() -> None:
    vectors, labels = three_groups(20)
    near, lengths = nearest_of_distances(cdist(vectors, vectors, "cosine").astype(np.float32), 12)
    found = Tsne().project_neighbours(near, lengths.astype(np.float32), seed=0)
    assert found.method == "tsne"
    assert same_group_share(found.points, labels) == 1.0


def test_too_few_neighbours_fall_back_to_pca() -> None:
    ring = np.stack([np.roll(np.arange(9), 1), np.roll(np.arange(9), -1)], axis=1)
    assert Tsne().project_neighbours(ring, np.ones((9, 2), np.float32), seed=0).method == "pca"


def test_very_many_vectors_are_refused_with_the_projectors_that_take_them() -> None:
    with pytest.raises(NotUsable, match=r"200,000 vectors, and here are 200,001; choose projector=umap or"):
        Tsne().project(np.zeros((MOST + 1, 2), dtype=np.float32), seed=0)
