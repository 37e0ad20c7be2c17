from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from rsgraph.projectors.pca import Pca


def test_project_known_answer() -> None:
    vectors = np.array([[0, 0, 0], [0, 4, 0], [0, 0, 2], [0, 4, 2]], dtype=np.float32)
    found = Pca().project(vectors, seed=0)
    np.testing.assert_allclose(found.points, [[-2, -1], [2, -1], [-2, 1], [2, 1]], atol=1e-6)
    assert found.method == "pca"


def test_classical_scaling_recovers_flat_distances() -> None:
    corners = np.array([[0, 0], [3, 0], [3, 4], [0, 4]], dtype=np.float32)
    points = Pca().project_distances(cdist(corners, corners), seed=0).points
    np.testing.assert_allclose(cdist(points, points), cdist(corners, corners), atol=1e-5)


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (2, 3), (5, 1), (5, 0)])
def test_project_small_inputs(shape: tuple[int, int]) -> None:
    points = Pca().project(np.ones(shape, np.float32), seed=0).points
    np.testing.assert_array_equal(points, np.zeros((shape[0], 2), np.float32))


def test_project_neighbours_follows_the_paths_of_a_ring() -> None:
    n = 40
    neighbours = np.stack([(np.arange(n) + 1) % n, (np.arange(n) - 1) % n], axis=1)
    points = Pca().project_neighbours(neighbours, np.ones((n, 2), np.float32), seed=0).points
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), np.linalg.norm(points[0]), rtol=1e-3)
    order = np.argsort(np.arctan2(points[:, 1], points[:, 0]))
    assert set(np.abs(np.diff(order))) <= {1, n - 1}
