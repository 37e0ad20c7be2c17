"""Counting classes per segment, window by window, and the class that most of a segment's pixels carry."""

from __future__ import annotations

from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import WorkspaceError

Codes = NDArray[np.int32]

_CLASSES = 1 << 20
"""More classes than any legend: codes of a segment and of a class share one number."""

_AT_ONCE = 4_000_000
"""Counts that wait before equal ones are added up: 64 MB."""


class Majority(NamedTuple):
    """The commonest class of each segment that has any: rows, codes (1 ...), and pixels that carry it."""

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    pixels: NDArray[np.int64]


class Tally:
    """Adds up how many pixels of each class each segment has.

    Parameters
    ----------
    segment_ids
        (n,) ids in the order of ``segments.parquet``.
    """

    def __init__(self, segment_ids: NDArray[Any]) -> None:
        self.order = np.argsort(segment_ids, kind="stable")
        self.known = segment_ids[self.order].astype(np.int64)
        self.keys: list[NDArray[np.int64]] = []
        self.counts: list[NDArray[np.int64]] = []

    def add(self, ids: NDArray[Any], codes: NDArray[Any]) -> None:
        """Count pixels, given by segment id (0: no data) and class code (0: none), of the same shape.

        Raises
        ------
        WorkspaceError
            The raster of segments holds an id that the table does not.
        """
        chosen = (ids > 0) & (codes > 0)
        keys = ids[chosen].astype(np.int64) * _CLASSES + codes[chosen]
        found, counts = np.unique(keys, return_counts=True)
        self.keys.append(found)
        self.counts.append(counts)
        if len(self.keys) > 1 and sum(len(part) for part in self.keys) > max(_AT_ONCE, 2 * len(self.keys[0])):
            self._add_up()

    def empty(self) -> Tally:
        """Return one of the same segments that has counted nothing."""
        found = copy(self)
        found.keys, found.counts = [], []
        return found

    def by_code(self) -> dict[int, int]:
        """Return how many pixels carry each code, by rising code."""
        if not self.keys:
            return {}
        self._add_up()
        codes, places = np.unique(self.keys[0] % _CLASSES, return_inverse=True)
        sums = np.bincount(places, self.counts[0]).astype(np.int64)
        return dict(zip(codes.tolist(), sums.tolist(), strict=True))

    def take(self, other: Tally, codes: NDArray[Any]) -> None:
        """Add what another one of the same segments counted, under other codes.

        Parameters
        ----------
        other
            What is added.
        codes
            (highest code + 1,) the code here of each code there; those of 0 are left out.
        """
        if not other.keys:
            return
        other._add_up()
        found = codes[other.keys[0] % _CLASSES].astype(np.int64)
        self.keys.append((other.keys[0] // _CLASSES * _CLASSES + found)[found > 0])
        self.counts.append(other.counts[0][found > 0])

    def _add_up(self) -> None:
        keys, places = np.unique(np.concatenate(self.keys), return_inverse=True)
        counts = np.bincount(places, np.concatenate(self.counts), minlength=len(keys)).astype(np.int64)
        self.keys, self.counts = [keys], [counts]

    def majority(self) -> Majority:
        """Return the commonest class of each segment, of equally common ones the first; in order of ids."""
        if not self.keys:
            return Majority(*(np.empty(0, dtype=np.int64) for _ in range(3)))
        self._add_up()
        ids, codes, counts = self.keys[0] // _CLASSES, self.keys[0] % _CLASSES, self.counts[0]
        order = np.lexsort((codes, -counts, ids))
        _, firsts = np.unique(ids[order], return_index=True)
        best = order[firsts]
        return Majority(self._rows(ids[best]), codes[best], counts[best])

    def tied(self) -> NDArray[np.int64]:
        """Return the rows of segments that have several commonest classes, in order of ids."""
        if not self.keys:
            return np.empty(0, dtype=np.int64)
        self._add_up()
        ids, counts = self.keys[0] // _CLASSES, self.counts[0]
        known, places = np.unique(ids, return_inverse=True)
        most = np.zeros(len(known), dtype=np.int64)
        np.maximum.at(most, places, counts)
        return self._rows(known[np.bincount(places[counts == most[places]], minlength=len(known)) > 1])

    def table(self, n_classes: int) -> NDArray[np.int64]:
        """Return (n, n_classes) the pixels of each class in each segment, by row."""
        found = np.zeros((len(self.known), n_classes), dtype=np.int64)
        if self.keys:
            self._add_up()
            found[self._rows(self.keys[0] // _CLASSES), self.keys[0] % _CLASSES - 1] = self.counts[0]
        return found

    def totals(self) -> NDArray[np.int64]:
        """Return (n,) how many pixels of each segment carry any class, by row."""
        sums = np.zeros(len(self.known), dtype=np.int64)
        if self.keys:
            self._add_up()
            np.add.at(sums, self._rows(self.keys[0] // _CLASSES), self.counts[0])
        return sums

    def _rows(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        places = np.minimum(np.searchsorted(self.known, ids), max(len(self.known) - 1, 0))
        missing = self.known[places] != ids if len(self.known) else np.ones(len(ids), dtype=bool)
        if np.any(missing):
            raise WorkspaceError(
                f"the raster of segments holds segment {ids[missing][0]}, but segments.parquet does not: one of them "
                "is from another run; `rsgraph run` on the scene restores them"
            )
        return self.order[places]
