"""Graphs side by side, and a GNN that is fitted to them without training. Nothing here loads Lightning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rsgraph.errors import NotUsable
from rsgraph.training.modules import GnnModule
from rsgraph.types import Floats, Mask


@dataclass(frozen=True)
class GraphSample:
    """One chip's graph, with the soft classes that its nodes are trained on.

    Parameters
    ----------
    x
        (n, features) float32.
    edge_index
        (2, edges) int64.
    edge_attributes
        (edges, attributes) float32, or None.
    target
        (n, C): mean membership of each segment; rows sum to 1.
    train_mask, val_mask
        (n,): which nodes train, and which validate.
    own
        Number of nodes, the first ones, that are the chip's; those after them only lie around it. None: all are.
    """

    x: Floats
    edge_index: NDArray[np.int64]
    edge_attributes: Floats | None
    target: Floats
    train_mask: Mask
    val_mask: Mask
    own: int | None = None

    @property
    def own_attributes(self) -> Floats | None:
        """Attributes of the edges that the chip's own nodes receive."""
        if self.edge_attributes is None or self.own is None:
            return self.edge_attributes
        own: Floats = self.edge_attributes[self.edge_index[1] < self.own]
        return own


class GraphUnion(NamedTuple):
    """Several graphs as one that falls into pieces: the fields of GraphSample as tensors, nodes counted on."""

    x: Tensor
    edge_index: Tensor
    edge_attributes: Tensor | None
    target: Tensor
    train_mask: Tensor
    val_mask: Tensor


def fit_gnn(module: GnnModule, x: Floats, edge_index: NDArray[np.int64]) -> None:
    """Fit a GNN of which nothing is trained to all nodes (n, F) and edges (2, E), in place.

    Raises
    ------
    NotUsable
        There is no node.
    """
    if not len(x):
        raise NotUsable("there is no segment to fit the GNN to.")
    module.network.fit(_as_tensor([x]), torch.from_numpy(np.array(edge_index)))  # type: ignore[operator]  # any nn.Module


def disjoint_union(graphs: Sequence[GraphSample]) -> GraphUnion:
    """Join graphs into one, counting the nodes of each after those of the one before."""
    first = np.cumsum([0, *(len(graph.x) for graph in graphs)])
    edges = [graph.edge_index + start for graph, start in zip(graphs, first, strict=False)]
    attributes = [graph.edge_attributes for graph in graphs if graph.edge_attributes is not None]
    return GraphUnion(
        x=_as_tensor([graph.x for graph in graphs]),
        edge_index=torch.from_numpy(np.concatenate(edges, axis=1)),
        edge_attributes=_as_tensor(attributes) if len(attributes) == len(graphs) else None,
        target=_as_tensor([graph.target for graph in graphs]),
        train_mask=torch.from_numpy(np.concatenate([graph.train_mask for graph in graphs])),
        val_mask=torch.from_numpy(np.concatenate([graph.val_mask for graph in graphs])),
    )


def _as_tensor(arrays: Sequence[Floats]) -> Tensor:
    return torch.from_numpy(np.concatenate(arrays))
