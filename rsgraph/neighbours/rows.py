"""Many rows in parts, so that a million vectors need no second copy of themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.types import Floats

CHUNK = 65_536
"""Rows that are turned into float64, or placed on a map, at a time: bounds memory where there are millions."""


def moments(vectors: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean (D,) and the sum of centred products (D, D) of rows (n, D), n at least 1, in float64."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    products = np.zeros((len(mean), len(mean)))
    for part in parts(len(vectors)):
        centred = vectors[part] - mean
        products += centred.T @ centred
    return mean, products


def parts(n: int) -> list[slice]:
    """Cut n rows into parts of ``CHUNK``."""
    return [slice(start, min(start + CHUNK, n)) for start in range(0, n, CHUNK)]
