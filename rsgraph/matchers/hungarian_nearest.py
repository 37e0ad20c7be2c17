"""The k most similar chips of every chip, exactly, without solving all pairs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from rsgraph.blocks import ResumableBlocks
from rsgraph.errors import NotUsable
from rsgraph.matchers.assignment import NEVER
from rsgraph.matchers.chips import StoredChips, UnitChips, unit_chips
from rsgraph.matchers.neighbours import check_count
from rsgraph.matchers.ranking import Ranking
from rsgraph.matchers.screening import BY_SIGNATURE, TOGETHER, Search
from rsgraph.matchers.signatures import Axes, upper_bounds
from rsgraph.protocols import Arrays, Blocks, Progress
from rsgraph.types import Floats, Similarity

ROWS = 16
"""Chips per block of work."""

MORE = 5
"""Chips looked at beyond the first k, so that the k-th best is good from the start."""

GROWTH = 4
"""By how much more chips are looked at from round to round; between rounds, the k-th bests are shared."""

TIE = 1e-6
"""Similarities that differ by less are ties: a chip that could only tie with the k-th best is not looked at."""


class HungarianNearest:
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

    Parameters
    ----------
    k
        Neighbours per chip, at most P - 1. 15 is UMAP's usual neighbourhood.

    Raises
    ------
    ConfigError
        k is not a whole number of at least 1.
    """

    def __init__(self, k: int = 15) -> None:
        self.k = check_count("k", k)

    def match(
        self,
        nodes: Sequence[Floats],
        *,
        progress: Progress | None = None,
        blocks: Blocks | None = None,
        known: Similarity | None = None,
    ) -> Similarity:
        """Find the nearest of P chips given as (n_i, D) each.

        Parameters
        ----------
        nodes
            One float32 array per chip, or ``StoredChips``.
        progress
            Called with the blocks done and in all.
        blocks
            Where blocks of work run and are kept; None: in threads of this process.
        known
            The result for the first chips, with the same k: only pairs with the chips after them are looked at.

        Returns
        -------
        similarity
            Without a matrix.

        Raises
        ------
        NotUsable
            Shapes do not fit or values are not finite; ``known`` is of other chips or another k.
        """
        chips = unit_chips(nodes)
        ranking = Ranking(len(chips), min(self.k, max(len(chips) - 1, 0)))
        first = self._take_known(known, ranking, len(chips)) if known is not None else 0
        if ranking.k:
            with threadpool_limits(1, user_api="blas"):  # blocks run side by side already
                work = _Work(chips, nodes, first, ranking, blocks or ResumableBlocks(), progress)
                work.do()
        return ranking.similarity(known)

    def _take_known(self, known: Similarity, ranking: Ranking, count: int) -> int:
        first = len(known.indices)
        if first > count or known.indices.shape[1] != min(self.k, max(first - 1, 0)):
            raise NotUsable(
                f"`known` must list the {self.k} nearest of the first chips. Got {known.indices.shape} for {count} "
                "chips instead; match all chips anew without it."
            )
        ranking.take_lists(known)
        return first


class Batch(NamedTuple):
    """Candidates of a few chips.

    Parameters
    ----------
    owners
        (r,) int64: the chips.
    best
        (r, k) float64: their k best so far, ascending.
    starts
        (r + 1,) int64: where the candidates of each begin.
    partners, bounds, others
        (c,): candidates, upper bounds known of them, and their own k-th best.
    """

    owners: NDArray[np.int64]
    best: NDArray[np.float64]
    starts: NDArray[np.int64]
    partners: NDArray[np.int64]
    bounds: Floats
    others: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Examination:
    """The work on one batch, wherever it runs.

    Parameters
    ----------
    nodes
        Of all chips: unit rows in memory, or where they are stored.
    """

    nodes: UnitChips | StoredChips

    def __call__(self, batch: Batch) -> Arrays:
        """Return pairs (c, 2), similarities (c,) (-inf where given up), bounds (c,) and ways (c,)."""
        chips = self.nodes if isinstance(self.nodes, UnitChips) else unit_chips(self.nodes)
        owners = np.repeat(batch.owners, np.diff(batch.starts))
        similarities = np.full(len(owners), -np.inf)
        bounds, ways = np.empty(len(owners)), np.empty(len(owners), dtype=np.int8)
        for row, (start, stop) in enumerate(pairwise(batch.starts)):
            search = Search(chips[batch.owners[row]], batch.best[row].copy())
            for first in range(start, stop, TOGETHER):
                here = slice(first, min(first + TOGETHER, stop))
                partners = batch.partners[here]
                similarities[here], bounds[here], ways[here] = search.examine(
                    [chips[partner] for partner in partners],
                    chips.means[partners],
                    batch.bounds[here],
                    batch.others[here],
                )
        pairs = np.stack([owners, batch.partners], axis=1)
        return {"pairs": pairs, "similarities": similarities, "bounds": bounds, "ways": ways}


@dataclass(frozen=True, eq=False)
class Signing:
    """The work of making signatures, wherever it runs.

    Parameters
    ----------
    nodes
        As in ``Examination``.
    axes
        How.
    """

    nodes: UnitChips | StoredChips
    axes: Axes

    def __call__(self, part: tuple[int, int]) -> Arrays:
        """Return the signatures of the chips from the first number to before the second."""
        chips = self.nodes if isinstance(self.nodes, UnitChips) else unit_chips(self.nodes)
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
        self.counts = chips.counts
        self.parts = [(start, min(start + ROWS, len(chips))) for start in range(0, len(chips), ROWS)]
        self.rounds = list(_rounds(ranking.k, len(chips)))
        self.squares = np.square(chips.means).sum(axis=1)
        self.signatures = np.empty((0, 0), dtype=np.float32)

    def do(self) -> None:
        """Look at all pairs."""
        self.ranking.take_empty(np.flatnonzero(self.counts == 0))
        axes = Axes.of(self.chips.rows, int(self.counts.max()))
        signing = self.blocks.map("signatures", Signing(self.shared, axes), self.parts)
        self.signatures = np.concatenate([arrays["signatures"] for arrays in signing])
        reach = np.full(len(self.chips), -np.inf, dtype=np.float32)
        for number, count in enumerate(self.rounds):
            before, reach = reach, self._reach(count)
            batches = [self._batch(part, before, reach) for part in self.parts]
            found = self.blocks.map(f"round{number + 1}", Examination(self.shared), batches)
            for done, arrays in enumerate(found, start=1):
                self.ranking.take(arrays["pairs"], arrays["similarities"], arrays["bounds"], arrays["ways"])
                if self.progress:
                    self.progress(number * len(self.parts) + done, len(self.rounds) * len(self.parts))

    def _distances(self, part: tuple[int, int]) -> Floats:
        """Squared distances (rows, P) of mean nodes; infinite for pairs that are not to be looked at."""
        rows = np.arange(*part)
        products = self.chips.means[rows] @ self.chips.means.T
        distances = self.squares[rows, None] + self.squares[None, :] - 2 * products
        others = np.arange(len(self.chips))
        skipped = (rows[:, None] == others) | (np.maximum(rows[:, None], others) < self.first)
        skipped |= (self.counts[rows, None] == 0) | (self.counts[None, :] == 0)
        distances[skipped] = np.inf
        found: Floats = distances.astype(np.float32)
        return found

    def _reach(self, count: int) -> Floats:
        """How far each chip's ``count`` nearest mean nodes lie: (P,)."""
        if count >= len(self.chips) - 1:
            return np.full(len(self.chips), np.finfo(np.float32).max, dtype=np.float32)
        return np.concatenate([np.partition(self._distances(part), count, axis=1)[:, count] for part in self.parts])

    def _batch(self, part: tuple[int, int], before: Floats, reach: Floats) -> Batch:
        """Return the pairs of this round that belong to some chips and that signatures do not rule out.

        A pair belongs to one of its two chips, and is looked at in the first round that is far enough for either.
        """
        rows, others = np.arange(*part), np.arange(len(self.chips))
        distances = self._distances(part)
        mine = ((rows[:, None] + others) % 2 == 0) == (rows[:, None] < others)
        far, seen = np.maximum(reach[rows, None], reach), np.maximum(before[rows, None], before)
        here = mine & (distances <= far) & (distances > seen) & np.isfinite(distances)
        bounds = upper_bounds(self.signatures[rows], self.counts[rows], self.signatures, self.counts)
        least = self.ranking.last + TIE / 2
        kept = here & (bounds > np.minimum(least[rows, None], least))
        self._give_up(rows, here & ~kept, bounds)
        number, partners = np.nonzero(kept)
        order = np.lexsort((distances[number, partners], number))
        number, partners = number[order], partners[order]
        return Batch(
            rows,
            self.ranking.best[rows] + np.where(self.ranking.best[rows] > NEVER, TIE / 2, 0),
            np.searchsorted(number, np.arange(len(rows) + 1)),
            partners,
            bounds[number, partners],
            least[partners],
        )

    def _give_up(self, rows: NDArray[np.int64], ruled_out: NDArray[np.bool_], bounds: Floats) -> None:
        number, partners = np.nonzero(ruled_out)
        pairs = np.stack([rows[number], partners], axis=1)
        ways = np.full(len(pairs), BY_SIGNATURE, dtype=np.int8)
        self.ranking.take(pairs, np.full(len(pairs), -np.inf), bounds[number, partners].astype(np.float64), ways)


def _rounds(k: int, count: int) -> Iterator[int]:
    """How many chips are looked at per chip: k and some, four times as many ..., all."""
    reach = k + MORE
    while reach < count - 1:
        yield reach
        reach *= GROWTH
    yield count - 1
