"""The tables of ``labels.sqlite``: an append-only log of events, and the labels that hold, derived from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rsgraph.errors import WorkspaceError
from rsgraph.journal.checking import MOST_CLASSES, fault_of
from rsgraph.journal.events import LARGEST_ID, LONGEST_NAME, Event, event_of, pack, unpack
from rsgraph.journal.state import CHUNK, Change, ChunkRow, DefinedClass, State, are_confidences, as_rows, replay

APPLICATION_ID = 0x72736C6A
"""``rslj``: tells ``file`` and us that an SQLite file is a label journal."""

VERSION = 3
"""Version 1 had another view of confidences; up to version 2 classes were not merged."""

PAGE = 4096
COLUMNS = 13
"""Of table ``event``."""

_EVENTS = """
CREATE TABLE event (
  id INTEGER PRIMARY KEY, time TEXT NOT NULL, author TEXT NOT NULL, action TEXT NOT NULL, body TEXT NOT NULL,
  target INTEGER, origin TEXT, note TEXT, n INTEGER NOT NULL, segments BLOB, choice BLOB, confidence BLOB,
  checksum INTEGER NOT NULL
);
"""

_TRIGGERS = """
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

_STEPS: dict[int, str] = {1: "", 2: ""}
"""SQL that takes the log of events from a version to the next. All else is derived, and made anew."""


def create(database: sqlite3.Connection, events: Iterable[Event] = ()) -> None:
    """Fill an empty database: tables, and events if there are any. The caller commits."""
    database.execute(f"PRAGMA page_size = {PAGE}")
    _run(database, _EVENTS + _TRIGGERS)
    database.executemany(_INSERT, [event.row() for event in events])
    derive(database)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute(f"PRAGMA user_version = {VERSION}")


_INSERT = f"INSERT INTO event VALUES ({', '.join('?' * COLUMNS)})"


_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_schema LIMIT 1000"


@cache
def _expected() -> frozenset[tuple[str, str, str, str | None]]:
    """Return type, name, table and SQL of all that there is in a journal."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        create(empty)
        return frozenset(empty.execute(_OBJECTS))


def unexpected(database: sqlite3.Connection) -> str | None:
    """Name something in the schema that is not as we make it, or that is missing; None where there is none.

    A trigger, a view in the place of a table, a generated column would be at work in all that follows. Of an older
    version only the views may differ: they are not looked at before they are made anew.
    """
    found = frozenset(database.execute(_OBJECTS))
    differing = set(found ^ _expected())
    if version_of(database) < VERSION:
        known = {(kind, name) for kind, name, *_ in _expected()}
        differing = {each for each in found - _expected() if each[0] != "view" or each[:2] not in known}
        tables = {name for kind, name, *_ in found if kind == "table"}
        differing |= {each for each in _expected() if each[1] == "event" and each[1] not in tables}
    named = sorted(f"{kind} {str(name)[:LONGEST_NAME]!r}" for kind, name, *_ in differing)
    return f"the {named[0]} is not as rsgraph makes it" if named else None


def insert(database: sqlite3.Connection, event: Event) -> int:
    """Append an event; return its checksum."""
    row = event.row()
    _stored(database.execute(_INSERT, row), 1)
    return int(row[-1])


def is_stored(database: sqlite3.Connection, event: int, checksum: int) -> bool:
    """Read back whether an event is there, and the tables say that they go up to it."""
    written = database.execute("SELECT count(*) FROM event WHERE id = ? AND checksum = ?", (event, checksum))
    derived = database.execute("SELECT count(*) FROM state WHERE event = ?", (event,))
    return bool(written.fetchone() == derived.fetchone() == (1,))


def _stored(cursor: sqlite3.Cursor, rows: int) -> None:
    """Raise ValueError where not all rows were written: something in the database keeps them out."""
    if rows and cursor.rowcount != rows:
        raise ValueError(f"of {rows} rows that were written {max(cursor.rowcount, 0)} were stored")


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
    """Read all events. Raises ValueError where one is damaged, or not as we write it."""
    return [whole_event(row) for row in database.execute("SELECT * FROM event ORDER BY id")]


def whole_event(row: tuple[Any, ...]) -> Event:
    """Read an event from its row. Raises ValueError where its checksum does not fit, or it is not as we write it."""
    event = event_of(row)
    if event is None:
        raise ValueError(f"the checksum of action {row[0]} does not fit")
    fault = fault_of(event)
    if fault is None and (event.segments is None) != (event.n == 0):
        fault = f"action {event.id} does not have the {event.n} segments that it says"
    if fault is not None:
        raise ValueError(fault)
    return event


def restore(database: sqlite3.Connection) -> None:
    """Derive the tables again where they do not fit the log."""
    if read_state(database) is None:
        database.execute("BEGIN IMMEDIATE")
        derive(database)
        database.execute("COMMIT")


def check_version(database: sqlite3.Connection, path: Path) -> None:
    """Raise WorkspaceError where a newer rsgraph wrote a journal, ValueError for a version that never was."""
    version = version_of(database)
    if version < 1:
        raise ValueError(f"there never was a version {version} of journals")
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
    _guard(database)
    derive(database)
    database.execute(f"PRAGMA user_version = {VERSION}")
    database.execute("COMMIT")


def _guard(database: sqlite3.Connection) -> None:
    """Put our triggers in the place of those that table ``event`` has; early journals had not all of them."""
    for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")  # one of ours: others were refused
    _run(database, _TRIGGERS)


def version_of(database: sqlite3.Connection) -> int:
    """Return the schema version of a journal."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def write_strokes(database: sqlite3.Connection, first: int, strokes: Sequence[tuple[int, int]]) -> None:
    """Add strokes, numbered from ``first``."""
    rows = [(number.to_bytes(4, "little"), *stroke) for number, stroke in enumerate(strokes, start=first)]
    _stored(database.executemany("INSERT INTO stroke VALUES (?, ?, ?)", rows), len(rows))


def rewrite_strokes(database: sqlite3.Connection, state: State) -> None:
    """Replace all strokes: after a merge they have other classes."""
    database.execute("DELETE FROM stroke")
    write_strokes(database, 1, state.strokes[1:])


def write_classes(database: sqlite3.Connection, state: State) -> None:
    """Replace the classes."""
    database.execute("DELETE FROM class")
    rows = as_rows(state.classes)
    _stored(database.executemany("INSERT INTO class VALUES (?, ?, ?, ?, ?)", rows), len(rows))


def write_chunks(database: sqlite3.Connection, rows: Sequence[ChunkRow]) -> None:
    """Write chunks of cells."""
    written = database.executemany("INSERT OR REPLACE INTO chunk VALUES (?, ?)", [row[:2] for row in rows])
    _stored(written, len(rows))
    sure = [(row.chunk, row.certainty) for row in rows if row.certainty is not None]
    unsure = [(row.chunk,) for row in rows if row.certainty is None]
    _stored(database.executemany("INSERT OR REPLACE INTO certainty VALUES (?, ?)", sure), len(sure))
    database.executemany("DELETE FROM certainty WHERE id = ?", unsure)


def write_before(database: sqlite3.Connection, event: int, change: Change) -> None:
    """Keep what an event found in the cells that it wrote, so that undoing it costs what it touched."""
    certainty = None if change.certainty is None else pack(change.certainty)
    database.execute("INSERT OR REPLACE INTO before VALUES (?, ?, ?)", (event, pack(change.cells), certainty))


def read_before(database: sqlite3.Connection, event: Event, strokes: int) -> Change | None:
    """Return what an event found, of so many strokes; None where that was not kept, or cannot be."""
    row = database.execute("SELECT cells, certainty FROM before WHERE event = ?", (event.id,)).fetchone()
    if row is None or not isinstance(row[0], bytes) or not isinstance(row[1], bytes | None):
        return None
    try:
        cells = unpack(row[0], event.n)
        certainty = None if row[1] is None else unpack(row[1], event.n)
    except ValueError:
        return None
    if cells.max(initial=0) >= strokes or (certainty is not None and not are_confidences(certainty)):
        return None
    return Change(event.ids, cells, certainty)


def write_state(database: sqlite3.Connection, event: int, fingerprint: int) -> None:
    """Say up to which event the derived tables go, and what they sum up to."""
    database.execute("INSERT OR REPLACE INTO state VALUES (1, ?, ?)", (event, fingerprint))


_CELLS = "SELECT id, cells FROM chunk UNION ALL SELECT id, cells FROM certainty"
_ODD = f"""
SELECT 1 FROM ({_CELLS}) WHERE typeof(cells) <> 'blob' OR length(cells) <> {4 * CHUNK}
OR id < 0 OR id > {LARGEST_ID // CHUNK}
UNION ALL SELECT 1 FROM stroke WHERE typeof(cell) <> 'blob' OR length(cell) <> 4
OR typeof(event) <> 'integer' OR typeof(class) <> 'integer'
UNION ALL SELECT 1 FROM class WHERE typeof(name) <> 'text' OR typeof(colour) <> 'text' OR length(colour) <> 7
OR length(name) > {LONGEST_NAME} OR typeof(key) NOT IN ('text', 'null') OR length(key) > {LONGEST_NAME}
UNION ALL SELECT 1 FROM certainty WHERE id > (SELECT coalesce(max(id), -1) FROM chunk)
UNION ALL SELECT 1 FROM (SELECT count(*) AS n FROM class) WHERE n > {MOST_CLASSES}
LIMIT 1
"""
"""Whether the derived tables hold anything of another type, size or range than we write."""


def read_state(database: sqlite3.Connection) -> State | None:
    """Read the derived tables; None where they do not fit the last event, each other, or their own checksum."""
    last = database.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]
    known = database.execute("SELECT event, fingerprint FROM state").fetchone()
    if known is None or known[0] != last or database.execute(_ODD).fetchone():
        return None
    state = State()
    for row in database.execute("SELECT id, name, colour, key FROM class ORDER BY id"):
        state.classes[row[0]] = DefinedClass(*row)
    _read_strokes(database, state)
    _read_chunks(database, state)
    fits = state.cells.max() < len(state.strokes) and known == (last, state.fingerprint())
    return state if fits else None


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
