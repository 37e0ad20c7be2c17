r"""Comparison of one chip with many: duals carried from problem to problem reject most candidates unsolved.

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
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.matchers.assignment import UNIT, mean_of, reduced, solve, whole_numbers
from rsgraph.types import Floats

KEPT = 48
"""Prices kept per chip; the oldest make room."""

ROUNDING = 1e-6
"""Room for rounding in bounds summed in float32."""

BY_SIGNATURE, BY_PRICES, BY_DUAL, SOLVED = range(4)
WAYS = ("signature", "prices", "dual", "solved")
"""How candidates ended: given up by their signature, by prices carried over, while being solved; or solved."""


@dataclass
class Search:
    """A chip's search among candidates, one after the other.

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

    def examine(self, chip: Floats, mean: Floats, bound: float, other: float = np.inf) -> tuple[float, float, int]:
        """Solve or reject a candidate.

        Parameters
        ----------
        chip
            Its unit rows (m, D), m >= 1.
        mean
            Its mean node (D,): candidates of like means share prices.
        bound
            Upper bound known before. What is not above the cutoff is given up at once.
        other
            Similarity below which the candidate is not interested in this chip, by default any. The cutoff is the
            smaller one of this and of the chip's own k-th best.

        Returns
        -------
        similarity, bound, way
            -inf where given up; upper bound; index into ``WAYS``.
        """
        cutoff = min(float(self.best[0]), float(other))
        if bound <= cutoff:
            return -np.inf, float(bound), BY_SIGNATURE
        cosine = self.nodes @ chip.T
        similarity, bound, way = _examine(cosine, mean, float(bound), cutoff, self.prices, self.origins, self.kept)
        if way != BY_PRICES:
            self.kept += 1
            _insert(self.best, similarity)
        return similarity, bound, way


@compiled(error_model="numpy")
def _examine(
    cosine: Any, mean: Any, bound: float, cutoff: float, prices: Any, origins: Any, kept: int
) -> tuple[float, float, int]:
    """Bound a candidate by the prices of one like it, then solve it; its own prices take the oldest's place."""
    if kept > 0:
        nearest = _nearest(mean, origins[: min(kept, len(origins))])
        bound = min(bound, _priced(cosine, prices[nearest]) + ROUNDING)
    if bound <= cutoff:
        return -np.inf, bound, BY_PRICES
    slot = kept % len(origins)
    similarity, dual = _solve(cosine, cutoff, prices[slot])
    for d in range(len(mean)):  # as a slice, numba would compile the words of an error for seconds
        origins[slot, d] = mean[d]
    return similarity, min(bound, dual), SOLVED if similarity > -np.inf else BY_DUAL


@compiled(error_model="numpy")
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


@compiled(error_model="numpy")
def _insert(best: Any, similarity: float) -> None:
    """Put a similarity into the ascending list of the best, where it belongs there."""
    if similarity <= best[0]:
        return
    place = 0
    while place + 1 < len(best) and best[place + 1] < similarity:
        best[place] = best[place + 1]
        place += 1
    best[place] = similarity


@compiled(error_model="numpy")
def _priced(cosine: Any, price: Any) -> float:
    """Upper bound of the mean cosine by prices (n,) of the rows.

    With more rows than columns, prices are lowered by the one that leaves only as many positive as there are columns.
    With fewer, the columns that gain most count.
    """
    n, m = cosine.shape
    lowered = price.copy()
    if m < n:
        level = np.partition(price, n - m - 1)[n - m - 1]
        for row in range(n):
            lowered[row] = max(price[row] - level, np.float32(0))
    gains = np.full(m, np.float32(-4), dtype=np.float32)
    for row in range(0, n - 3, 4):
        _gain(cosine[row : row + 4], lowered[row : row + 4], gains)
    for row in range(n - n % 4, n):
        for j in range(m):
            gains[j] = max(gains[j], cosine[row, j] - lowered[row])
    total = 0.0
    for row in range(n):
        total += lowered[row]
    if m > n:
        gains = np.partition(gains, m - n)[m - n :]
    for j in range(len(gains)):
        total += gains[j]
    return total / np.float64(min(n, m))


@compiled(error_model="numpy", fastmath={"nnan", "nsz"})
def _gain(rows: Any, price: Any, gains: Any) -> None:
    """Raise the gains (m,) of the columns to what four rows give them: read and written once for the four."""
    one, two, three, four = rows[0], rows[1], rows[2], rows[3]
    p, q, r, s = price[0], price[1], price[2], price[3]
    for j in range(len(gains)):
        of_first = max(one[j] - p, two[j] - q)
        of_last = max(three[j] - r, four[j] - s)
        gains[j] = max(gains[j], max(of_first, of_last))


@compiled(error_model="numpy")
def _solve(cosine: Any, cutoff: float, prices: Any) -> Any:
    """Solve one candidate; (similarity, bound). The duals of the rows are written to ``prices`` (n,)."""
    n, m = cosine.shape
    small = cosine if n <= m else cosine.T.copy()
    cost, price = np.empty((len(small) + 1, max(n, m)), dtype=np.int32), np.zeros(max(n, m), dtype=np.int32)
    whole_numbers(small, cost)
    bound, column = solve(cost, price, cutoff, 0.0)
    if n <= m:
        key = np.empty(m, dtype=np.int32)
        for row in range(n):
            prices[row] = (UNIT - reduced(cost[row], price, key)) / UNIT
    else:
        for row in range(n):
            prices[row] = -price[row] / UNIT
    return mean_of(small, column), bound
