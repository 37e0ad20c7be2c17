"""Graph convolutional network (the paper's best, section 2.6)."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rsgraph.errors import ConfigError
from rsgraph.protocols import Gnn

if TYPE_CHECKING:
    from torch import nn


class Gcn(Gnn):
    r"""Graph convolutional network: each layer averages a segment with its neighbours (the paper's best).

    .. math:: X' = \sigma(\hat D^{-1/2} \hat A \hat D^{-1/2} X W), \quad \hat A = A + I

    where :math:`\hat D` is the diagonal of in-degrees of :math:`\hat A`.

    Parameters
    ----------
    hidden
        Features of the hidden layers, so the length of the embedding. The paper has 60.
    layers
        Layers; the last one gives the C logits, the one before it is the embedding. The paper has 3: with two
        hidden layers a segment knows the neighbours of its neighbours.

    Raises
    ------
    ConfigError
        ``hidden`` is below 1, or ``layers`` below 2.

    Notes
    -----
    Where the paper is silent: the activation is ReLU, as in Kipf and Welling, and there is no dropout. Edge
    attributes are not used: this convolution has no place for them (``gat`` has).

    References
    ----------
    Kipf, Welling: Semi-supervised classification with graph convolutional networks, ICLR 2017.
    doi:10.48550/arXiv.1609.02907
    """

    def __init__(self, hidden: int = 60, layers: int = 3) -> None:
        if hidden < 1:
            raise ConfigError(f"`hidden` must be at least 1. Got {hidden} instead; the paper has 60.")
        if layers < 2:
            raise ConfigError(f"`layers` must be at least 2. Got {layers} instead; the paper has 3.")
        self.hidden = hidden
        self.layers = self.n_layers = layers

    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> nn.Module:
        """Build the network, its weights drawn by torch's generator."""
        from torch.nn import functional

        from rsgraph.gnn.convolutions import ConvolutionStack, GCNConv

        sizes = [n_features, *[self.hidden] * (self.layers - 1), n_classes]
        convolutions = [GCNConv(i, o) for i, o in pairwise(sizes)]
        return ConvolutionStack(convolutions, functional.relu)
