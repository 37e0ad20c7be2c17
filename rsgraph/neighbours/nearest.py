"""Nearest rows of a table of vectors by comparing all pairs: exact, in bounded memory, the same from run to run."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError
from rsgraph.neighbours.rows import (
    Metric,
    Rows,
    check_finite,
    check_metric,
    check_vectors,
    enter,
    product,
    unit_rows,
)
from rsgraph.protocols import Progress
from rsgraph.types import Doubles, Floats

_ELEMENTS = 2**24
"""Products in memory at a time: 64 MB."""

_CHUNK = 64
"""Products that are passed over together where the largest of them is too small."""

_SCALE = 2.0**22
"""Length of the longest row, so that squared distances as whole numbers keep 44 bits."""


class Nearest(NamedTuple):
    """The k nearest rows of q rows.

    Parameters
    ----------
    rows
        (q, k) int64, nearest first, never the row itself.
    distances
        (q, k) float64: 1 - cos, or Euclidean.
    """

    rows: Rows
    distances: Doubles


def nearest(
    vectors: NDArray[Any],
    k: int,
    *,
    metric: Metric = "cosine",
    queries: NDArray[np.integer[Any]] | None = None,
    among: NDArray[np.integer[Any]] | None = None,
    progress: Progress | None = None,
) -> Nearest:
    """Find the k nearest other rows of each row.

    All pairs are compared by matrix products of float32, block by block; what rounding could have hidden is compared
    again in float64. Distances that agree within rounding (6e-14 of the longest squared length) count as equal, and
    of equally near rows the first comes first; so neither threads nor the order of additions decide. 2 q n D
    operations: a second for 20 000 rows of 64 dimensions on one core, and 64 MB beside two copies of the vectors.

    Parameters
    ----------
    vectors
        (n, D).
    k
        Neighbours per row; fewer are given where there are fewer other rows.
    metric
        ``cosine`` (a row of zeros is at right angles to all) or ``euclidean``.
    queries
        (q,) rows whose neighbours are wanted; None: all.
    among
        Rows that may be found; None: all.
    progress
        Called with (queries done, queries); may raise to cancel.

    Raises
    ------
    ConfigError
        k below 1, an unknown metric, or arrays that do not fit.
    NotUsable
        Vectors that are not finite.
    """
    if k < 1:
        raise ConfigError(f"`k` must be at least 1. Got {k!r} instead.")
    space = Space(vectors, metric)
    wanted, allowed = space.rows_of(queries, "queries"), np.unique(space.rows_of(among, "among"))
    count = max(0, min(k, len(allowed) - int(np.isin(wanted, allowed).any())))
    found, far = np.empty((len(wanted), count), dtype=np.int64), np.empty((len(wanted), count))
    if count:
        _search(space, wanted, allowed, found, far, progress)
    return Nearest(found, far / (2 * _SCALE**2) if metric == "cosine" else np.sqrt(far) * space.unit)


class Space:
    """Rows such that products give their distances.

    Parameters
    ----------
    vectors, metric
        As in ``nearest``.

    Attributes
    ----------
    rows
        (n, D) float64, at most ``_SCALE`` long.
    squares
        (n,): the squared distance of two rows is the sum of their squares less twice their product.
    unit
        Length of 1 in the vectors.
    """

    def __init__(self, vectors: NDArray[Any], metric: Metric) -> None:
        check_metric(metric)
        check_vectors(vectors)
        check_finite(vectors)
        self.unit = 1.0
        if metric == "cosine":
            self.rows, self.squares = _SCALE * unit_rows(vectors), np.full(len(vectors), _SCALE**2)
        else:
            self.rows = vectors.astype(np.float64)
            self.rows -= self.rows.mean(axis=0) if len(vectors) else 0.0  # where less is lost by rounding
            self.unit = float(np.linalg.norm(self.rows, axis=1).max(initial=0.0)) / _SCALE or 1.0
            self.rows /= self.unit
            self.squares = np.einsum("nd,nd->n", self.rows, self.rows)

    def rows_of(self, rows: NDArray[np.integer[Any]] | None, name: str) -> Rows:
        """Return the rows that are meant. Raises ConfigError for rows that are not there."""
        n = len(self.rows)
        if rows is None:
            return np.arange(n)
        found = np.asarray(rows)
        whole = found.ndim == 1 and found.dtype.kind in "iu"
        if not whole or (found.size and not 0 <= found.min() <= found.max() < n):
            raise ConfigError(f"`{name}` must be rows of {n} vectors, (q,). Got {found.dtype} {found.shape} instead.")
        return found.astype(np.int64)


def _search(space: Space, wanted: Rows, allowed: Rows, found: Rows, far: Doubles, progress: Progress | None) -> None:
    """Fill in rows and squared distances (q, k) block by block; the largest <x, y> - |y|^2 / 2 is the nearest."""
    others = np.ascontiguousarray(space.rows[allowed].T.astype(np.float32))
    half = (space.squares[allowed] / 2).astype(np.float32)
    length = np.linalg.norm(space.rows, axis=1)
    largest = length[allowed].max()
    step = max(1, min(_ELEMENTS // len(allowed), len(wanted)))
    products = np.empty((step, len(allowed)), dtype=np.float32)
    if progress is not None:
        progress(0, len(wanted))
    for start in range(0, len(wanted), step):
        part = slice(start, start + step)
        block = wanted[part]
        scores = np.matmul(space.rows[block].astype(np.float32), others, out=products[: len(block)])
        scores -= half
        # twice the bound on the error of a float32 product of D terms whose factors were rounded, too
        slack = 2 * (space.rows.shape[1] + 4) * 2.0**-24 * (length[block] * largest + _SCALE**2)
        _keep_nearest(scores, slack, space.rows, space.squares, block, allowed, found[part], far[part])
        if progress is not None:
            progress(min(start + step, len(wanted)), len(wanted))


@compiled(fastmath={"nnan", "nsz"})
def _largest(line: Any) -> Any:
    most = line[0]
    for value in line:
        most = max(most, value)
    return most


@compiled()
def _keep_nearest(
    scores: Floats,
    slack: Doubles,
    rows: Doubles,
    squares: Doubles,
    wanted: Rows,
    allowed: Rows,
    found: Rows,
    far: Doubles,
) -> None:
    """Keep what may be among the best of each line of scores, compared in float64. Scores are spent."""
    n, k = scores.shape[1], found.shape[1]
    peaks = np.empty(-(-n // _CHUNK), dtype=np.float32)
    best = np.empty(k, dtype=np.float32)
    for query in range(len(scores)):
        line, own = scores[query], wanted[query]
        place = np.searchsorted(allowed, own)
        if place < n and allowed[place] == own:
            line[place] = -np.inf
        _best_scores(line, peaks, best)
        limit = best[k - 1] - slack[query]
        far[query] = np.inf
        for chunk in range(len(peaks)):
            if peaks[chunk] >= limit:
                for place in range(chunk * _CHUNK, min((chunk + 1) * _CHUNK, n)):
                    if line[place] >= limit:
                        row = allowed[place]
                        squared = np.rint(squares[own] + squares[row] - 2 * product(rows[own], rows[row]))
                        enter(row, squared, found[query], far[query])


@compiled()
def _best_scores(line: Floats, peaks: Floats, best: Floats) -> None:
    """Fill in the largest score of each chunk, and the k largest of all, falling."""
    best[:] = -np.inf
    last = len(best) - 1
    for chunk in range(len(peaks)):
        part = line[chunk * _CHUNK : (chunk + 1) * _CHUNK]
        peaks[chunk] = _largest(part)
        if peaks[chunk] > best[last]:
            for score in part:
                if score > best[last]:
                    place = last
                    while place > 0 and best[place - 1] < score:
                        best[place] = best[place - 1]
                        place -= 1
                    best[place] = score


def nearest_of_distances(distances: NDArray[Any], k: int, *, queries: NDArray[Any] | None = None) -> Nearest:
    """As ``nearest``, by a matrix (n, n) of distances; equals in the order of their index."""
    wanted = np.arange(len(distances)) if queries is None else queries
    found = np.empty((len(wanted), max(0, min(k, len(distances) - 1))), dtype=np.int64)
    for place, own in enumerate(wanted):
        mine = distances[own].astype(np.float64)
        mine[own] = np.inf
        found[place] = np.argsort(mine, kind="stable")[: found.shape[1]]
    return Nearest(found, np.take_along_axis(distances[wanted], found, axis=1).astype(np.float64))
