from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.projectors.parametric import Parametric, choose_device, umap_loss
from rsgraph.projectors.scaling import principal_components
from tests.projectors.test_umap import same_group_share, three_groups


def small(**options: object) -> Parametric:
    return Parametric(**{"hidden": 32, "steps": 150, "accelerator": "cpu", **options})  # type: ignore[arg-type]


def test_project_keeps_groups_together_and_repeats() -> None:
    vectors, labels = three_groups()
    first, second = (small().project(vectors, seed=3) for _ in range(2))
    assert first.method == "parametric"
    assert first.points.dtype == np.float32
    assert same_group_share(first.points, labels) == 1.0
    np.testing.assert_array_equal(first.points, second.points)
    assert np.abs(first.points - small().project(vectors, seed=4).points).max() > 0.01


def test_training_beats_the_principal_components_it_starts_from() -> None:
    rng = np.random.default_rng(0)
    angles = rng.random((400, 2)) * 2 * np.pi  # a torus in four dimensions: no plane shows its neighbourhoods
    vectors = np.hstack([np.cos(angles), np.sin(angles)]).astype(np.float32)
    points = small(steps=300, metric="euclidean").project(vectors, seed=0).points
    before = trustworthiness(vectors, principal_components(vectors), n_neighbors=10)
    assert trustworthiness(vectors, points, n_neighbors=10) > before + 0.05


def test_transform_maps_the_rows_of_a_fit_to_their_points_and_others_beside_them() -> None:
    vectors, labels = three_groups()
    projector = small(sample=40)
    found = projector.project(vectors, seed=0)
    assert found.model is not None
    assert {value.dtype for value in found.model.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(projector.transform(vectors, found.model), found.points)
    assert same_group_share(found.points, labels) == 1.0


def test_untrained_map_is_the_principal_components() -> None:
    vectors, _ = three_groups()
    points = small(steps=1, metric="euclidean").project(vectors, seed=0).points
    expected = principal_components(vectors)
    expected *= 10 / np.abs(expected).max()
    np.testing.assert_allclose(np.abs(points), np.abs(expected), atol=0.2)


def test_umap_loss_is_the_cross_entropy_of_its_formula() -> None:
    heads, tails = torch.tensor([[0.0, 0.0], [3.0, 0.0]]), torch.tensor([[1.0, 0.0], [3.0, 2.0]])
    near, far = (1 / (1 + 1.5 * (np.array(squared) + 1e-3) ** 0.9) for squared in ([1.0, 4.0], [13.0, 4.0]))
    expected = -np.log(near).mean() - np.log(1 - far).mean()
    assert umap_loss(heads, tails, [1], (1.5, 0.9)).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_few_points_fall_back_to_pca(n: int) -> None:
    found = small().project(np.arange(3 * n, dtype=np.float32).reshape(n, 3), seed=0)
    assert (found.method, found.points.shape, found.model) == ("pca", (n, 2), None)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_constant_input_is_finite(value: float) -> None:
    assert np.isfinite(small(steps=20).project(np.full((9, 4), value, np.float32), seed=0).points).all()


def test_distances_are_laid_out_by_umap() -> None:
    vectors, labels = three_groups(12)
    found = small().project_distances(cdist(vectors, vectors, "cosine"), seed=0)
    assert found.method == "umap"
    assert same_group_share(found.points, labels) == 1.0


def test_progress_counts_to_the_end() -> None:
    vectors, _ = three_groups(10)
    calls: list[tuple[int, int]] = []
    small(steps=40).project(vectors, seed=0, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (1000, 1000)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("hidden", 0), ("steps", 1.5), ("sample", 10), ("metric", "cos"), ("n_neighbors", 1), ("accelerator", "tpu")],
)
def test_parametric_refuses_bad_parameters(parameter: str, value: object) -> None:
    with pytest.raises(ConfigError, match=f"`{parameter}`"):
        Parametric(**{parameter: value})  # type: ignore[arg-type]  # that is the test


def test_transform_refuses_other_features() -> None:
    vectors, _ = three_groups(10)
    model = small(steps=1).fit(vectors, seed=0)
    with pytest.raises(NotUsable, match="8 features"):
        small().transform(vectors[:, :5], model)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the machine has the GPU that the test is to miss")
def test_choose_device_refuses_a_gpu_that_is_not_there() -> None:
    assert choose_device("auto") == "cpu"
    for asked in ("gpu", "cuda"):
        with pytest.raises(ConfigError, match="one that this machine has: auto, cpu"):
            choose_device(asked)
