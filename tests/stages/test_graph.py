"""The stage graph on eight squares: which touch, how far apart, how long the border."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsgraph.stages.graph import graph
from tests.stages.squares import segmented

SENDERS = [1, 2, 0, 3, 0, 3, 1, 2]
RECEIVERS = [0, 0, 1, 1, 2, 2, 3, 3]
"""Within one chip, each square touches two others; by receiver, then sender."""


def test_graph_joins_what_touches_within_a_chip(tmp_path: Path) -> None:
    assert graph(segmented(tmp_path)) == {"edges": 16, "edge_attributes": []}
    expected = np.array([SENDERS, RECEIVERS])
    np.testing.assert_array_equal(np.load(tmp_path / "edges.npy"), np.concatenate([expected, expected + 4], axis=1))
    assert not (tmp_path / "edge_attributes.npy").exists()


def test_graph_writes_distances_and_borders_where_they_are_asked_for(tmp_path: Path) -> None:
    facts = graph(segmented(tmp_path, "graph.edge_attributes=true"))
    assert facts["edges"] == 16
    assert len(facts["edge_attributes"]) == 2
    np.testing.assert_allclose(np.load(tmp_path / "edge_attributes.npy"), [[8, 8]] * 16)
