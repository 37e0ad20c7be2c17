"""The parts of a graph that a network must see, to give a chip's nodes what it would give them in the whole graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.workspace import Workspace


class Neighbourhood(NamedTuple):
    """A part of the graph of all segments.

    Parameters
    ----------
    nodes
        (n,) int64 rows of the table of segments: the ``own`` first ones are a chip's, the others lie around it.
    own
        Number of the chip's own nodes.
    columns
        (E,) int64 columns of edges.npy.
    edge_index
        (2, E) int64: these edges, nodes numbered as here.
    """

    nodes: NDArray[np.int64]
    own: int
    columns: NDArray[np.int64]
    edge_index: NDArray[np.int64]


def edge_places(workspace: Workspace, rows: Sequence[int]) -> list[int]:
    """Return the column of edges.npy from which on all edges lead to segments of these rows or later ones.

    ``rows`` are first rows of chips. Within a chip the receivers come in any order, but none is left of all that
    bisection compares them with, so that it finds its way.
    """
    found: list[int] = np.searchsorted(workspace.edges[1], rows).tolist()
    return found


def neighbourhood(edges: NDArray[np.int64], rows: range, *, hops: int) -> Neighbourhood:
    """Return a chip's nodes with all nodes and edges that lie up to some hops around it.

    A network of L layers needs L hops: its last layer reads what the layer before it makes of the senders, and so on.
    All nodes up to there have all edges that they receive, so that degrees are right, too; the senders of the last
    of these edges are there, but receive none.

    Parameters
    ----------
    edges
        (2, E), memory-mapped: only pages that lie on the way of bisection, or are needed, are read. Receivers ascend;
        for no hops they need to ascend from chip to chip only.
    rows
        The chip's rows in the table of segments.
    hops
        0: only the edges that the chip receives.
    """
    columns = [np.arange(*np.searchsorted(edges[1], [rows.start, rows.stop]))]
    others = _without(edges[0, columns[0]], rows)
    fresh = others
    for _ in range(hops):
        columns.append(_received(edges[1], fresh))
        fresh = np.setdiff1d(_without(edges[0, columns[-1]], rows), others, assume_unique=True)
        others = np.union1d(others, fresh)
    whole = np.concatenate(columns)
    nodes = np.concatenate([np.arange(rows.start, rows.stop), others])
    return Neighbourhood(nodes, len(rows), whole, _local(np.asarray(edges[:, whole]), rows, others))


def _without(senders: NDArray[np.int64], rows: range) -> NDArray[np.int64]:
    """Return the senders outside a chip, ascending, each once."""
    return np.unique(np.asarray(senders[(senders < rows.start) | (senders >= rows.stop)]))


def _received(receivers: NDArray[np.int64], nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the columns of all edges that these nodes receive, given all receivers, which ascend."""
    first, last = np.searchsorted(receivers, nodes), np.searchsorted(receivers, nodes, side="right")
    counts = last - first
    return np.repeat(last - np.cumsum(counts), counts) + np.arange(counts.sum())


def _local(edges: NDArray[np.int64], rows: range, others: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number the ends of edges: a chip's own rows first, then the others."""
    own = (edges >= rows.start) & (edges < rows.stop)
    return np.where(own, edges - rows.start, len(rows) + np.searchsorted(others, edges))
