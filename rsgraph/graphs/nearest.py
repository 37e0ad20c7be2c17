"""The paper's graph: edges from the K geographically nearest segments to every segment."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.protocols import Graph, refuse_above
from rsgraph.types import Floats, Labels, RegionGraph, ScenePart, SceneSegments, Segmentation

if TYPE_CHECKING:
    from scipy.spatial import cKDTree


def nearest_edges(centroids: Floats, k: int) -> NDArray[np.int64]:
    """Connect every node with its k nearest others.

    Of equally distant nodes the one with the lower number is taken, so that the graph does not depend on how the
    search tree was built. ``min(k, n - 1)`` neighbours are taken.

    Parameters
    ----------
    centroids
        (n, 2) as (row, column), in pixels.
    k
        Neighbours per node.

    Returns
    -------
    edge_index
        (2, n * min(k, n - 1)) int64; row 0 the neighbour that sends, row 1 the node that receives. Sorted by
        receiver, then by distance. No node is its own neighbour.
    """
    return nearest_edges_to(range(len(centroids)), SceneSegments(centroids), k)


def nearest_edges_to(receivers: range, scene: SceneSegments, k: int) -> NDArray[np.int64]:
    """Return those of the ``nearest_edges`` of a whole scene that some of its segments receive.

    Parameters
    ----------
    receivers
        Numbers of these segments.
    scene
        All segments.
    k
        Neighbours per segment.

    Returns
    -------
    edge_index
        (2, receivers * min(k, n - 1)) int64, as of ``nearest_edges``.
    """
    k = min(k, len(scene.centroids) - 1)
    if k < 1 or not receivers:
        return np.empty((2, 0), dtype=np.int64)
    points, rows = scene.tree.data, np.arange(receivers.start, receivers.stop)
    own = points[receivers.start : receivers.stop]
    candidates = _candidates(scene.tree, own, k)
    squared = ((points[candidates] - own[:, None]) ** 2).sum(axis=-1)
    squared[candidates == rows[:, None]] = -1.0  # the node itself comes first and is cut off
    order = np.lexsort((candidates, squared), axis=-1)[:, 1 : k + 1]
    senders = np.take_along_axis(candidates, order, axis=1)
    return np.stack([senders.ravel(), np.repeat(rows, k)])


def _candidates(tree: cKDTree, points: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Return for some points of a tree the numbers of the nearest of each and its own, with all ties of the k-th."""
    width = min(k + 5, tree.n)
    while True:
        distances, found = tree.query(points, k=width)
        tied = distances[:, -1] <= distances[:, k] * (1 + 1e-9)
        if width == tree.n or not tied.any():
            return np.asarray(found, dtype=np.int64)
        width = min(2 * width, tree.n)


_MOST = 1000
"""Neighbours: the edges of a tile with so many take 14 GB."""


class Nearest(Graph):
    """K geographically nearest segments, by their centroids (the paper's graph, K = 8).

    Section 2.5 builds the edges from the "K geographically nearest segments", without weights, and that is
    what is done here, in each chip (``chips.across=false``, the paper) or over the whole scene. Section 2.7
    speaks of edges "to the nearest neighbouring nodes in feature space"; we read that as a remark about matching
    (where nodes are compared by their features), since the features exist only after the graph has been built,
    and since the paper's context test relies on geographical neighbours.

    Parameters
    ----------
    k
        Neighbours per segment, at least 1; where there are fewer segments, all are taken. 8 is the paper's
        compromise; 12 was more accurate in its Table 4, 4 less, and training time grows with k.
    edge_attributes
        False: unweighted, as in the paper. True: each edge carries the distance between the centroids and
        the length of the shared border (0 where the two do not touch), both in pixels.

    Raises
    ------
    ConfigError
        ``k`` is not a whole number of at least 1.
    """

    def __init__(self, k: int = 8, edge_attributes: bool = False) -> None:
        if type(k) is not int or k < 1:
            raise ConfigError(f"`graph.k` must be a whole number of at least 1. Got {k!r}; the paper uses 8.")
        refuse_above(_MOST, k=k)
        self.k = k
        self.edge_attributes = edge_attributes

    def connect(self, segmentation: Segmentation, centroids: Floats) -> RegionGraph:
        """Connect n segments with centroids (n, 2) as (row, column)."""
        return self._graph(nearest_edges(centroids, self.k), lambda: segmentation.labels, centroids)

    def connect_within(self, part: ScenePart) -> RegionGraph:
        """Connect a chip's own segments with the nearest of the whole scene, wherever they lie."""
        edge_index = nearest_edges_to(part.own, part.scene, self.k)
        return self._graph(edge_index, lambda: part.read(1)[1], part.scene.centroids)

    def _graph(self, edge_index: NDArray[np.int64], labels: Callable[[], Labels], centroids: Floats) -> RegionGraph:
        """Give the edges their attributes, where they are asked for; ``labels`` hold all pixels of the receivers."""
        if not self.edge_attributes:
            return RegionGraph(edge_index)
        from rsgraph.graphs.edges import ATTRIBUTE_NAMES, edge_attributes

        return RegionGraph(edge_index, edge_attributes(edge_index, labels(), centroids), ATTRIBUTE_NAMES)
