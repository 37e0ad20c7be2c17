"""GraphSAGE with mean aggregation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rsgraph.gnn.gcn import HiddenGnn

if TYPE_CHECKING:
    from torch import nn


class Sage(HiddenGnn):
    r"""GraphSAGE: like a GCN, but a segment's own features have weights of their own.

    .. math:: x'_i = \sigma(W_1 x_i + W_2 \, \mathrm{mean}_{j \in N(i)} x_j + b)

    Parameters
    ----------
    hidden
        Features of the hidden layers, so the length of the embedding. 60, as for ``gcn``.
    layers
        Layers; the last one gives the C logits, the one before it is the embedding.

    Notes
    -----
    Not in the paper. Edge attributes are not used: this convolution has no place for them (``gat`` has).

    References
    ----------
    Hamilton, Ying, Leskovec: Inductive representation learning on large graphs, NeurIPS 2017.
    doi:10.48550/arXiv.1706.02216
    """

    def convolution(self, inputs: int, outputs: int) -> nn.Module:
        """Build one layer."""
        from rsgraph.gnn.convolutions import SAGEConv

        layer: nn.Module = SAGEConv(inputs, outputs)
        return layer
