"""A damaged journal is never written to; what can be read is recovered to a copy; the user learns of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import JournalDamaged, JournalLocked
from rsgraph.journal.journal import Journal, adopt_recovered
from rsgraph.journal.reading import read_journal
from rsgraph.journal.recovery import salvage
from rsgraph.journal.schema import PAGE

SEGMENTS = 20_000
ACTIONS = 42


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of 42 actions, the last of them undone; brushes of 1 to 10 000 segments."""
    path = tmp_path / "labels.sqlite"
    numbers = np.random.default_rng(0)
    with Journal(path, author="ann") as journal:
        journal.define("water", key="1")
        journal.define("sand")
        for number in range(39):
            ids = numbers.choice(SEGMENTS, 10 ** (number % 5), replace=False) + 1
            journal.assign(ids, ("water", "sand", None)[number % 3], confidence=numbers.random(len(ids)), note="é")
        journal.undo()
    return path


def whole(path: Path) -> tuple[object, ...]:
    with Journal(path, read_only=True) as journal:
        return journal.labels().to_csv(), journal.classes().to_csv(), journal.history().to_csv()


def content(path: Path) -> dict[str, bytes]:
    """All that is left beside the journal, except locks and recovered copies."""
    files = [file for file in path.parent.iterdir() if "recovered" not in file.name and file.suffix != ".lock"]
    return {file.name: file.read_bytes() for file in files}


def events_pages(path: Path) -> list[int]:
    """Where the pages of table ``event`` begin, root first."""
    with closing(sqlite3.connect(path)) as plain:
        pages = plain.execute("SELECT pageno FROM dbstat WHERE name = 'event' ORDER BY path").fetchall()
    return [(page - 1) * PAGE for (page,) in pages]


def overwrite(path: Path, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def no_header(path: Path) -> None:
    overwrite(path, 0, bytes(100))


def no_first_page(path: Path) -> None:
    overwrite(path, 0, b"\xff" * PAGE)


def no_root(path: Path) -> None:
    overwrite(path, events_pages(path)[0], b"\xff" * PAGE)


def text_in_front(path: Path) -> None:
    path.write_bytes(b"\r\n" + path.read_bytes()[2:])


def only_derived_pages_damaged(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        pages = plain.execute("SELECT pageno FROM dbstat WHERE name = 'chunk'").fetchall()
    for (page,) in pages:
        overwrite(path, (page - 1) * PAGE, b"\xff" * 64)


@pytest.mark.parametrize("damage", [no_header, no_first_page, no_root, text_in_front, only_derived_pages_damaged])
def test_everything_is_recovered_where_the_events_themselves_are_whole(
    path: Path, damage: Callable[[Path], None]
) -> None:
    expected = whole(path)
    damage(path)
    damaged = content(path)
    with pytest.raises(JournalDamaged, match=r"labels\.sqlite is (damaged|not a label journal)"):
        Journal(path)
    with Journal.open(path) as journal:
        assert journal.read_only
        assert journal.notice is not None
        assert f"{ACTIONS} actions were recovered: they are in {journal.path.name}, open read-only" in journal.notice
        assert "the damaged file was not changed" in journal.notice
        assert "\n" not in journal.notice
        assert journal.path.match("labels.recovered.*.sqlite")
        with pytest.raises(JournalLocked, match="read-only"):
            journal.undo()
        assert whole(journal.path) == expected
    assert content(path) == damaged


def test_a_recovered_copy_is_adopted_and_the_damaged_file_kept(path: Path) -> None:
    expected = whole(path)
    no_first_page(path)
    damaged = path.read_bytes()
    with Journal.open(path) as journal:
        recovered = journal.path
    with Journal.open(path) as journal:
        assert journal.path == recovered  # no second copy of the same damage
    assert adopt_recovered(recovered) == path
    assert whole(path) == expected
    assert not recovered.exists()
    (kept,) = path.parent.glob("labels.damaged.*.sqlite")
    assert kept.read_bytes() == damaged
    with Journal.open(path) as journal:
        assert journal.notice is None
        assert journal.redo() is not None
        while journal.undo() is not None:
            pass
        assert journal.labels().empty
    assert read_journal(path).table.empty


def test_a_recovered_copy_is_not_adopted_under_somebodys_hands(path: Path) -> None:
    no_header(path)
    with Journal.open(path) as journal:
        recovered = journal.path
    good = path.with_name("labels.recovered.other.sqlite")
    good.write_bytes(recovered.read_bytes())
    adopt_recovered(recovered)
    with Journal(path), pytest.raises(JournalLocked, match="is being labelled"):
        adopt_recovered(good)


def test_a_journal_that_is_damaged_while_another_window_has_it_is_recovered(path: Path) -> None:
    with Journal(path) as first:
        no_header(path)
        with Journal.open(path) as second:
            assert second.notice is not None
            assert f"{ACTIONS} actions were recovered" in second.notice
            assert second.labels().equals(first.labels())


@pytest.mark.parametrize("seed", range(12))
def test_bytes_flipped_in_the_middle_cost_only_the_events_that_they_hit(path: Path, seed: int) -> None:
    before, numbers = salvage(path), np.random.default_rng(seed)
    size = path.stat().st_size
    for at in numbers.integers(PAGE, size, 5):
        overwrite(path, int(at), numbers.bytes(16))
    damaged = content(path)
    after = salvage(path)
    assert len(after) >= ACTIONS - 25
    assert all(before[number] == event for number, event in after.items())
    with Journal.open(path) as journal:
        journal.labels(), journal.history(), journal.codes(np.arange(1, SEGMENTS + 1))
        if journal.notice is not None:
            assert content(path) == damaged
            lost = max(after) - len(after)
            assert (f"{lost} could not be" in journal.notice) == (lost > 0)
            assert (journal.history()["action"] == "lost").sum() == lost
            assert len(journal.history()) == max(after)


@pytest.mark.parametrize("part", [0.9, 0.5, 0.1, 0.02])
def test_a_truncated_journal_keeps_what_is_left(path: Path, part: float) -> None:
    size = int(path.stat().st_size * part)
    with path.open("r+b") as file:
        file.truncate(size)
    damaged = content(path)
    with Journal.open(path) as journal:
        assert journal.notice is not None
        assert "damaged" in journal.notice
        assert len(journal.history()) <= ACTIONS
        if part == 0.9:
            assert len(journal.history()) > ACTIONS // 2
        journal.labels()
    assert content(path) == damaged


@pytest.mark.parametrize("data", [b"", b"x", b"not SQLite at all" * 1000, bytes(3 * PAGE)])
def test_what_is_no_journal_at_all_is_kept(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(JournalDamaged):
        Journal(path)
    with Journal.open(path) as journal:
        assert journal.notice is not None
        assert "0 actions were recovered" in journal.notice
        assert journal.labels().empty
    assert content(path) == {"labels.sqlite": data}


def test_another_programs_database_is_not_taken_for_a_journal(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("CREATE TABLE labels (segment_id INTEGER)")
    before = content(path)
    with pytest.raises(JournalDamaged, match="is not a label journal, or its first bytes are damaged"):
        Journal(path)
    assert content(path) == before


def behind_its_back(path: Path, trigger: str, statement: str) -> None:
    """Change the log, and put the trigger back that forbids it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as plain:
        (guard,) = plain.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (trigger,)).fetchone()
        plain.execute(f"DROP TRIGGER {trigger}")
        plain.execute(statement)
        plain.execute(guard)


def test_a_changed_event_is_found_by_its_checksum(path: Path) -> None:
    behind_its_back(path, "event_is_never_changed", "UPDATE event SET author = 'eve' WHERE id = 7")
    with pytest.raises(JournalDamaged, match="the checksum of action 7 does not fit"):
        Journal(path)
    with Journal.open(path) as journal:
        history = journal.history().set_index("event")
        assert history.loc[7, "action"] == "lost"
        assert history.loc[7, "note"] == "could not be recovered"
        assert (history["author"].drop(7) == "ann").all()
        assert journal.notice is not None
        assert "41 actions were recovered, 1 could not be" in journal.notice


def test_labels_of_a_class_whose_definition_was_lost_keep_their_name(path: Path) -> None:
    behind_its_back(path, "event_is_never_changed", "UPDATE event SET author = 'eve' WHERE id = 1")
    with Journal.open(path) as journal:
        assert journal.classes()["name"].tolist() == ["water", "sand"]
        assert "water" in journal.labels()["label"].tolist()


def test_removed_events_are_missed(path: Path) -> None:
    behind_its_back(path, "event_is_never_deleted", "DELETE FROM event WHERE id > 40")
    with pytest.raises(JournalDamaged, match="2 actions are missing"):
        Journal(path)


def test_what_was_only_in_the_write_ahead_log_is_recovered(path: Path, tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    with Journal(path) as journal:
        journal.define("reef")
        journal.assign([5, 6], "reef")
        for side in ("", "-wal"):  # as a killed program leaves them
            (left / f"labels.sqlite{side}").write_bytes(path.with_name(path.name + side).read_bytes())
    copy = left / "labels.sqlite"
    no_first_page(copy)
    damaged = content(copy)
    with Journal.open(copy) as journal:
        assert journal.labels().query("label == 'reef'")["segment_id"].tolist() == [5, 6]
        assert len(journal.history()) == ACTIONS + 2
        recovered = journal.path
    assert content(copy) == damaged
    copy.unlink()
    with pytest.raises(JournalDamaged, match="is gone, but what SQLite wrote beside it is still there"):
        Journal(copy)
    adopt_recovered(recovered)
    with Journal(copy) as journal:
        assert len(journal.history()) == ACTIONS + 2
