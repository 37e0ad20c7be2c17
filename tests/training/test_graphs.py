"""A GNN that is fitted: to the nodes of all graphs, and without Lightning."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from rsgraph.errors import NotUsable
from rsgraph.gnn.rings import Rings
from rsgraph.training.graphs import GraphSample, fit_gnn
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
    fit_gnn(module, graphs)
    whole = np.concatenate([embed(module, graph.x, graph.edge_index, hardware=CPU)[-1] for graph in graphs])
    np.testing.assert_allclose(whole.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose((whole**2).mean(0), 1 / 3, atol=1e-4)


def test_fit_gnn_without_a_node_is_refused() -> None:
    module = gnn_module(Rings(), n_features=3, n_classes=2)
    assert module is not None
    with pytest.raises(NotUsable, match="there is no segment to fit the GNN to, in 1 chips"):
        fit_gnn(module, [_graph(0, 0)])


def test_fitting_does_not_load_lightning() -> None:
    used = "import sys, rsgraph.training.graphs, rsgraph.training.inference; "
    code = used + "print('rsgraph.training.lightning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
