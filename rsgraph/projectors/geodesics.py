"""Classical scaling where only each point's nearest others are known: along the paths of their graph.

Landmark Isomap: shortest paths from some landmarks through the neighbour graph stand for the distances that nobody
computed; the landmarks are laid out by classical scaling and every point is placed by its distances to them.

References
----------
V. de Silva and J. B. Tenenbaum, "Global versus local methods in nonlinear dimensionality reduction", Advances in
Neural Information Processing Systems 15, 2003. https://proceedings.neurips.cc/paper/2002/hash/5d6646aad9bcc0be55b2c82f69750387
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import NotUsable
from rsgraph.projectors.scaling import check_distances, classical_scaling
from rsgraph.types import Floats

LANDMARKS = 500
"""Points whose shortest paths are computed: 500 times n float64, 28 MB for 7056 chips."""

_SHORTEST = 1e-9
"""Length of an edge between equal points: a sparse matrix takes 0 for no edge."""


def check_neighbours(neighbours: NDArray[np.integer[Any]], distances: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Return (n, k) int64 and float32, negative distances set to 0.

    Raises
    ------
    NotUsable
        Not two arrays of the same shape (n, k), distances that are not finite, or a neighbour that is no point.
    """
    indices, found = np.asarray(neighbours, dtype=np.int64), np.array(distances, dtype=np.float32)
    if indices.ndim != 2 or indices.shape != found.shape:
        raise NotUsable(
            f"`neighbours` and `distances` must have one shape (n, k). Got {indices.shape} and {found.shape} instead."
        )
    if not np.isfinite(found).all():
        raise NotUsable("`distances` holds NaN or infinite values.")
    if indices.size and not 0 <= indices.min() <= indices.max() < len(indices):
        raise NotUsable(f"`neighbours` must be numbers of the {len(indices)} points, from 0. Got {indices.max()}.")
    return indices, np.maximum(found, 0.0)


def neighbour_scaling(neighbours: NDArray[np.int64], distances: Floats, *, seed: int) -> Floats:
    """Lay out points by the distances to their nearest others, as ``check_neighbours`` returns them.

    Where every point knows all others this is classical scaling of these distances. Else shortest paths stand for
    what is unknown; between parts of the graph that no path joins, the longest path found does.

    Parameters
    ----------
    neighbours, distances
        (n, k).
    seed
        Draws the landmarks where there are more than ``LANDMARKS`` points.

    Returns
    -------
    points
        (n, 2) float32, the axes' direction fixed as in ``principal_components``.
    """
    n, k = neighbours.shape
    if k >= n - 1:
        return classical_scaling(all_distances(neighbours, distances))
    drawn = np.sort(np.random.default_rng(seed).permutation(n)[:LANDMARKS])
    paths = shortest_paths(neighbours, distances, drawn)
    marks = classical_scaling(check_distances(paths[:, drawn]))
    return marks if len(drawn) == n else _placed(paths, drawn, marks)


def all_distances(neighbours: NDArray[np.int64], distances: Floats) -> Floats:
    """Return the (n, n) matrix of points that each know all others."""
    matrix = np.zeros((len(neighbours), len(neighbours)), dtype=np.float32)
    np.put_along_axis(matrix, neighbours, distances, axis=1)
    return check_distances((matrix + matrix.T) / 2)


def shortest_paths(
    neighbours: NDArray[np.int64], distances: Floats, sources: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the lengths (sources, n) of the shortest paths through the graph, both ways along every edge."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    n, k = neighbours.shape
    lengths = np.maximum(distances.ravel().astype(np.float64), _SHORTEST)
    graph = csr_array((lengths, neighbours.ravel(), np.arange(n + 1) * k), shape=(n, n))
    paths: NDArray[np.float64] = dijkstra(graph, directed=False, indices=sources)
    reached = np.isfinite(paths)
    paths[~reached] = paths[reached].max(initial=0.0)
    return paths


def _placed(paths: NDArray[np.float64], drawn: NDArray[np.int64], marks: Floats) -> Floats:
    """Place all points by their distances to landmarks: linear in the squares, exact for landmarks in a plane."""
    squares = paths**2
    offset = squares[:, drawn].mean(axis=1, keepdims=True)
    points: Floats = (-0.5 * np.linalg.pinv(marks.astype(np.float64)) @ (squares - offset)).T.astype(np.float32)
    return points
