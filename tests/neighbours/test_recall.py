from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import rankdata
from sklearn.neighbors import NearestNeighbors

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours import recall as neighbours
from rsgraph.neighbours.recall import Metric, nearest, ranks


def vectors(n: int = 120, d: int = 7, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(2, 1, (n, d)).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("elements", [1, 500, 10**6])
def test_nearest_is_scikit_learns_search_whatever_the_strips(
    metric: Metric, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbours, "_ELEMENTS", elements)
    wide = vectors().astype(np.float64)
    expected = NearestNeighbors(n_neighbors=9, metric=metric, algorithm="brute").fit(wide).kneighbors()[1]
    np.testing.assert_array_equal(nearest(vectors(), 9, metric=metric), expected)


def test_nearest_of_distances_is_that_of_the_vectors() -> None:
    distances = cdist(vectors(), vectors())
    np.testing.assert_array_equal(
        nearest(distances, 9, metric="precomputed"), nearest(vectors(), 9, metric="euclidean")
    )


def test_nearest_of_some_rows_is_theirs_among_all() -> None:
    chosen = np.array([50, 3, 119, 3])
    np.testing.assert_array_equal(nearest(vectors(), 4, queries=chosen), nearest(vectors(), 4)[chosen])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_copies_come_in_their_order_and_a_row_is_never_its_own_neighbour(metric: Metric) -> None:
    copies = np.repeat(vectors(2, 5), 40, axis=0)[np.random.default_rng(1).permutation(80)]
    group = (copies == copies[0]).all(axis=1)
    found = nearest(copies, 10, metric=metric)
    for row in range(80):
        same = [other for other in np.flatnonzero(group == group[row]) if other != row]
        assert found[row].tolist() == same[:10]


def test_equally_far_rows_of_a_grid_come_in_their_order() -> None:
    line = np.array([[-2.0, 0], [-1, 0], [0, 0], [1, 0], [2, 0]])
    assert nearest(line, 4, metric="euclidean")[2].tolist() == [1, 3, 0, 4]


def test_points_far_from_the_origin_keep_their_order() -> None:
    near = vectors(50, 2)
    moved = near.astype(np.float64) + 1e5
    np.testing.assert_array_equal(nearest(moved, 5, metric="euclidean"), nearest(near, 5, metric="euclidean"))


def test_a_row_of_zeros_is_at_right_angles_to_all() -> None:
    rows = np.array([[1.0, 0], [0, 0], [1, 0.1], [-1, 0]])
    assert nearest(rows, 3)[0].tolist() == [2, 1, 3]
    assert nearest(rows, 3)[1].tolist() == [0, 2, 3]


@pytest.mark.parametrize(("n", "k", "shape"), [(3, 15, (3, 2)), (1, 5, (1, 0)), (0, 5, (0, 0))])
def test_small_tables_give_as_many_neighbours_as_there_are(n: int, k: int, shape: tuple[int, int]) -> None:
    assert nearest(vectors(n), k).shape == shape


@pytest.mark.parametrize("elements", [1, 10**6])
def test_ranks_are_those_of_all_sorted_distances(elements: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "_ELEMENTS", elements)
    distances = cdist(vectors(), vectors(), "cosine")
    np.fill_diagonal(distances, -1)
    rank = rankdata(distances, axis=1) - 1
    other = nearest(vectors(seed=1), 6)
    np.testing.assert_array_equal(ranks(vectors(), other), np.take_along_axis(rank, other, axis=1))


def test_ranks_of_equals_are_by_row_so_that_the_nearest_have_the_first_ranks() -> None:
    grid = np.stack(np.meshgrid(np.arange(6), np.arange(6)), axis=-1).reshape(-1, 2).astype(np.float32)
    found = nearest(grid, 35, metric="euclidean")
    np.testing.assert_array_equal(ranks(grid, found, metric="euclidean"), np.tile(np.arange(1, 36), (36, 1)))
    backwards = ranks(grid, found[:, ::-1], metric="euclidean")
    np.testing.assert_array_equal(backwards, np.tile(np.arange(35, 0, -1), (36, 1)))


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match="`k` must be at least 1"):
        nearest(vectors(), 0)
    with pytest.raises(ConfigError, match="`metric` must be one of: cosine, euclidean, precomputed"):
        nearest(vectors(), 1, metric="l1")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"`vectors` must have shape \(rows, dimensions\)"):
        nearest(np.zeros(3), 1)
    with pytest.raises(ConfigError, match="square matrix"):
        nearest(vectors(), 1, metric="precomputed")
    with pytest.raises(ConfigError, match="`queries` must be rows of 120 vectors"):
        nearest(vectors(), 1, queries=np.array([120]))
    with pytest.raises(ConfigError, match=r"`neighbours` must have shape \(120, k\)"):
        ranks(vectors(), np.zeros((2, 1), dtype=np.int64))
    with pytest.raises(NotUsable, match="NaN"):
        nearest(np.array([[np.nan], [1.0]]), 1)
