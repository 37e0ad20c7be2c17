"""GCN against its formula, written out with dense matrices."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rsgraph.errors import ConfigError
from rsgraph.gnn.gcn import Gcn


def _graph(n: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    pairs = [(i, j) for i in range(n) for j in range(n) if i != j and rng.random() < 0.4]
    edges = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return torch.from_numpy(rng.normal(size=(n, 4)).astype(np.float32)), torch.from_numpy(edges)


def test_gcn_layers_equal_the_formula() -> None:
    x, edges = _graph(7)
    network = Gcn(hidden=5, layers=3).network(4, 3, 0)
    adjacency = torch.eye(7)
    adjacency[edges[1], edges[0]] = 1  # the receiver's row
    scale = adjacency.sum(1).rsqrt()
    mix = scale[:, None] * adjacency * scale
    expected, current = [], x
    for i, convolution in enumerate(network.convolutions):
        current = mix @ current @ convolution.lin.weight.T + convolution.bias
        current = current.relu() if i < 2 else current
        expected.append(current)
    outputs = network(x, edges)
    assert len(outputs) == Gcn().n_layers == 3
    for got, wanted in zip(outputs, expected, strict=True):
        torch.testing.assert_close(got, wanted)


def test_gcn_has_the_papers_sizes() -> None:
    x, edges = _graph(6)
    assert [output.shape for output in Gcn().network(4, 8, 0)(x, edges)] == [(6, 60), (6, 60), (6, 8)]


def test_gcn_layer_sees_as_many_hops_as_it_is_deep() -> None:
    path = torch.tensor([[1, 2, 3], [0, 1, 2]])  # 3 tells 2, 2 tells 1, 1 tells 0
    network = Gcn(hidden=6).network(2, 2, 0)
    x = torch.randn(4, 2)
    changed = x.clone()
    changed[2] += 10
    moved = [bool((a[0] != b[0]).any()) for a, b in zip(network(x, path), network(changed, path), strict=True)]
    assert moved == [False, True, True]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 999))
def test_gcn_follows_a_permutation_of_the_nodes(seed: int) -> None:
    x, edges = _graph(6, seed)
    order = torch.from_numpy(np.random.default_rng(seed).permutation(6))
    place = torch.argsort(order)
    network = Gcn(hidden=4).network(4, 3, 0)
    for plain, permuted in zip(network(x, edges), network(x[order], place[edges]), strict=True):
        torch.testing.assert_close(plain[order], permuted, atol=1e-5, rtol=1e-5)


def test_gcn_works_without_edges_and_with_attributes_that_it_does_not_use() -> None:
    x, edges = _graph(5)
    network = Gcn(hidden=4).network(4, 3, 2)
    isolated = network(x, torch.zeros((2, 0), dtype=torch.int64))[0]
    torch.testing.assert_close(isolated, (x @ network.convolutions[0].lin.weight.T).relu())
    assert torch.equal(network(x, edges, torch.randn(edges.shape[1], 2))[-1], network(x, edges)[-1])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "`hidden` must be at least 1. Got 0 instead; the paper has 60."),
        ({"layers": 1}, "`layers` must be at least 2. Got 1 instead; the paper has 3."),
    ],
)
def test_gcn_refuses_options_out_of_range(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Gcn(**options)
    assert str(caught.value) == message
