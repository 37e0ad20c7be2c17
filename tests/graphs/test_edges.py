from __future__ import annotations

import numpy as np

from rsgraph.graphs.edges import edge_attributes

MAP = np.array([[1, 1, 2], [3, 1, 2], [3, 0, 4]], dtype=np.int32)


def test_edge_attributes_of_touching_and_distant_nodes() -> None:
    centroids = np.array([[0, 0], [3, 4], [0, 1], [0, 0]], dtype=np.float32)
    got = edge_attributes(np.array([[0, 1, 2, 3], [1, 0, 3, 0]]), MAP, centroids)
    np.testing.assert_array_equal(got, [[5, 2], [5, 2], [1, 0], [0, 0]])


def test_edge_attributes_without_borders_or_edges() -> None:
    islands = np.array([[1, 0, 2]], dtype=np.int32)
    centroids = np.array([[0, 0], [0, 2]], dtype=np.float32)
    np.testing.assert_array_equal(edge_attributes(np.array([[0], [1]]), islands, centroids), [[2, 0]])
    assert edge_attributes(np.empty((2, 0), dtype=np.int64), islands, centroids).shape == (0, 2)
