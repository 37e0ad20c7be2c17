"""Search by one chip among very many: signatures in memory, nodes on disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsgraph.blocks import cores, one_blas_thread
from rsgraph.errors import NotUsable
from rsgraph.matchers.assignment import NEVER
from rsgraph.matchers.chips import StoredChips, unit_chips
from rsgraph.matchers.screening import BY_SIGNATURE, SOLVED, Search
from rsgraph.matchers.signatures import Axes, upper_bounds
from rsgraph.registry import check_count
from rsgraph.types import Floats

SHARE = 32
"""Candidates that a thread examines between two looks at the clock."""

_AXES_FROM = 200
"""Chips whose nodes tell the principal axes. Any axes give true bounds; these decide how tight they are."""


@dataclass(frozen=True)
class Answer:
    """The chips most similar to one chip.

    Parameters
    ----------
    indices
        (k,) int64, best first; of equals the lowest first.
    similarities
        (k,) float32, exact.
    ceiling
        Upper bound of the similarity of any chip that was not solved; -1 where all were.
    solved, examined
        Problems that were solved; chips whose nodes were read.
    """

    indices: NDArray[np.int64]
    similarities: Floats
    ceiling: float
    solved: int
    examined: int

    @property
    def gap(self) -> float:
        """By how much a chip that is not listed may be more similar than the last one listed: 0 is exact."""
        last = float(self.similarities[-1]) if len(self.similarities) else 1.0
        return max(0.0, self.ceiling - last) if self.ceiling > last + 1e-6 else 0.0


class ChipIndex:
    """Finds the chips most similar to one chip: exactly, or the best found in time with a certified gap.

    Signatures (``signatures.py``, about 900 bytes a chip) and mean nodes stay in memory; nodes are read from where
    they are stored, for chips only that signatures do not rule out.

    Parameters
    ----------
    chips
        ``StoredChips``, or one (n_i, D) float32 array per chip.

    Raises
    ------
    NotUsable
        Shapes do not fit or values are not finite.
    """

    def __init__(self, chips: Sequence[Floats]) -> None:
        self.parts: list[Sequence[Floats]] = []
        self.counts = np.zeros(0, dtype=np.int64)
        self.means = np.zeros((0, 0), dtype=np.float32)
        self.signatures = np.zeros((0, 0), dtype=np.float32)
        self._axes: Axes | None = None
        self.add(chips)

    def __len__(self) -> int:
        return len(self.counts)

    def add(self, chips: Sequence[Floats]) -> None:
        """Add chips; they count on from those that are there. Signatures are made anew where one is the longest.

        Nodes are read chip by chip and not kept. Raises NotUsable, as the constructor.
        """
        if len(chips) == 0:
            return
        self._choose_axes(chips)
        assert self._axes is not None, "axes are chosen before the first signature"
        counts, means, signatures = [], [], []
        for number in range(len(chips)):
            unit = unit_chips([chips[number]])
            self._check(unit.rows, f"chip {number} of `chips`")
            counts.append(len(unit.rows))
            means.append(unit.means[0])
            signatures.append(self._axes.signature(unit.rows))
        features = len(self._axes.basis)
        self.parts.append(chips)
        self.counts = np.concatenate([self.counts, np.array(counts, dtype=np.int64)])
        self.means = np.concatenate([self.means.reshape(-1, features), np.stack(means)])
        self.signatures = np.concatenate([self.signatures.reshape(-1, self._axes.size), np.stack(signatures)])

    def _check(self, rows: Floats, name: str) -> None:
        assert self._axes is not None, "there are chips"
        features = len(self._axes.basis)
        if rows.shape[1] != features:
            raise NotUsable(f"{name} must have shape (nodes, {features}). Got {rows.shape} instead.")

    def _choose_axes(self, chips: Sequence[Floats]) -> None:
        """Find axes from some chips, where there are none yet or one is longer than they have room for."""
        counts = chips.counts if isinstance(chips, StoredChips) else [len(chip) for chip in chips]
        if self._axes is not None and max(counts) <= self._axes.length:
            return
        every = max(1, len(chips) // _AXES_FROM)
        sample = unit_chips([chips[number] for number in range(0, len(chips), every)]).rows
        if self._axes is not None:
            self._check(sample, "`chips`")
        self._axes = axes = Axes.of(sample, int(max(counts) * 1.25))
        before = [axes.signature(unit_chips([chip]).rows) for part in self.parts for chip in part]
        self.signatures = np.stack(before) if before else np.zeros((0, axes.size), dtype=np.float32)

    def search(self, nodes: Floats, *, k: int = 15, seconds: float = 1.6, but: int | None = None) -> Answer:
        """Find the k chips most similar to nodes (n, D).

        Parameters
        ----------
        nodes
            Of the chip to search by, n >= 1.
        k
            How many to return at most.
        seconds
            After this no more chips are looked at, and the best found are returned, with ``Answer.gap`` telling what
            they may miss; the last ones take up to 0.3 s more. The nearest by mean embedding are solved in any case.
        but
            A chip to leave out: the query itself where it is in the index.

        Raises
        ------
        ConfigError
            k is not a whole number of at least 1.
        NotUsable
            The nodes do not fit or there are none.
        """
        end = time.monotonic() + seconds
        query = unit_chips([nodes])
        if len(query.rows) == 0 or query.rows.shape[1] != self.means.shape[1]:
            raise NotUsable(f"`nodes` must have shape (nodes, {self.means.shape[1]}). Got {np.shape(nodes)} instead.")
        if but is not None and not 0 <= but < len(self):
            raise NotUsable(f"`but` must be a chip of the index, 0 to {len(self) - 1}. Got {but} instead.")
        k = min(check_count("k", k), len(self) - (but is not None))
        return _Query(self, query.rows, query.means[0], k, but).answer(end)

    def bounds(self, nodes: Floats) -> Floats:
        """Bound the similarity of unit rows (n, D) to every chip from above: (P,) float32."""
        assert self._axes is not None, "an index without chips is not searched"
        if len(nodes) > self._axes.length:
            return np.ones(len(self), dtype=np.float32)
        signature, count = self._axes.signature(nodes)[None], np.array([len(nodes)])
        found: Floats = upper_bounds(signature, count, self.signatures, self.counts)[0]
        return found

    def chip(self, number: int) -> Floats:
        """Read the nodes of one chip."""
        for part in self.parts:
            if number < len(part):
                return part[number]
            number -= len(part)
        raise IndexError(number)


class _Query:
    """One search: the nearest by mean embedding first, then by falling bound until none is above the k-th best."""

    def __init__(self, index: ChipIndex, nodes: Floats, mean: Floats, k: int, but: int | None) -> None:
        self.index, self.k = index, k
        self.workers = cores()
        self.searches = [Search(nodes, np.full(k, NEVER)) for _ in range(self.workers)]
        self.bounds = index.bounds(nodes).astype(np.float64)
        self.similarities = np.full(len(index), -np.inf)
        self.similarities[index.counts == 0] = 0.0
        self.open = index.counts > 0
        if but is not None:
            self.open[but] = False
            self.similarities[but] = -np.inf
        self.distances = np.square(index.means - mean).sum(axis=1)
        self.examined = 0

    def answer(self, end: float) -> Answer:
        """Examine until it is proven, or until the time is up."""
        if self.k == 0:
            return Answer(np.zeros(0, np.int64), np.zeros(0, np.float32), -1.0, 0, 0)
        nearest = np.argsort(np.where(self.open, self.distances, np.inf), kind="stable")
        with one_blas_thread(), ThreadPoolExecutor(self.workers) as pool:
            self._examine(nearest[: min(2 * self.k, int(self.open.sum()))], pool)
            falling = np.argsort(-np.where(self.open, self.bounds, -np.inf), kind="stable")
            for start in range(0, len(falling), SHARE * self.workers):
                here = falling[start : start + SHARE * self.workers]
                here = here[self.open[here] & (self.bounds[here] > self._last())]
                if len(here) == 0 or time.monotonic() > end:
                    break
                self._examine(here, pool)
        return self._best()

    def _last(self) -> float:
        known = self.similarities[self.similarities > -np.inf]
        return float(np.partition(known, len(known) - self.k)[-self.k]) if len(known) >= self.k else NEVER

    def _examine(self, numbers: NDArray[np.int64], pool: ThreadPoolExecutor) -> None:
        shares = [numbers[worker :: self.workers] for worker in range(self.workers)]
        for share, found in zip(shares, pool.map(self._share, self.searches, shares), strict=True):
            similarities, bounds, ways = found
            solved = ways == SOLVED
            self.similarities[share[solved]] = similarities[solved]
            self.bounds[share] = bounds
            self.open[share[solved]] = False
            self.examined += int((ways != BY_SIGNATURE).sum())

    def _share(
        self, search: Search, numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]:
        last = self._last()
        search.best[:] = np.maximum(search.best, last)
        similarities, bounds = np.full(len(numbers), -np.inf), np.empty(len(numbers))
        ways = np.empty(len(numbers), dtype=np.int8)
        for place, number in enumerate(numbers):
            rows = unit_chips([self.index.chip(number)]).rows
            similarities[place], bounds[place], ways[place] = search.examine(
                rows, self.index.means[number], self.bounds[number]
            )
        return similarities, bounds, ways

    def _best(self) -> Answer:
        values = self.similarities.astype(np.float32)
        order = np.lexsort((np.arange(len(values)), -values))[: self.k]
        order = order[values[order] > -np.inf]
        ceiling = float(self.bounds[self.open].max(initial=-1.0))
        solved = int((self.similarities > -np.inf).sum() - (self.index.counts == 0).sum())
        return Answer(order.astype(np.int64), values[order], ceiling, solved, self.examined)
