"""Label journals that somebody tampered with: found damaged when they are opened, what is whole is recovered.

Whoever can write a file can give it checksums that fit. So nothing is believed that does not follow from the events.
"""

from __future__ import annotations

import os
import sqlite3
import time
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsgraph.errors import JournalDamaged, WorkspaceError
from rsgraph.journal import schema
from rsgraph.journal.events import Event, pack, pack_ids
from rsgraph.journal.journal import Journal
from rsgraph.journal.reading import read_journal
from rsgraph.journal.recovery import recover
from rsgraph.journal.storage import snapshot
from tests.own_files.test_rollback import naming

LABELS = {1: "water", 2: "sand", 3: "sand", 1500: "water"}
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 1000000000)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Water on 1, 2 and 1500, then sand on 2 and 3."""
    with Journal(tmp_path / "labels.sqlite", author="ann") as journal:
        journal.define("water")
        journal.define("sand")
        journal.assign([1, 2, 1500], "water")
        journal.assign([2, 3], "sand", confidence=0.5)
    return tmp_path / "labels.sqlite"


def held(path: Path) -> dict[int, str]:
    """Segment -> label, as exports read it."""
    table = read_journal(path).table
    return dict(zip(table["segment_id"].tolist(), table["label"].tolist(), strict=True))


def changed(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript(script)


def appended(path: Path, *events: Event) -> None:
    """Write events, whatever they say, and leave the derived tables as if there were no more to say."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("BEGIN")
        for event in events:
            schema.insert(database, event)
        database.execute("UPDATE state SET event = ?", (events[-1].id,))
        database.execute("COMMIT")


IGNORED = "SELECT RAISE(IGNORE); END"

SCHEMAS = {
    "an insert into the log ignored": f"CREATE TRIGGER t BEFORE INSERT ON event BEGIN {IGNORED}",
    "an insert into chunks ignored": f"CREATE TRIGGER t BEFORE INSERT ON chunk BEGIN {IGNORED}",
    "an insert into strokes ignored": f"CREATE TRIGGER t BEFORE INSERT ON stroke BEGIN {IGNORED}",
    "an insert into the state ignored": f"CREATE TRIGGER t BEFORE INSERT ON state BEGIN {IGNORED}",
    "only sand ignored": f"CREATE TRIGGER t BEFORE INSERT ON event WHEN NEW.body LIKE '%sand%' BEGIN {IGNORED}",
    "a label changed after it was given": "CREATE TRIGGER t AFTER INSERT ON chunk BEGIN UPDATE chunk SET cells = "
    "zeroblob(4000); END",
    "a trigger under the name of ours": "DROP TRIGGER event_is_next; CREATE TRIGGER event_is_next BEFORE INSERT ON "
    f"event BEGIN {IGNORED}",
    "ours in other letters": "DROP TRIGGER event_is_never_changed; create trigger event_is_never_changed before "
    "update on event begin select raise(abort, 'the label journal is append-only'); end",
    "no triggers": "DROP TRIGGER event_is_next; DROP TRIGGER event_is_never_changed; DROP TRIGGER "
    "event_is_never_deleted",
    "another view of labels": "DROP VIEW labels; CREATE VIEW labels AS SELECT 7 AS segment_id, 'sand' AS label",
    "a view of a billion rows": f"DROP VIEW labels; CREATE VIEW labels AS {ENDLESS} SELECT i AS segment_id FROM n",
    "a billion classes": "DROP TABLE class; CREATE VIEW class AS "
    f"{ENDLESS} SELECT i AS id, 'x' AS name, '#000000' AS colour, NULL AS key, i AS position FROM n",
    "a billion chunks": f"DROP TABLE chunk; CREATE VIEW chunk AS {ENDLESS} SELECT i AS id, zeroblob(4000) AS cells "
    "FROM n",
    "a writer that never ends": f"DROP TABLE writer; CREATE VIEW writer AS {ENDLESS} SELECT sum(i) AS pid, "
    "1 AS host, 1 AS user, 1 AS since FROM n",
    "a state that never ends": f"DROP TABLE state; CREATE VIEW state AS {ENDLESS} SELECT 1 AS id, max(i) AS event, "
    "1 AS fingerprint FROM n",
    "a table more": "CREATE TABLE hidden (x)",
    "an index more": "CREATE INDEX hidden ON event (author)",
    "a column more": "ALTER TABLE event ADD COLUMN hidden TEXT",
    "a column that is computed": "ALTER TABLE stroke ADD COLUMN hidden AS (zeroblob(1000000000))",
    "a check of its own": "DROP TABLE place; CREATE TABLE place (i INTEGER PRIMARY KEY CHECK (i < 0))",
    "no strokes": "DROP TABLE stroke",
    "no view": "DROP VIEW classes",
    "a full-text index": "CREATE VIRTUAL TABLE hidden USING fts5(x)",
    "statistics": "ANALYZE",
}


@pytest.mark.parametrize("script", SCHEMAS.values(), ids=SCHEMAS)
def test_another_schema_is_damage_and_the_events_are_recovered(path: Path, script: str) -> None:
    changed(path, script)
    before, started = path.read_bytes(), time.process_time()
    for opened in (Journal, read_journal, lambda place: Journal(place, read_only=True)):
        with pytest.raises(JournalDamaged, match=r"labels\.sqlite is damaged \(the .* is not as rsgraph makes it\)"):
            opened(path)
    with Journal.open(path) as journal:
        assert journal.notice is not None
        assert "4 actions were recovered: they are in labels.recovered." in journal.notice
        assert held(journal.path) == LABELS
    assert path.read_bytes() == before
    assert time.process_time() - started < 5


def zeroed(path: Path) -> None:
    """Take all labels out of the derived tables, and give these the checksum that they have then."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE chunk SET cells = zeroblob(4000)")
        fitting(database)


def exchanged(path: Path) -> None:
    """Let water be called sand, and sand water."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE class SET name = CASE name WHEN 'sand' THEN 'water' ELSE 'sand' END")
        fitting(database)


def moved(path: Path) -> None:
    """Let each stroke be of the other class."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE stroke SET class = 3 - class")
        fitting(database)


def of_no_event(path: Path) -> None:
    """Let each stroke be of an action that there is not."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE stroke SET event = event + 1000")
        fitting(database)


def surer(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE certainty SET cells = zeroblob(4000)")
        fitting(database)


def fitting(database: sqlite3.Connection) -> None:
    """Give the derived tables the checksum that they have: there is no secret in it."""
    found: Any = None
    with pytest.MonkeyPatch.context() as patch:
        original = schema.State.fingerprint

        def noted(state: schema.State, rows: Any = None) -> int:
            nonlocal found
            found = original(state, rows)
            return int(found)

        patch.setattr(schema.State, "fingerprint", noted)
        schema.read_state(database)
    database.execute("UPDATE state SET fingerprint = ?", (found,))
    assert schema.read_state(database) is not None, "the tables would be believed"


@pytest.mark.parametrize("tampered", [zeroed, exchanged, moved, surer, of_no_event])
def test_exports_follow_from_the_events_whatever_the_derived_tables_say(
    path: Path, tampered: Callable[[Path], None]
) -> None:
    expected = read_journal(path)
    tampered(path)
    found = read_journal(path)
    assert found.table.equals(expected.table)
    assert found.classes == expected.classes


def test_a_trigger_that_comes_while_a_journal_is_open_is_noticed_before_anything_is_lost(path: Path) -> None:
    with Journal(path) as journal:
        changed(path, f"CREATE TRIGGER t BEFORE INSERT ON event BEGIN {IGNORED}")
        with pytest.raises(JournalDamaged, match="the trigger 't' is not as rsgraph makes it"):
            journal.assign([9], "water")


def test_what_is_not_there_after_a_commit_is_noticed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if something that nobody thought of kept the row out."""
    with Journal(path) as journal:
        monkeypatch.setattr(schema, "insert", lambda database, event: event.row()[-1])
        with pytest.raises(JournalDamaged, match="action 5 was written, but it is not there"):
            journal.assign([9], "water")
        monkeypatch.undo()
        assert journal.codes([9])[0].tolist() == [0]
        assert journal.assign([9], "water") == 5


def assign(number: int, ids: Any, **more: Any) -> Event:
    found = np.array(ids, np.uint32)
    event = Event(number, "", "eve", "assign", {"classes": [[1, "water"]]}, origin="human", n=len(found))
    return replace(event, **{"segments": pack_ids(found), **more})


def bomb(numbers: int) -> bytes:
    """Pack so many ones: a thousandth of their size."""
    stream = zlib.compressobj(9)
    ones = stream.compress(b"\1" * numbers)
    return ones + b"".join(stream.compress(bytes(2**20)) for _ in range(3 * numbers // 2**20)) + stream.flush()


EVENTS: dict[str, Callable[[], list[Event]]] = {
    "a gigabyte of zeros packed": lambda: [assign(5, [9], segments=zlib.compress(bytes(2**28), 9))],
    "the same, with the number that it says": lambda: [
        replace(assign(5, [9]), n=2**26, segments=zlib.compress(bytes(2**28), 9))
    ],
    "more segments than there can be": lambda: [replace(assign(5, [9]), n=2**30, segments=bomb(2**20))],
    "a number that is none": lambda: [replace(assign(5, [9]), n=-1)],
    "ids that go down": lambda: [assign(5, [9], n=2, segments=pack(np.array([9, 2**32 - 3], np.uint32)))],
    "the id 0": lambda: [assign(5, [9], n=2, segments=pack(np.array([0, 9], np.uint32)))],
    "an id beyond all": lambda: [assign(5, [2**27])],
    "fewer segments than it says": lambda: [replace(assign(5, [9]), n=3)],
    "no segments where it says some": lambda: [assign(5, [9], segments=None)],
    "no zlib": lambda: [assign(5, [9], segments=b"segments")],
    "text for segments": lambda: [assign(5, [9], segments="9")],
    "a choice of a class that is not there": lambda: [assign(5, [9], choice=pack(np.array([1], np.uint32)))],
    "choices without end": lambda: [assign(5, [9], choice=zlib.compress(bytes(2**28), 9))],
    "a confidence of 1.5": lambda: [assign(5, [9], confidence=pack(np.array([3 * 2**30], np.uint32)))],
    "a class that comes later": lambda: [assign(5, [9], body={"classes": [[6, "later"]]})],
    "classes that are none": lambda: [assign(5, [9], body={"classes": 5})],
    "a body that is none": lambda: [assign(5, [9], body=[])],
    "an unknown origin": lambda: [assign(5, [9], origin="god")],
    "an unknown action": lambda: [assign(5, [9], action="drop")],
    "an undo of what comes later": lambda: [Event(5, "", "", "undo", target=9)],
    "a hundred thousand classes": lambda: [
        Event(number, "", "", "define", {"class": 0, "name": f"c{number}", "colour": "#000000", "key": None})
        for number in range(5, 100_005)
    ],
    "a hundred thousand classes in one": lambda: [
        assign(5, [9], body={"classes": [[1, f"c{number}"] for number in range(100_000)]})
    ],
    "undone out of order without end": lambda: [
        *(Event(number, "", "", "define", {"class": 1, "name": "water", "colour": "#000000", "key": None})
          for number in range(5, 20_005)),
        *(Event(number, "", "", "undo", target=number - 20_000) for number in range(20_005, 40_005)),
    ],
    "a note of 5 MB": lambda: [Event(5, "", "", "note", note="x" * (5 * 2**20))],
}  # fmt: skip


LONG = ("a hundred thousand classes", "undone out of order without end", "the same, with the number that it says")


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in EVENTS])
def test_events_with_checksums_that_fit_and_contents_that_do_not_are_damage(path: Path, name: str) -> None:
    given = EVENTS[name]()
    appended(path, *given)
    started = time.process_time()
    with pytest.raises(JournalDamaged, match=r"labels\.sqlite is damaged \("):
        read_journal(path)
    if len(given) == 1 and given[0].n < 100_000:
        with pytest.raises(JournalDamaged):
            Journal(path)
        with Journal.open(path) as journal:
            assert held(journal.path) == LABELS
    assert time.process_time() - started < 10


@pytest.mark.parametrize("body", ["[" * 100_000, "1" * 5000, "nul", "\udc80", '{"classes": 1e999}'])
def test_a_body_that_is_no_json_is_damage(path: Path, body: str) -> None:
    row = [*assign(5, [9]).row()[:-1]]
    row[4] = body.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    from rsgraph.journal.events import checksum

    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"INSERT INTO event VALUES ({', '.join('?' * 13)})", (*row, checksum(tuple(row))))
        database.execute("UPDATE state SET event = 5")
    with pytest.raises(JournalDamaged):
        read_journal(path)
    with Journal.open(path) as journal:
        assert held(journal.path) == LABELS


@pytest.mark.parametrize("version", [0, -5, -(2**31)])
def test_a_version_that_never_was_is_damage(path: Path, version: int) -> None:
    changed(path, f"PRAGMA user_version = {version}")
    with pytest.raises(JournalDamaged, match="there never was a version"):
        read_journal(path)
    with Journal.open(path) as journal:
        assert held(journal.path) == LABELS


def test_a_version_to_come_is_said(path: Path) -> None:
    changed(path, "PRAGMA user_version = 2147483647")
    with pytest.raises(WorkspaceError, match="written by a newer rsgraph"):
        read_journal(path)


def test_an_older_version_is_no_way_round_the_schema(path: Path) -> None:
    changed(path, f"PRAGMA user_version = 1; CREATE TRIGGER t BEFORE INSERT ON event BEGIN {IGNORED}")
    with pytest.raises(JournalDamaged, match="the trigger 't' is not as rsgraph makes it"):
        Journal(path)


def test_a_file_that_is_mostly_a_hole_is_not_read(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(2**33)
    with pytest.raises(JournalDamaged, match="more than 4 GB"):
        read_journal(path)
    with pytest.raises(JournalDamaged, match=r"with 8\.0 GB larger than what is recovered"):
        recover(path)


def test_pages_that_many_rows_claim_are_read_a_few_times_only(path: Path) -> None:
    """A leaf whose 2000 pointers all lead to one row, which goes on over a page that follows itself."""
    appended(path, Event(5, "", "", "note", note="x" * 3_000_000))
    data = bytearray(path.read_bytes())
    last = int.from_bytes(data[28:32], "big")
    for page in range(2, last + 1):  # all that overflows goes on on itself
        at = (page - 1) * 4096
        if data[at] == 0 and data[at + 4 : at + 8] == b"xxxx":
            data[at : at + 4] = page.to_bytes(4, "big")
    path.write_bytes(bytes(data))
    started = time.process_time()
    with pytest.raises(JournalDamaged):
        read_journal(path)
    recover(path)
    assert time.process_time() - started < 10


def test_an_undo_does_not_believe_cells_that_there_cannot_be(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE before SET cells = ?", (pack(np.array([77, 99], np.uint32)),))
    with Journal(path) as journal:
        assert journal.undo() is not None
        assert journal.labels()["label"].tolist() == ["water"] * 3
        assert journal.undo() is not None
        assert journal.labels().empty


OPENINGS: dict[str, Callable[[Path], object]] = {
    "to label": lambda path: Journal(path, author="eve").close(),
    "to look": lambda path: Journal(path, read_only=True).close(),
    "to export": read_journal,
    "to copy": snapshot,
}


@pytest.mark.parametrize("opened", OPENINGS.values(), ids=OPENINGS)
def test_a_rollback_journal_that_names_a_file_removes_it_not(path: Path, opened: Callable[[Path], object]) -> None:
    """SQLite itself removes the file that is named at the end of such a journal."""
    victim = path.with_name("thesis.txt")
    victim.write_text("mine")
    naming(path, victim)
    with pytest.raises(JournalDamaged, match="names another file"):
        opened(path)
    assert victim.read_text() == "mine"


def test_what_such_a_journal_is_about_is_recovered(path: Path) -> None:
    victim = path.with_name("thesis.txt")
    victim.write_text("mine")
    naming(path, victim)
    assert held(recover(path).path) == LABELS
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("side", ["", "-wal", "-journal"])
@pytest.mark.parametrize("opened", OPENINGS.values(), ids=OPENINGS)
def test_what_never_ends_is_no_journal(path: Path, opened: Callable[[Path], object], side: str) -> None:
    """A link to a device has no size, and bytes without end."""
    place = path.with_name(path.name + side)
    place.unlink(missing_ok=True)
    place.symlink_to("/dev/zero")
    with pytest.raises(WorkspaceError, match="neither a file nor a folder"):
        opened(path)


def test_strokes_of_actions_that_there_are_not_are_worked_out_anew(path: Path) -> None:
    of_no_event(path)
    with Journal(path) as journal:
        assert dict(zip(journal.labels()["segment_id"], journal.labels()["label"], strict=True)) == LABELS


@pytest.mark.parametrize("side", ["", "-wal", "-journal"])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_a_pipe_or_a_folder_is_no_journal(path: Path, side: str, make: Callable[[str], None]) -> None:
    place = path.with_name(path.name + side)
    place.unlink(missing_ok=True)
    make(str(place))
    for opened in (Journal, Journal.open, read_journal):
        with pytest.raises(WorkspaceError, match=rf"{place.name} is (neither a file|a folder)"):
            opened(path)
