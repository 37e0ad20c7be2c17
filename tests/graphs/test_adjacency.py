from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rsgraph.graphs.adjacency import Adjacency, adjacency_edges
from rsgraph.types import Segmentation
from tests.graphs.test_edges import MAP


def test_edges_of_a_small_map_in_both_directions() -> None:
    np.testing.assert_array_equal(adjacency_edges(MAP), [[1, 2, 0, 3, 0, 1], [0, 0, 1, 1, 2, 3]])


def test_one_segment_or_islands_have_no_edges() -> None:
    for labels in ([[1, 1]], [[1, 0, 2]], [[0, 0]]):
        edges = adjacency_edges(np.array(labels, dtype=np.int32))
        assert edges.shape == (2, 0)
        assert edges.dtype == np.int64


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10_000))
def test_edges_equal_the_naive_loop(rows: int, columns: int, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 6, (rows, columns)).astype(np.int32)
    expected = set()
    for r in range(rows):
        for c in range(columns):
            for other in ((r, c + 1), (r + 1, c)):
                if other[0] < rows and other[1] < columns:
                    one, two = int(labels[r, c]), int(labels[other])
                    if one != two and one and two:
                        expected |= {(one - 1, two - 1), (two - 1, one - 1)}
    assert {tuple(edge) for edge in adjacency_edges(labels).T.tolist()} == expected


def test_component_without_and_with_attributes() -> None:
    segmentation = Segmentation(MAP, 4)
    centroids = np.array([[1 / 3, 2 / 3], [0.5, 2], [1.5, 0], [2, 2]], dtype=np.float32)
    assert Adjacency().connect(segmentation, centroids).edge_attributes is None
    graph = Adjacency(edge_attributes=True).connect(segmentation, centroids)
    assert graph.edge_attributes is not None
    np.testing.assert_allclose(graph.edge_attributes[:, 1], [2, 2, 2, 1, 2, 1])
    np.testing.assert_allclose(graph.edge_attributes[3], [1.5, 1])
    assert graph.attribute_names == ("distance", "border")
