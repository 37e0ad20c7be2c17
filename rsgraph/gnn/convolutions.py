"""PyTorch Geometric's convolutions, and the stack of layers that returns the output of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from rsgraph.warning_filters import ignored

with ignored("`torch.jit.script`", DeprecationWarning):
    # PyG 2.8 scripts a NamedTuple at import; torch >= 2.12 announces that torch.jit.script will go
    from torch_geometric.nn import GATv2Conv, GCNConv, SAGEConv

__all__ = ["ConvolutionStack", "GATv2Conv", "GCNConv", "SAGEConv"]


class ConvolutionStack(nn.Module):
    """Graph convolutions one after the other.

    Parameters
    ----------
    convolutions
        Modules called as ``convolution(x, edge_index)``, or with the edge attributes as a third argument.
    activation
        Applied after every convolution but the last.
    reads_edges
        Whether the convolutions take edge attributes.
    """

    def __init__(
        self,
        convolutions: Sequence[nn.Module],
        activation: Callable[[Tensor], Tensor],
        *,
        reads_edges: bool = False,
    ) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(convolutions)
        self.activation = activation
        self.reads_edges = reads_edges

    def forward(self, x: Tensor, edge_index: Tensor, edge_attributes: Tensor | None = None) -> list[Tensor]:
        """Return the output of every layer: hidden ones (n, D) after the activation, then logits (n, C)."""
        outputs: list[Tensor] = []
        last = len(self.convolutions) - 1
        for i, convolution in enumerate(self.convolutions):
            arguments = (edge_attributes,) if self.reads_edges else ()
            x = convolution(x, edge_index, *arguments)
            x = x if i == last else self.activation(x)
            outputs.append(x)
        return outputs
