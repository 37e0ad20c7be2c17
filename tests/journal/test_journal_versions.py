"""Journals of other versions: older ones are brought up to date, newer ones are refused."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.journal import schema
from rsgraph.journal.events import Event, fixed_point, pack, pack_ids
from rsgraph.journal.journal import Journal

VERSION_1 = """
CREATE TABLE event (
  id INTEGER PRIMARY KEY, time TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL, body TEXT NOT NULL,
  target INTEGER, origin TEXT, note TEXT, n INTEGER NOT NULL, segments BLOB, choice BLOB, confidence BLOB,
  checksum INTEGER NOT NULL
);
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
  BEGIN SELECT RAISE(ABORT, 'the label journal is append-only'); END;
CREATE TABLE class (id INTEGER PRIMARY KEY, name TEXT NOT NULL, colour TEXT NOT NULL, key TEXT, position INTEGER);
CREATE TABLE stroke (cell BLOB PRIMARY KEY, event INTEGER NOT NULL, class INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE chunk (id INTEGER PRIMARY KEY, cells BLOB NOT NULL);
CREATE TABLE certainty (id INTEGER PRIMARY KEY, cells BLOB NOT NULL);
CREATE TABLE place (i INTEGER PRIMARY KEY);
CREATE VIEW labels (segment_id, label, origin, confidence, author, time) AS
SELECT 1000 * chunk.id + place.i, class.name, event.origin, NULL, event.author, event.time
FROM chunk CROSS JOIN place
CROSS JOIN stroke ON stroke.cell = substr(chunk.cells, 4 * place.i + 1, 4)
CROSS JOIN class ON class.id = stroke.class
CROSS JOIN event ON event.id = stroke.event;
CREATE VIEW classes (name, colour, key, position) AS SELECT name, colour, key, position FROM class;
PRAGMA application_id = 1920167018;
PRAGMA user_version = 1;
"""


def event(number: int, action: str, body: dict[str, object], ids: list[int], **rest: object) -> Event:
    packed = pack_ids(np.array(ids, np.uint32)) if ids else None
    return Event(number, f"2026-01-0{number}", "ann", action, body, n=len(ids), segments=packed, **rest)  # type: ignore[arg-type]


def events() -> list[Event]:
    """Two classes; three segments labelled as one, two of them as the other, which was undone."""
    sure = pack(fixed_point([0.25, 0.5]))
    return [
        event(1, "define", {"class": 0, "name": "water", "colour": "#0000ff", "key": "1"}, []),
        event(2, "define", {"class": 0, "name": "sand", "colour": "#ffff00", "key": None}, []),
        event(3, "assign", {"classes": [[1, "water"]]}, [1, 2, 1500], origin="human"),
        event(4, "assign", {"classes": [[2, "sand"]]}, [2, 3], origin="classified", confidence=sure),
        event(5, "undo", {}, [], target=4),
    ]


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "labels.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(VERSION_1)
        database.executemany(f"INSERT INTO event VALUES ({', '.join('?' * 13)})", [each.row() for each in events()])
        database.commit()
    return path


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return schema.version_of(database)


def test_an_older_journal_is_brought_up_to_date_with_all_its_history(old: Path) -> None:
    with Journal(old) as journal:
        assert journal.labels()["segment_id"].tolist() == [1, 2, 1500]
        assert journal.labels()["label"].tolist() == ["water"] * 3
        assert journal.classes()["name"].tolist() == ["water", "sand"]
        assert journal.history()["time"].tolist() == [f"2026-01-0{number}" for number in range(1, 6)]
        assert journal.redo() is not None
        assert journal.labels()["confidence"].tolist()[1:3] == [0.25, 0.5]
        for _ in range(4):
            assert journal.undo() is not None
        assert journal.labels().empty
        journal.redo()
        journal.redo()
        journal.redo()
    assert version(old) == schema.VERSION
    with closing(sqlite3.connect(old)) as plain:
        assert plain.execute("SELECT segment_id, label FROM labels").fetchall() == [
            (1, "water"),
            (2, "water"),
            (1500, "water"),
        ]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            plain.execute("UPDATE event SET author = 'eve'")


def test_an_older_journal_is_looked_at_without_being_changed(old: Path) -> None:
    before = old.read_bytes()
    with Journal(old, read_only=True) as looking:
        assert looking.labels()["segment_id"].tolist() == [1, 2, 1500]
        assert looking.can_redo is not None
    assert old.read_bytes() == before
    assert version(old) == 1


def test_an_interrupted_migration_leaves_the_old_version(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(schema, "derive", interrupt)
        with pytest.raises(KeyboardInterrupt):
            Journal(old)
    assert version(old) == 1
    with Journal(old) as journal:
        assert len(journal.labels()) == 3


def test_a_newer_journal_is_refused_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "labels.sqlite"
    with Journal(path) as journal:
        journal.define("water")
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = path.read_bytes()
    for opened in (Journal, Journal.open, lambda place: Journal(place, read_only=True)):
        with pytest.raises(
            WorkspaceError, match=rf"written by a newer rsgraph \(journal version {schema.VERSION + 1};"
        ):
            opened(path)
    assert path.read_bytes() == before
