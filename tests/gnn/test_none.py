"""No GNN builds nothing."""

from __future__ import annotations

from rsgraph.gnn.none import NoGnn


def test_none_has_no_network_and_no_layers() -> None:
    assert NoGnn.n_layers == 0
    assert NoGnn().network(64, 8, 0) is None
