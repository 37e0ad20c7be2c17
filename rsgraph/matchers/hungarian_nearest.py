"""The k most similar chips of every chip, exactly, without solving all pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rsgraph.blocks import ResumableBlocks, one_blas_thread
from rsgraph.errors import NotUsable
from rsgraph.matchers.assignment import NEVER
from rsgraph.matchers.chips import StoredChips, UnitChips, unit_chips
from rsgraph.matchers.hungarian import Hungarian
from rsgraph.matchers.neighbours import BlockMatcher
from rsgraph.matchers.ranking import Ranking
from rsgraph.matchers.screening import Search
from rsgraph.matchers.signatures import Axes, upper_bounds
from rsgraph.progress import part_of
from rsgraph.protocols import Arrays, Blocks, Progress
from rsgraph.registry import check_count
from rsgraph.types import Floats, Similarity

ROWS = 16
"""Chips per block of work."""

GROWTH = 2
"""By how much more chips are looked at from round to round; between rounds, the k-th bests are shared. The first
round looks at k, of which all are solved: nothing is known that could spare one. Neighbours and similarities do not
depend on it, only how many problems are solved on the way: no ``revision`` counts it. Measured on 121 chips of a tile
and 5 neighbours: a quarter fewer problems are solved than with k + 5 and then four times as many."""

_LATE = 0.3
"""Time of each of the last two rounds, of which bounds rule out most pairs, against that of one before: 0.2 of 484
chips, 0.6 of 1 849."""

TIE = 1e-6
"""Similarities that differ by less are ties: a chip that could only tie with the k-th best is not looked at."""


class HungarianNearest(BlockMatcher):
    r"""The exact k nearest chips under the Hungarian similarity, with proof that no other could enter.

    The measure is that of ``hungarian``. Every pair is given up as soon as an upper bound shows that it is not more
    similar, by more than 1e-6, than the k-th best of either chip:

    1. the dot product of two compact signatures (``signatures.py``: sorted coordinates on the principal axes);
    2. dual prices carried over from a similar problem (``screening.py``);
    3. its own dual value while it is solved (``assignment.py``).

    Chips are looked at in rounds, nearest mean embeddings first, so that the k-th bests are good before most pairs
    are seen. The order decides how much work there is, never what is found.

    ``Similarity.solved`` says how many problems were solved to the end, ``given_up`` how many pairs each bound
    spared, and ``ceiling`` (P,) is the largest upper bound of all pairs of a chip that were not solved: it is at most
    1e-6 above the similarity of its last neighbour. That is the proof.

    Where chips are nearly identical (open sea), no bound tells them apart, and most pairs are solved, at the speed of
    ``hungarian``.

    All of it runs on the CPU: each problem decides whether the next must be solved at all, and few are; a GPU is fast
    at many problems that are known beforehand.

    Parameters
    ----------
    k
        Neighbours per chip, at most P - 1. 15 is UMAP's usual neighbourhood.
    """

    measure = "hungarian"

    def __init__(self, k: int = 15) -> None:
        self.k = check_count("k", k)

    def match(
        self,
        nodes: Sequence[Floats],
        *,
        progress: Progress | None = None,
        blocks: Blocks | None = None,
        on_device: Blocks | None = None,
        known: Similarity | None = None,
    ) -> Similarity:
        """Find the nearest of P chips, without a matrix; only pairs with chips that are not known are looked at."""
        chips = unit_chips(nodes)
        ranking = Ranking(len(chips), min(self.k, max(len(chips) - 1, 0)))
        first = self._take_known(known, ranking, len(chips)) if known is not None else 0
        if ranking.k:
            with one_blas_thread():  # axes and distances, too, are those of any other run
                work = _Work(chips, nodes, first, ranking, blocks or ResumableBlocks(), progress)
                work.do()
        return ranking.similarity()

    def with_matrix(self) -> Hungarian:
        """Return ``hungarian``: the same similarities, of all pairs."""
        return Hungarian(self.k)

    def _take_known(self, known: Similarity, ranking: Ranking, count: int) -> int:
        first = len(known.indices)
        if first > count or known.indices.shape[1] != min(self.k, max(first - 1, 0)):
            raise NotUsable(
                f"`known` must list the {self.k} nearest of the first chips. Got {known.indices.shape} for {count} "
                "chips instead; match all chips anew without it."
            )
        if known.error.max(initial=0.0) > TIE:
            raise NotUsable(
                f"`known` must be exact. Got errors of up to {known.error.max():.3g} instead; match "
                "all chips anew without it."
            )
        ranking.take_lists(known)
        return first


@dataclass(frozen=True, eq=False)
class RoundTask:
    """The task of an executor in one round: screen the pairs of some chips, solve those that are left.

    A pair belongs to one of its two chips, and is looked at in the first round that reaches far enough for either.

    Parameters
    ----------
    nodes
        Of all chips: unit rows in memory, or where they are stored.
    signatures
        (P, size).
    best
        (P, k) float64: similarities of each chip's k best so far, ascending.
    before, reach
        (P,): squared distances of mean nodes that were looked at before, and that are now.
    first
        Pairs of chips before this one are known.
    """

    nodes: UnitChips | StoredChips
    signatures: Floats
    best: NDArray[np.float64]
    before: Floats
    reach: Floats
    first: int

    def __call__(self, part: tuple[int, int]) -> Arrays:
        """Work on the pairs of the chips from the first number to before the second.

        Returns
        -------
        arrays
            ``pairs`` (c, 2), ``similarities`` (c,) float64, -inf where given up, ``bounds`` and ``ways`` (c,) of the
            pairs that signatures left. Of the others: ``ruled_out`` (how many) and ``ceiling`` (P,), the largest
            bound of each chip's, -1 where there is none.
        """
        chips = unit_chips(self.nodes)
        distances, bounds = distances_of(chips, part, self.first), self._bounds(chips, part)
        here, kept = self._screen(part, distances, bounds)
        ceiling = np.full(len(chips), -1.0)
        ruled_out = np.where(here & ~kept, bounds, -1.0)
        np.maximum(ceiling, ruled_out.max(axis=0), out=ceiling)
        ceiling[slice(*part)] = np.maximum(ceiling[slice(*part)], ruled_out.max(axis=1))
        found = [
            self._examine(chips, row, np.flatnonzero(wanted), away, limits)
            for row, wanted, away, limits in zip(range(*part), kept, distances, bounds, strict=True)
        ]
        joined = {name: np.concatenate([each[name] for each in found]) for name in found[0]}
        return {**joined, "ruled_out": np.array(np.count_nonzero(here & ~kept)), "ceiling": ceiling}

    def _bounds(self, chips: UnitChips, part: tuple[int, int]) -> Floats:
        mine = slice(*part)
        return upper_bounds(self.signatures[mine], chips.counts[mine], self.signatures, chips.counts)

    def _screen(
        self, part: tuple[int, int], distances: Floats, bounds: Floats
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which pairs (rows, P) belong here, and which of them signatures leave."""
        rows, others = np.arange(*part)[:, None], np.arange(len(self.best))
        owned = ((rows + others) % 2 == 0) == (rows < others)
        far = np.maximum(self.reach[rows], self.reach)
        seen = np.maximum(self.before[rows], self.before)
        here = owned & (distances <= far) & (distances > seen) & np.isfinite(distances)
        return here, here & (bounds > np.minimum(self._cutoff[rows], self._cutoff))

    @cached_property
    def _cutoff(self) -> NDArray[np.float64]:
        """What a pair must exceed to enter a chip's list: (P,)."""
        return self.best[:, 0] + TIE / 2

    def _examine(
        self, chips: UnitChips, row: int, partners: NDArray[np.int64], distances: Floats, bounds: Floats
    ) -> Arrays:
        """Solve or reject one chip's candidates, nearest mean first."""
        partners = partners[np.argsort(distances[partners], kind="stable")]
        similarities, found = np.empty(len(partners)), np.empty(len(partners))
        ways = np.empty(len(partners), dtype=np.int8)
        best = np.where(self.best[row] > NEVER, self.best[row] + TIE / 2, NEVER)
        search = Search(chips[row], best)
        for place, partner in enumerate(partners):
            similarities[place], found[place], ways[place] = search.examine(
                chips[partner], chips.means[partner], bounds[partner], self._cutoff[partner]
            )
        pairs = np.stack([np.full(len(partners), row), partners], axis=1)
        return {"pairs": pairs, "similarities": similarities, "bounds": found, "ways": ways}


def distances_of(chips: UnitChips, part: tuple[int, int], first: int) -> Floats:
    """Squared distances (rows, P) of mean nodes; infinite for pairs that are not to be looked at.

    Those are pairs of a chip with itself, of two chips before ``first``, and with a chip without nodes.
    """
    rows, others, counts = np.arange(*part), np.arange(len(chips)), chips.counts
    squares = np.square(chips.means).sum(axis=1)
    distances = squares[rows, None] + squares - 2 * (chips.means[rows] @ chips.means.T)
    skipped = (rows[:, None] == others) | (np.maximum(rows[:, None], others) < first)
    skipped |= (counts[rows, None] == 0) | (counts == 0)
    found: Floats = np.where(skipped, np.inf, distances).astype(np.float32)
    return found


@dataclass(frozen=True, eq=False)
class SignatureTask:
    """The task of an executor that makes signatures; nodes as of ``RoundTask``."""

    nodes: UnitChips | StoredChips
    axes: Axes

    def __call__(self, part: tuple[int, int]) -> Arrays:
        """Return the signatures of the chips from the first number to before the second."""
        chips = unit_chips(self.nodes)
        return {"signatures": np.stack([self.axes.signature(chips[number]) for number in range(*part)])}


class _Work:
    """The rounds of one match."""

    def __init__(
        self,
        chips: UnitChips,
        nodes: Sequence[Floats],
        first: int,
        ranking: Ranking,
        blocks: Blocks,
        progress: Progress | None,
    ) -> None:
        self.chips, self.first, self.ranking, self.blocks = chips, first, ranking, blocks
        self.shared: UnitChips | StoredChips = nodes if isinstance(nodes, StoredChips) else chips
        self.progress = progress
        self.parts = [(start, min(start + ROWS, len(chips))) for start in range(0, len(chips), ROWS)]

    def do(self) -> None:
        """Look at all pairs."""
        self.ranking.take_empty(np.flatnonzero(self.chips.counts == 0), self.first)
        axes = Axes.of(self.chips.rows, int(self.chips.counts.max()))
        signing = self.blocks.map(f"signatures-{axes.digest}", SignatureTask(self.shared, axes), self.parts)
        signatures = np.concatenate([arrays["signatures"] for arrays in signing])
        rounds = list(_rounds(self.ranking.k, len(self.chips)))
        reach = np.full(len(self.chips), -np.inf, dtype=np.float32)
        for number, count in enumerate(rounds):
            report = self._report(number, len(rounds))
            before, reach = reach, self._reach(count)
            task = RoundTask(self.shared, signatures, self.ranking.best.copy(), before, reach, self.first)
            name = f"round{number + 1}-to{count}-{axes.digest}"  # blocks of other rounds, kept, hold other pairs
            for done, arrays in enumerate(self.blocks.map(name, task, self.parts), 1):
                self.ranking.take(arrays)
                if report:
                    report(done, len(self.parts))

    def _report(self, number: int, rounds: int) -> Progress | None:
        """Return what reports a round."""
        ends = np.cumsum([0.0] + [_LATE if left <= 2 else 1.0 for left in range(rounds, 0, -1)])
        begins, ends = ends[number : number + 2] / ends[-1]
        return part_of(self.progress, float(begins), float(ends))

    def _reach(self, count: int) -> Floats:
        """How far each chip's ``count`` nearest mean nodes lie: (P,)."""
        if count >= len(self.chips) - 1:
            return np.full(len(self.chips), np.finfo(np.float32).max, dtype=np.float32)
        away = (distances_of(self.chips, part, self.first) for part in self.parts)
        reach = np.concatenate([np.partition(each, count, axis=1)[:, count] for each in away])
        reach[: self.first] = -np.inf  # known chips have their neighbours: new ones look for them
        return reach


def _rounds(k: int, count: int) -> Iterator[int]:
    """How many chips are looked at per chip: k, twice as many ..., all."""
    reach = k
    while reach < count - 1:
        yield reach
        reach *= GROWTH
    yield count - 1
