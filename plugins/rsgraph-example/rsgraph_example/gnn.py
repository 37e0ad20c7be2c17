"""A graph network of one layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rsgraph.protocols import Gnn


class OneLayerNetwork(nn.Module):
    """Linear in a node and in the sum of those that it hears from."""

    def __init__(self, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.own, self.heard = nn.Linear(n_features, n_classes), nn.Linear(n_features, n_classes)

    def forward(self, x: Tensor, edge_index: Tensor, edge_attributes: Tensor | None = None) -> list[Tensor]:
        """Return the outputs of all layers: the logits."""
        senders, receivers = edge_index
        heard = torch.zeros_like(x).index_add(0, receivers, x[senders])
        return [self.own(x) + self.heard(heard)]


class OneLayer(Gnn):
    """One layer, whose output are the logits."""

    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> nn.Module:
        """Build the network."""
        return OneLayerNetwork(n_features, n_classes)
