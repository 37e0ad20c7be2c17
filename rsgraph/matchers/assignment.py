r"""The assignment problem of two chips' nodes, exactly: prices found by auction, then shortest augmenting paths.

Costs are whole numbers (``1 - cosine`` in units of :math:`2^{-26}`), so that sums are exact, ties are ties, and loops
over columns compile to vector instructions. Rounding moves no mean cosine by more than :math:`2^{-26}` = 1.5e-8.

The ``n`` rows may be fewer than the ``m`` columns. Then ``m - n`` dummy rows, to which all columns cost the same,
take the columns that are left: prices may start anywhere, and the dual value bounds the optimum at all times [1]_.

References
----------
.. [1] D. P. Bertsekas, "Network Optimization: Continuous and Discrete Models", Athena Scientific, 1998, chapter 7
   (auction with epsilon scaling). R. Jonker, A. Volgenant, "A shortest augmenting path algorithm for dense and sparse
   linear assignment problems", Computing 38, 1987. doi:10.1007/BF02278710

Numba's cache knows a function's own file only: who changes this one must touch ``screening.py`` too, which compiles
these functions into its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.types import Floats

UNIT = 2**26
"""A cosine of 1 in whole numbers. Costs reach 2 units, prices and paths stay below 7: sums fit 31 bits."""

RESOLUTION = 1.0 / UNIT
"""By how much rounding of costs may move a mean cosine, at most."""

FIRST, FACTOR = 0.06, 0.25
"""Least bid of the auction's first phase, in units of cosine, and what each later phase multiplies it by. Measured on
three sets of embeddings: 0.03 to 0.1 and a fifth to a third are within a tenth of this."""

ENOUGH = 0.6
"""The auction ends when no larger share of rows wants a column that another row has. Diverse nodes come to that in
three phases; of nearly identical ones (open sea) the least bid must fall far, or paths grow long."""

NEVER = -4.0
"""A cutoff below all similarities: nothing is given up."""

_FAR = np.int32(2**30)
_LAST = np.int32(2**31 - 1)
_TAKEN = np.int32(2**20)
_INDEX = np.int32(2**20 - 1)
_FINE = 0.002 * UNIT


class Matched(NamedTuple):
    """What is known of one problem.

    Parameters
    ----------
    similarity
        Mean cosine of an assignment, in float64: the best one where nothing was given up. -inf where it was given up
        before there was an assignment.
    bound
        Upper bound of the best mean cosine: the dual value, and ``RESOLUTION``.
    columns
        (n,) int32: column of each row; -1 where it was given up.
    """

    similarity: float
    bound: float
    columns: NDArray[np.int32]


def assign(cosine: Floats, *, cutoff: float = NEVER, tolerance: float = 0.0) -> Matched:
    r"""Pair each of n rows with another of m >= n columns so that the mean cosine is largest.

    Parameters
    ----------
    cosine
        (n, m) float32 in [-1, 1], 1 <= n <= m; C-contiguous is fastest. Values outside are clipped.
    cutoff
        The work is given up as soon as the dual value proves that the best mean cosine is at most this.
    tolerance
        The work ends as soon as an assignment is known whose mean cosine is at most this below the dual value.

    Returns
    -------
    matched
        Similarity, bound and columns.
    """
    cosine = np.ascontiguousarray(cosine)
    n, m = cosine.shape
    cost, price = np.empty((n + 1, m), dtype=np.int32), np.zeros(m, dtype=np.int32)
    whole_numbers(cosine, cost)
    bound, columns = solve(cost, price, cutoff, tolerance)
    return Matched(mean_of(cosine, columns), bound, columns[:n])


@compiled(error_model="numpy")
def solve(cost: Any, price: Any, cutoff: float, tolerance: float) -> Any:
    """Solve one problem in whole numbers, called from compiled loops: (bound, columns).

    Parameters
    ----------
    cost
        (n + 1, m) int32 of ``whole_numbers``.
    price
        (m,) int32 <= 0 in units of ``RESOLUTION``, zeros to begin with; overwritten by the duals at the end.
    cutoff, tolerance
        As in ``assign``.

    Returns
    -------
    bound, columns
        As in ``Matched``, with columns (m,): those of the dummies come last. -1 where the work was given up.
    """
    m = cost.shape[1]
    column, owner = np.full(m, -1, dtype=np.int32), np.full(m, -1, dtype=np.int32)
    key, wanted = np.empty(m, dtype=np.int32), np.empty(m, dtype=np.int32)
    bound, increment = 1.0, FIRST * UNIT
    while True:
        _auction(cost, price, column, owner, np.int32(increment), key)
        value = _value(cost, column)
        if tolerance > 0:
            assigned = column.copy()
        dual, left = _claim(cost, price, column, owner, key, wanted)
        bound = min(bound, dual)
        if bound <= cutoff:
            column[:] = -1
            return bound, column
        if tolerance > 0 and bound - value <= tolerance:
            return bound, assigned
        increment *= FACTOR
        if increment < 1 or (tolerance == 0 and left <= ENOUGH * m and increment < _FINE):
            break
    return _augment(cost, price, column, owner, key, wanted, bound, dual, cutoff)


@compiled(error_model="numpy")
def whole_numbers(cosine: Any, cost: Any) -> None:
    """Write costs (n + 1, m) int32 of cosines (n, m); last the dummies' row.

    They are exact but for truncation: a float32 times a power of two is exact.
    """
    n, m = cost.shape[0] - 1, cost.shape[1]
    for row in range(n):
        cosines, costs = cosine[row], cost[row]
        for j in range(m):
            inside = min(max(cosines[j], np.float32(-1)), np.float32(1))
            costs[j] = np.int32(np.int32(UNIT) - np.int32(inside * np.float32(UNIT)))
    cost[n] = UNIT


@compiled(error_model="numpy")
def mean_of(cosine: Any, column: Any) -> float:
    """Mean cosine of an assignment of the rows, summed in float64; -inf where it was given up."""
    if column[0] < 0:
        return -np.inf
    total = 0.0
    for row in range(len(cosine)):
        total += np.float64(cosine[row, column[row]])
    return min(max(total / len(cosine), -1.0), 1.0)


@compiled(error_model="numpy")
def _value(cost: Any, column: Any) -> float:
    """Mean cosine of an assignment in whole numbers, never more than it is."""
    n = cost.shape[0] - 1
    total = np.int64(0)
    for row in range(n):
        total += cost[row, column[row]]
    return 1.0 - total / (np.float64(n) * UNIT)


@compiled(error_model="numpy")
def reduced(row: Any, price: Any, key: Any) -> Any:
    """Write reduced costs (m,) to ``key``; return the least."""
    least = _LAST
    for j in range(row.shape[0]):
        value = np.int32(row[j] - price[j])
        key[j] = value
        least = min(least, value)
    return least


@compiled(error_model="numpy")
def _first(key: Any, least: Any, owner: Any) -> Any:
    """Return the column whose key is ``least``: a free one before those that are taken, then the lowest index."""
    found = _LAST
    for j in range(key.shape[0]):
        index = np.int32(j) if owner[j] < 0 else np.int32(np.int32(j) + _TAKEN)
        found = min(found, index if key[j] == least else _LAST)
    return found & _INDEX


@compiled(error_model="numpy")
def _least(key: Any) -> Any:
    """Return the least key."""
    least = _LAST
    for j in range(key.shape[0]):
        least = min(least, key[j])
    return least


@compiled(error_model="numpy")
def _auction(cost: Any, price: Any, column: Any, owner: Any, increment: Any, key: Any) -> None:
    """Let rows, dummies too, bid for their cheapest columns until all have one, to within ``increment`` a row.

    Prices are negative (``price`` is added to a column's dual); the highest is brought back to 0 first, so that they
    do not drift from phase to phase.
    """
    dummy, m = cost.shape[0] - 1, cost.shape[1]
    top = price[0]
    for j in range(1, m):
        top = max(top, price[j])
    for j in range(m):
        price[j] -= top
    column[:], owner[:] = -1, -1
    for start in range(m):
        row = np.int32(start)
        while row >= 0:
            least = reduced(cost[min(row, dummy)], price, key)
            j = _first(key, least, owner)
            key[j] = _FAR
            price[j] -= np.int32(min(_least(key), np.int32(2 * UNIT) + least) - least + increment)
            displaced = owner[j]
            owner[j], column[row] = row, j
            if displaced >= 0:
                column[displaced] = -1
            row = displaced


@compiled(error_model="numpy")
def _claim(cost: Any, price: Any, column: Any, owner: Any, key: Any, wanted: Any) -> Any:
    """Give each row its cheapest column where that is free; (upper bound of the mean cosine, rows left).

    The bound is the dual value of the prices. ``wanted`` (m,) is what each row was counted with in it.
    """
    n, m = cost.shape[0] - 1, cost.shape[1]
    column[:], owner[:] = -1, -1
    total, left = np.int64(0), 0
    for row in range(m):
        wanted[row] = reduced(cost[min(row, n)], price, key)
        total += wanted[row] + price[row]
        j = _first(key, wanted[row], owner)
        if owner[j] < 0:
            owner[j], column[row] = row, j
        else:
            left += 1
    total -= np.int64(m - n) * UNIT
    return 1.0 - (total / n - 1.0) / UNIT, left


@compiled(error_model="numpy")
def _augment(
    cost: Any,
    price: Any,
    column: Any,
    owner: Any,
    key: Any,
    wanted: Any,
    bound: float,
    dual: float,
    cutoff: float,
) -> Any:
    """Add the rows that are left one by one along shortest paths, so that the cost stays least; (bound, columns).

    A path raises the dual value by its length less what the row was counted with before.
    """
    n, m = cost.shape[0] - 1, cost.shape[1]
    distance, final = np.empty(m, dtype=np.int32), np.empty(m, dtype=np.int32)
    before, order = np.empty(m, dtype=np.int32), np.empty(m, dtype=np.int32)
    for start in range(m):
        if column[start] >= 0:
            continue
        if min(bound, dual) <= cutoff:
            column[:] = -1
            return min(bound, dual), column
        length, end = _path(cost, start, price, owner, key, distance, final, before, order)
        dual -= np.float64(length - wanted[start]) / (np.float64(n) * UNIT)
        while True:
            row = before[end]
            owner[end] = row
            end, column[row] = column[row], end
            if row == start:
                break
    return min(bound, dual), column


@compiled(error_model="numpy")
def _path(
    cost: Any,
    start: Any,
    price: Any,
    owner: Any,
    key: Any,
    distance: Any,
    final: Any,
    before: Any,
    order: Any,
) -> Any:
    """Find the shortest path from a row to a free column, change the prices along it; (its length, the column)."""
    dummy = cost.shape[0] - 1
    distance[:], final[:] = _FAR, 0
    row, base, count, at_dummies = np.int32(start), np.int32(0), 0, False
    while True:
        if row < dummy or not at_dummies:
            least = _relax(cost[min(row, dummy)], price, base, row, distance, before, final, key)
        else:
            least = _least(key)  # all dummies are one: what the first of them reached, the others cannot bring nearer
        at_dummies = at_dummies or row >= dummy
        j = _first(key, least, owner)
        if owner[j] < 0:
            break
        final[j], key[j] = _FAR, _LAST
        order[count] = j
        count += 1
        row = owner[j]
        base = np.int32(least - (cost[min(row, dummy), j] - price[j]))
    for number in range(count):
        price[order[number]] += np.int32(distance[order[number]] - least)
    return least, j


@compiled(error_model="numpy")
def _relax(row_cost: Any, price: Any, base: Any, row: Any, distance: Any, before: Any, final: Any, key: Any) -> Any:
    """Shorten the distances (m,) of columns that are not final by paths through ``row``; return the least."""
    least = _LAST
    for j in range(row_cost.shape[0]):
        reach = np.int32(np.int32(np.int32(base + row_cost[j]) - price[j]) + final[j])
        known = distance[j]
        before[j] = row if reach < known else before[j]
        known = min(known, reach)
        distance[j] = known
        known = np.int32(known + final[j])
        key[j] = known
        least = min(least, known)
    return least
