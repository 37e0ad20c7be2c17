r"""Retrieval: the share of nearest neighbours of a segment or chip that are of its own class.

Classes come from a reference (``rsgraph.evaluation.reference``): 1 ... C, and 0 where it is unknown. Unknown items
ask for no neighbours, and as neighbours they count neither as right nor as wrong:

.. math:: P@k(i) = \frac{|\{j \in N_k(i) : c_j = c_i\}|}{|\{j \in N_k(i) : c_j \neq 0\}|}

and queries all of whose k neighbours are unknown are left out of the mean. Neighbours are not replaced by later ones:
the measure is of the k that a user would see.

References
----------
Manning, Raghavan, Schütze: Introduction to Information Retrieval, section 8.4. doi:10.1017/CBO9780511809071
Swain, Ballard: Color indexing. IJCV 7, 1991 (histogram intersection). doi:10.1007/BF00130487
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.reference import check_counts, shares

Rows = NDArray[np.integer[Any]]
Shares = NDArray[np.float64]

_BLOCK = 4_096


def precision_at_k(
    neighbours: Rows, classes: Rows, queries: Rows | None = None, *, ks: Sequence[int] = (1, 5, 15)
) -> dict[int, float]:
    """Return the mean share of the k nearest that are of the query's class, for each k.

    Parameters
    ----------
    neighbours
        (q, K) rows of ``classes``, nearest first, as ``rsgraph.neighbours.nearest.nearest`` gives them.
    classes
        (n,) 1 ... C; 0 is unknown.
    queries
        (q,) the row that each row of ``neighbours`` is of; None: all n in order.
    ks
        How many neighbours; where fewer are given, all of them are taken.

    Returns
    -------
    precision
        By k; NaN where no query has a known neighbour.

    Raises
    ------
    ConfigError
        Shapes, rows or k that do not fit.
    """
    return {int(k): _mean(precision_per_query(neighbours, classes, queries, k=k)) for k in ks}


def precision_per_query(neighbours: Rows, classes: Rows, queries: Rows | None = None, *, k: int) -> Shares:
    """Return (q,) the share of each query's k nearest that are of its class; NaN where it is not known.

    Parameters and errors as of ``precision_at_k``.
    """
    own = classes[_queries(neighbours, classes, queries)]
    found = classes[neighbours[:, : _checked(k)]]
    known = np.where(own > 0, (found > 0).sum(axis=1), 0)
    same = ((found == own[:, None]) & (found > 0)).sum(axis=1)
    return shares(same, known)


def chance(classes: Rows, queries: Rows | None = None) -> float:
    """Return the precision that neighbours drawn at random from all other known items would have, at any k.

    A query of class c finds it with probability (n_c - 1) / (n - 1), over the n known items.

    Parameters as in ``precision_at_k``.
    """
    own = classes if queries is None else classes[queries]
    own = own[own > 0]
    known = classes[classes > 0]
    if len(known) < 2 or not len(own):
        return float("nan")
    sizes = np.bincount(known)
    return float((sizes[own] - 1).mean() / (len(known) - 1))


def composition_overlap(
    neighbours: Rows, counts: NDArray[Any], queries: Rows | None = None, *, ks: Sequence[int] = (1, 5, 15)
) -> dict[int, float]:
    r"""Return how much of the class composition a query shares with its k nearest, for each k.

    Chips hold several classes, which one class for each would hide. With p the shares of the classes among the known
    pixels, two chips overlap by the intersection of their histograms,

    .. math:: \sum_c \min(p_{ic}, p_{jc}) \in [0, 1]

    which is averaged over the known neighbours and then over the queries, as in ``precision_at_k``; for chips of one
    class each it is the precision.

    Parameters
    ----------
    neighbours, queries, ks
        As in ``precision_at_k``.
    counts
        (n, C) pixels of each class; a row of zeros is unknown.

    Raises
    ------
    ConfigError
        As ``precision_at_k``; or counts that are none.
    """
    compositions = _compositions(counts)
    rows = _queries(neighbours, counts, queries)
    most = max((_checked(k) for k in ks), default=0)
    overlaps = _overlaps(compositions, rows, neighbours[:, :most])
    return {int(k): _mean(_row_means(overlaps[:, :k])) for k in ks}


def chance_overlap(counts: NDArray[Any], queries: Rows | None = None) -> float:
    """Return the overlap that neighbours drawn at random from all other known items would have, at any k.

    Exact, by sorting each class's shares: O(n C log n) and not O(n^2 C). Parameters and errors as in
    ``composition_overlap``.
    """
    compositions = _compositions(counts)
    own = compositions if queries is None else compositions[queries]
    own, known = _known(own), _known(compositions)
    if len(known) < 2 or not len(own):
        return float("nan")
    total = sum(_sum_of_minima(known[:, column], own[:, column]) for column in range(known.shape[1]))
    return float((total - len(own)) / (len(own) * (len(known) - 1)))  # without each with itself, which overlaps by 1


def _sum_of_minima(values: Shares, queries: Shares) -> float:
    """Return the sum of min(value, query) over all pairs."""
    ordered = np.sort(values)
    below = np.searchsorted(ordered, queries, side="right")
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    return float((sums[below] + queries * (len(ordered) - below)).sum())


def _compositions(counts: NDArray[Any]) -> Shares:
    """Return rows as shares; NaN for those without any."""
    found = check_counts(counts)
    return shares(found, found.sum(axis=1, keepdims=True))


def _known(compositions: Shares) -> Shares:
    return compositions[~np.isnan(compositions).any(axis=1)]


def _overlaps(compositions: Shares, queries: Rows, neighbours: Rows) -> Shares:
    """Return (q, k); NaN where either is unknown. Block by block: all pairs' compositions would be k C times n."""
    found = np.empty(neighbours.shape)
    for start in range(0, len(queries), _BLOCK):
        part = slice(start, start + _BLOCK)
        found[part] = np.minimum(compositions[queries[part], None], compositions[neighbours[part]]).sum(axis=2)
    return found


def _row_means(values: Shares) -> Shares:
    """Return each row's mean over what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    return shares(np.where(known, values, 0).sum(axis=1), known.sum(axis=1))


def _mean(values: Shares) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _checked(k: int) -> int:
    if k < 1:
        raise ConfigError(f"`k` must be at least 1. Got {k!r} instead.")
    return int(k)


def _queries(neighbours: Rows, items: NDArray[Any], queries: Rows | None) -> Rows:
    """Return the row that each row of neighbours is of. Raises ConfigError where they do not fit."""
    n = len(items)
    if neighbours.ndim != 2 or (neighbours.size and not 0 <= neighbours.min() <= neighbours.max() < n):
        raise ConfigError(f"`neighbours` must be rows of {n} items, (queries, k). Got shape {neighbours.shape}.")
    rows: Rows = np.arange(n) if queries is None else np.asarray(queries)
    if rows.shape != (len(neighbours),):
        raise ConfigError(
            f"`queries` must have one row per row of `neighbours`, ({len(neighbours)},). Got {rows.shape} instead."
        )
    if rows.size and not 0 <= rows.min() <= rows.max() < n:
        raise ConfigError(f"`queries` must be rows of {n} items. Got {rows.min()} ... {rows.max()} instead.")
    return rows
