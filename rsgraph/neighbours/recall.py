"""The nearest other rows of a table of vectors: exact, in bounded memory, the same from run to run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError, NotUsable

Metric = Literal["cosine", "euclidean", "precomputed"]
"""``precomputed``: what is given is the (n, n) matrix of distances itself."""

Rows = NDArray[np.int64]
Distances = NDArray[np.float64]

_ELEMENTS = 8_000_000
"""Distances in memory at a time: 64 MB."""

_SCALE = 2.0**22
"""Length of the longest row, so that squared distances as whole numbers keep 44 bits."""


def nearest(
    vectors: NDArray[Any], k: int, *, metric: Metric = "cosine", queries: NDArray[np.integer[Any]] | None = None
) -> Rows:
    """Find the k nearest other rows of each row.

    All pairs are compared, in float64 and strip by strip: 100 000 rows take 64 MB beside the vectors. Distances that
    agree within rounding (6e-14 of the longest squared length) count as equal, and of equally near rows the first
    comes first; so neither threads nor the order of additions decide.

    Parameters
    ----------
    vectors
        (n, D), or (n, n) distances for ``metric="precomputed"``.
    k
        Neighbours per row; min(k, n - 1) are given.
    metric
        ``cosine`` (a row of zeros is at right angles to all), ``euclidean`` or ``precomputed``.
    queries
        (q,) rows whose neighbours are wanted; None: all.

    Returns
    -------
    neighbours
        (q, k) int64, nearest first, never the row itself.

    Raises
    ------
    ConfigError
        k below 1, an unknown metric, or arrays that do not fit.
    NotUsable
        Vectors or distances that are not finite.
    """
    if k < 1:
        raise ConfigError(f"`k` must be at least 1. Got {k!r} instead.")
    space = Space(vectors, metric)
    wanted = space.rows_of(queries)
    found = np.empty((len(wanted), max(0, min(k, space.n - 1))), dtype=np.int64)
    if found.shape[1]:
        for part, distances in space.strips(wanted):
            _keep_nearest(distances, wanted[part], found[part])
    return found


def ranks(vectors: NDArray[Any], neighbours: Rows, *, metric: Metric = "cosine", queries: Rows | None = None) -> Rows:
    """Tell of each row's given neighbours which nearest they are here: 1 for the nearest of all other rows.

    The distances to all rows are counted strip by strip and never sorted, so memory stays bounded.

    Parameters
    ----------
    vectors, metric, queries
        As in ``nearest``.
    neighbours
        (q, k) other rows than the row itself, each at most once.

    Returns
    -------
    ranks
        (q, k) int64, 1 ... n - 1; of equally near rows the first comes first.

    Raises
    ------
    ConfigError, NotUsable
        As in ``nearest``.
    """
    space = Space(vectors, metric)
    wanted = space.rows_of(queries)
    if neighbours.ndim != 2 or len(neighbours) != len(wanted):
        raise ConfigError(f"`neighbours` must have shape ({len(wanted)}, k). Got {neighbours.shape} instead.")
    found = np.empty(neighbours.shape, dtype=np.int64)
    for part, distances in space.strips(wanted):
        _count_nearer(distances, wanted[part], neighbours[part].astype(np.int64), found[part])
    return found


class Space:
    """Distances from rows to all rows, strip by strip; what ``nearest`` and ``ranks`` share.

    Parameters
    ----------
    vectors, metric
        As in ``nearest``.
    """

    def __init__(self, vectors: NDArray[Any], metric: Metric) -> None:
        if metric not in ("cosine", "euclidean", "precomputed"):
            raise ConfigError(f"`metric` must be one of: cosine, euclidean, precomputed. Got {metric!r} instead.")
        _check(vectors, metric)
        self.n, self.metric = len(vectors), metric
        self.rows: NDArray[Any] = vectors
        if metric == "cosine":
            self.rows, self.squares = _SCALE * _unit(vectors), np.full(self.n, _SCALE**2)
        elif metric == "euclidean":
            self.rows = _centred(vectors)
            self.squares = np.einsum("nd,nd->n", self.rows, self.rows)

    def rows_of(self, queries: NDArray[np.integer[Any]] | None) -> Rows:
        """Return the rows that are asked for. Raises ConfigError for rows that are not there."""
        if queries is None:
            return np.arange(self.n)
        found = np.asarray(queries)
        if found.ndim != 1 or (found.size and not 0 <= found.min() <= found.max() < self.n):
            raise ConfigError(f"`queries` must be rows of {self.n} vectors, (q,). Got {found.shape} of them.")
        return found.astype(np.int64)

    def strips(self, queries: Rows) -> Iterator[tuple[slice, Distances]]:
        """Give the distances (some queries, n) of one part of the queries after the other."""
        step = max(1, _ELEMENTS // max(self.n, 1))
        for start in range(0, len(queries), step):
            part = slice(start, start + step)
            yield part, self._distances(queries[part])

    def _distances(self, queries: Rows) -> Distances:
        if self.metric == "precomputed":
            return np.ascontiguousarray(self.rows[queries], dtype=np.float64)
        products: Distances = self.rows[queries] @ self.rows.T
        _squared(products, self.squares[queries], self.squares)
        return products


def _check(vectors: NDArray[Any], metric: Metric) -> None:
    if vectors.ndim != 2 or (vectors.shape[1] < 1 and len(vectors)):
        raise ConfigError(f"`vectors` must have shape (rows, dimensions). Got {vectors.shape} instead.")
    if metric == "precomputed" and vectors.shape[0] != vectors.shape[1]:
        raise ConfigError(f"`vectors` must be a square matrix of distances. Got {vectors.shape} instead.")
    if not np.isfinite(vectors).all():
        raise NotUsable("the vectors hold NaN or infinite numbers; choose another layer or run the scene again.")


def _unit(vectors: NDArray[Any]) -> Distances:
    wide = vectors.astype(np.float64)
    length = np.linalg.norm(wide, axis=1, keepdims=True)
    unit: Distances = np.divide(wide, length, out=np.zeros_like(wide), where=length > 0)
    return unit


def _centred(vectors: NDArray[Any]) -> Distances:
    """Move rows to their mean, where less is lost by rounding, and scale them to at most ``_SCALE``."""
    wide = vectors.astype(np.float64)
    wide -= wide.mean(axis=0) if len(wide) else 0.0
    longest = float(np.linalg.norm(wide, axis=1).max(initial=0.0))
    scaled: Distances = wide * (_SCALE / longest if longest > 0 else 1.0)
    return scaled


@compiled()
def _squared(products: Any, own: Any, squares: Any) -> None:
    """Turn products (q, n) into squared distances, whole numbers, in place."""
    for query in range(products.shape[0]):
        for row in range(products.shape[1]):
            products[query, row] = np.rint(own[query] + squares[row] - 2 * products[query, row])


@compiled()
def _keep_nearest(distances: Any, queries: Any, found: Any) -> None:
    """Fill in the nearest rows (q, k): rows come in order, so of equals the first stays first."""
    k = found.shape[1]
    best = np.empty(k)
    for query in range(distances.shape[0]):
        best[:] = np.inf
        for row in range(distances.shape[1]):
            distance = distances[query, row]
            if distance >= best[k - 1] or row == queries[query]:
                continue
            place = k - 1
            while place > 0 and best[place - 1] > distance:
                best[place] = best[place - 1]
                found[query, place] = found[query, place - 1]
                place -= 1
            best[place] = distance
            found[query, place] = row


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
