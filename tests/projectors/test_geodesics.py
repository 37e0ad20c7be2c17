from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.manifold import Isomap

from rsgraph.errors import NotUsable
from rsgraph.neighbours.nearest import nearest_of_distances
from rsgraph.projectors import geodesics
from rsgraph.projectors.geodesics import check_neighbours, neighbour_scaling, shortest_paths
from rsgraph.projectors.scaling import check_distances, classical_scaling


def lists(points: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    return nearest_of_distances(cdist(points, points).astype(np.float32), k)


def sheet(n: int = 120) -> np.ndarray:
    return np.random.default_rng(0).random((n, 2)) * (8, 3)


def test_neighbour_scaling_equals_isomap() -> None:
    points = sheet()
    expected = Isomap(n_neighbors=8, n_components=2).fit_transform(points)
    found = neighbour_scaling(*lists(points, 8), seed=0)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-3)


def test_neighbour_scaling_by_landmarks_lays_a_sheet_out_like_all_points(monkeypatch: pytest.MonkeyPatch) -> None:
    every = neighbour_scaling(*lists(sheet(), 8), seed=0)
    monkeypatch.setattr(geodesics, "LANDMARKS", 40)
    some = neighbour_scaling(*lists(sheet(), 8), seed=0)
    assert np.corrcoef(cdist(every, every).ravel(), cdist(some, some).ravel())[0, 1] > 0.99


def test_neighbour_scaling_of_all_neighbours_is_classical_scaling() -> None:
    points = sheet(6)
    expected = classical_scaling(check_distances(cdist(points, points)))
    np.testing.assert_allclose(neighbour_scaling(*lists(points, 5), seed=0), expected, atol=1e-5)


def test_shortest_paths_go_both_ways_and_between_parts_take_the_longest() -> None:
    neighbours = np.array([[1], [2], [1], [4], [3]])
    lengths = np.array([[1.0], [2.0], [2.0], [0.0], [0.0]], np.float32)
    found = shortest_paths(neighbours, lengths, np.array([0, 3]))
    np.testing.assert_allclose(found, [[0, 1, 3, 3, 3], [3, 3, 3, 0, 0]], atol=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_neighbour_scaling_of_few_points_is_finite(n: int) -> None:
    neighbours = np.array([[1], [0]])[:n] if n == 2 else np.zeros((n, 0), np.int64)
    points = neighbour_scaling(neighbours, np.ones(neighbours.shape, np.float32), seed=0)
    assert points.shape == (n, 2)
    assert np.isfinite(points).all()


def test_check_neighbours_refuses_what_does_not_fit() -> None:
    with pytest.raises(NotUsable, match=r"one shape \(n, k\)"):
        check_neighbours(np.zeros((3, 2), int), np.zeros((3, 1), np.float32))
    with pytest.raises(NotUsable, match="NaN"):
        check_neighbours(np.array([[1], [0]]), np.full((2, 1), np.nan, np.float32))
    with pytest.raises(NotUsable, match="2 points, from 0"):
        check_neighbours(np.array([[5], [0]]), np.zeros((2, 1), np.float32))
