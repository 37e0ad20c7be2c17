"""Graph convolutional network (the paper's best, section 2.6)."""

from __future__ import annotations

from abc import abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from rsgraph.errors import ConfigError
from rsgraph.protocols import MOST_LAYERS, Gnn, refuse_above

if TYPE_CHECKING:
    from torch import nn

_WIDEST = 2048
"""Features: each two layers of a network have the square of this in weights between them."""


class HiddenGnn(Gnn):
    """A GNN of equal hidden layers with ReLU between them.

    Parameters
    ----------
    hidden
        Features of the hidden layers, so the length of the embedding.
    layers
        Layers; the last one gives the C logits, the one before it is the embedding.

    Raises
    ------
    ConfigError
        ``hidden`` is below 1, or ``layers`` below 2; or either is more than fits into memory.
    """

    usual: ClassVar[str] = "try"
    """What the message says before a number that works."""

    def __init__(self, hidden: int = 60, layers: int = 3) -> None:
        if hidden < 1:
            raise ConfigError(f"`hidden` must be at least 1. Got {hidden} instead; {self.usual} 60.")
        if layers < 2:
            raise ConfigError(f"`layers` must be at least 2. Got {layers} instead; {self.usual} 3.")
        refuse_above(_WIDEST, hidden=hidden)
        refuse_above(MOST_LAYERS, layers=layers)
        self.hidden = hidden
        self.layers = self.n_layers = layers

    @abstractmethod
    def convolution(self, inputs: int, outputs: int) -> nn.Module:
        """Build one layer."""

    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> nn.Module:
        """Build the network, its weights drawn by torch's generator."""
        from torch.nn import functional

        from rsgraph.gnn.convolutions import ConvolutionStack

        sizes = [n_features, *[self.hidden] * (self.layers - 1), n_classes]
        return ConvolutionStack([self.convolution(i, o) for i, o in pairwise(sizes)], functional.relu)


class Gcn(HiddenGnn):
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

    Notes
    -----
    Where the paper is silent: the activation is ReLU, as in Kipf and Welling, and there is no dropout. Edge
    attributes are not used: this convolution has no place for them (``gat`` has).

    References
    ----------
    Kipf, Welling: Semi-supervised classification with graph convolutional networks, ICLR 2017.
    doi:10.48550/arXiv.1609.02907
    """

    usual = "the paper has"

    def convolution(self, inputs: int, outputs: int) -> nn.Module:
        """Build one layer."""
        from rsgraph.gnn.convolutions import GCNConv

        layer: nn.Module = GCNConv(inputs, outputs)
        return layer
