from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rsgraph.graphs.edges import edge_attributes, shared_borders

MAP = np.array([[1, 1, 2], [3, 1, 2], [3, 0, 4]], dtype=np.int32)


def test_shared_borders_of_a_small_map() -> None:
    pairs, lengths = shared_borders(MAP)
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 3]]  # 3 and 4 meet only across nodata
    assert lengths.tolist() == [2, 2, 1]


def test_shared_borders_without_any() -> None:
    for labels in (
        np.zeros((3, 3), dtype=np.int32),
        np.ones((3, 3), dtype=np.int32),
        np.ones((1, 1), dtype=np.int32),
    ):
        pairs, lengths = shared_borders(labels)
        assert pairs.shape == (0, 2)
        assert lengths.shape == (0,)


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10_000))
def test_shared_borders_do_not_depend_on_orientation(rows: int, columns: int, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 5, (rows, columns)).astype(np.int32)
    for turned in (np.rot90(labels), labels.T, labels[::-1]):
        for one, two in zip(shared_borders(labels), shared_borders(turned), strict=True):
            np.testing.assert_array_equal(one, two)


def test_edge_attributes_of_touching_and_distant_nodes() -> None:
    centroids = np.array([[0, 0], [3, 4], [0, 1], [0, 0]], dtype=np.float32)
    got = edge_attributes(np.array([[0, 1, 2, 3], [1, 0, 3, 0]]), MAP, centroids)
    np.testing.assert_array_equal(got, [[5, 2], [5, 2], [1, 0], [0, 0]])


def test_edge_attributes_without_borders_or_edges() -> None:
    islands = np.array([[1, 0, 2]], dtype=np.int32)
    centroids = np.array([[0, 0], [0, 2]], dtype=np.float32)
    np.testing.assert_array_equal(edge_attributes(np.array([[0], [1]]), islands, centroids), [[2, 0]])
    assert edge_attributes(np.empty((2, 0), dtype=np.int64), islands, centroids).shape == (0, 2)
