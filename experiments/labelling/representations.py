"""Vectors to be compared, and how. Each is made without labels."""

from __future__ import annotations

from typing import NamedTuple

from rsgraph.neighbours.rows import Metric
from rsgraph.types import Floats

LEAST = 0.002
"""Share of the variance under which a principal component is noise."""


class Representation(NamedTuple):
    """Vectors (n, D), and how they are compared."""

    vectors: Floats
    metric: Metric
