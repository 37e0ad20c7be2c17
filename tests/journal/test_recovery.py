from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rsgraph.errors import JournalDamaged, OutputError
from rsgraph.journal.recovery import adopt_recovered, check_content, check_header, recover, salvage
from rsgraph.journal.storage import fill
from tests.journal.test_state import LOG


@pytest.fixture
def path(tmp_path: Path) -> Path:
    fill(tmp_path / "labels.sqlite", LOG)
    return tmp_path / "labels.sqlite"


def without_event(path: Path, number: int) -> None:
    """Change an event behind the journal's back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        plain.execute("DROP TRIGGER event_is_never_changed")
        plain.execute("UPDATE event SET author = 'eve' WHERE id = ?", (number,))


@pytest.mark.parametrize(
    ("at", "data", "text"),
    [
        (0, b"SQLITE", "it does not begin like a label journal"),
        (16, b"\x02\x00", "it does not begin like a label journal"),  # pages of 512 bytes
        (68, b"none", "is not a label journal, or its first bytes are damaged"),
    ],
)
def test_the_header_says_whether_a_file_is_a_journal(path: Path, at: int, data: bytes, text: str) -> None:
    check_header(path)
    content = path.read_bytes()
    path.write_bytes(content[:at] + data + content[at + len(data) :])
    with pytest.raises(JournalDamaged, match=text):
        check_header(path)


def test_a_short_file_and_one_that_is_gone_are_damaged(path: Path) -> None:
    path.write_bytes(b"x" * 7)
    with pytest.raises(JournalDamaged, match="it has only 7 bytes"):
        check_header(path)
    path.unlink()
    check_header(path)
    path.with_name("labels.sqlite-wal").write_bytes(b"log")
    with pytest.raises(JournalDamaged, match="is gone, but what SQLite wrote beside it is still there"):
        check_header(path)


def test_the_content_is_checked_event_by_event(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        check_content(database, path)
    without_event(path, 2)
    with (
        closing(sqlite3.connect(path)) as database,
        pytest.raises(JournalDamaged, match=r"checksum of action 2 .*`rsgraph label` recovers"),
    ):
        check_content(database, path)


def test_salvage_reads_the_events_whose_checksum_fits(path: Path) -> None:
    assert salvage(path) == {event.id: event for event in LOG}
    without_event(path, 3)
    assert sorted(salvage(path)) == [1, 2, 4]


def test_recover_writes_a_copy_with_gaps_marked(path: Path) -> None:
    without_event(path, 3)
    before = path.read_bytes()
    found = recover(path)
    assert (found.actions, found.lost) == (3, 1)
    assert found.path.match("labels.recovered.*T*.sqlite")
    assert recover(path).path == found.path
    assert path.read_bytes() == before
    assert salvage(found.path)[3].action == "lost"


def test_an_adopted_copy_takes_the_place_of_the_damaged_file(path: Path) -> None:
    without_event(path, 3)
    before, copy = path.read_bytes(), recover(path).path
    assert adopt_recovered(copy) == path
    (kept,) = path.parent.glob("labels.damaged.*.sqlite")
    assert kept.read_bytes() == before
    assert salvage(path)[3].action == "lost"
    assert not copy.exists()


def test_adopting_what_is_not_there_is_one_sentence(path: Path) -> None:
    with pytest.raises(OutputError, match="could not write"):
        adopt_recovered(path.with_name("labels.recovered.never.sqlite"))
