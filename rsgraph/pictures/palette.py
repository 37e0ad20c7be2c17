"""Colours of clusters, as matplotlib takes them."""

from __future__ import annotations

import numpy as np

from rsgraph.io.palette import colours
from rsgraph.types import Floats


def cluster_colours(count: int) -> Floats:
    """Return ``count`` colours (count, 3) in 0-1, those of :func:`rsgraph.io.palette.colours`."""
    parts = [[int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)] for code in colours(count)]
    return np.array(parts, dtype=np.float32).reshape(count, 3)
