from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import coo_array

from rsgraph.projectors.fuzzy import closeness_curve, fuzzy_graph, with_touching
from rsgraph.projectors.neighbourhoods import load_umap, nearest_of_vectors


def test_fuzzy_graph_is_that_of_umap_learn_also_with_copies() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 6)).astype(np.float32)
    vectors[150:] *= 30
    vectors[:8] = vectors[8:14] = vectors[8]  # 14 copies: some rows have no neighbour above distance 0
    indices, distances = nearest_of_vectors(vectors, 10, "euclidean", seed=0)
    found = fuzzy_graph(indices, distances)
    peer = load_umap().fuzzy_simplicial_set(
        vectors, 10, np.random.RandomState(0), "euclidean", knn_indices=indices, knn_dists=distances
    )[0]
    assert found.data.min() > 0
    np.testing.assert_allclose(found.toarray(), peer.toarray(), atol=2e-4)


def test_fuzzy_graph_of_one_point_many_times_joins_all() -> None:
    indices = np.array([[0, 1, 2], [1, 0, 2], [2, 0, 1]], np.int32)
    graph = fuzzy_graph(indices, np.zeros((3, 3), np.float32))
    np.testing.assert_array_equal(graph.toarray(), 1 - np.eye(3))


@pytest.mark.parametrize("min_dist", [0.0, 0.1, 0.99])
def test_closeness_curve_is_that_of_umap_learn(min_dist: float) -> None:
    assert closeness_curve(min_dist) == pytest.approx(load_umap().find_ab_params(1.0, min_dist), rel=1e-6)


def test_touching_points_are_drawn_closer_at_most_to_one() -> None:
    graph = coo_array(np.array([[0, 0.5, 0, 0], [0.5, 0, 0.9, 0], [0, 0.9, 0, 0], [0, 0, 0, 0]], dtype=np.float32))
    found = with_touching(graph, np.array([[0, 1, 0], [1, 2, 3]]), 0.25)
    expected = [[0, 0.75, 0, 0.25], [0.75, 0, 1, 0], [0, 1, 0, 0], [0.25, 0, 0, 0]]
    np.testing.assert_allclose(found.toarray(), expected)
    assert found.data.dtype == np.float32
