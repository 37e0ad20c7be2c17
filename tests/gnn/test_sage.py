"""GraphSAGE against its formula."""

from __future__ import annotations

import pytest
import torch

from rsgraph.errors import ConfigError
from rsgraph.gnn.sage import Sage

EDGES = torch.tensor([[1, 2, 2, 0], [0, 0, 1, 2]])


def test_sage_layers_equal_the_formula() -> None:
    x = torch.randn(4, 3)
    network = Sage(hidden=5, layers=2).network(3, 2, 0)
    neighbours = torch.tensor([[0, 0.5, 0.5, 0], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]])  # node 3 has none
    current, expected = x, []
    for i, convolution in enumerate(network.convolutions):
        current = convolution.lin_l(neighbours @ current) + convolution.lin_r(current)
        current = current.relu() if i == 0 else current
        expected.append(current)
    for got, wanted in zip(network(x, EDGES), expected, strict=True):
        torch.testing.assert_close(got, wanted)


def test_sage_keeps_all_layers() -> None:
    outputs = Sage().network(3, 8, 0)(torch.randn(4, 3), EDGES)
    assert [output.shape for output in outputs] == [(4, 60), (4, 60), (4, 8)]
    assert Sage(layers=4).n_layers == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden": 0}, "`hidden` must be at least 1. Got 0 instead; try 60."),
        ({"layers": 1}, "`layers` must be at least 2. Got 1 instead; try 3."),
    ],
)
def test_sage_refuses_options_out_of_range(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Sage(**options)
    assert str(caught.value) == message
