"""Suggestion of segments to label next, and acceptance of certain predictions in bulk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.neighbours.rows import check_vectors
from rsgraph.prediction.checks import check_codes
from rsgraph.protocols import Progress
from rsgraph.types import Floats

_BLOCK = 65_536
"""Rows that are compared at a time with a few others."""

_POOL = 16_384
"""Rows with the largest bounds, among which the farthest is looked for."""

_SKETCH = 128
"""Labelled rows that give the first bounds."""

_SAMPLE = 4_096
"""Labelled rows that the sketch is chosen from."""

_ELEMENTS = 4_000_000
"""Distances in memory at a time."""


def least_certain(probabilities: Floats, codes: NDArray[Any]) -> NDArray[np.int64]:
    """Order the unlabelled segments by the gap between their two likeliest classes, the smallest first.

    Parameters
    ----------
    probabilities
        (n, C). Rows of zeros, which no label reached, come first of all.
    codes
        (n,) classes given, 0 for none.

    Returns
    -------
    rows
        (unlabelled,) int64; equal gaps stay in the order of the rows.

    Raises
    ------
    ConfigError
        Shapes or codes that do not fit.
    """
    codes = check_codes(codes, *probabilities.shape)
    rows = np.flatnonzero(codes == 0)
    return rows[np.argsort(margins(probabilities[rows]), kind="stable")]


def margins(probabilities: Floats) -> Floats:
    """Return the gap (n,) between the two likeliest classes of rows (n, C): 1 is certain, 0 undecided."""
    if probabilities.shape[1] == 1:
        return probabilities[:, 0]
    best = np.partition(probabilities, -2, axis=1)[:, -2:]
    gaps: Floats = best[:, 1] - best[:, 0]
    return gaps


def confident(
    probabilities: Floats, codes: NDArray[Any], threshold: float
) -> tuple[NDArray[np.int64], NDArray[np.int16], Floats]:
    """Return what accepting in bulk would label: the unlabelled segments whose likeliest class reaches a threshold.

    Parameters
    ----------
    probabilities
        (n, C).
    codes
        (n,) classes given, 0 for none: none of these is ever returned.
    threshold
        Above 0, at most 1.

    Returns
    -------
    rows
        (m,) int64, ascending.
    classes
        (m,) int16, 1 ... C; of equally likely ones the first.
    confidence
        (m,) float32, the probability of that class.

    Raises
    ------
    ConfigError
        Shapes, codes or a threshold that do not fit.
    """
    codes = check_codes(codes, *probabilities.shape)
    if not 0 < threshold <= 1:
        raise ConfigError(f"`threshold` must be above 0 and at most 1. Got {threshold!r} instead.")
    best = probabilities.max(axis=1)
    rows = np.flatnonzero((codes == 0) & (best >= np.float32(threshold)))
    return rows, (probabilities[rows].argmax(axis=1) + 1).astype(np.int16), best[rows].astype(np.float32)


def most_different(
    vectors: Floats,
    codes: NDArray[Any],
    *,
    limit: int,
    seed: int = 0,
    progress: Progress | None = None,
) -> NDArray[np.int64]:
    """Queue the segments that differ most from anything labelled: farthest first (greedy k-centre).

    Each next one is farthest, in Euclidean distance, from all labelled segments and from those queued before it.
    The queue is exact, but not all distances are computed: each row carries an upper bound, the distance to those
    that it was compared with so far, and only the rows with the largest bounds are compared with the rest.

    Parameters
    ----------
    vectors
        (n, D) an embedding.
    codes
        (n,) classes given, 0 for none.
    limit
        Length of the queue; fewer where fewer are unlabelled.
    seed
        Draws the first one where nothing is labelled.
    progress
        Called with (queued, limit); may raise to cancel.

    Returns
    -------
    rows
        (min(limit, unlabelled),) int64.

    References
    ----------
    Gonzalez 1985, doi:10.1016/0304-3975(85)90224-5; for choosing what to label: Sener and Savarese 2018,
    doi:10.48550/arXiv.1708.00489

    Raises
    ------
    ConfigError
        Shapes or options that do not fit.
    """
    check_vectors(vectors)
    given = check_codes(codes, len(vectors), max(1, int(np.max(codes, initial=0))))
    if limit < 1:
        raise ConfigError(f"`limit` must be at least 1. Got {limit} instead.")
    queue: list[int] = []
    limit = min(limit, int((given == 0).sum()))

    def tick() -> None:
        if progress is not None:
            progress(len(queue), limit)

    tick()
    farthest = _Farthest(vectors, given, seed, tick)
    while len(queue) < limit:
        queue.append(farthest.pop())
        tick()
    return np.array(queue, dtype=np.int64)


class _Farthest:
    """Gives the rows farthest from a set of references that gains members; see ``most_different``."""

    def __init__(self, vectors: Floats, codes: NDArray[np.int64], seed: int, tick: Callable[[], None]) -> None:
        rng = np.random.default_rng(seed)
        mean = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        self.points = np.ascontiguousarray(vectors - mean, dtype=np.float32)  # small norms: exact differences
        self.norms = np.einsum("ij,ij->i", self.points, self.points)
        self.labelled = np.flatnonzero(codes)
        sketch = _sketch(self.points, codes, rng)
        self.first = None if len(sketch) else int(rng.integers(len(codes)))
        self.references = list(sketch) if len(sketch) else [self.first]
        self.tick = tick
        self.bounds = self._bounds()
        self.bounds[self.labelled] = -np.inf
        self.seen = np.full(len(codes), len(self.references))
        self.complete = np.full(len(codes), len(self.labelled) <= len(sketch))
        self.pool = np.empty(0, dtype=np.int64)
        self.floor = np.inf

    def pop(self) -> int:
        """Return the farthest row, and make it a reference."""
        row, self.first = (self._farthest(), None) if self.first is None else (self.first, None)
        if row not in self.references:
            self.references.append(row)
        self.bounds[row] = -np.inf
        return row

    def _bounds(self) -> Floats:
        """Compare all rows with the first references."""
        bounds = np.empty(len(self.points), dtype=np.float32)
        for start in range(0, len(bounds), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(bounds)))
            bounds[rows] = self._squared(rows, np.array(self.references)).min(axis=1)
            self.tick()
        return bounds

    def _squared(self, rows: NDArray[np.int64], others: NDArray[np.int64]) -> Floats:
        """Squared distances (rows, others)."""
        products = self.points[rows] @ self.points[others].T
        squared: Floats = np.maximum(self.norms[rows, None] + self.norms[others] - 2 * products, 0)
        return squared

    def _farthest(self) -> int:
        """Tighten the largest bounds until the largest of all is a distance."""
        while True:
            self.tick()
            if not len(self.pool) or self.bounds[self.pool].max() < self.floor:
                self._refill()
            row = int(self.pool[self.bounds[self.pool].argmax()])
            if self.seen[row] < len(self.references):
                self._compare(self.pool)
            elif not self.complete[row]:
                self._complete(row)
            elif self.bounds[row] >= self.floor:
                return row

    def _refill(self) -> None:
        """Take the rows with the largest bounds."""
        n = len(self.bounds)
        cut = max(0, n - _POOL)
        order = np.argpartition(self.bounds, cut) if cut else np.arange(n)
        self.pool = np.sort(order[cut:])
        self.floor = float(self.bounds[order[:cut]].max()) if cut else -np.inf

    def _compare(self, rows: NDArray[np.int64]) -> None:
        """Compare rows with the references that they have not seen."""
        rows = rows[np.isfinite(self.bounds[rows])]
        others = np.array(self.references[self.seen[rows].min() :])
        self.bounds[rows] = np.minimum(self.bounds[rows], self._squared(rows, others).min(axis=1))
        self.seen[rows] = len(self.references)

    def _complete(self, row: int) -> None:
        """Compare the largest bounds of the pool with all that is labelled."""
        open_rows = self.pool[~self.complete[self.pool] & np.isfinite(self.bounds[self.pool])]
        count = min(len(open_rows), max(1, _ELEMENTS // len(self.labelled)), 64)
        rows = open_rows[np.argpartition(-self.bounds[open_rows], count - 1)[:count]]
        rows[0] = row if row not in rows else rows[0]
        squared = self._squared(rows, self.labelled)
        self.bounds[rows] = np.minimum(self.bounds[rows], squared.min(axis=1))
        self.complete[rows] = True
        nearest = int(self.labelled[squared[rows == row][0].argmin()])  # it tightens the bounds of similar rows too
        if nearest not in self.references:
            self.references.append(nearest)


def _sketch(points: Floats, codes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Choose labelled rows that stand for all: farthest first, from a sample of each class."""
    classes = np.unique(codes[codes > 0])
    if not len(classes):
        return np.empty(0, dtype=np.int64)
    members = [np.flatnonzero(codes == code) for code in classes]
    most = max(1, _SAMPLE // len(classes))
    sample = np.concatenate([rng.choice(rows, min(len(rows), most), replace=False) for rows in members])
    if len(sample) <= _SKETCH:
        return np.sort(sample)
    return sample[_greedy(points[sample], _SKETCH)]


def _greedy(points: Floats, count: int) -> NDArray[np.int64]:
    """Queue ``count`` rows, farthest first, one pass over all rows for each."""
    chosen = [0]
    distances = ((points - points[0]) ** 2).sum(axis=1)
    while len(chosen) < count:
        chosen.append(int(distances.argmax()))
        distances = np.minimum(distances, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    return np.array(chosen, dtype=np.int64)
