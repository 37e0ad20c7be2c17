"""A graph that needs no geometry."""

from __future__ import annotations

import numpy as np

from rsgraph.protocols import Graph
from rsgraph.types import Floats, RegionGraph, Segmentation


class Chain(Graph):
    """A chain: every segment and the next one hear from each other."""

    def connect(self, segmentation: Segmentation, centroids: Floats) -> RegionGraph:
        """Connect segments in the order of their numbers."""
        first = np.arange(len(centroids) - 1, dtype=np.int64)
        return RegionGraph(np.concatenate([[first, first + 1], [first + 1, first]], axis=1))
