"""UMAP's fuzzy neighbour graph, and its curve of closeness in the map.

What umap-learn's ``fuzzy_simplicial_set`` and ``find_ab_params`` return, without their ten seconds of compilation in
every process and without OpenMP threads, which would also raise the number of threads of everything else in it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from rsgraph.neighbours.rows import parts
from rsgraph.types import Floats

_BISECTIONS = 48
"""Doublings and halvings that find the width of a neighbourhood: float32 holds no more."""

_NARROWEST = 1e-3
"""Smallest width, as a share of the mean distance."""


def fuzzy_graph(indices: NDArray[np.int32], distances: Floats) -> coo_array:
    r"""Return the fuzzy union of the neighbourhoods of all points.

    Point j belongs to the neighbourhood of i by :math:`p_{j|i} = \exp(-\max(d_{ij} - \rho_i, 0) / \sigma_i)`, where
    :math:`\rho_i` is the smallest distance above 0 and :math:`\sigma_i` lets the sum over neighbours be
    :math:`\log_2 k`; and the edge's weight is :math:`p_{j|i} + p_{i|j} - p_{j|i} p_{i|j}` [1]_.

    Parameters
    ----------
    indices, distances
        (n, k) by rising distance, each point itself first.

    Returns
    -------
    graph
        (n, n) symmetric, weights above 0 to 1 (float32), each edge in both directions, rows in order.

    References
    ----------
    .. [1] L. McInnes, J. Healy and J. Melville, "UMAP: Uniform Manifold Approximation and Projection for
       Dimension Reduction", 2018. doi:10.48550/arXiv.1802.03426
    """
    n, k = indices.shape
    weights, mean = np.empty((n, k), dtype=np.float32), float(distances.mean())
    for part in parts(n):
        weights[part] = _memberships(distances[part].astype(np.float64), mean)
    weights[indices == np.arange(n)[:, None]] = 0
    one = csr_array((weights.ravel(), indices.ravel(), np.arange(n + 1) * k), shape=(n, n))
    union = (one + one.T - one * one.T).tocsr()
    union.eliminate_zeros()
    return union.tocoo()


def with_touching(graph: coo_array, pairs: NDArray[np.int64], weight: float) -> coo_array:
    """Add ``weight`` to the edges of points that touch, at most to 1, and such edges where there were none.

    Parameters
    ----------
    graph
        (n, n) as ``fuzzy_graph`` returns it.
    pairs
        (2, P) points, each pair once.
    weight
        0 to 1.
    """
    one = csr_array((np.full(pairs.shape[1], weight, np.float32), (pairs[0], pairs[1])), shape=graph.shape)
    joint = (graph.tocsr() + one + one.T).tocsr()
    joint.data = np.minimum(joint.data, np.float32(1))
    joint.sum_duplicates()
    return joint.tocoo()


def closeness_curve(min_dist: float) -> tuple[float, float]:
    """Return a and b of 1 / (1 + a d^(2 b)), fitted to 1 up to ``min_dist`` and exp(min_dist - d) beyond."""
    from scipy.optimize import curve_fit  # as slow to load as all else here

    d = np.linspace(0, 3, 300)
    wanted = np.exp(-np.maximum(d - min_dist, 0))
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), d, wanted)
    return float(a), float(b)


def _memberships(distances: NDArray[np.float64], mean_of_all: float) -> NDArray[np.float64]:
    """Return the memberships of neighbours (m, k), itself first."""
    nearest = np.where(distances > 0, distances, np.inf).min(axis=1, keepdims=True)
    nearest[np.isinf(nearest)] = 0
    beyond = np.maximum(distances - nearest, 0)
    width = _widths(beyond[:, 1:], float(np.log2(distances.shape[1])))
    mean = np.where(nearest > 0, distances.mean(axis=1, keepdims=True), mean_of_all)
    width = np.maximum(width, np.maximum(_NARROWEST * mean, np.finfo(np.float32).tiny))
    found: NDArray[np.float64] = np.exp(-beyond / width)
    return found


def _widths(beyond: NDArray[Any], wanted: float) -> NDArray[np.float64]:
    """Return widths (m, 1) so that exp(-beyond / width) sums to ``wanted`` in each row: bisection of all rows."""
    low, high = np.zeros((len(beyond), 1)), np.full((len(beyond), 1), np.inf)
    width = np.ones_like(low)
    for _ in range(_BISECTIONS):
        above = np.exp(-beyond / np.maximum(width, np.finfo(np.float32).tiny)).sum(axis=1, keepdims=True) > wanted
        high, low = np.where(above, width, high), np.where(above, low, width)
        width = np.where(np.isinf(high), 2 * width, (low + np.where(np.isinf(high), low, high)) / 2)
    return width
