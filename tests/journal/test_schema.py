from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.journal import schema
from rsgraph.journal.events import fixed_point, pack, pack_ids
from rsgraph.journal.state import Change
from tests.journal.test_state import LOG, event, labels_of


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    """A journal in memory: water on 1, sand on 2 and 3, by an event of confidence 1/2."""
    database = sqlite3.connect(":memory:", isolation_level=None)
    schema.create(database, LOG)
    yield database
    database.close()


def test_plain_sql_reads_labels_and_classes(database: sqlite3.Connection) -> None:
    rows = database.execute("SELECT segment_id, label, origin, confidence FROM labels ORDER BY segment_id").fetchall()
    assert rows == [(1, "water", "human", None), (2, "sand", "imported", 0.5), (3, "sand", "imported", 0.5)]
    assert database.execute("SELECT name, colour, key, position FROM classes").fetchall() == [
        ("water", "#000001", None, 1),
        ("sand", "#000002", None, 2),
    ]


def test_a_file_says_that_it_is_a_journal(database: sqlite3.Connection) -> None:
    assert database.execute("PRAGMA application_id").fetchone() == (int.from_bytes(b"rslj", "big"),)
    assert schema.version_of(database) == schema.VERSION == 3
    assert database.execute("SELECT count(*) FROM pragma_table_info('event')").fetchone() == (schema.COLUMNS,)


def test_events_are_numbered_without_gaps_and_never_change(database: sqlite3.Connection) -> None:
    assert schema.read_events(database) == LOG
    schema.insert(database, event(5, "note", note="here"))
    assert schema.read_events(database)[-1].note == "here"
    for statement in ("UPDATE event SET note = ''", "DELETE FROM event"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            database.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match="without gaps"):
        schema.insert(database, event(9, "note"))


def test_the_state_is_read_unless_it_does_not_fit_the_log(database: sqlite3.Connection) -> None:
    state = schema.read_state(database)
    assert state is not None
    assert labels_of(state) == {1: 1, 2: 2, 3: 2}
    schema.insert(database, event(5, "note"))  # the tables do not know of it
    assert schema.read_state(database) is None
    schema.restore(database)
    assert schema.read_state(database) is not None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE class SET name = 'other'",
        "DELETE FROM chunk WHERE id = 0",
        "UPDATE chunk SET cells = x'00' WHERE id = 0",
        "DELETE FROM stroke",
    ],
)
def test_damaged_tables_are_derived_from_the_log_again(database: sqlite3.Connection, damage: str) -> None:
    before = database.execute("SELECT * FROM labels").fetchall()
    database.execute(damage)
    assert schema.read_state(database) is None
    schema.restore(database)
    assert database.execute("SELECT * FROM labels").fetchall() == before


def test_what_an_event_found_is_kept_for_undo(database: sqlite3.Connection) -> None:
    found = schema.read_before(database, LOG[3], 4)
    assert found is not None
    assert (found.ids.tolist(), found.cells.tolist(), found.certainty) == ([2, 3, 1500], [1, 0, 1], None)
    change = Change(LOG[3].ids, np.array([7, 8, 9], np.uint32), fixed_point([0.5, 0.25, np.nan]))
    schema.write_before(database, 4, change)
    assert schema.read_before(database, LOG[3], 9) is None, "there are only strokes 0 to 8"
    again = schema.read_before(database, LOG[3], 10)
    assert again is not None
    assert again.cells.tolist() == [7, 8, 9]
    assert again.certainty is not None
    assert again.certainty.tolist() == [2**30, 2**29, 2**32 - 1]
    assert schema.read_before(database, LOG[0], 10) is None


def test_a_newer_journal_is_refused(database: sqlite3.Connection) -> None:
    schema.check_version(database, Path("labels.sqlite"))
    database.execute("PRAGMA user_version = 4")
    with pytest.raises(WorkspaceError, match=r"written by a newer rsgraph \(journal version 4; .* up to 3\)"):
        schema.check_version(database, Path("labels.sqlite"))


@pytest.mark.parametrize("version", [0, -1, -(2**31)])
def test_a_version_that_never_was_is_damage(database: sqlite3.Connection, version: int) -> None:
    database.execute(f"PRAGMA user_version = {version}")
    with pytest.raises(ValueError, match=f"never was a version {version}"):
        schema.check_version(database, Path("labels.sqlite"))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("CREATE TRIGGER t BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END", "trigger 't'"),
        ("CREATE TRIGGER t BEFORE INSERT ON chunk BEGIN SELECT RAISE(IGNORE); END", "trigger 't'"),
        ("CREATE VIEW more AS SELECT 1", "view 'more'"),
        ("CREATE TABLE more (x)", "table 'more'"),
        ("CREATE INDEX i ON event (time)", "index 'i'"),
        ("DROP TRIGGER event_is_next", "trigger 'event_is_next'"),
        ("DROP VIEW labels; CREATE VIEW labels AS SELECT 1 AS segment_id", "view 'labels'"),
        ("DROP TABLE chunk; CREATE VIEW chunk AS SELECT 1 AS id, x'00' AS cells", "table 'chunk'"),
        ("ALTER TABLE event ADD COLUMN more TEXT", "table 'event'"),
        ("ALTER TABLE class ADD COLUMN more GENERATED ALWAYS AS (id / 0)", "table 'class'"),
        ("ANALYZE", "table 'sqlite_stat1'"),
    ],
)
def test_anything_else_in_the_schema_is_named(database: sqlite3.Connection, change: str, named: str) -> None:
    assert schema.unexpected(database) is None
    database.executescript(change)
    assert schema.unexpected(database) == f"the {named} is not as rsgraph makes it"


def test_of_an_older_version_only_views_may_differ(database: sqlite3.Connection) -> None:
    database.executescript("PRAGMA user_version = 1; DROP VIEW labels; CREATE VIEW labels AS SELECT 1 AS segment_id")
    assert schema.unexpected(database) is None
    database.execute("CREATE TRIGGER t INSTEAD OF DELETE ON labels BEGIN SELECT 1; END")
    assert schema.unexpected(database) == "the trigger 't' is not as rsgraph makes it"
    database.executescript("DROP TRIGGER t; DROP VIEW labels; DROP TABLE event; CREATE VIEW event AS SELECT 1 AS id")
    assert schema.unexpected(database) is not None


def test_what_was_written_is_read_back(database: sqlite3.Connection) -> None:
    checksum = schema.insert(database, event(5, "note"))
    assert not schema.is_stored(database, 5, checksum), "the tables go up to 4"
    schema.write_state(database, 5, 0)
    assert schema.is_stored(database, 5, checksum)
    assert not schema.is_stored(database, 5, checksum + 1)
    assert not schema.is_stored(database, 6, checksum)


def test_a_row_that_something_keeps_out_is_noticed(database: sqlite3.Connection) -> None:
    database.execute("CREATE TRIGGER t BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END")
    with pytest.raises(ValueError, match="of 1 rows that were written 0 were stored"):
        schema.insert(database, event(5, "note"))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE chunk SET id = 1000000",
        "UPDATE chunk SET id = -1",
        "UPDATE chunk SET cells = hex(zeroblob(2000))",
        "INSERT INTO certainty VALUES (9, zeroblob(4000))",
        "UPDATE class SET name = 5",
        "UPDATE class SET name = x'00'",
        "UPDATE class SET colour = 'red'",
        "UPDATE stroke SET event = 'one'",
        "UPDATE stroke SET cell = x'0000000000' WHERE event = 3",
        "UPDATE state SET event = 'four'",
        "DELETE FROM state",
        "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n LIMIT 5000) "
        "INSERT INTO class SELECT i, 'c' || i, '#000000', NULL, i FROM n",
    ],
)
def test_derived_tables_that_cannot_be_are_not_read(database: sqlite3.Connection, change: str) -> None:
    assert schema.read_state(database) is not None
    database.execute(change)
    assert schema.read_state(database) is None


def test_an_older_journal_is_derived_anew(database: sqlite3.Connection) -> None:
    database.execute("DROP VIEW labels")
    database.execute("PRAGMA user_version = 1")
    schema.migrate(database)
    assert schema.version_of(database) == schema.VERSION
    assert database.execute("SELECT count(*) FROM labels").fetchone() == (3,)


def test_segments_are_packed_in_the_log(database: sqlite3.Connection) -> None:
    blobs = database.execute("SELECT segments, choice FROM event WHERE id = 4").fetchone()
    assert blobs == (pack_ids(np.array([2, 3, 1500], np.uint32)), pack(np.array([0, 0, 1], np.uint32)))
