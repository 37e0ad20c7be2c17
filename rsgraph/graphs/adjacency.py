"""The region adjacency graph: segments that touch are neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.borders import shared_borders
from rsgraph.graphs.edges import ATTRIBUTE_NAMES, edge_attributes
from rsgraph.protocols import Graph
from rsgraph.types import Floats, Labels, RegionGraph, Segmentation


def adjacency_edges(labels: Labels) -> NDArray[np.int64]:
    """Connect the segments that share at least one pixel side, in both directions.

    Parameters
    ----------
    labels
        (rows, columns) int32: 1 ... n, 0 where there are no data.

    Returns
    -------
    edge_index
        (2, edges) int64; row 0 the neighbour that sends, row 1 the node that receives, sorted by receiver,
        then by sender.
    """
    pairs, _ = shared_borders(labels)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    order = np.lexsort((both[:, 0], both[:, 1]))
    return np.ascontiguousarray(both[order].T)


class Adjacency(Graph):
    """Touching segments (4-connectivity), in both directions.

    The region adjacency graph. A segment has as many neighbours as it touches, about six on the average. A
    segment that touches nothing (an island in nodata, or the only segment of a scene) has no edges: the GNN
    then sees only its own features.

    Parameters
    ----------
    edge_attributes
        False: unweighted. True: each edge carries the distance between the centroids and the length of the
        shared border, both in pixels.
    """

    margin = 1

    def __init__(self, edge_attributes: bool = False) -> None:
        self.edge_attributes = edge_attributes

    def connect(self, segmentation: Segmentation, centroids: Floats) -> RegionGraph:
        """Connect n segments with centroids (n, 2) as (row, column)."""
        edge_index = adjacency_edges(segmentation.labels)
        if not self.edge_attributes:
            return RegionGraph(edge_index)
        attributes = edge_attributes(edge_index, segmentation.labels, centroids)
        return RegionGraph(edge_index, attributes, ATTRIBUTE_NAMES)
