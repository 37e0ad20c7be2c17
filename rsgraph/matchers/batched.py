r"""Many assignment problems at once, on a GPU: a Jacobi auction with epsilon scaling, certified problem by problem.

The problems are those of ``assignment.py``, in the same whole numbers. All rows without a column bid at once, of all
problems together; of the bids for a column the lowest price wins (prices are negative, as there) [1]_. The ``m - n``
dummies of a problem are alike, so that they bid as one: for the dearest columns that they do not have, down to the
price of the best one that they leave, and all theirs cost the same from then on [2]_.

After each phase the dual value of the prices says how good the assignment is at least; a problem is done when that is
good enough, and takes no part any more. What is not done after ``ROUNDS`` rounds is solved by ``assignment.assign``.
So every similarity carries the certificate that it asks for, however the auction went.

References
----------
.. [1] D. P. Bertsekas, D. A. Castanon, "Parallel synchronous and asynchronous implementations of the auction
   algorithm", Parallel Computing 17, 1991. doi:10.1016/S0167-8191(05)80062-6
.. [2] D. P. Bertsekas, D. A. Castanon, "The auction algorithm for the transportation problem", Annals of Operations
   Research 20, 1989. doi:10.1007/BF02216923
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.blocks import Threads
from rsgraph.devices import may_have_gpu
from rsgraph.errors import ConfigError
from rsgraph.matchers.assignment import FACTOR, FIRST, UNIT, assign
from rsgraph.matchers.chips import UnitChips
from rsgraph.types import Floats

if TYPE_CHECKING:
    from torch import Tensor

Device = Literal["auto", "cpu", "cuda"]

EXACT = 5e-7
"""Certified error of what is asked for exactly: with rounding of costs and cosines it stays below 1e-6."""

ENTRIES = 2**30
"""Costs of one batch, at most, padding included: 4096 problems of 512 x 512. A round takes a GPU about as long for
few problems as for many."""

_BYTES = 16
"""GPU memory per cost, at most: the cosines, the costs, and room for what bids need."""

_AT_ONCE = 2**27
"""Costs looked at together when rows bid: bounds what they need besides."""

ROUNDS = 10_000
"""Rounds of bids of one batch. The last rounds are for few problems, which a core solves in milliseconds each."""

_FAR = 2**30
_NONE = 2**63 - 1
_ROW_BITS = 21


class Certified(NamedTuple):
    """What is known of many problems.

    Parameters
    ----------
    similarities
        (B,) float64: mean cosines of assignments.
    bounds
        (B,) float64: upper bounds of the best mean cosines.
    left
        How many were solved on the CPU, because the auction had not come to an end with them.
    """

    similarities: NDArray[np.float64]
    bounds: NDArray[np.float64]
    left: int


def device_of(wanted: Device) -> Literal["cpu", "cuda"]:
    """Choose the device: ``auto`` is a GPU where this process sees one; torch is not asked in vain.

    Raises
    ------
    ConfigError
        ``cuda`` is wanted and there is none.
    """
    if wanted == "cpu" or (wanted == "auto" and not may_have_gpu()):
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise ConfigError("`device` is cuda, but torch finds no CUDA GPU on this machine; use auto or cpu instead.")
    return "cpu"


def assign_pairs(
    chips: UnitChips | Sequence[Floats],
    pairs: Sequence[tuple[int, int]],
    *,
    device: str,
    tolerance: float = 0.0,
    entries: int | None = None,
    rounds: int = ROUNDS,
) -> Certified:
    """Find mean cosines of nodes paired one to one, of many pairs of chips.

    Parameters
    ----------
    chips
        Unit rows (n_i, D) float32 of each; rows of zeros have cosine 0 with everything.
    pairs
        B pairs of numbers of chips that have nodes, in any order.
    device
        Of torch: ``cuda``, or ``cpu`` (for tests: ``assignment.assign`` is faster there).
    tolerance
        Certified error of each similarity, at most; what is below ``EXACT`` counts as that.
    entries
        Costs of one batch, at most; None: ``ENTRIES``, or what the memory of the GPU has room for.
    rounds
        As ``ROUNDS``.

    Returns
    -------
    certified
        Similarities, bounds, and how many problems the CPU solved.
    """
    ordered = [(i, j) if len(chips[i]) <= len(chips[j]) else (j, i) for i, j in pairs]
    similarities, bounds, left = np.zeros(len(pairs)), np.zeros(len(pairs)), 0
    for batch in _batches(chips, ordered, entries or _room(device)):
        chosen = [ordered[number] for number in batch]
        found, dual = _auctioned(chips, chosen, device, max(tolerance, EXACT), rounds)
        open_ = np.flatnonzero(~(dual - found <= max(tolerance, EXACT)))
        problems = [(chips[chosen[number][0]], chips[chosen[number][1]]) for number in open_]
        for number, (similarity, bound) in zip(open_, Threads().run(_by_cpu, problems), strict=True):
            found[number], dual[number] = similarity, bound
        similarities[batch], bounds[batch] = found, dual
        left += len(open_)
    return Certified(similarities, np.maximum(bounds, similarities), left)


def _room(device: str) -> int:
    """Return how many costs a batch may have."""
    import torch

    if device != "cuda":
        return ENTRIES
    return min(ENTRIES, torch.cuda.mem_get_info()[0] // _BYTES)


def _by_cpu(problem: tuple[Floats, Floats]) -> tuple[float, float]:
    few, many = problem
    found = assign(few @ many.T)
    return found.similarity, found.bound


def _batches(chips: UnitChips | Sequence[Floats], pairs: list[tuple[int, int]], entries: int) -> Iterator[list[int]]:
    """Cut problems of like sizes into batches of so many entries that they do not exceed ``entries`` when padded."""
    batch: list[int] = []
    rows = columns = 0
    for number in sorted(range(len(pairs)), key=lambda number: len(chips[pairs[number][1]])):
        few, many = (len(chips[chip]) for chip in pairs[number])
        rows, columns = max(rows, few), max(columns, many)
        if batch and (len(batch) + 1) * rows * columns > entries:
            yield batch
            batch, rows, columns = [], few, many
        batch.append(number)
    if batch:
        yield batch


def _auctioned(
    chips: UnitChips | Sequence[Floats], pairs: list[tuple[int, int]], device: str, tolerance: float, rounds: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Hold the auctions of one batch; (similarities, bounds), -inf and 1 where nothing is known."""
    cost, rows, columns = _problems(chips, pairs, device)
    auctions = _Auctions(cost, rows, columns, rounds)
    increment = int(FIRST * UNIT)
    while auctions.hold(increment, tolerance) and increment > 1:
        increment = max(1, int(increment * FACTOR))
    return auctions.value.cpu().numpy(), auctions.bound.cpu().numpy()


def _problems(
    chips: UnitChips | Sequence[Floats], pairs: list[tuple[int, int]], device: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Return costs (B, n, m) int32, padded with ``_FAR``, and the numbers of rows and columns of each (B,)."""
    import torch

    used, place = np.unique(np.array(pairs), return_inverse=True)
    sizes = np.array([len(chips[number]) for number in used])
    padded = np.zeros((len(used), sizes.max(), chips[used[0]].shape[1]), dtype=np.float32)
    for nodes, number, size in zip(padded, used, sizes, strict=True):
        nodes[:size] = chips[number]
    few, many = torch.as_tensor(place.reshape(-1, 2), device=device).unbind(1)
    nodes, counts = torch.as_tensor(padded, device=device), torch.as_tensor(sizes, device=device)
    rows, columns = counts[few], counts[many]
    n, m = int(rows.max()), int(columns.max())
    cosine = _products(nodes[few, :n], nodes[many, :m]).clamp_(-1, 1).mul_(UNIT)
    cost = UNIT - cosine.to(torch.int32)
    cost.masked_fill_((torch.arange(m, device=device) >= columns[:, None])[:, None], _FAR)
    return cost, rows, columns


def _products(few: Tensor, many: Tensor) -> Tensor:
    """Return cosines (B, n, m), in float32 whatever training asked for: TF32 would be wrong by 1e-3."""
    import torch

    asked = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        return torch.bmm(few, many.transpose(1, 2))
    finally:
        torch.set_float32_matmul_precision(asked)


class _Auctions:
    """Auctions of B problems, and what is known of each.

    ``owner`` (B, m) is who has a column: a row, ``n`` for a dummy, -1 for nobody.
    """

    def __init__(self, cost: Tensor, rows: Tensor, columns: Tensor, rounds: int) -> None:
        import torch

        count, self.n, self.m = cost.shape
        self.cost, self.rows, self.columns, self.rounds = cost, rows, columns, rounds
        self.dummies = columns - rows
        self.is_row = torch.arange(self.n, device=cost.device) < rows[:, None]
        self.is_column = torch.arange(self.m, device=cost.device) < columns[:, None]
        self.price = torch.zeros((count, self.m), dtype=torch.int32, device=cost.device)
        self.owner = torch.full((count, self.m), -1, device=cost.device)
        self.column = torch.full((count, self.n), -1, device=cost.device)
        self.active = torch.ones(count, dtype=torch.bool, device=cost.device)
        self.value = torch.full((count,), -torch.inf, dtype=torch.float64, device=cost.device)
        self.bound = torch.ones(count, dtype=torch.float64, device=cost.device)
        self._certify()  # without prices, the bound is what nodes of zeros reach

    def hold(self, increment: int, tolerance: float) -> bool:
        """Hold one phase for the problems that are not done; tell whether some are left, and rounds to go on."""
        self._start()
        while self.rounds > 0 and self._bid(increment):
            self.rounds -= 1
        self._certify()
        self.active &= ~(self.bound - self.value <= tolerance)
        return self.rounds > 0 and bool(self.active.any())

    def _start(self) -> None:
        """Take all columns back; prices stay, the highest of each problem at 0, so that they do not drift."""
        top = self.price.masked_fill(~self.is_column, -_FAR).amax(1, keepdim=True)
        self.price.sub_(top).masked_fill_(~self.is_column, 0)
        self.owner.fill_(-1)
        self.column.fill_(-1)

    def _bid(self, increment: int) -> bool:
        """Let all rows and dummies without a column bid once, and give columns to the best; False: all have one."""
        import torch

        waiting = (self.is_row & (self.column < 0) & self.active[:, None]).flatten().nonzero()[:, 0]
        short = self.dummies - (self.owner == self.n).sum(1)
        classes = ((short > 0) & self.active).nonzero()[:, 0]
        if len(waiting) + len(classes) == 0:
            return False
        offers = torch.full((self.owner.numel(),), _NONE, device=self.cost.device)
        for rows in torch.tensor_split(waiting, len(waiting) * self.m // _AT_ONCE + 1):
            if len(rows):
                self._bid_of_rows(rows, increment, offers)
        if len(classes):
            self._bid_of_dummies(classes, short[classes], increment, offers.view_as(self.owner))
        self._give(offers)
        return True

    def _bid_of_rows(self, waiting: Tensor, increment: int, offers: Tensor) -> None:
        """Enter the bids of rows (R,), numbered over all problems.

        A bid is price and row in one number, so that the best one is the least, and no two are equal.
        Of columns that are equally good, a row bids for a free one before those that are taken, then for the next
        after its own number, so that rows that want the same do not all bid for the same.
        """
        import torch

        problem, row = waiting // self.n, waiting % self.n
        reduced = self.cost.view(-1, self.m)[waiting] - self.price[problem]
        least = reduced.amin(1, keepdim=True)
        taken = (self.owner >= 0).int() * self.m
        numbers = torch.arange(self.m, dtype=torch.int32, device=row.device)
        rank = (numbers - row[:, None].int()).remainder_(self.m).add_(taken[problem])
        chosen = rank.masked_fill_(reduced > least, 2 * self.m).argmin(1, keepdim=True)
        others = reduced.scatter_(1, chosen, _FAR).amin(1, keepdim=True)
        raised = torch.minimum(others, least + 2 * UNIT) - least + increment
        place = problem * self.m + chosen[:, 0]
        bids = ((self.price.view(-1)[place] - raised[:, 0]).long() << _ROW_BITS) + row
        offers.scatter_reduce_(0, place, bids, "amin")

    def _bid_of_dummies(self, classes: Tensor, short: Tensor, increment: int, offers: Tensor) -> None:
        """Enter the bids of the dummies of some problems (C,), ``short`` (C,) of which have no column, in (B, m)."""
        import torch

        theirs = self.owner[classes] == self.n
        price = self.price[classes].masked_fill_(theirs | ~self.is_column[classes], -_FAR)
        dearest, order = price.sort(dim=1, descending=True, stable=True)
        level = dearest.gather(1, short[:, None]) - increment
        wanted = torch.arange(self.m, device=short.device) < short[:, None]
        bidding = theirs.scatter(1, order, wanted) | theirs
        bids = ((level.long() << _ROW_BITS) + self.n).expand_as(bidding).masked_fill(~bidding, _NONE)
        offers[classes] = torch.minimum(offers[classes], bids)

    def _give(self, offers: Tensor) -> None:
        """Give each column to its best bid (B * m,), at the price of that."""
        won = (offers != _NONE).nonzero()[:, 0]
        best, problem = offers[won], won // self.m
        owner, price = self.owner.view(-1), self.price.view(-1)
        winner, loser = best & (2**_ROW_BITS - 1), owner[won]
        had = (loser >= 0) & (loser < self.n)
        self.column[problem[had], loser[had]] = -1
        is_row = winner < self.n
        self.column[problem[is_row], winner[is_row]] = (won % self.m)[is_row]
        owner[won] = winner
        price[won] = (best >> _ROW_BITS).to(price.dtype)

    def _certify(self) -> None:
        """Take note of assignments that are better, and of bounds that are lower, than those known."""
        import torch

        some = self.active.nonzero()[:, 0]
        cost, price, column, is_row = self.cost[some], self.price[some], self.column[some], self.is_row[some]
        rows, dummies = self.rows[some], self.dummies[some]
        paid = cost.gather(2, column.clamp(min=0)[:, :, None])[:, :, 0].masked_fill_(~is_row, 0).sum(1)
        value = (1 - paid / (rows.double() * UNIT)).masked_fill_((is_row & (column < 0)).any(1), -torch.inf)
        least = cost.sub_(price[:, None]).amin(2).masked_fill_(~is_row, 0).sum(1)
        top = price.masked_fill(~self.is_column[some], -_FAR).amax(1)
        dual = least + price.sum(1) - dummies * top
        self.value[some] = torch.maximum(self.value[some], value)
        self.bound[some] = torch.minimum(self.bound[some], 1 - (dual / rows.double() - 1) / UNIT)
