"""Parts of a graph: a chip's nodes with all that a network must see around them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.graphs.nearest import nearest_edges
from rsgraph.stages.neighbourhoods import edge_places, neighbourhood
from rsgraph.workspace import Workspace

CHAIN = np.array([[0, 1, 2, 3, 4, 5, 6, 7], [1, 2, 3, 4, 5, 6, 7, 8]])
"""Each of nine nodes sends to the next one."""


def test_edge_places_are_where_the_edges_of_each_chip_begin(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sizes = [5, 0, 1, 30, 2, 0, 8]
    starts = np.cumsum([0, *sizes])
    counts = [9, 0, 0, 200, 1, 0, 17]
    receivers = [
        rng.integers(first, first + size, count) if size else np.zeros(0, dtype=np.int64)
        for first, size, count in zip(starts, sizes, counts, strict=False)
    ]
    np.save(tmp_path / "edges.npy", np.stack([np.concatenate(receivers)] * 2).astype(np.int64))
    assert edge_places(Workspace(tmp_path), starts.tolist()) == np.cumsum([0, *counts]).tolist()


def test_neighbourhood_follows_edges_against_their_direction() -> None:
    found = neighbourhood(CHAIN, range(4, 6), hops=0)
    assert found.nodes.tolist() == [4, 5, 3]
    assert found.own == 2
    assert found.columns.tolist() == [3, 4]
    assert found.edge_index.tolist() == [[2, 0], [0, 1]]
    found = neighbourhood(CHAIN, range(4, 6), hops=2)
    assert found.nodes.tolist() == [4, 5, 1, 2, 3]
    assert found.columns.tolist() == [3, 4, 2, 1]
    assert found.edge_index.tolist() == [[4, 0, 3, 2], [0, 1, 4, 3]]


def test_neighbourhood_ends_where_nothing_sends() -> None:
    found = neighbourhood(CHAIN, range(1), hops=3)
    assert (found.nodes.tolist(), found.edge_index.shape) == ([0], (2, 0))
    found = neighbourhood(CHAIN, range(8, 9), hops=100)
    assert sorted(found.nodes.tolist()) == list(range(9))


@pytest.mark.parametrize("hops", [0, 1, 2, 3])
def test_neighbourhood_holds_all_edges_that_are_received_within_its_hops(hops: int) -> None:
    edges = nearest_edges(np.random.default_rng(0).random((200, 2)).astype(np.float32), 4)
    reached = np.arange(60, 90)
    for _ in range(hops):
        reached = np.union1d(reached, edges[0, np.isin(edges[1], reached)])
    expected = np.flatnonzero(np.isin(edges[1], reached))
    found = neighbourhood(edges, range(60, 90), hops=hops)
    assert sorted(found.columns.tolist()) == expected.tolist()
    np.testing.assert_array_equal(found.nodes[found.edge_index], edges[:, found.columns])
    np.testing.assert_array_equal(np.sort(found.nodes), np.union1d(reached, edges[0, expected]))
