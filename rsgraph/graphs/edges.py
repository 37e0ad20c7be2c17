"""Pairs of touching segments, and the attributes of edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.borders import shared_borders
from rsgraph.types import Floats, Labels

ATTRIBUTE_NAMES = ("distance", "border")
"""Columns of the edge attributes: centroid distance and length of the shared border, in pixels."""


def edge_attributes(edge_index: NDArray[np.int64], labels: Labels, centroids: Floats) -> Floats:
    """Return (edges, 2) float32: distance between centroids and shared border (0: not touching), in pixels.

    Parameters
    ----------
    edge_index
        (2, edges) int64 nodes.
    labels
        (rows, columns) int32: 1 ... n, 0 where there are no data.
    centroids
        (n, 2) as (row, column).
    """
    ends = centroids.astype(np.float64)[edge_index]
    distance = np.sqrt(((ends[0] - ends[1]) ** 2).sum(axis=1))
    pairs, lengths = shared_borders(labels)
    n = len(centroids)
    known = pairs[:, 0] * n + pairs[:, 1]
    asked = edge_index.min(axis=0) * n + edge_index.max(axis=0)
    place = np.minimum(np.searchsorted(known, asked), max(len(known) - 1, 0))
    touching = known[place] == asked if len(known) else np.zeros(len(asked), dtype=bool)
    border = np.where(touching, lengths[place] if len(known) else 0, 0)
    return np.stack([distance, border], axis=1).astype(np.float32)
