"""A GNN that is fitted: to the nodes of all graphs, and without Lightning."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from rsgraph.errors import NotUsable
from rsgraph.gnn.rings import Rings
from rsgraph.training.graphs import GraphSample, disjoint_union, fit_gnn
from rsgraph.training.inference import embed
from rsgraph.training.modules import gnn_module
from tests.training.chips import CPU


def _graph(seed: int, n: int, *, test: bool = False) -> GraphSample:
    rng = np.random.default_rng(seed)
    x = rng.uniform(0.01, 0.6, (n, 3)).astype(np.float32)
    edges = np.stack([np.arange(n), np.roll(np.arange(n), 1)])
    mask = np.full(n, test)
    return GraphSample(x, edges, None, np.full((n, 2), 0.5, np.float32), train_mask=~mask, val_mask=mask)


def test_fit_gnn_fits_to_all_nodes_of_all_graphs() -> None:
    graphs = [_graph(0, 20), _graph(1, 30, test=True)]
    module = gnn_module(Rings(), n_features=3, n_classes=2)
    assert module is not None
    union = disjoint_union(graphs)
    fit_gnn(module, union.x.numpy(), union.edge_index.numpy())
    whole = np.concatenate([embed(module, graph.x, graph.edge_index, hardware=CPU)[-1] for graph in graphs])
    np.testing.assert_allclose(whole.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose((whole**2).mean(0), 1 / 3, atol=1e-4)


def test_fit_gnn_without_a_node_is_refused() -> None:
    module = gnn_module(Rings(), n_features=3, n_classes=2)
    assert module is not None
    with pytest.raises(NotUsable, match="there is no segment to fit the GNN to"):
        fit_gnn(module, np.zeros((0, 3), np.float32), np.zeros((2, 0), np.int64))


def test_own_attributes_are_those_of_the_edges_that_own_nodes_receive() -> None:
    graph = replace(_graph(0, 3), edge_attributes=np.array([[1], [2], [3]], np.float32))
    assert graph.edge_index[1].tolist() == [2, 0, 1]
    assert graph.own_attributes is graph.edge_attributes
    own = replace(graph, own=2).own_attributes
    assert own is not None
    assert own.tolist() == [[2], [3]]
    assert replace(graph, edge_attributes=None, own=2).own_attributes is None


def test_fitting_does_not_load_lightning() -> None:
    used = "import sys, rsgraph.training.graphs, rsgraph.training.inference; "
    code = used + "print('rsgraph.training.lightning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
