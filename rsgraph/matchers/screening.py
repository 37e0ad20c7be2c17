r"""One chip against many: duals carried over from one problem to the next give most candidates up unsolved.

Any prices of a chip's nodes bound its similarity to any other chip from above (weak duality of linear programming):

.. math:: n\,s \le \sum_j p_j + \sum_i \max_j (\langle x_i, y_j \rangle - p_j), \quad p_j \ge 0.

The optimal prices of one problem are nearly optimal for a similar problem: the nodes of chip ``a`` that are scarce
for one partner are scarce for the next of its kind. So the prices of solved problems are kept, a candidate is bounded
by those of the partner whose mean embedding is nearest to its own, and only what passes is solved - until its own
dual value falls to the cutoff.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rsgraph.matchers.assignment import UNIT, mean_of, reduced, solve, whole_numbers
from rsgraph.types import Floats

KEPT = 48
"""Prices kept per chip; the oldest make room."""

TOGETHER = 4
"""Candidates that are gone through in one compiled call."""

ROUNDING = 1e-6
"""Room for rounding in bounds summed in float32."""

BY_SIGNATURE, BY_PRICES, BY_DUAL, SOLVED = range(4)
WAYS = ("signature", "prices", "dual", "solved")
"""How candidates ended: given up by their signature, by prices carried over, while being solved; or solved."""


@dataclass
class Search:
    """A chip's search among candidates, to be fed in batches.

    Parameters
    ----------
    nodes
        Unit rows (n, D) of the chip, n >= 1.
    best
        (k,) float64 ascending: the similarities of its k best so far, -4 where there are fewer. Updated.
    """

    nodes: Floats
    best: NDArray[np.float64]
    prices: Floats = field(init=False)
    origins: Floats = field(init=False)
    kept: int = 0

    def __post_init__(self) -> None:
        self.prices = np.zeros((KEPT, len(self.nodes)), dtype=np.float32)
        self.origins = np.zeros((KEPT, self.nodes.shape[1]), dtype=np.float32)

    def examine(
        self, chips: list[Floats], means: Floats, bounds: NDArray[np.floating[Any]], others: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]:
        """Solve, or give up, a few candidates.

        Parameters
        ----------
        chips
            Unit rows (m_c, D) of each, m_c >= 1.
        means
            Their mean nodes (c, D): candidates of like means share prices.
        bounds
            (c,): upper bounds known before. What is not above the cutoff is given up at once.
        others
            (c,): similarities below which the candidates are not interested in this chip. The cutoff is the smaller
            one of this and of the chip's own k-th best.

        Returns
        -------
        similarities, bounds, ways
            (c,) each: -inf where given up; upper bounds; index into ``WAYS``.
        """
        starts = np.concatenate([[0], np.cumsum([len(chip) for chip in chips])])
        cosines = np.empty((len(self.nodes), starts[-1]), dtype=np.float32)
        for chip, first, last in zip(chips, starts[:-1], starts[1:], strict=True):
            np.matmul(self.nodes, chip.T, out=cosines[:, first:last])  # each alone: the same bits in whatever company
        similarities, ways = np.full(len(chips), -np.inf), np.zeros(len(chips), dtype=np.int8)
        found = bounds.astype(np.float64)
        self.kept = _examine(
            cosines,
            starts,
            means,
            others,
            self.best,
            self.prices,
            self.origins,
            self.kept,
            similarities,
            found,
            ways,
        )
        return similarities, found, ways


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]  # numba ships no types
def _examine(
    cosines: Any,
    starts: Any,
    means: Any,
    others: Any,
    best: Any,
    prices: Any,
    origins: Any,
    kept: int,
    similarities: Any,
    bounds: Any,
    ways: Any,
) -> int:
    """Go through the candidates in turn; return how many prices were ever kept."""
    for c in range(len(similarities)):
        cutoff = min(best[0], others[c])
        first, last = starts[c], starts[c + 1]
        if bounds[c] <= cutoff:
            continue
        if kept > 0:
            nearest = _nearest(means[c], origins[: min(kept, len(origins))])
            bounds[c] = min(bounds[c], _priced(cosines, first, last, prices[nearest]) + ROUNDING)
        if bounds[c] <= cutoff:
            ways[c] = BY_PRICES
            continue
        slot = kept % len(origins)
        similarity, bound = _solve(cosines, first, last, cutoff, prices[slot])
        origins[slot], kept = means[c], kept + 1
        similarities[c], bounds[c] = similarity, min(bounds[c], bound)
        ways[c] = SOLVED if similarity > -np.inf else BY_DUAL
        _insert(best, similarity)
    return kept


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]  # numba ships no types
def _nearest(mean: Any, origins: Any) -> int:
    """Return the number of the nearest of some origins (c, D), c >= 1."""
    nearest, least = 0, np.inf
    for number in range(len(origins)):
        distance = 0.0
        for d in range(len(mean)):
            distance += (mean[d] - origins[number, d]) ** 2
        if distance < least:
            nearest, least = number, distance
    return nearest


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]  # numba ships no types
def _insert(best: Any, similarity: float) -> None:
    """Put a similarity into the ascending list of the best, where it belongs there."""
    if similarity <= best[0]:
        return
    place = 0
    while place + 1 < len(best) and best[place + 1] < similarity:
        best[place] = best[place + 1]
        place += 1
    best[place] = similarity


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]  # numba ships no types
def _priced(cosines: Any, first: int, last: int, price: Any) -> float:
    """Upper bound of the mean cosine by prices (n,) of the rows.

    With more rows than columns, prices are lowered by the one that leaves only as many positive as there are columns.
    With fewer, the columns that gain most count.
    """
    n, m = len(price), last - first
    lowered = price.copy()
    if m < n:
        level = np.partition(price, n - m - 1)[n - m - 1]
        for row in range(n):
            lowered[row] = max(price[row] - level, np.float32(0))
    gains = np.full(m, np.float32(-4), dtype=np.float32)
    for row in range(0, n - 3, 4):
        _gain(cosines[row : row + 4], first, lowered[row : row + 4], gains)
    for row in range(n - n % 4, n):
        for j in range(m):
            gains[j] = max(gains[j], cosines[row, first + j] - lowered[row])
    total = 0.0
    for row in range(n):
        total += lowered[row]
    if m > n:
        gains = np.partition(gains, m - n)[m - n :]
    for j in range(len(gains)):
        total += gains[j]
    return total / min(n, m)


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "nsz"})  # type: ignore[untyped-decorator]
def _gain(rows: Any, first: int, price: Any, gains: Any) -> None:
    """Raise the gains (m,) of the columns to what four rows give them: read and written once for the four."""
    one, two, three, four = rows[0], rows[1], rows[2], rows[3]
    p, q, r, s = price[0], price[1], price[2], price[3]
    for j in range(len(gains)):
        of_first = max(one[first + j] - p, two[first + j] - q)
        of_last = max(three[first + j] - r, four[first + j] - s)
        gains[j] = max(gains[j], max(of_first, of_last))


@njit(nogil=True, cache=True, error_model="numpy")  # type: ignore[untyped-decorator]  # numba ships no types
def _solve(cosines: Any, first: int, last: int, cutoff: float, prices: Any) -> Any:
    """Solve one candidate; (similarity, bound). The duals of the rows are written to ``prices`` (n,)."""
    n, m = len(cosines), last - first
    if n <= m:
        cost, price = np.empty((n + 1, m), dtype=np.int32), np.zeros(m, dtype=np.int32)
        whole_numbers(cosines, first, cost)
        bound, column = solve(cost, price, cutoff, 0.0)
        key = np.empty(m, dtype=np.int32)
        for row in range(n):
            prices[row] = (UNIT - reduced(cost[row], price, key)) / UNIT
        return mean_of(cosines, first, column), bound
    turned = np.empty((m, n), dtype=np.float32)
    for row in range(n):
        for j in range(m):
            turned[j, row] = cosines[row, first + j]
    cost, price = np.empty((m + 1, n), dtype=np.int32), np.zeros(n, dtype=np.int32)
    whole_numbers(turned, 0, cost)
    bound, column = solve(cost, price, cutoff, 0.0)
    for row in range(n):
        prices[row] = -price[row] / UNIT
    return mean_of(turned, 0, column), bound
