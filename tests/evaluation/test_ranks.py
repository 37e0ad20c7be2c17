from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import rankdata

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation import ranks as module
from rsgraph.evaluation.ranks import nearest_in, ranks
from rsgraph.neighbours.nearest import nearest


def vectors(n: int = 120, d: int = 7, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(2, 1, (n, d)).astype(np.float32)


@pytest.mark.parametrize("elements", [1, 10**6])
def test_ranks_are_those_of_all_sorted_distances(elements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ELEMENTS", elements)
    distances = cdist(vectors(), vectors(), "cosine")
    np.fill_diagonal(distances, -1)
    rank = rankdata(distances, axis=1) - 1
    other = nearest(vectors(seed=1), 6).rows
    expected = np.take_along_axis(rank, other, axis=1)
    np.testing.assert_array_equal(ranks(vectors(), other), expected)
    np.testing.assert_array_equal(ranks(distances, other, metric="precomputed"), expected)


def test_ranks_of_equals_are_by_row_so_that_the_nearest_have_the_first_ranks() -> None:
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2).astype(np.float32)
    found = nearest(grid, 35, metric="euclidean").rows
    np.testing.assert_array_equal(ranks(grid, found, metric="euclidean"), np.tile(np.arange(1, 36), (36, 1)))
    backwards = ranks(grid, found[:, ::-1], metric="euclidean")
    np.testing.assert_array_equal(backwards, np.tile(np.arange(35, 0, -1), (36, 1)))


def test_nearest_in_distances_is_that_of_the_vectors() -> None:
    asked = np.array([5, 80])
    expected = nearest(vectors(), 9, metric="euclidean", queries=asked).rows
    np.testing.assert_array_equal(nearest_in(vectors(), 9, metric="euclidean", queries=asked), expected)
    distances = cdist(vectors(), vectors())
    np.testing.assert_array_equal(nearest_in(distances, 9, metric="precomputed", queries=asked), expected)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match=r"`neighbours` must have shape \(120, k\)"):
        ranks(vectors(), np.zeros((2, 1), dtype=np.int64))
    with pytest.raises(ConfigError, match="square matrix"):
        nearest_in(vectors(), 1, metric="precomputed", queries=np.arange(120))
    with pytest.raises(NotUsable, match="NaN"):
        ranks(np.full((3, 3), np.nan), np.zeros((3, 1), dtype=np.int64), metric="precomputed")
