"""Graph attention network, version 2 (section 2.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsgraph.errors import ConfigError
from rsgraph.protocols import MOST_LAYERS, Gnn, refuse_above

if TYPE_CHECKING:
    from torch import nn

_MOST_PER_HEAD = 64
"""Features of a head; with as many heads as there may be 2048 together."""


class Gat(Gnn):
    r"""Graph attention network (GATv2): each segment learns the weights of its neighbours.

    .. math::
        x'_i = \big\Vert_{k=1}^{K} \sigma\Big(\sum_{j \in N(i) \cup i} \alpha^k_{ij} W^k x_j\Big), \qquad
        \alpha_{ij} = \frac{\exp(a^T \mathrm{LeakyReLU}([W x_i \Vert W x_j \Vert e_{ij}]))}
        {\sum_{k \in N(i) \cup i} \exp(a^T \mathrm{LeakyReLU}([W x_i \Vert W x_k \Vert e_{ik}]))}

    (section 2.6). PyTorch Geometric's ``GATv2Conv`` computes the score as
    ``a^T LeakyReLU(W_r x_i + W_l x_j + W_e e_ij)``, which is the same for a W that acts on the concatenation
    (Brody et al., equation 7); :math:`e_{ij}` is there when the graph has edge attributes.

    Parameters
    ----------
    heads
        Attention heads, K in the formula. The paper has 8.
    features_per_head
        Features of each head; the embedding has ``heads * features_per_head``. The paper has 8, so 64.
    layers
        Layers; the last one gives the C logits, the one before it is the embedding. The paper has 3.

    Raises
    ------
    ConfigError
        ``heads`` or ``features_per_head`` is below 1, or ``layers`` below 2.

    Notes
    -----
    Where the paper is silent: the activation is ELU and the last layer averages its heads, both as in
    Velickovic et al. (the last layer "reshapes this vector" to C); no dropout; the self-loops' edge attributes
    are the mean of the edges that a node receives.

    References
    ----------
    Brody, Alon, Yahav: How attentive are graph attention networks?, ICLR 2022. doi:10.48550/arXiv.2105.14491
    Velickovic et al.: Graph attention networks, ICLR 2018. doi:10.48550/arXiv.1710.10903
    """

    def __init__(self, heads: int = 8, features_per_head: int = 8, layers: int = 3) -> None:
        for name, value in (("heads", heads), ("features_per_head", features_per_head)):
            if value < 1:
                raise ConfigError(f"`{name}` must be at least 1. Got {value} instead; the paper has 8.")
        if layers < 2:
            raise ConfigError(f"`layers` must be at least 2. Got {layers} instead; the paper has 3.")
        refuse_above(MOST_LAYERS, heads=heads, layers=layers)
        refuse_above(_MOST_PER_HEAD, features_per_head=features_per_head)
        self.heads = heads
        self.features_per_head = features_per_head
        self.layers = self.n_layers = layers

    def network(self, n_features: int, n_classes: int, n_edge_attributes: int) -> nn.Module:
        """Build the network, its weights drawn by torch's generator."""
        from torch.nn import functional

        from rsgraph.gnn.convolutions import ConvolutionStack, GATv2Conv

        edge_size = n_edge_attributes or None
        inputs = [n_features, *[self.heads * self.features_per_head] * (self.layers - 1)]
        hidden = [
            GATv2Conv(size, self.features_per_head, heads=self.heads, edge_dim=edge_size) for size in inputs[:-1]
        ]
        last = GATv2Conv(inputs[-1], n_classes, heads=self.heads, concat=False, edge_dim=edge_size)
        return ConvolutionStack([*hidden, last], functional.elu, reads_edges=edge_size is not None)
