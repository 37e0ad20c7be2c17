"""Ranks of given rows among the nearest of others, counted and never sorted, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError
from rsgraph.neighbours.nearest import Space, nearest, nearest_of_distances
from rsgraph.neighbours.rows import Rows, check_finite, check_vectors
from rsgraph.types import Doubles

Metric = Literal["cosine", "euclidean", "precomputed"]
"""``precomputed``: what is given is the (n, n) matrix of distances itself."""

_ELEMENTS = 8_000_000
"""Distances in memory at a time: 64 MB."""


def nearest_in(vectors: NDArray[Any], k: int, *, metric: Metric, queries: Rows) -> Rows:
    """Find the k nearest others (q, k) of rows: as ``nearest``, also among ``precomputed`` distances."""
    if metric != "precomputed":
        return nearest(vectors, k, metric=metric, queries=queries).rows
    _check_matrix(vectors)
    return nearest_of_distances(vectors, k, queries=queries).rows


def ranks(vectors: NDArray[Any], neighbours: Rows, *, metric: Metric = "cosine", queries: Rows | None = None) -> Rows:
    """Return which nearest each of a row's given neighbours is here: 1 for the nearest of all other rows.

    Parameters
    ----------
    vectors
        (n, D), or (n, n) distances for ``metric="precomputed"``.
    neighbours
        (q, k) other rows than the row itself, each at most once.
    metric
        ``cosine`` (a row of zeros is at right angles to all), ``euclidean`` or ``precomputed``.
    queries
        (q,) the rows that have these neighbours; None: all.

    Returns
    -------
    ranks
        (q, k) int64, 1 ... n - 1; of equally near rows the first comes first.

    Raises
    ------
    ConfigError
        An unknown metric, or arrays that do not fit.
    NotUsable
        Vectors or distances that are not finite.
    """
    wanted = np.arange(len(vectors)) if queries is None else queries
    if neighbours.ndim != 2 or len(neighbours) != len(wanted):
        raise ConfigError(f"`neighbours` must have shape ({len(wanted)}, k). Got {neighbours.shape} instead.")
    found = np.empty(neighbours.shape, dtype=np.int64)
    for part, distances in _strips(vectors, metric, wanted):
        _count_nearer(distances, wanted[part], neighbours[part].astype(np.int64), found[part])
    return found


def _check_matrix(distances: NDArray[Any]) -> None:
    check_vectors(distances)
    if distances.shape[0] != distances.shape[1]:
        raise ConfigError(f"`vectors` must be a square matrix of distances. Got {distances.shape} instead.")
    check_finite(distances)


def _strips(vectors: NDArray[Any], metric: Metric, wanted: Rows) -> Iterator[tuple[slice, Doubles]]:
    """Give the distances, or their squares as whole numbers, (some queries, n) of one part after the other."""
    if metric == "precomputed":
        _check_matrix(vectors)
    space = None if metric == "precomputed" else Space(vectors, metric)
    step = max(1, _ELEMENTS // max(len(vectors), 1))
    for start in range(0, len(wanted), step):
        part = slice(start, start + step)
        if space is None:
            yield part, np.ascontiguousarray(vectors[wanted[part]], dtype=np.float64)
        else:
            products: Doubles = space.rows[wanted[part]] @ space.rows.T
            _squared(products, space.squares[wanted[part]], space.squares)
            yield part, products


@compiled()
def _squared(products: Any, own: Any, squares: Any) -> None:
    """Turn products (q, n) into squared distances, whole numbers, in place."""
    for query in range(products.shape[0]):
        for row in range(products.shape[1]):
            products[query, row] = np.rint(own[query] + squares[row] - 2 * products[query, row])


@compiled()
def _count_nearer(distances: Any, queries: Any, neighbours: Any, found: Any) -> None:
    """Count how many rows come before each neighbour, by distance and then by row.

    Plain passes over all distances: they are counted eight at a time, which a search among the neighbours is not.
    """
    for query in range(distances.shape[0]):
        far, own = distances[query], queries[query]
        for place in range(neighbours.shape[1]):
            row = neighbours[query, place]
            limit = far[row]
            before = 0
            for other in range(row):
                before += far[other] <= limit
            for other in range(row + 1, len(far)):
                before += far[other] < limit
            itself = far[own] < limit or (far[own] == limit and own < row)
            found[query, place] = 1 + before - itself
