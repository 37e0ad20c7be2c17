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
    assert schema.version_of(database) == schema.VERSION == 2
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
    found = schema.read_before(database, LOG[3])
    assert found is not None
    assert (found.ids.tolist(), found.cells.tolist(), found.certainty) == ([2, 3, 1500], [1, 0, 1], None)
    change = Change(LOG[3].ids, np.array([7, 8, 9], np.uint32), fixed_point([0.5, 0.25, np.nan]))
    schema.write_before(database, 4, change)
    again = schema.read_before(database, LOG[3])
    assert again is not None
    assert again.cells.tolist() == [7, 8, 9]
    assert again.certainty is not None
    assert again.certainty.tolist() == [2**30, 2**29, 2**32 - 1]
    assert schema.read_before(database, LOG[0]) is None


def test_a_newer_journal_is_refused(database: sqlite3.Connection) -> None:
    schema.check_version(database, Path("labels.sqlite"))
    database.execute("PRAGMA user_version = 3")
    with pytest.raises(WorkspaceError, match=r"written by a newer rsgraph \(journal version 3; .* up to 2\)"):
        schema.check_version(database, Path("labels.sqlite"))


def test_an_older_journal_is_derived_anew(database: sqlite3.Connection) -> None:
    database.execute("DROP VIEW labels")
    database.execute("PRAGMA user_version = 1")
    schema.migrate(database)
    assert schema.version_of(database) == 2
    assert database.execute("SELECT count(*) FROM labels").fetchone() == (3,)


def test_segments_are_packed_in_the_log(database: sqlite3.Connection) -> None:
    blobs = database.execute("SELECT segments, choice FROM event WHERE id = 4").fetchone()
    assert blobs == (pack_ids(np.array([2, 3, 1500], np.uint32)), pack(np.array([0, 0, 1], np.uint32)))
