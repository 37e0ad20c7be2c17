"""Reflectance x 65535: what the Copernicus browser and Sentinel Hub write as "TIFF 16-bit"."""

from __future__ import annotations

import numpy as np

from rsgraph.types import Floats

TOP = 65535
"""What a reflectance of 1 is written as."""

_STEP = TOP / 10000
"""Between the numbers of two counts that follow each other."""

_ROUNDED = 0.52
"""How far a number may lie from the step that it was rounded from, with what is lost in float32."""

_FEWEST = 50
"""Different numbers, at least, for their steps to say anything."""


def in_steps(numbers: Floats) -> bool:
    """Tell whether whole numbers are counts of 10000 to the unit that were stretched to 65535.

    Counts have one number in 6.55 then, and none between; other numbers lie so by chance in one of seven pixels.

    Parameters
    ----------
    numbers
        As they are stored, of any shape.

    Examples
    --------
    >>> counts = np.arange(300, 4000, 7, dtype=np.float32)
    >>> in_steps(np.round(counts * 6.5535)), in_steps(counts)
    (True, False)
    """
    values = np.unique(np.rint(numbers[(numbers > 0) & (numbers < TOP)]).astype(np.int64))
    if len(values) < _FEWEST:
        return False
    apart = values - np.rint(values / _STEP) * _STEP
    cut = values - np.ceil(values / _STEP) * _STEP  # where fractions were cut off and not rounded
    return bool((np.abs(apart) <= _ROUNDED).mean() >= 0.99 or (cut >= -1 - _ROUNDED / 10).mean() >= 0.99)
