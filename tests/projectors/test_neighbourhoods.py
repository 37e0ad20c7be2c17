from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from rsgraph.neighbours.rows import Metric
from rsgraph.projectors.neighbourhoods import first_of_all, nearest_of_vectors, seeded_start


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_nearest_of_vectors_equals_scipy(metric: Metric) -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    indices, distances = nearest_of_vectors(vectors, 7, metric, seed=0)
    all_pairs = cdist(vectors, vectors, metric)
    np.fill_diagonal(all_pairs, 0)
    np.testing.assert_array_equal(indices, np.argsort(all_pairs, axis=1)[:, :7])
    np.testing.assert_allclose(distances, np.sort(all_pairs, axis=1)[:, :7], atol=1e-6)


def test_nearest_of_vectors_puts_itself_before_its_copies() -> None:
    indices, distances = nearest_of_vectors(np.ones((9, 3), np.float32), 3, "cosine", seed=0)
    np.testing.assert_array_equal(indices[:, 0], np.arange(9))
    np.testing.assert_allclose(distances, 0.0, atol=1e-7)
    assert all(len(set(row)) == 3 for row in indices.tolist())


def test_first_of_all_puts_each_point_before_its_neighbours() -> None:
    indices, distances = first_of_all(np.array([[1], [0]]), np.array([[0.5], [0.5]]))
    np.testing.assert_array_equal(indices, [[0, 1], [1, 0]])
    np.testing.assert_array_equal(distances, [[0, 0.5], [0, 0.5]])
    assert (indices.dtype, distances.dtype) == (np.int32, np.float32)


def test_seeded_start_parts_equal_points() -> None:
    start = seeded_start(np.zeros((50, 2), np.float32), seed=1, size=10.0)
    assert len(np.unique(start, axis=0)) == 50
    assert np.abs(start).max() < 0.1
