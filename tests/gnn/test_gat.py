"""GATv2 against the formula of section 2.6, written out node by node."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import elu, leaky_relu

from rsgraph.errors import ConfigError
from rsgraph.gnn.gat import Gat

EDGES = torch.tensor([[1, 2, 2, 0, 1], [0, 0, 1, 2, 2]])


def _by_hand(layer: nn.Module, x: Tensor, edges: Tensor, attributes: Tensor | None) -> Tensor:
    """Return (n, heads, features) before concatenation."""
    n, heads, features = len(x), layer.heads, layer.out_channels
    sent = layer.lin_l(x).view(n, heads, features)
    received = layer.lin_r(x).view(n, heads, features)
    result = torch.zeros(n, heads, features)
    for i in range(n):
        incoming = [
            (int(j), None if attributes is None else attributes[e])
            for e, j in enumerate(edges[0])
            if edges[1, e] == i
        ]
        own = None if attributes is None else torch.stack([a for _, a in incoming]).mean(0)
        scores, values = [], []
        for j, attribute in [*incoming, (i, own)]:
            inside = received[i] + sent[j]
            if attribute is not None:
                inside = inside + layer.lin_edge(attribute).view(heads, features)
            scores.append((layer.att[0] * leaky_relu(inside, 0.2)).sum(-1))
            values.append(sent[j])
        weights = torch.softmax(torch.stack(scores), dim=0)
        result[i] = (weights[..., None] * torch.stack(values)).sum(0)
    return result


@pytest.mark.parametrize("n_edge_attributes", [0, 2])
def test_gat_layers_equal_the_formula(n_edge_attributes: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 4)
    attributes = torch.randn(5, 2) if n_edge_attributes else None
    network = Gat(heads=2, features_per_head=3, layers=3).network(4, 5, n_edge_attributes)
    outputs = network(x, EDGES, attributes)
    current = x
    for i, layer in enumerate(network.convolutions):
        heads = _by_hand(layer, current, EDGES, attributes)
        current = elu(heads.reshape(3, -1) + layer.bias) if i < 2 else heads.mean(1) + layer.bias
        torch.testing.assert_close(outputs[i], current, atol=1e-5, rtol=1e-5)


def test_gat_has_the_papers_sizes() -> None:
    outputs = Gat().network(64, 8, 0)(torch.randn(3, 64), EDGES)
    assert [output.shape for output in outputs] == [(3, 64), (3, 64), (3, 8)]
    assert Gat().n_layers == 3


def test_gat_ignores_attributes_that_it_was_not_built_for() -> None:
    network = Gat(heads=2, features_per_head=2).network(4, 3, 0)
    x = torch.randn(3, 4)
    assert torch.equal(network(x, EDGES, torch.randn(5, 2))[-1], network(x, EDGES)[-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 0}, "`heads` must be at least 1. Got 0 instead; the paper has 8."),
        ({"features_per_head": 0}, "`features_per_head` must be at least 1. Got 0 instead; the paper has 8."),
        ({"layers": 1}, "`layers` must be at least 2. Got 1 instead; the paper has 3."),
    ],
)
def test_gat_refuses_options_out_of_range(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Gat(**options)
    assert str(caught.value) == message
