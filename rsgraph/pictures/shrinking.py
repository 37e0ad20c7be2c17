"""Images shrunk for the screen: block means that leave out pixels without data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.types import Floats, Mask

LONGEST = 1600
"""Pixels along the longer side of a picture of a whole scene."""


def shrink_factor(rows: int, columns: int, longest: int = LONGEST) -> int:
    """Pixels along a side of the block that becomes one pixel of the picture."""
    return max(1, math.ceil(max(rows, columns) / longest))


def shrink(values: Floats, valid: Mask, factor: int) -> tuple[Floats, Mask]:
    """Average blocks of ``factor`` x ``factor`` valid pixels.

    Parameters
    ----------
    values
        (bands, rows, columns).
    valid
        (rows, columns).
    factor
        At least 1; blocks at the lower and right edge may be smaller.

    Returns
    -------
    values, valid
        (bands, ceil(rows / factor), ceil(columns / factor)) float32, 0 where a block has no valid pixel.
    """
    if factor == 1:
        return np.where(valid, values, np.float32(0)).astype(np.float32), valid
    counts = _sum_blocks(valid.astype(np.float64)[None], factor)[0]
    sums = _sum_blocks(np.where(valid, values, 0), factor)
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0).astype(np.float32)
    return means, counts > 0


def _sum_blocks(values: NDArray[Any], factor: int) -> NDArray[np.float64]:
    """Sums (bands, ceil(rows / factor), ceil(columns / factor)) of blocks."""
    rows, columns = (np.arange(0, size, factor) for size in values.shape[1:])
    sums: NDArray[np.float64] = np.add.reduceat(values, rows, axis=1, dtype=np.float64)
    return np.add.reduceat(sums, columns, axis=2)
