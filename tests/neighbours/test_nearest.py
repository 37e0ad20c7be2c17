from __future__ import annotations

import importlib

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours.nearest import nearest, nearest_of_distances
from rsgraph.neighbours.rows import Metric

module = importlib.import_module("rsgraph.neighbours.nearest")


def vectors(n: int = 120, d: int = 7, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(2, 1, (n, d)).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("elements", [1, 500, 10**6])
def test_nearest_is_scikit_learns_search_whatever_the_blocks(
    metric: Metric, elements: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ELEMENTS", elements)
    wide = vectors().astype(np.float64)
    expected = NearestNeighbors(n_neighbors=9, metric=metric, algorithm="brute").fit(wide).kneighbors()
    found = nearest(vectors(), 9, metric=metric)
    np.testing.assert_array_equal(found.rows, expected[1])
    np.testing.assert_allclose(found.distances, expected[0], atol=1e-6)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_nearest_of_some_rows_among_some(metric: Metric) -> None:
    some, asked = (np.flatnonzero(chosen) for chosen in np.random.default_rng(1).random((2, 300)) < 0.3)
    rows = vectors(300)
    distances = cdist(rows, rows, metric)
    np.fill_diagonal(distances, np.inf)
    expected = some[np.argsort(distances[asked][:, some], axis=1)[:, :4]]
    found = nearest(rows, 4, metric=metric, queries=asked, among=some).rows
    np.testing.assert_array_equal(found, expected)


def test_nearest_of_some_rows_is_theirs_among_all() -> None:
    chosen = np.array([50, 3, 119, 3])
    np.testing.assert_array_equal(nearest(vectors(), 4, queries=chosen).rows, nearest(vectors(), 4).rows[chosen])


def test_nearest_finds_differences_below_those_of_float32() -> None:
    rows = np.ones((4, 2))
    rows[:, 1] += [0, 3e-6, 1e-6, -2e-6]  # cosines of 1 - 1e-12
    for found in (nearest(rows, 1), nearest(1000 + rows, 1, metric="euclidean")):
        np.testing.assert_array_equal(found.rows[:, 0], [2, 2, 0, 0])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_copies_come_in_their_order_and_a_row_is_never_its_own_neighbour(metric: Metric) -> None:
    copies = np.repeat(vectors(2, 5), 40, axis=0)[np.random.default_rng(1).permutation(80)]
    group = (copies == copies[0]).all(axis=1)
    found = nearest(copies, 10, metric=metric)
    for row in range(80):
        same = [other for other in np.flatnonzero(group == group[row]) if other != row]
        assert found.rows[row].tolist() == same[:10]
    np.testing.assert_array_equal(found.distances, 0)


def test_equally_far_rows_of_a_grid_come_in_their_order() -> None:
    line = np.array([[-2.0, 0], [-1, 0], [0, 0], [1, 0], [2, 0]])
    found = nearest(line, 4, metric="euclidean")
    assert found.rows[2].tolist() == [1, 3, 0, 4]
    np.testing.assert_allclose(found.distances[2], [1, 1, 2, 2], rtol=1e-12)


def test_points_far_from_the_origin_keep_their_order() -> None:
    near = vectors(50, 2)
    moved = near.astype(np.float64) + 1e5
    expected = nearest(near, 5, metric="euclidean").rows
    np.testing.assert_array_equal(nearest(moved, 5, metric="euclidean").rows, expected)


def test_a_row_of_zeros_is_at_right_angles_to_all() -> None:
    rows = np.array([[1.0, 0], [0, 0], [1, 0.1], [-1, 0]])
    found = nearest(rows, 3)
    assert found.rows[0].tolist() == [2, 1, 3]
    assert found.rows[1].tolist() == [0, 2, 3]
    np.testing.assert_allclose(found.distances[:2], [[1 - 1 / np.sqrt(1.01), 1, 2], [1, 1, 1]])
    assert nearest(np.zeros((3, 2)), 1).rows[:, 0].tolist() == [1, 0, 0]


@pytest.mark.parametrize(("n", "k", "shape"), [(3, 15, (3, 2)), (1, 5, (1, 0)), (0, 5, (0, 0))])
def test_small_tables_give_as_many_neighbours_as_there_are(n: int, k: int, shape: tuple[int, int]) -> None:
    assert nearest(vectors(n), k).rows.shape == shape


def test_nothing_is_found_for_nobody_and_among_nobody() -> None:
    none, one = np.empty(0, dtype=np.int64), np.array([0])
    assert nearest(vectors(), 2, queries=none).rows.shape == (0, 2)
    assert nearest(vectors(), 2, among=none).rows.shape == (120, 0)
    assert nearest(vectors(), 2, queries=one, among=one).rows.shape == (1, 0)
    assert nearest(vectors(4), 1, queries=np.array([1, 2, 3]), among=one).rows.tolist() == [[0], [0], [0]]


def test_progress_counts_queries_and_may_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ELEMENTS", 120 * 50)
    calls: list[tuple[int, int]] = []
    nearest(vectors(), 3, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(0, 120), (50, 120), (100, 120), (120, 120)]

    def cancel(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        nearest(vectors(), 3, progress=cancel)


def test_nearest_of_distances_is_that_of_the_vectors() -> None:
    expected, asked = nearest(vectors(), 9, metric="euclidean"), np.array([7, 3])
    found = nearest_of_distances(cdist(vectors(), vectors()), 9)
    np.testing.assert_array_equal(found.rows, expected.rows)
    np.testing.assert_allclose(found.distances, expected.distances, atol=1e-6)
    some = nearest_of_distances(cdist(vectors(), vectors()), 9, queries=asked)
    np.testing.assert_array_equal(some.rows, expected.rows[asked])


def test_nearest_of_distances_takes_ties_by_index() -> None:
    distances = np.array([[0, 1, 1, 0], [1, 0, 1, 1], [1, 1, 0, 1], [0, 1, 1, 0]], dtype=np.float32)
    found = nearest_of_distances(distances, 2)
    np.testing.assert_array_equal(found.rows, [[3, 1], [0, 2], [0, 1], [0, 1]])
    np.testing.assert_array_equal(found.distances, [[0, 1], [1, 1], [1, 1], [0, 1]])


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match="`k` must be at least 1"):
        nearest(vectors(), 0)
    with pytest.raises(ConfigError, match="`metric` must be one of: cosine, euclidean"):
        nearest(vectors(), 1, metric="l1")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"`vectors` must have shape \(rows, dimensions\)"):
        nearest(np.zeros(3), 1)
    with pytest.raises(ConfigError, match="`queries` must be rows of 120 vectors"):
        nearest(vectors(), 1, queries=np.array([120]))
    with pytest.raises(ConfigError, match="`among` must be rows of 120 vectors"):
        nearest(vectors(), 1, among=np.ones(120, dtype=np.bool_))  # type: ignore[arg-type]
    with pytest.raises(NotUsable, match="NaN"):
        nearest(np.array([[np.nan], [1.0]]), 1)
