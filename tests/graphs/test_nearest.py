from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from rsgraph.errors import ConfigError
from rsgraph.graphs.nearest import Nearest, nearest_edges, nearest_edges_to
from rsgraph.types import SceneSegments, Segmentation

LINE = np.array([[0, 0], [0, 1], [0, 3], [0, 7]], dtype=np.float32)
FOUR = Segmentation(np.array([[1, 2, 3, 4]], dtype=np.int32), 4)


def test_edges_of_a_line() -> None:
    expected = [[1, 2, 0, 2, 1, 0, 2, 1], [0, 0, 1, 1, 2, 2, 3, 3]]
    np.testing.assert_array_equal(nearest_edges(LINE, 2), expected)


def test_k_is_cut_to_the_other_nodes() -> None:
    assert nearest_edges(LINE, 8).shape == (2, 12)
    assert nearest_edges(LINE[:2], 8).tolist() == [[1, 0], [0, 1]]
    for few in (LINE[:1], LINE[:0]):
        edges = nearest_edges(few, 8)
        assert edges.shape == (2, 0)
        assert edges.dtype == np.int64


def test_ties_go_to_the_lower_number() -> None:
    grid = np.stack(np.meshgrid(np.arange(5), np.arange(5), indexing="ij"), axis=-1).reshape(-1, 2)
    edges = nearest_edges(grid.astype(np.float32), 2)
    assert edges[0, edges[1] == 12].tolist() == [7, 11]  # of 7, 11, 13 and 17, all at distance 1


def test_ties_far_beyond_the_search_width() -> None:
    angles = np.arange(64) * 2 * np.pi / 64
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points = np.concatenate([np.zeros((1, 2)), np.round(ring, 6)]).astype(np.float32)
    points[1:] = np.where(np.arange(64)[:, None] % 2 == 0, [[0, 1]], [[1, 0]])  # 32 and 32 coincident points
    edges = nearest_edges(points, 3)
    assert edges[0, edges[1] == 0].tolist() == [1, 2, 3]


def test_coincident_centroids_are_neighbours_and_not_themselves() -> None:
    edges = nearest_edges(np.zeros((5, 2), dtype=np.float32), 3)
    assert edges.shape == (2, 15)
    assert (edges[0] != edges[1]).all()
    assert edges[0, edges[1] == 4].tolist() == [0, 1, 2]


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(1, 12), st.lists(st.integers(0, 40), max_size=4), st.booleans())
def test_edges_to_parts_of_a_scene_are_together_those_of_the_scene(
    n: int, k: int, cuts: list[int], on_a_grid: bool
) -> None:
    generator = np.random.default_rng(n)
    points = generator.integers(0, 4, (n, 2)) if on_a_grid else generator.random((n, 2)) * 256
    scene = SceneSegments(points.astype(np.float32))
    bounds = sorted([0, n, *(min(cut, n) for cut in cuts)])
    parts = [nearest_edges_to(range(first, last), scene, k) for first, last in pairwise(bounds)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), nearest_edges(scene.centroids, k))


@settings(deadline=None)
@given(st.integers(2, 40), st.integers(1, 12), st.integers(0, 10_000), st.booleans())
def test_edges_equal_the_full_distance_matrix(n: int, k: int, seed: int, on_a_grid: bool) -> None:
    generator = np.random.default_rng(seed)
    points = generator.integers(0, 5, (n, 2)) if on_a_grid else generator.random((n, 2)) * 256
    points = points.astype(np.float32)
    edges = nearest_edges(points, k)
    distances = cdist(points.astype(np.float64), points.astype(np.float64), "sqeuclidean")
    np.fill_diagonal(distances, np.inf)
    k = min(k, n - 1)
    expected = np.argsort(distances, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(edges[0].reshape(n, k), expected)
    np.testing.assert_array_equal(edges[1], np.repeat(np.arange(n), k))


def test_edges_equal_pygs_knn_convention() -> None:
    generator = np.random.default_rng(0)
    points = generator.random((30, 2)).astype(np.float32)
    edges = nearest_edges(points, 4)
    receivers, counts = np.unique(edges[1], return_counts=True)  # source_to_target: every node hears from k
    assert receivers.tolist() == list(range(30))
    assert (counts == 4).all()


def test_component_without_and_with_attributes() -> None:
    assert Nearest(k=2).connect(FOUR, LINE).edge_attributes is None
    graph = Nearest(k=2, edge_attributes=True).connect(FOUR, LINE)
    assert graph.attribute_names == ("distance", "border")
    assert graph.edge_attributes is not None
    expected = [[1, 1], [3, 0], [1, 1], [2, 1], [2, 1], [3, 0], [4, 1], [6, 0]]
    np.testing.assert_array_equal(graph.edge_attributes, expected)
    assert graph.edge_attributes.dtype == np.float32


@pytest.mark.parametrize("k", [0, -1, 2.5, True])
def test_k_out_of_range_is_refused(k: int) -> None:
    with pytest.raises(ConfigError, match=r"`graph\.k` must be a whole number of at least 1"):
        Nearest(k=k)
