"""A full disk: the labels are as they were, the message is clear, and labelling goes on after space is freed."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import OutputError
from rsgraph.journal.journal import Journal

MANY = np.arange(1, 200_001)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of two megabytes."""
    place = tmp_path / "small disk"
    place.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], capture_output=True)
    if made.returncode:
        pytest.skip("mounting a small disk needs root; the limit on the size of files is tried instead")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def limited_files(size: int) -> Iterator[None]:
    """Let every write beyond ``size`` bytes of a file fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def fill_up(filler: Path) -> None:
    """Write until nothing more fits."""
    file = os.open(filler, os.O_WRONLY | os.O_CREAT)
    with pytest.raises(OSError, match="No space left"):
        write_on(file)
    os.close(file)


def write_on(file: int) -> None:
    while True:
        os.write(file, bytes(4096))


def refused_everywhere(journal: Journal, message: str) -> None:
    """Every action that needs space is refused, and leaves all as it was."""
    before, history = journal.labels(), journal.history()
    numbers = np.random.default_rng(0)
    for label in ("water", None, "sand"):
        with pytest.raises(OutputError, match=message):
            journal.assign_each(
                MANY, numbers.choice(np.array([label, "water"], object), len(MANY)), origin="imported"
            )
        assert journal.labels().equals(before)
        assert journal.history().equals(history)
        assert journal.codes([1, 2, 3])[0].tolist() == [1, 1, 0]


def test_a_full_disk_leaves_all_as_it_was_and_labelling_goes_on(small_disk: Path) -> None:
    path, filler = small_disk / "labels.sqlite", small_disk / "filler"
    with Journal(path) as journal:
        journal.define("water")
        journal.define("sand")
        journal.assign([1, 2], "water")
        fill_up(filler)
        refused_everywhere(journal, r"labels\.sqlite: the disk is full \(0 MB free\); nothing was changed")
        filler.unlink()
        event = journal.assign([3], "sand")
    with Journal(path) as journal:
        assert journal.labels()["segment_id"].tolist() == [1, 2, 3]
        assert journal.labels()["label"].tolist() == ["water", "water", "sand"]
        assert len(journal.history()) == event


def test_a_full_disk_while_the_journal_is_made_leaves_no_half_of_it(small_disk: Path) -> None:
    filler = small_disk / "filler"
    fill_up(filler)
    with pytest.raises(OutputError, match="the disk is full"):
        Journal(small_disk / "labels.sqlite")
    assert not (small_disk / "labels.sqlite").exists()
    filler.unlink()
    with Journal(small_disk / "labels.sqlite") as journal:
        assert journal.history().empty


def test_a_file_that_may_not_grow_leaves_all_as_it_was_and_labelling_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    with Journal(path) as journal:
        journal.define("water")
        journal.define("sand")
        journal.assign([1, 2], "water")
        with limited_files(path.with_name("labels.sqlite-wal").stat().st_size + 8192):
            refused_everywhere(journal, r"could not write .*labels\.sqlite .*nothing was changed")
        journal.assign([3], "sand")
        journal.undo()
        journal.assign(MANY, "sand")
    with Journal(path) as journal:
        assert len(journal.labels()) == len(MANY)
        journal.undo()
        assert journal.labels()["segment_id"].tolist() == [1, 2]
