"""Diffusion over touching segments that resemble each other: a graph attention that needs no training."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from rsgraph.protocols import Pairs
from rsgraph.types import Doubles

REACH = 1.5
"""Distance at which a neighbour counts 1 / e, in medians of the distances of touching segments."""


def median_distance(vectors: Doubles, pairs: Pairs) -> float:
    """Return the median distance of touching segments; 1 where none touch or all are equal."""
    if pairs.shape[1] == 0:
        return 1.0
    return float(np.median(np.linalg.norm(vectors[pairs[0]] - vectors[pairs[1]], axis=1))) or 1.0


def diffused(vectors: Doubles, pairs: Pairs, *, median: float, rounds: int) -> Doubles:
    r"""Average vectors with those of touching segments that resemble them, several times.

    .. math:: y_i \leftarrow \Big(y_i + \sum_j w_{ij} y_j\Big) \Big/ \Big(1 + \sum_j w_{ij}\Big), \quad
        w_{ij} = \exp\big(-(|y_i - y_j| / 1.5 m)^2\big)

    with weights of the vectors as they were given and m the median distance of touching segments: averages run within
    a cover and stop at its border.

    Parameters
    ----------
    vectors
        (n, D), in a metric.
    pairs
        (2, P) of segments that touch, each once.
    median
        m, of ``median_distance``; that of the scenes that a model was fitted to.
    rounds
        How many times.
    """
    squared = ((vectors[pairs[0]] - vectors[pairs[1]]) ** 2).sum(axis=1)
    weights = np.exp(-squared / (REACH * median) ** 2)
    n = len(vectors)
    one_way = csr_array((weights, (pairs[0], pairs[1])), shape=(n, n))
    both = one_way + one_way.T
    total = 1 + np.asarray(both.sum(axis=1)).reshape(-1, 1)
    for _ in range(rounds):
        vectors = (vectors + both @ vectors) / total
    return vectors
