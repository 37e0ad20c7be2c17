"""Reference classes of segments and chips, from their counts of pixels of each class.

Counts are (n, C): pixels of item n that the reference gives class c; pixels of no class are not counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError

Counts = NDArray[np.int64]


def majority(counts: NDArray[Any]) -> Counts:
    """Return the class (n,) of most of each item's pixels: 1 ... C, the first of equals; 0 where none is known.

    Raises ConfigError for counts that are none.
    """
    found = check_counts(counts)
    if not found.shape[1]:
        return np.zeros(len(found), dtype=np.int64)
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, 0).astype(np.int64)


def purity(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the share (n,) of its commonest class among each item's known pixels; NaN where none is known.

    Raises ConfigError for counts that are none.
    """
    found = check_counts(counts)
    return shares(found.max(axis=1, initial=0), found.sum(axis=1))


def summed(counts: NDArray[Any], groups: NDArray[np.integer[Any]], n_groups: int) -> Counts:
    """Add up the counts of items that belong together: of segments (n, C) by chip, to (n_groups, C).

    Parameters
    ----------
    counts
        (n, C).
    groups
        (n,) 0 ... n_groups - 1.
    n_groups
        How many there are.

    Raises
    ------
    ConfigError
        Counts that are none, or groups that do not fit.
    """
    found = check_counts(counts)
    if groups.shape != (len(found),) or (groups.size and not 0 <= groups.min() <= groups.max() < n_groups):
        raise ConfigError(
            f"`groups` must be ({len(found)},), from 0 to {n_groups - 1}. Got shape {groups.shape} instead."
        )
    total = np.zeros((n_groups, found.shape[1]), dtype=np.int64)
    np.add.at(total, groups, found)
    return total


def shares(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """Return part / whole, which broadcast; NaN where the whole is 0."""
    found: NDArray[np.float64] = np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
    return found


def check_counts(counts: NDArray[Any]) -> Counts:
    """Return counts (n, C) as int64. Raises ConfigError for another shape, negative or fractional numbers."""
    if counts.ndim != 2:
        raise ConfigError(f"`counts` must have shape (items, classes). Got {counts.shape} instead.")
    whole = counts.astype(np.int64)
    if np.any(whole != counts) or np.any(whole < 0):
        raise ConfigError("`counts` must be whole numbers of pixels, none of them negative.")
    return whole
