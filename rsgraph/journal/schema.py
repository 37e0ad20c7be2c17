"""The tables of ``labels.sqlite``: an append-only log of events, and the labels that hold, derived from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from rsgraph.errors import WorkspaceError
from rsgraph.journal.events import Event, event_of, pack, unpack
from rsgraph.journal.state import CHUNK, Change, ChunkRow, DefinedClass, State, as_rows, replay

APPLICATION_ID = 0x72736C6A
"""``rslj``: tells ``file`` and us that an SQLite file is a label journal."""

VERSION = 2
"""Version 1 had another view of confidences."""

PAGE = 4096
COLUMNS = 13
"""Of table ``event``."""

_EVENTS = """
CREATE TABLE event (
  id INTEGER PRIMARY KEY, time TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL, body TEXT NOT NULL,
  target INTEGER, origin TEXT, note TEXT, n INTEGER NOT NULL, segments BLOB, choice BLOB, confidence BLOB,
  checksum INTEGER NOT NULL
);
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
  BEGIN SELECT RAISE(ABORT, 'the label journal is append-only'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
  BEGIN SELECT RAISE(ABORT, 'the label journal is append-only'); END;
CREATE TRIGGER event_is_next BEFORE INSERT ON event
  WHEN NEW.id IS NOT (SELECT coalesce(max(id), 0) + 1 FROM event)
  BEGIN SELECT RAISE(ABORT, 'events of the label journal are numbered without gaps'); END;
"""

_TABLES = """
CREATE TABLE class (id INTEGER PRIMARY KEY, name TEXT NOT NULL, colour TEXT NOT NULL, key TEXT, position INTEGER);
CREATE TABLE stroke (cell BLOB PRIMARY KEY, event INTEGER NOT NULL, class INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE chunk (id INTEGER PRIMARY KEY, cells BLOB NOT NULL);
CREATE TABLE certainty (id INTEGER PRIMARY KEY, cells BLOB NOT NULL);
CREATE TABLE before (event INTEGER PRIMARY KEY, cells BLOB NOT NULL, certainty BLOB);
CREATE TABLE place (i INTEGER PRIMARY KEY);
CREATE TABLE byte (byte BLOB PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), event INTEGER NOT NULL, fingerprint INTEGER NOT NULL);
CREATE TABLE writer (id INTEGER PRIMARY KEY CHECK (id = 1), pid INTEGER, host TEXT, user TEXT, since TEXT);
"""
"""A cell holds the number of a stroke, four bytes; ``certainty`` the confidences in fixed point, likewise;
``before`` what an event found, so that undoing it costs what it touched; ``place`` the numbers 0 to 999, ``byte`` the
value of each byte: with them plain SQL reads the cells."""


def _byte(at: int) -> str:
    """Return SQL for one byte of a confidence as a number."""
    return f"(SELECT value FROM byte WHERE byte = substr(certainty.cells, 4 * place.i + {at + 1}, 1))"


_VIEWS = f"""
CREATE VIEW labels (segment_id, label, origin, confidence, author, time) AS
SELECT {CHUNK} * chunk.id + place.i, class.name, event.origin,
  CASE WHEN certainty.cells IS NULL OR substr(certainty.cells, 4 * place.i + 1, 4) = x'ffffffff' THEN NULL
  ELSE ({_byte(0)} + 256 * {_byte(1)} + 65536 * {_byte(2)} + 16777216 * {_byte(3)}) / 2147483648.0 END,
  event.author, event.time
FROM chunk LEFT JOIN certainty ON certainty.id = chunk.id
CROSS JOIN place
CROSS JOIN stroke ON stroke.cell = substr(chunk.cells, 4 * place.i + 1, 4)
CROSS JOIN class ON class.id = stroke.class
CROSS JOIN event ON event.id = stroke.event;
CREATE VIEW classes (name, colour, key, position) AS SELECT name, colour, key, position FROM class ORDER BY position;
"""

_STEPS: dict[int, str] = {1: ""}
"""SQL that takes the log of events from a version to the next. All else is derived, and made anew."""


def create(database: sqlite3.Connection, events: Iterable[Event] = ()) -> None:
    """Fill an empty database: tables, and events if there are any. The caller commits."""
    database.execute(f"PRAGMA page_size = {PAGE}")
    _run(database, _EVENTS)
    database.executemany(_INSERT, [event.row() for event in events])
    derive(database)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {VERSION}")


_INSERT = f"INSERT INTO event VALUES ({', '.join('?' * COLUMNS)})"


def insert(database: sqlite3.Connection, event: Event) -> None:
    """Append an event."""
    database.execute(_INSERT, event.row())


def _run(database: sqlite3.Connection, script: str) -> None:
    """Run statements within the open transaction, which ``executescript`` would commit."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            database.execute(statement)
            statement = ""


def derive(database: sqlite3.Connection) -> State:
    """Make all derived tables and views anew from the events. The caller commits."""
    kept = "name <> 'event' AND tbl_name <> 'event' AND name NOT LIKE 'sqlite_%'"
    for kind, name in database.execute(f"SELECT type, name FROM sqlite_schema WHERE {kept}").fetchall():
        database.execute(f"DROP {kind} {name}")
    _run(database, _TABLES)
    _run(database, _VIEWS)
    database.executemany("INSERT INTO place VALUES (?)", [(i,) for i in range(CHUNK)])
    database.executemany("INSERT INTO byte VALUES (?, ?)", [(bytes([value]), value) for value in range(256)])
    befores: dict[int, Change] = {}
    events = read_events(database)
    state = replay(events, befores)
    for number, change in befores.items():
        write_before(database, number, change)
    write_strokes(database, 1, state.strokes[1:])
    write_classes(database, state)
    rows = state.rows()
    write_chunks(database, rows)
    write_state(database, events[-1].id if events else 0, state.fingerprint(rows))
    return state


def read_events(database: sqlite3.Connection) -> list[Event]:
    """Read all events whose checksum fits."""
    return [event for event in map(event_of, database.execute("SELECT * FROM event ORDER BY id")) if event]


def restore(database: sqlite3.Connection) -> None:
    """Derive the tables again where they do not fit the log."""
    if read_state(database) is None:
        database.execute("BEGIN IMMEDIATE")
        derive(database)
        database.execute("COMMIT")


def check_version(database: sqlite3.Connection, path: Path) -> None:
    """Raise WorkspaceError where a journal was written by a newer rsgraph."""
    version = version_of(database)
    if version > VERSION:
        raise WorkspaceError(
            f"{path} was written by a newer rsgraph (journal version {version}; this one reads up to {VERSION}); "
            "update rsgraph to open it"
        )


def migrate(database: sqlite3.Connection) -> None:
    """Bring an older journal up to date, in one transaction: the log by its steps, all else derived from it."""
    version = version_of(database)
    if version == VERSION:
        return
    database.execute("BEGIN IMMEDIATE")
    for step in range(version, VERSION):
        _run(database, _STEPS[step])
    derive(database)
    database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")


def version_of(database: sqlite3.Connection) -> int:
    """Return the schema version of a journal."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def write_strokes(database: sqlite3.Connection, first: int, strokes: Sequence[tuple[int, int]]) -> None:
    """Add strokes, numbered from ``first``."""
    rows = [(number.to_bytes(4, "little"), *stroke) for number, stroke in enumerate(strokes, start=first)]
    database.executemany("INSERT INTO stroke VALUES (?, ?, ?)", rows)


def write_classes(database: sqlite3.Connection, state: State) -> None:
    """Replace the classes."""
    database.execute("DELETE FROM class")
    database.executemany("INSERT INTO class VALUES (?, ?, ?, ?, ?)", as_rows(state.classes))


def write_chunks(database: sqlite3.Connection, rows: Sequence[ChunkRow]) -> None:
    """Write chunks of cells."""
    database.executemany("INSERT OR REPLACE INTO chunk VALUES (?, ?)", [row[:2] for row in rows])
    sure = [(row.chunk, row.certainty) for row in rows if row.certainty is not None]
    unsure = [(row.chunk,) for row in rows if row.certainty is None]
    database.executemany("INSERT OR REPLACE INTO certainty VALUES (?, ?)", sure)
    database.executemany("DELETE FROM certainty WHERE id = ?", unsure)


def write_before(database: sqlite3.Connection, event: int, change: Change) -> None:
    """Keep what an event found in the cells that it wrote, so that undoing it costs what it touched."""
    certainty = None if change.certainty is None else pack(change.certainty)
    database.execute("INSERT OR REPLACE INTO before VALUES (?, ?, ?)", (event, pack(change.cells), certainty))


def read_before(database: sqlite3.Connection, event: Event) -> Change | None:
    """Return what an event found; None where that was not kept."""
    row = database.execute("SELECT cells, certainty FROM before WHERE event = ?", (event.id,)).fetchone()
    if row is None:
        return None
    return Change(event.ids, unpack(row[0]), None if row[1] is None else unpack(row[1]))


def write_state(database: sqlite3.Connection, event: int, fingerprint: int) -> None:
    """Say up to which event the derived tables go, and what they sum up to."""
    database.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?)", (event, fingerprint))


def read_state(database: sqlite3.Connection) -> State | None:
    """Read the derived tables; None where they do not fit the last event or their own checksum."""
    last = database.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]
    known = database.execute("SELECT event, fingerprint FROM state").fetchone()
    cells = "SELECT cells FROM chunk UNION ALL SELECT cells FROM certainty"
    odd = f"SELECT 1 FROM ({cells}) WHERE length(cells) <> {4 * CHUNK}"
    if database.execute(odd).fetchone():
        return None
    state = State()
    for row in database.execute("SELECT id, name, colour, key FROM class ORDER BY id"):
        state.classes[row[0]] = DefinedClass(*row)
    _read_strokes(database, state)
    _read_chunks(database, state)
    return state if known == (last, state.fingerprint()) else None


def _read_strokes(database: sqlite3.Connection, state: State) -> None:
    found = database.execute("SELECT cell, event, class FROM stroke").fetchall()
    for _, event, number in sorted((int.from_bytes(cell, "little"), event, number) for cell, event, number in found):
        state.first_stroke.setdefault(event, len(state.strokes))
        state.strokes.append((event, number))
    state.sum_strokes(state.strokes[1:])


def _read_chunks(database: sqlite3.Connection, state: State) -> None:
    largest = database.execute("SELECT max(id) FROM chunk").fetchone()[0]
    state.grow(CHUNK * (largest or 0))
    for at, cells in database.execute("SELECT id, cells FROM chunk"):
        state.cells[at] = np.frombuffer(cells, "<u4")
    for at, cells in database.execute("SELECT id, cells FROM certainty"):
        state.sure()[at] = np.frombuffer(cells, "<u4")
