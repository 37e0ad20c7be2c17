from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rsgraph.errors import JournalDamaged, WorkspaceError
from rsgraph.journal.opening import open_to_read, open_to_write
from rsgraph.journal.storage import fill
from tests.journal.test_state import LOG


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fill(tmp_path / "labels.sqlite", LOG)
    return tmp_path / "labels.sqlite"


def count(database: sqlite3.Connection) -> int:
    with closing(database):
        return int(database.execute("SELECT count(*) FROM labels").fetchone()[0])


def test_open_to_write_makes_a_journal_where_there_is_none(tmp_path: Path) -> None:
    assert count(open_to_write(tmp_path / "labels.sqlite")) == 0
    assert (tmp_path / "labels.sqlite").exists()


def test_open_to_read_makes_none(tmp_path: Path) -> None:
    assert count(open_to_read(tmp_path / "labels.sqlite")) == 0
    assert list(tmp_path.iterdir()) == []


def test_open_to_read_looks_at_the_file_itself(path: Path) -> None:
    with closing(open_to_read(path)) as database:
        assert database.execute("PRAGMA database_list").fetchone()[2] == str(path)
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            database.execute("DELETE FROM chunk")
    assert count(open_to_read(path)) == 3


def test_an_older_journal_is_read_as_a_copy_and_brought_up_to_date_by_writing(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("DROP VIEW labels")
        plain.execute("PRAGMA user_version = 1")
        plain.commit()
    before = path.read_bytes()
    assert count(open_to_read(path)) == 3
    assert path.read_bytes() == before
    assert count(open_to_write(path)) == 3
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA user_version").fetchone() == (3,)


@pytest.mark.parametrize("opened", [open_to_read, open_to_write])
def test_a_newer_or_damaged_journal_is_refused_and_not_touched(path: Path, opened: type) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA user_version = 9")
    with pytest.raises(WorkspaceError, match="written by a newer rsgraph"):
        opened(path)
    path.write_bytes(path.read_bytes()[:4096])
    before = path.read_bytes()
    with pytest.raises(JournalDamaged, match="is damaged"):
        opened(path)
    assert path.read_bytes() == before


def test_tables_that_do_not_fit_the_log_are_made_anew_when_it_is_opened_to_write(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("DELETE FROM chunk")
        plain.commit()
    assert count(open_to_write(path)) == 3


def test_what_may_not_be_read_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "labels.sqlite").mkdir()
    with pytest.raises(WorkspaceError, match=r"labels\.sqlite cannot be read .*see that you may read it"):
        open_to_read(tmp_path / "labels.sqlite")


def test_on_a_share_that_cannot_lock_a_copy_is_read_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsgraph.journal.opening.why_not_locked", lambda folder: "No locks available")
    monkeypatch.setattr("rsgraph.journal.opening.connect", lambda *given, **more: pytest.fail("SQLite would wait"))
    with closing(open_to_read(path)) as database:
        assert database.execute("PRAGMA database_list").fetchone()[2] == ""
        assert database.execute("SELECT count(*) FROM labels").fetchone()[0] == 3
