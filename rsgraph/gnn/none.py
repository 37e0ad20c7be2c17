"""No GNN."""

from __future__ import annotations

from rsgraph.protocols import Gnn


class NoGnn(Gnn):
    """No GNN: the means of the encoder's activation maps are the embedding."""

    n_layers = 0

    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> None:
        """Build nothing."""
        return
