from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import coo_array

from rsgraph.projectors.fuzzy import closeness_curve, fuzzy_graph
from rsgraph.projectors.layout import descend
from rsgraph.projectors.neighbourhoods import load_umap, nearest_of_vectors
from rsgraph.types import Floats


def graph_and_start(n: int, seed: int) -> tuple[coo_array, Floats]:
    rng = np.random.default_rng(seed)
    vectors = (rng.normal(size=(4, 5))[rng.integers(4, size=n)] * 3 + rng.normal(size=(n, 5))).astype(np.float32)
    graph = fuzzy_graph(*nearest_of_vectors(vectors, 10, "euclidean", seed=0))
    return graph, rng.uniform(0, 10, size=(n, 2)).astype(np.float32)


def moved(graph: coo_array, start: Floats, *, seed: int = 0, min_dist: float = 0.1, epochs: int = 60) -> Floats:
    points = start.copy()
    weights = graph.data.astype(np.float64)
    curve = closeness_curve(min_dist)
    descend(points, (graph.row, graph.col), weights, curve=curve, epochs=epochs, seed=seed)
    return points


def by_umap_learn(graph: coo_array, start: Floats, *, seed: int, min_dist: float, epochs: int) -> NDArray[np.float32]:
    points, weights = start.copy(), graph.data.astype(np.float64)
    found: NDArray[np.float32] = load_umap().optimize_layout_euclidean(
        points,
        points,
        graph.row,
        graph.col,
        epochs,
        len(points),
        weights.max() / weights,
        *closeness_curve(min_dist),
        np.random.default_rng(seed).integers(-(2**31), 2**31, size=3),
        move_other=True,
    )
    return found


@pytest.mark.parametrize(("n", "min_dist", "epochs"), [(60, 0.1, 1), (400, 0.1, 200), (150, 0.0, 60), (150, 0.9, 60)])
def test_descent_is_umap_learns_to_the_bit(n: int, min_dist: float, epochs: int) -> None:
    graph, start = graph_and_start(n, seed=n)
    expected = by_umap_learn(graph, start, seed=5, min_dist=min_dist, epochs=epochs)
    np.testing.assert_array_equal(moved(graph, start, seed=5, min_dist=min_dist, epochs=epochs), expected)


def test_points_in_one_place_stay_finite_as_in_umap_learn() -> None:
    graph, start = graph_and_start(60, seed=1)
    start[:20] = start[0]
    expected = by_umap_learn(graph, start, seed=0, min_dist=0.1, epochs=60)
    np.testing.assert_array_equal(moved(graph, start), expected)
    assert np.isfinite(expected).all()


def test_maps_side_by_side_are_those_one_after_the_other() -> None:
    graph, start = graph_and_start(300, seed=2)
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda seed: moved(graph, start, seed=seed), (0, 1)))
    for seed, found in enumerate(both):
        np.testing.assert_array_equal(found, moved(graph, start, seed=seed))


def test_progress_is_called_after_every_epoch() -> None:
    graph, start = graph_and_start(60, seed=3)
    seen: list[tuple[int, int]] = []
    edges, weights = (graph.row, graph.col), graph.data.astype(np.float64)
    descend(start, edges, weights, curve=(1.6, 0.9), epochs=3, seed=0, progress=lambda *of: seen.append(of))
    assert seen == [(1, 3), (2, 3), (3, 3)]
