"""The GNN's training: the loss of section 2.6, graphs side by side, and learning from neighbours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from rsgraph.errors import NotUsable
from rsgraph.gnn.gat import Gat
from rsgraph.gnn.gcn import Gcn
from rsgraph.gnn.sage import Sage
from rsgraph.training.gnn import soft_cross_entropies, train_gnn
from rsgraph.training.graphs import GraphSample, disjoint_union
from rsgraph.training.inference import embed
from rsgraph.training.modules import GnnModule, gnn_module
from rsgraph.training.options import TrainingOptions
from tests.training.chips import CPU, same_weights

OPTIONS = TrainingOptions(max_epochs=3, batch_size=2)


def _ring(seed: int, *, n: int = 30, test: bool = False) -> GraphSample:
    """Each node's class is the sign of its neighbours' mean: nothing in the node itself tells."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2)).astype(np.float32)
    nodes = np.arange(n)
    left, right = (nodes - 1) % n, (nodes + 1) % n
    edges = np.stack([np.concatenate([left, right]), np.concatenate([nodes, nodes])])
    positive = (x[left, 0] + x[right, 0] > 0).astype(np.float32)
    target = np.stack([0.9 * positive + 0.05, 0.95 - 0.9 * positive], axis=1).astype(np.float32)
    mask = np.full(n, test)
    return GraphSample(x, edges, None, target, train_mask=~mask, val_mask=mask)


def _graphs(n: int = 4) -> list[GraphSample]:
    return [_ring(i, test=i % 4 == 3) for i in range(n)]


def _module(seed: int = 0) -> GnnModule:
    module = gnn_module(Gcn(hidden=8, layers=2), n_features=2, n_classes=2, seed=seed)
    assert module is not None
    return module


def test_soft_cross_entropy_equals_torchs() -> None:
    logits = torch.randn(7, 4)
    target = torch.softmax(torch.randn(7, 4), 1)
    found = soft_cross_entropies(logits, target)
    torch.testing.assert_close(found, torch.nn.functional.cross_entropy(logits, target, reduction="none"))


def test_disjoint_union_changes_no_graphs_outputs() -> None:
    graphs = [_ring(0, n=5), _ring(1, n=8)]
    module = _module()
    union = disjoint_union(graphs)
    together = module(union.x, union.edge_index)[-1].detach().numpy()
    single = np.concatenate([embed(module, graph.x, graph.edge_index, hardware=CPU)[-1] for graph in graphs])
    np.testing.assert_allclose(together, single, atol=1e-6)
    assert union.train_mask.sum() == 13
    np.testing.assert_array_equal(union.target.numpy()[5:], graphs[1].target)


def test_train_gnn_learns_what_only_neighbours_know(tmp_path: Path) -> None:
    module, graphs = gnn_module(Sage(hidden=8, layers=2), n_features=2, n_classes=2), _graphs(12)
    assert module is not None
    options = TrainingOptions(max_epochs=40, batch_size=3, learning_rate=0.05)
    history = train_gnn(module, graphs, options=options, hardware=CPU, seed=0, folder=tmp_path)
    assert set(history.epochs[0]) == {"epoch", "train_loss", "val_loss", "seconds"}
    right = [
        (embed(module, graph.x, graph.edge_index, hardware=CPU)[-1].argmax(1) == graph.target.argmax(1)).mean()
        for graph in graphs
        if graph.val_mask.all()
    ]
    assert np.mean(right) > 0.85


def test_train_gnn_standardises_by_the_nodes_that_train(tmp_path: Path) -> None:
    graphs = _graphs()
    graphs[3].x[:] += 1000  # held out
    module = _module()
    train_gnn(module, graphs, options=OPTIONS, hardware=CPU, seed=0, folder=tmp_path)
    nodes = np.concatenate([graph.x for graph in graphs[:3]])
    np.testing.assert_allclose(module.mean.numpy(), nodes.mean(0), atol=1e-6)
    np.testing.assert_allclose(module.std.numpy(), nodes.std(0), rtol=1e-5)


def test_train_gnn_uses_and_standardises_edge_attributes(tmp_path: Path) -> None:
    graphs = []
    for graph in _graphs():
        lengths = np.random.default_rng(0).random((graph.edge_index.shape[1], 1)).astype(np.float32) * 100
        graphs.append(GraphSample(graph.x, graph.edge_index, lengths, graph.target, graph.train_mask, graph.val_mask))
    gat = Gat(heads=2, features_per_head=2, layers=2)
    module = gnn_module(gat, n_features=2, n_classes=2, n_edge_attributes=1)
    assert module is not None
    train_gnn(module, graphs, options=OPTIONS, hardware=CPU, seed=0, folder=tmp_path)
    assert graphs[0].edge_attributes is not None
    np.testing.assert_allclose(module.edge_mean.numpy(), graphs[0].edge_attributes.mean(0), rtol=1e-5)
    longer = embed(module, graphs[0].x, graphs[0].edge_index, graphs[0].edge_attributes * 2, hardware=CPU)
    plain = embed(module, graphs[0].x, graphs[0].edge_index, graphs[0].edge_attributes, hardware=CPU)
    assert not np.allclose(longer[-1], plain[-1])


def test_train_gnn_is_repeatable_and_goes_on_exactly(tmp_path: Path) -> None:
    whole, again, broken = _module(), _module(), _module()
    options = TrainingOptions(max_epochs=4, batch_size=1)

    def stop(number: int, _: dict[str, float]) -> None:
        if number == 1:
            raise KeyboardInterrupt

    train_gnn(whole, _graphs(), options=options, hardware=CPU, seed=0, folder=tmp_path / "a")
    train_gnn(again, _graphs(), options=options, hardware=CPU, seed=0, folder=tmp_path / "b")
    assert same_weights(whole, again)
    with pytest.raises(KeyboardInterrupt):
        train_gnn(broken, _graphs(), options=options, hardware=CPU, seed=0, folder=tmp_path / "c", on_epoch=stop)
    fresh = _module()
    history = train_gnn(fresh, _graphs(), options=options, hardware=CPU, seed=0, folder=tmp_path / "c")
    assert history.resumed_at == 2
    assert same_weights(fresh, whole)


def test_train_gnn_watches_the_training_nodes_where_none_validates(tmp_path: Path) -> None:
    graph = _ring(0)
    history = train_gnn(_module(), [graph], options=OPTIONS, hardware=CPU, seed=0, folder=tmp_path)
    assert history.epochs[1]["train_loss"] == pytest.approx(history.epochs[0]["val_loss"], rel=1e-5)


def test_train_gnn_refuses_to_train_on_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match=r"^there is no segment to train the GNN on, in 1 chips\.$"):
        train_gnn(_module(), [_ring(0, test=True)], options=OPTIONS, hardware=CPU, seed=0, folder=tmp_path)
