from __future__ import annotations

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rsgraph.errors import JournalDamaged, JournalLocked, OutputError, WorkspaceError
from rsgraph.journal import schema
from rsgraph.journal.storage import (
    WriterLock,
    close_as_one_file,
    connect,
    damaged,
    failed,
    fill,
    holder,
    make,
    on_network_drive,
    set_aside,
    sign,
    snapshot,
    stamp,
    user_name,
)
from tests.journal.test_state import LOG


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fill(tmp_path / "labels.sqlite", LOG)
    return tmp_path / "labels.sqlite"


@pytest.mark.parametrize(
    ("place", "remote"),
    [("/data/share/w", True), ("/data/shared", False), ("/data", False), ("/home/me/cloud drive/w", True)],
)
def test_the_innermost_mount_says_whether_a_drive_is_remote(tmp_path: Path, place: str, remote: bool) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw\nserver:/x /data/share nfs4 rw\nx /home/me/cloud\\040drive fuse.rclone rw\n"
    )
    assert on_network_drive(Path(place), mounts) == remote


def test_without_a_table_of_mounts_only_network_paths_are_remote(tmp_path: Path) -> None:
    assert not on_network_drive(Path("/data"), tmp_path / "none")


def test_one_lock_at_a_time_and_its_holder_is_named(path: Path) -> None:
    first, second = WriterLock(path), WriterLock(path)
    assert not first.held
    first.acquire()
    with closing(connect(path, read_only=False)) as database:
        sign(database)
    assert holder(path).startswith(f"{user_name()} (process {os.getpid()} on this computer, since 20")
    with pytest.raises(JournalLocked, match=f"being labelled by .*process {os.getpid()} on this computer"):
        second.acquire()
    first.release()
    second.acquire()
    assert second.held
    second.release()


def test_the_holder_of_a_journal_that_nobody_signed_is_another_program(tmp_path: Path, path: Path) -> None:
    assert holder(path) == holder(tmp_path / "gone") == "another program"


def test_a_holder_on_another_computer_is_named_with_it(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("INSERT INTO writer VALUES (1, 7, ?, 'eve', 'noon')", (f"{socket.gethostname()}2",))
    assert holder(path) == f"eve (process 7 on {socket.gethostname()}2, since noon)"


def test_a_new_journal_holds_nothing(tmp_path: Path) -> None:
    make(tmp_path / "labels.sqlite")
    with closing(connect(tmp_path / "labels.sqlite", read_only=True)) as database:
        assert database.execute("SELECT count(*) FROM event").fetchone() == (0,)
        assert database.execute("PRAGMA page_size").fetchone() == (4096,)
    assert [file.name for file in tmp_path.iterdir()] == ["labels.sqlite"]


def test_a_journal_for_writing_is_durable_and_closes_as_one_file(path: Path) -> None:
    database = connect(path, read_only=False)
    assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.execute("PRAGMA synchronous").fetchone() == (2,)  # full
    sign(database)
    assert path.with_name("labels.sqlite-wal").exists()
    close_as_one_file(database)
    assert [file.name for file in path.parent.iterdir()] == ["labels.sqlite"]


def test_a_snapshot_is_a_copy_in_memory(path: Path, tmp_path: Path) -> None:
    with closing(snapshot(path)) as copy:
        path.unlink()
        assert copy.execute("SELECT count(*) FROM labels").fetchone() == (3,)
    with closing(snapshot(tmp_path / "none.sqlite")) as empty:
        assert empty.execute("SELECT count(*) FROM labels").fetchone() == (0,)


def test_the_stamp_changes_when_a_journal_is_written_or_replaced(path: Path, tmp_path: Path) -> None:
    first = stamp(path)
    assert stamp(path) == first
    with closing(connect(path, read_only=False)) as database:
        sign(database)
        assert stamp(path) != first
    fill(tmp_path / "other.sqlite", ())
    os.replace(tmp_path / "other.sqlite", path)
    assert stamp(path)[0] != first[0]
    assert stamp(tmp_path / "none") == ()


def test_set_aside_takes_along_what_a_killed_program_left(path: Path) -> None:
    path.with_name("labels.sqlite-wal").write_bytes(b"log")
    set_aside(path, path.with_name("kept.sqlite"))
    assert not path.exists()
    assert path.with_name("kept.sqlite-wal").read_bytes() == b"log"
    lock = WriterLock(path.with_name("kept.sqlite"))
    lock.acquire()
    with pytest.raises(JournalLocked):
        set_aside(path.with_name("kept.sqlite"), path)
    lock.release()


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("said SQLite")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (
            sqlite_error(sqlite3.SQLITE_CORRUPT),
            JournalDamaged,
            r"is damaged \(said SQLite\); `rsgraph label`",
        ),
        (sqlite_error(sqlite3.SQLITE_BUSY), JournalLocked, "is being read or written by another program; close that"),
        (sqlite_error(sqlite3.SQLITE_FULL), OutputError, r"the disk is full \(\d+ MB free\); nothing was changed"),
        (sqlite_error(sqlite3.SQLITE_IOERR), OutputError, r"could not write .* \(said SQLite\); nothing was changed"),
        (sqlite3.ProgrammingError("closed"), WorkspaceError, "was closed; open the journal again"),
    ],
)
def test_what_sqlite_says_becomes_one_sentence(
    path: Path, error: sqlite3.Error, kind: type[Exception], text: str
) -> None:
    found = failed(path, error)
    assert type(found) is kind
    with pytest.raises(kind, match=text):
        raise found


def test_damage_comes_with_what_to_do() -> None:
    assert str(damaged(Path("w/labels.sqlite"), "half of it")) == (
        "w/labels.sqlite is damaged (half of it); `rsgraph label` recovers what can be read of it to a copy"
    )


def test_pages_of_a_filled_journal_are_those_that_recovery_reads(path: Path) -> None:
    assert path.stat().st_size % schema.PAGE == 0


def test_on_a_share_that_cannot_lock_nobody_writes_and_one_sentence_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rsgraph.journal.storage.why_not_locked", lambda folder: "No locks available")
    with pytest.raises(OutputError, match=r"a share that cannot lock files \(No locks available\).*to label$"):
        WriterLock(path).acquire()
    set_aside(path, path.with_name("old.sqlite"))
    assert not path.exists(), "as nobody can label, nobody need be waited for"
