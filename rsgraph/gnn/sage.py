"""GraphSAGE with mean aggregation."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rsgraph.errors import ConfigError
from rsgraph.protocols import Gnn

if TYPE_CHECKING:
    from torch import nn


class Sage(Gnn):
    r"""GraphSAGE: like a GCN, but a segment's own features have weights of their own.

    .. math:: x'_i = \sigma(W_1 x_i + W_2 \, \mathrm{mean}_{j \in N(i)} x_j + b)

    Parameters
    ----------
    hidden
        Features of the hidden layers, so the length of the embedding. 60, as for ``gcn``.
    layers
        Layers; the last one gives the C logits, the one before it is the embedding.

    Raises
    ------
    ConfigError
        ``hidden`` is below 1, or ``layers`` below 2.

    Notes
    -----
    Not in the paper. Edge attributes are not used: this convolution has no place for them (``gat`` has).

    References
    ----------
    Hamilton, Ying, Leskovec: Inductive representation learning on large graphs, NeurIPS 2017.
    doi:10.48550/arXiv.1706.02216
    """

    def __init__(self, hidden: int = 60, layers: int = 3) -> None:
        if hidden < 1:
            raise ConfigError(f"`hidden` must be at least 1. Got {hidden} instead; try 60.")
        if layers < 2:
            raise ConfigError(f"`layers` must be at least 2. Got {layers} instead; try 3.")
        self.hidden = hidden
        self.layers = self.n_layers = layers

    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> nn.Module:
        """Build the network, its weights drawn by torch's generator."""
        from torch.nn import functional

        from rsgraph.gnn.convolutions import ConvolutionStack, SAGEConv

        sizes = [n_features, *[self.hidden] * (self.layers - 1), n_classes]
        convolutions = [SAGEConv(i, o) for i, o in pairwise(sizes)]
        return ConvolutionStack(convolutions, functional.relu)
