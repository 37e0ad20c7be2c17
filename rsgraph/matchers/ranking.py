"""Each chip's most similar chips, as pairs come in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.matchers.assignment import NEVER
from rsgraph.matchers.screening import BY_SIGNATURE, SOLVED, WAYS
from rsgraph.protocols import Arrays
from rsgraph.types import Similarity


class Ranking:
    """Collects solved pairs, and what bounds the others.

    Parameters
    ----------
    count
        P, the number of chips.
    k
        Neighbours per chip, at most P - 1.
    """

    def __init__(self, count: int, k: int) -> None:
        self.count, self.k = count, k
        self.best = np.full((count, k), NEVER)
        self.ceiling = np.full(count, -1.0)
        self.ways = np.zeros(len(WAYS), dtype=np.int64)
        self._rows: list[NDArray[np.int64]] = []
        self._partners: list[NDArray[np.int64]] = []
        self._similarities: list[NDArray[np.float64]] = []

    @property
    def last(self) -> NDArray[np.float64]:
        """The k-th best of each chip (P,); -4 where there are fewer."""
        return self.best[:, 0]

    def take(self, arrays: Arrays) -> None:
        """Take what a block found; see ``hungarian_nearest.RoundTask``."""
        pairs, ways = arrays["pairs"], arrays["ways"]
        self.ways += np.bincount(ways, minlength=len(WAYS))
        self.ways[BY_SIGNATURE] += int(arrays["ruled_out"])
        np.maximum(self.ceiling, arrays["ceiling"], out=self.ceiling)
        solved = ways == SOLVED
        for side in (0, 1):
            np.maximum.at(self.ceiling, pairs[~solved, side], arrays["bounds"][~solved])
            self._add(pairs[solved, side], pairs[solved, 1 - side], arrays["similarities"][solved])

    def take_lists(self, known: Similarity) -> None:
        """Take the neighbours of the first chips as they are known."""
        count, k = known.indices.shape
        rows = np.repeat(np.arange(count), k)
        self._add(rows, known.indices.ravel(), known.similarities.ravel().astype(np.float64))
        self.ways += [*(known.given_up.get(name, 0) for name in WAYS[:SOLVED]), known.solved]
        if known.ceiling is not None:
            self.ceiling[:count] = known.ceiling

    def take_empty(self, empty: NDArray[np.int64], first: int) -> None:
        """Take chips without nodes: their similarity to every other is 0. Pairs before ``first`` are known."""
        if len(empty) == 0:
            return
        numbers = np.arange(self.count)
        for rows, partners in ((np.setdiff1d(numbers, empty), empty), (empty, numbers)):
            self._add_zeros(rows[rows < first], partners[partners >= first])
            self._add_zeros(rows[rows >= first], partners)

    def _add_zeros(self, rows: NDArray[np.int64], partners: NDArray[np.int64]) -> None:
        """Add similarities of 0 to the first partners: more than k of them are never listed."""
        listed = partners[: self.k + 1]
        all_rows, all_partners = np.repeat(rows, len(listed)), np.tile(listed, len(rows))
        different = all_rows != all_partners
        self._add(all_rows[different], all_partners[different], np.zeros(int(different.sum())))

    def _add(self, rows: NDArray[np.int64], partners: NDArray[np.int64], similarities: NDArray[np.float64]) -> None:
        self._rows.append(rows)
        self._partners.append(partners)
        self._similarities.append(similarities)
        self._keep_best(np.unique(rows), len(rows))

    def _keep_best(self, touched: NDArray[np.int64], added: int) -> None:
        """Renew the k best of the chips that have new pairs."""
        if not added:
            return
        rows, values = self._rows[-1], self._similarities[-1]
        order = np.lexsort((-values, rows))
        rows, values = rows[order], values[order]
        starts = np.searchsorted(rows, touched)
        rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
        new = np.full((len(touched), self.k), NEVER)
        kept = rank < self.k
        new[np.searchsorted(touched, rows[kept]), rank[kept]] = values[kept]
        both = np.concatenate([self.best[touched], new], axis=1)
        both.sort(axis=1)
        self.best[touched] = both[:, self.k :]

    def similarity(self) -> Similarity:
        """Return the k most similar chips of each, best first; equals in the order of their index."""
        rows, partners = np.concatenate([*self._rows, []]), np.concatenate([*self._partners, []])
        values = np.concatenate([*self._similarities, []]).astype(np.float32)
        rows, partners = rows.astype(np.int64), partners.astype(np.int64)
        _, first = np.unique(rows * max(self.count, 1) + partners, return_index=True)
        order = first[np.lexsort((partners[first], -values[first], rows[first]))]
        rows, partners, values = rows[order], partners[order], values[order]
        starts = np.searchsorted(rows, np.arange(self.count))
        taken = starts[:, None] + np.arange(self.k)
        return Similarity(
            indices=partners[taken],
            similarities=values[taken],
            error=np.zeros((self.count, self.k), dtype=np.float32),
            matrix=None,
            solved=int(self.ways[SOLVED]),
            ceiling=self.ceiling.astype(np.float32),
            given_up={name: int(number) for name, number in zip(WAYS[:SOLVED], self.ways, strict=False)},
        )
