"""Stacks of PyTorch Geometric's convolutions with weights of one, so that outputs can be worked out by hand."""

from __future__ import annotations

import pytest
import torch

from rsgraph.gnn.convolutions import ConvolutionStack, GATv2Conv, GCNConv, SAGEConv

ONE_WAY = torch.tensor([[0], [1]])  # node 0 sends, node 1 receives


def with_weights(convolution: torch.nn.Module, **weights: float) -> torch.nn.Module:
    """Set parameters by a part of their name; all others, biases among them, are 0."""
    with torch.no_grad():
        for name, parameter in convolution.named_parameters():
            parameter.fill_(next((value for part, value in weights.items() if part in name), 0.0))
    return convolution


def test_stack_activates_every_layer_but_the_last() -> None:
    first, last = with_weights(GCNConv(1, 1), weight=1.0), with_weights(GCNConv(1, 1), weight=-1.0)
    outputs = ConvolutionStack([first, last], torch.relu)(torch.tensor([[2.0], [-4.0]]), ONE_WAY)
    root = 2**-0.5
    # degrees with the loop: 1 and 2; node 1 has half of itself and 1 / sqrt(1 * 2) of node 0
    assert outputs[0].flatten().tolist() == pytest.approx([2.0, max(0.0, -2.0 + 2 * root)])
    assert outputs[1].flatten().tolist() == pytest.approx([-2.0, -2 * root])


def test_stack_of_means_adds_what_neighbours_hold() -> None:
    stack = ConvolutionStack(
        [with_weights(SAGEConv(1, 1), **{"lin_l.weight": 1.0, "lin_r.weight": 10.0})], torch.relu
    )
    # in SAGE the first product is of the neighbours' mean, the second of the node itself
    edges = torch.tensor([[0, 1], [2, 2]])
    (output,) = stack(torch.tensor([[1.0], [4.0], [0.5]]), edges)
    assert output.flatten().tolist() == [10.0, 40.0, 2.5 + 5.0]


def test_stack_hands_attributes_to_convolutions_that_read_them() -> None:
    attention = with_weights(
        GATv2Conv(1, 1, edge_dim=1, add_self_loops=False), **{"lin_l.weight": 1.0, "lin_edge": 1.0, "att": 1.0}
    )
    x, edges = torch.tensor([[1.0], [3.0], [0.0]]), torch.tensor([[0, 1], [2, 2]])
    attributes = torch.tensor([[0.0], [-2.0 + torch.log(torch.tensor(3.0))]])
    (output,) = ConvolutionStack([attention], torch.relu, reads_edges=True)(x, edges, attributes)
    assert output[2].item() == pytest.approx(0.25 * 1 + 0.75 * 3)  # scores 1 and 1 + log 3


def test_stack_keeps_attributes_from_convolutions_that_do_not_read_them() -> None:
    stack = ConvolutionStack([with_weights(GCNConv(1, 1), weight=1.0)], torch.relu)
    x = torch.tensor([[2.0], [4.0]])
    (plain,), (given,) = stack(x, ONE_WAY), stack(x, ONE_WAY, torch.tensor([[9.0]]))
    assert torch.equal(plain, given)
    assert plain.flatten().tolist() == pytest.approx([2.0, 2.0 + 2**0.5])
