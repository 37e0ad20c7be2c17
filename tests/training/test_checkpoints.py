"""Checkpoints come back as they were written; damaged ones, and code in them, are refused."""

from __future__ import annotations

import os
import pickle
import resource
from pathlib import Path

import pytest
import torch

from rsgraph.errors import OutputError
from rsgraph.training.checkpoints import NAME, AtomicCheckpointIO, read_checkpoint

STATE = {"callbacks": {"history": [{"loss": 0.5}]}, "state_dict": {"weight": torch.arange(6.0).reshape(2, 3)}}


def test_save_checkpoint_writes_what_torch_reads_and_nothing_beside_it(tmp_path: Path) -> None:
    AtomicCheckpointIO().save_checkpoint(STATE, tmp_path / NAME)
    loaded = torch.load(tmp_path / NAME, weights_only=True)
    assert loaded["callbacks"] == STATE["callbacks"]
    assert torch.equal(loaded["state_dict"]["weight"], torch.tensor([[0.0, 1, 2], [3, 4, 5]]))
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_read_checkpoint_gives_back_what_was_saved(tmp_path: Path) -> None:
    AtomicCheckpointIO().save_checkpoint(STATE, tmp_path / NAME)
    found = read_checkpoint(tmp_path / NAME)
    assert found is not None
    assert found["callbacks"] == {"history": [{"loss": 0.5}]}


@pytest.mark.parametrize("place", ["start", "middle", "end"])
def test_read_checkpoint_takes_no_file_that_was_cut_or_changed(tmp_path: Path, place: str) -> None:
    AtomicCheckpointIO().save_checkpoint(STATE, tmp_path / NAME)
    good = (tmp_path / NAME).read_bytes()
    weights = good.index(torch.arange(6.0).numpy().tobytes())
    bad = {"start": b"x" + good[1:], "middle": good[:weights] + b"\x01" + good[weights + 1 :], "end": good[:-9]}
    (tmp_path / NAME).write_bytes(bad[place])
    assert read_checkpoint(tmp_path / NAME) is None


def test_read_checkpoint_takes_no_other_file_of_torch(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / NAME)
    assert read_checkpoint(tmp_path / NAME) is None
    torch.save([1, 2], tmp_path / NAME)
    assert read_checkpoint(tmp_path / NAME) is None
    assert read_checkpoint(tmp_path / "absent.ckpt") is None


class _Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("was_run",)


def test_load_checkpoint_runs_no_code_whatever_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"callbacks": {}, "code": _Code()}, NAME)
    with pytest.raises(pickle.UnpicklingError, match="Weights only"):
        AtomicCheckpointIO().load_checkpoint(NAME, weights_only=False)
    assert read_checkpoint(tmp_path / NAME) is None
    assert not (tmp_path / "was_run").exists()


def test_save_checkpoint_says_when_the_disk_is_full_and_keeps_the_last_one(tmp_path: Path) -> None:
    AtomicCheckpointIO().save_checkpoint(STATE, tmp_path / NAME)
    before = (tmp_path / NAME).read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # as a full disk looks to the one who writes
    try:
        with pytest.raises(OutputError, match="the disk is full"):
            AtomicCheckpointIO().save_checkpoint({"callbacks": {}, "w": torch.zeros(10_000)}, tmp_path / NAME)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / NAME).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
