"""Lightning knows which of several processes this one is, and imports whatever the state of torchvision."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rsgraph.training.lightning import DDPStrategy, Processes, SIGTERMException, TorchCheckpointIO, Trainer


def test_processes_are_what_lightning_makes_of_them() -> None:
    strategy = DDPStrategy(cluster_environment=Processes(1, 2))
    trainer = Trainer(accelerator="cpu", devices=2, strategy=strategy, logger=False, enable_checkpointing=False)
    assert (trainer.global_rank, trainer.world_size, trainer.local_rank, trainer.node_rank) == (1, 2, 1, 0)
    assert not trainer.is_global_zero


def test_processes_are_started_by_none_but_us() -> None:
    assert Processes(0, 2).creates_processes_externally
    assert not Processes.detect()


def test_processes_refuse_a_number_that_lightning_made_up() -> None:
    one = Processes(1, 2)
    one.set_world_size(2)
    one.set_global_rank(1)
    with pytest.raises(AssertionError, match="one process per device"):
        one.set_world_size(4)
    with pytest.raises(AssertionError, match="one process per device"):
        one.set_global_rank(0)


def test_names_are_those_of_pytorch_lightning() -> None:
    import pytorch_lightning

    assert Trainer is pytorch_lightning.Trainer
    assert issubclass(SIGTERMException, SystemExit)
    assert TorchCheckpointIO is pytorch_lightning.plugins.TorchCheckpointIO


@pytest.mark.parametrize("rank", ["3", "gold", ""])
def test_ranks_of_a_batch_job_are_not_taken_for_those_of_lightning(rank: str) -> None:
    code = (
        "import os; from rsgraph.training.lightning import RANKS; from pytorch_lightning.utilities import "
        "rank_zero_only; print(rank_zero_only.rank, os.environ['RANK'], os.environ['SLURM_PROCID'])"
    )
    environment = {**os.environ, "RANK": rank, "SLURM_PROCID": "2"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [f"0 {rank} 2"], done.stderr
