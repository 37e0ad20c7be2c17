"""Training stops early, survives interruptions exactly, is repeatable, and leaves the process as it was."""

from __future__ import annotations

import logging
import os
import random
import signal
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from rsgraph.errors import NotUsable, OutputError
from rsgraph.files import atomic
from rsgraph.training import checkpoints
from rsgraph.training.encoder import train_encoder
from rsgraph.training.fitting import _passed_through, best_epoch, exhausted, foreseen
from rsgraph.training.options import EncoderOptions, TrainingOptions
from tests.training.chips import CPU, MEAN, STD, TinyChips, memberships, same_weights, tiny_module, train

FIVE = EncoderOptions(max_epochs=5, batch_size=2, learning_rate=0.002)


def _interrupt_after(epoch: int) -> object:
    def on_epoch(number: int, metrics: dict[str, float]) -> None:
        if number == epoch:
            raise KeyboardInterrupt

    return on_epoch


def _losses(epochs: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in epochs]


def test_training_is_the_same_for_the_same_seed_and_another_for_another(tmp_path: Path) -> None:
    modules = [tiny_module() for _ in range(3)]
    for i, (module, seed) in enumerate(zip(modules, (0, 0, 1), strict=True)):
        torch.manual_seed(i)  # what the caller did with the global generator does not matter
        train(module, tmp_path / str(i), seed=seed)
    assert same_weights(modules[0], modules[1])
    assert not same_weights(modules[0], modules[2])


@pytest.mark.parametrize("interrupted_after", [0, 2])
def test_training_that_goes_on_after_ctrl_c_ends_with_the_same_weights(
    tmp_path: Path, interrupted_after: int
) -> None:
    whole, broken = tiny_module(), tiny_module()
    expected = train(whole, tmp_path / "whole", options=FIVE)
    with pytest.raises(KeyboardInterrupt):
        train(broken, tmp_path / "broken", options=FIVE, on_epoch=_interrupt_after(interrupted_after))  # type: ignore[arg-type]  # it is one
    fresh = tiny_module()
    history = train(fresh, tmp_path / "broken", options=FIVE)
    assert history.resumed_at == interrupted_after + 1
    assert history.notes == ()
    assert _losses(history.epochs) == _losses(expected.epochs)
    assert same_weights(fresh, whole)


def test_training_goes_on_after_ctrl_c_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    whole, fresh = tiny_module(), tiny_module()
    train(whole, tmp_path / "whole", options=FIVE)

    def progress(done: int, total: int) -> None:
        assert total == 10
        if done == 5:
            signal.raise_signal(signal.SIGINT)  # to this thread: another might receive it too late

    def run(report: object) -> object:
        return train_encoder(
            fresh, TinyChips(), memberships, mean=MEAN, std=STD, options=FIVE, hardware=CPU, seed=0,
            folder=tmp_path / "broken", progress=report,  # type: ignore[arg-type]  # it is one
        )  # fmt: skip

    with pytest.raises(KeyboardInterrupt):
        run(progress)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    fresh.load_state_dict(tiny_module().state_dict())
    run(None)
    assert same_weights(fresh, whole)


def test_training_that_was_complete_is_not_repeated_but_can_be_prolonged(tmp_path: Path) -> None:
    first, again, longer, whole = (tiny_module() for _ in range(4))
    train(first, tmp_path / "a")
    called: list[int] = []
    history = train(again, tmp_path / "a", on_epoch=lambda number, _: called.append(number))
    assert (history.resumed_at, called) == (3, [])
    assert same_weights(first, again)
    train(longer, tmp_path / "a", options=FIVE, on_epoch=lambda number, _: called.append(number))
    train(whole, tmp_path / "b", options=FIVE)
    assert called == [3, 4]
    assert same_weights(longer, whole)


def test_training_does_not_take_over_more_epochs_than_it_may_have(tmp_path: Path) -> None:
    module, whole = tiny_module(), tiny_module()
    train(tiny_module(), tmp_path / "a", options=FIVE)
    history = train(module, tmp_path / "a")
    train(whole, tmp_path / "b")
    assert len(history.notes) == 1
    assert len(history.epochs) == 3
    assert same_weights(module, whole)


def test_passed_through_asks_whether_training_would_have_stopped_before() -> None:
    epochs = [{"val_loss": loss} for loss in (3.0, 4.0, 5.0, 1.0)]
    assert _passed_through(epochs, TrainingOptions(4, patience=3))
    assert not _passed_through(epochs, TrainingOptions(4, patience=2))
    assert _passed_through(epochs[:3], TrainingOptions(4, patience=2))
    assert not _passed_through(epochs, TrainingOptions(3, patience=3))


def test_training_starts_over_with_a_note_when_the_options_differ(tmp_path: Path) -> None:
    train(tiny_module(), tmp_path)
    history = train(tiny_module(), tmp_path, seed=5)
    assert history.resumed_at is None
    assert history.notes == (
        f"The checkpoint {tmp_path / 'last.ckpt'} was made with other options: training started over.",
    )
    module = tiny_module()
    train(module, tmp_path / "other", seed=5)
    fresh = tiny_module()
    assert train(fresh, tmp_path, seed=5).resumed_at == 3
    assert same_weights(fresh, module)


@pytest.mark.parametrize("damage", ["empty", "truncated", "flipped", "text"])
def test_training_starts_over_with_a_note_when_the_checkpoint_is_damaged(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "last.ckpt"
    whole = tiny_module()
    train(whole, tmp_path)
    good = path.read_bytes()
    middle = len(good) // 2
    bad = {
        "empty": b"",
        "truncated": good[:middle],
        "flipped": good[:middle] + bytes(each ^ 1 for each in good[middle : middle + 512]) + good[middle + 512 :],
        "text": b"this is no checkpoint",
    }
    path.write_bytes(bad[damage])
    module = tiny_module()
    history = train(module, tmp_path)
    assert history.notes == (f"The checkpoint {path} is damaged: training started over.",)
    assert same_weights(module, whole)


def test_training_stops_when_patience_runs_out_and_says_so(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    module = tiny_module()
    history = train_encoder(
        module, TinyChips(), memberships, mean=MEAN, std=STD, hardware=CPU, seed=0, folder=tmp_path,
        options=EncoderOptions(max_epochs=30, patience=1, batch_size=2, learning_rate=3.0),
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert history.stopped_early
    assert len(history.epochs) == history.best_epoch + 2 < 30
    assert seen[0] == (1, 60), "nothing is foreseen yet"
    assert seen[-1] == (2 * len(history.epochs), 2 * len(history.epochs))


def test_best_epoch_and_exhausted_follow_from_the_history() -> None:
    epochs = [{"val_loss": loss} for loss in (3.0, 1.0, 2.0, 1.0)]
    assert best_epoch(epochs) == 1
    assert [exhausted(epochs[:n], 2) for n in range(5)] == [False, False, False, False, True]


def test_the_end_is_foreseen_once_half_of_the_patience_is_spent() -> None:
    epochs = [{"val_loss": loss} for loss in (3.0, 1.0, 2.0, 2.0, 2.0)]
    assert [foreseen(epochs[:n], 4, 100) for n in range(6)] == [100, 100, 100, 100, 6, 6]
    assert foreseen(epochs, 200, 5) == 5


def test_training_that_diverges_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        NotUsable, match=r"^training diverged: the loss of epoch 0 is not finite\. Lower its learning"
    ):
        train(tiny_module(), tmp_path, options=EncoderOptions(max_epochs=2, learning_rate=1e30))


def test_training_says_when_the_disk_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path) -> object:
        raise OutputError(f"could not write {path}: the disk is full")

    monkeypatch.setattr(checkpoints, "atomic", full)
    with pytest.raises(OutputError, match=r"last\.ckpt: the disk is full"):
        train(tiny_module(), tmp_path)
    monkeypatch.setattr(checkpoints, "atomic", atomic)
    assert list(tmp_path.iterdir()) == []


def test_training_leaves_no_trace_in_the_process_or_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    logger = logging.getLogger("pytorch_lightning")
    torch.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - the legacy generator is what must not be touched

    def state() -> list[object]:
        return [
            torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist(),  # type: ignore[index]  # noqa: NPY002 - as above
            torch.get_num_threads(), torch.is_grad_enabled(), torch.are_deterministic_algorithms_enabled(),
            torch.is_autocast_enabled("cpu"), logger.level, warnings.filters[:], dict(os.environ),
            signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM),
        ]  # fmt: skip

    before = state()
    with torch.no_grad():
        train(tiny_module(), tmp_path / "folder")
    assert state() == before
    assert list((tmp_path / "cwd").iterdir()) == []
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["last.ckpt"]
    assert capfd.readouterr() == ("", "")


def test_module_is_left_ready_to_be_applied(tmp_path: Path) -> None:
    module = tiny_module()
    train(module, tmp_path)
    assert not module.training
    assert all(parameter.device.type == "cpu" for parameter in module.parameters())


_SLURM = {"SLURM_JOB_ID": "1", "SLURM_JOB_NAME": "train", "SLURM_PROCID": "3", "SLURM_LOCALID": "1"}
_SLURM |= {"SLURM_NODEID": "1", "SLURM_NODELIST": "n[01-02]", "SLURM_JOB_NODELIST": "n[01-02]"}

BATCH_JOBS = {
    "slurm, tasks": {**_SLURM, "SLURM_NTASKS": "4"},
    "slurm, tasks on two nodes": {**_SLURM, "SLURM_NTASKS": "4", "SLURM_NTASKS_PER_NODE": "2", "SLURM_NNODES": "2"},
    "slurm, too little known": {"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "train"},
    "lsf": {
        "LSB_JOBID": "1", "LSB_DJOB_RANKFILE": "/none", "JSM_NAMESPACE_SIZE": "4", "JSM_NAMESPACE_RANK": "2",
        "JSM_NAMESPACE_LOCAL_RANK": "1", "LSB_HOSTS": "batch n01 n02", "LSB_DJOB_NUMPROC": "4",
    },
    "pbs": {"PBS_JOBID": "1.server", "PBS_NODEFILE": "/none", "PBS_NP": "4", "PBS_TASKNUM": "2", "NCPUS": "4"},
    "torchrun": {
        "RANK": "1", "LOCAL_RANK": "1", "GROUP_RANK": "0", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2",
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500", "TORCHELASTIC_RUN_ID": "none",
        "TORCHELASTIC_USE_AGENT_STORE": "True", "TORCHELASTIC_RESTART_COUNT": "0",
    },
    "open mpi": {"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2", "OMPI_COMM_WORLD_LOCAL_RANK": "2"},
    "mpich": {"PMI_SIZE": "4", "PMI_RANK": "2", "MPI_LOCALRANKID": "2"},
    "kubeflow": {
        "KUBERNETES_PORT": "tcp://10.0.0.1:443", "MASTER_ADDR": "10.0.0.2", "MASTER_PORT": "2", "WORLD_SIZE": "4",
        "RANK": "3",
    },
    "words where numbers are expected": {"RANK": "gold", "LOCAL_RANK": "", "WORLD_SIZE": "many"},
}  # fmt: skip
"""What batch systems and launchers leave in the environment of one process of several."""


@pytest.mark.parametrize("job", list(BATCH_JOBS))
def test_a_process_of_a_batch_job_trains_by_itself_what_it_trains_elsewhere(
    job: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tiny_module()
    train(elsewhere, tmp_path / "elsewhere")
    for name, value in BATCH_JOBS[job].items():
        monkeypatch.setenv(name, value)
    here, before = tiny_module(), dict(os.environ)
    train(here, tmp_path / "here")
    assert dict(os.environ) == before
    assert same_weights(here, elsewhere)


def test_a_training_that_a_batch_system_ends_comes_out_with_the_code_of_the_signal(tmp_path: Path) -> None:
    def end(number: int, metrics: dict[str, float]) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        train(tiny_module(), tmp_path, on_epoch=end)
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) == before
    assert (tmp_path / "last.ckpt").exists()
