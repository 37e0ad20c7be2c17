"""Two processes learn what one learns with twice the batch size: real processes, with gloo."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from rsgraph import build
from rsgraph.training.distributed import DistributedBatches, SynchronisedBatchNorm2d, synchronise_batch_norms
from rsgraph.training.fitting import History
from rsgraph.training.gnn import train_gnn
from rsgraph.training.graphs import GraphSample
from rsgraph.training.modules import gnn_module
from rsgraph.training.options import EncoderOptions, TrainingOptions
from rsgraph.training.ordering import SeededRows
from rsgraph.training.processes import run_together
from tests.training.chips import CPU, TinyChips, tiny_module, train
from tests.training.normalising import Normalise, images, measured

TWO = replace(CPU, devices=2, strategy="ddp")


@pytest.mark.parametrize(("n", "batch_size", "count"), [(7, 2, 2), (9, 2, 2), (5, 1, 3), (4, 2, 2), (1, 1, 2)])
def test_shares_together_are_the_batches_of_one_process(n: int, batch_size: int, count: int) -> None:
    order = SeededRows(list(range(n)), 3)
    order.set_epoch(4)
    parts = [list(DistributedBatches(order, batch_size, rank=rank, count=count)) for rank in range(count)]
    assert {len(part) for part in parts} == {len(DistributedBatches(order, batch_size, rank=0, count=count))}
    joined = [sorted(itertools.chain(*step)) for step in zip(*parts, strict=True)]
    whole = DataLoader(range(n), batch_size * count, sampler=order)  # type: ignore[arg-type]  # a sequence
    assert joined == [sorted(batch.tolist()) for batch in whole]


def test_one_process_normalises_as_before() -> None:
    module = nn.Sequential(nn.Conv2d(2, 3, 1), nn.Sequential(nn.BatchNorm2d(3)))
    names = list(module.state_dict())
    expected = module(torch.ones(2, 2, 4, 4))
    synchronise_batch_norms(module)
    assert isinstance(module[1][0], SynchronisedBatchNorm2d)
    assert list(module.state_dict()) == names
    torch.testing.assert_close(module(torch.ones(2, 2, 4, 4)), expected)


def test_shared_normalisation_is_that_of_the_whole_batch() -> None:
    """Three processes have two images, one, and none."""
    shares = (slice(0, 2), slice(2, 3), slice(3, 3))
    results: dict[int, list[np.ndarray]] = {}
    run_together(Normalise(shares), count=3, backend="gloo", tell=lambda said: results.update([said]))
    plain = nn.BatchNorm2d(4)
    found, gradients, by_input = measured(plain, images())
    for rank, share in enumerate((*shares[:2], slice(0, 3))):
        by_share = torch.zeros_like(by_input) if rank == 2 else by_input[share]
        expected = [found[share], *gradients, by_share, plain.running_mean, plain.running_var]
        for here, there in zip(results[rank], expected, strict=True):
            np.testing.assert_allclose(here, there, rtol=1e-4, atol=1e-4)


def losses(history: History, *names: str) -> np.ndarray:
    return np.array([[epoch[name] for name in names] for epoch in history.epochs])


@pytest.mark.slow
def test_encoder_learns_in_two_processes_as_in_one(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Of 7 chips 6 train, in batches of 4 and 2; 1 validates: one share of it is empty. One process may go on."""
    one, two = tiny_module(), tiny_module()
    epochs: list[int] = []
    single = train(one, tmp_path / "1", chips=TinyChips(7), options=EncoderOptions(max_epochs=4, batch_size=4))
    together = train(
        two,
        tmp_path / "2",
        chips=TinyChips(7),
        options=EncoderOptions(max_epochs=3, batch_size=2),
        hardware=TWO,
        on_epoch=lambda number, _: epochs.append(number),
    )
    names = ("train_loss", "val_loss", "bce", "dice")
    np.testing.assert_allclose(losses(together, *names), losses(single, *names)[:3], rtol=1e-4)
    assert epochs == [0, 1, 2]
    assert capfd.readouterr() == ("", "")
    three = tiny_module()
    on = train(three, tmp_path / "2", chips=TinyChips(7), options=EncoderOptions(max_epochs=4, batch_size=4))
    assert on.resumed_at == 3
    np.testing.assert_allclose(losses(on, *names), losses(single, *names), rtol=1e-4)


def graphs(n: int) -> list[GraphSample]:
    rng = np.random.default_rng(0)
    samples = []
    for number in range(n):
        nodes = 6 + number
        x = rng.random((nodes, 3), dtype=np.float32)
        held = np.full(nodes, number % 4 == 3)
        target = np.hstack([x[:, :1], 1 - x[:, :1]])
        edges = np.array([np.arange(nodes), np.roll(np.arange(nodes), 1)])
        samples.append(GraphSample(x, edges, None, target, ~held, held))
    return samples


@pytest.mark.slow
def test_gnn_learns_in_two_processes_as_in_one(tmp_path: Path) -> None:
    """Of 7 graphs of different sizes 6 train, in batches of 4 and 2; what one process began two go on with."""

    def learn(folder: Path, epochs: int, batch_size: int, devices: int) -> History:
        module = gnn_module(build("gnn", name="gat"), n_features=3, n_classes=2, seed=1)
        assert module is not None
        return train_gnn(
            module,
            graphs(7),
            options=TrainingOptions(max_epochs=epochs, batch_size=batch_size, learning_rate=0.01),
            hardware=replace(CPU, devices=devices),
            seed=0,
            folder=folder,
        )

    single = learn(tmp_path / "1", 5, 4, 1)
    learn(tmp_path / "2", 2, 4, 1)
    together = learn(tmp_path / "2", 5, 2, 2)
    assert together.resumed_at == 2
    np.testing.assert_allclose(
        losses(together, "train_loss", "val_loss"), losses(single, "train_loss", "val_loss"), rtol=1e-5
    )
