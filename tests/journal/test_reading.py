from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rsgraph.errors import JournalDamaged, WorkspaceError
from rsgraph.io.palette import CLASS_COLOURS
from rsgraph.journal.journal import Journal
from rsgraph.journal.reading import read_journal
from rsgraph.types import LabelClass

COLUMNS = ["segment_id", "label", "origin", "confidence", "author", "time"]


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write, as read-only media do; for root by being somebody else for a while."""
    mode, user = folder.stat().st_mode, os.geteuid()
    for place in [folder, *folder.rglob("*")]:
        place.chmod(0o555 if place.is_dir() else 0o444)
    for place in folder.parents:
        if user == 0 and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o055)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        if user == 0:
            os.seteuid(0)
        folder.chmod(mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Water on segments 9 and 2, sand of another origin on 5, in a folder with an awkward name."""
    folder = tmp_path / "a?b #1 (x) 100%"
    folder.mkdir()
    with Journal(folder / "labels.sqlite", author="ann") as journal:
        journal.define("water", colour="#2060C0", key="1")
        journal.define("unused")
        journal.define("sand")
        journal.assign([9, 2], "water")
        journal.assign([5], "sand", origin="imported", confidence=0.9, author="bob")
    return folder / "labels.sqlite"


def test_read_journal_where_there_is_no_journal_is_empty(tmp_path: Path) -> None:
    found = read_journal(tmp_path / "labels.sqlite")
    assert list(found.table.columns) == COLUMNS
    assert found.table.empty
    assert found.classes == ()
    assert list(tmp_path.iterdir()) == []


def test_read_journal_gives_one_row_per_segment_and_all_classes(path: Path) -> None:
    found = read_journal(path)
    assert found.table[COLUMNS[:3]].to_numpy().tolist() == [
        [2, "water", "human"],
        [5, "sand", "imported"],
        [9, "water", "human"],
    ]
    assert found.table["confidence"].isna().tolist() == [True, False, True]
    assert found.table["confidence"][1] == pytest.approx(0.9, abs=2**-31)
    assert found.table["author"].tolist() == ["ann", "bob", "ann"]
    assert found.classes == (
        LabelClass(1, "water", "#2060c0"),
        LabelClass(2, "unused", CLASS_COLOURS[0]),
        LabelClass(3, "sand", CLASS_COLOURS[1]),
    )


def test_read_journal_while_another_process_writes(path: Path) -> None:
    code = (
        "import sys; from rsgraph.journal.journal import Journal; j = Journal(sys.argv[1]); j.assign([7], 'sand'); "
        "j._log._database.execute('BEGIN IMMEDIATE'); j._log._database.execute('DELETE FROM chunk'); "
        "print('ready', flush=True); sys.stdin.readline()"
    )
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "ready\n"
        assert read_journal(path).table["segment_id"].tolist() == [2, 5, 7, 9]
        other.communicate("\n")


def test_read_journal_from_read_only_media(path: Path) -> None:
    with read_only(path.parent):
        assert read_journal(path).table["segment_id"].tolist() == [2, 5, 9]
    assert not path.with_name("labels.sqlite-shm").exists()


def test_read_journal_with_a_log_that_was_left_on_read_only_media(path: Path, tmp_path: Path) -> None:
    copied = tmp_path / "copied"
    copied.mkdir()
    with Journal(path) as journal:
        journal.assign([3], "sand")
        for ending in ("", "-wal"):
            (copied / f"labels.sqlite{ending}").write_bytes(path.with_name(f"labels.sqlite{ending}").read_bytes())
    with read_only(copied):
        assert read_journal(copied / "labels.sqlite").table["segment_id"].tolist() == [2, 3, 5, 9]


def test_read_journal_of_a_damaged_journal_says_what_to_do(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(JournalDamaged, match=r"labels\.sqlite is damaged \(it does not begin like .*`rsgraph label`"):
        read_journal(path)


def test_read_journal_of_what_is_no_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "labels.sqlite").mkdir()
    with pytest.raises(WorkspaceError, match=r"labels\.sqlite cannot be read \(.*Is a directory"):
        read_journal(tmp_path / "labels.sqlite")
