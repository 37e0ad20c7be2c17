from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from rsgraph.journal import schema
from rsgraph.journal.checking import MOST_CLASSES, fault_of, odd_size
from rsgraph.journal.events import Event
from tests.journal.test_state import LOG, event

DEFINE = Event(7, "", "", "define", {"class": 0, "name": "water", "colour": "#0000ff", "key": None})
ASSIGN = Event(7, "", "", "assign", {"classes": [[1, "water"], [0, None]]}, origin="human")
RENAME = Event(7, "", "", "rename", {"class": 1, "old": "water", "new": "sea"})
REMOVE = Event(7, "", "", "remove", {"class": 1, "name": "water"})
MERGE = Event(7, "", "", "merge", {"class": 1, "name": "mud", "into": 2, "goal": "sand"})
UNDO = Event(7, "", "", "undo", target=6)


@pytest.mark.parametrize("whole", [DEFINE, ASSIGN, RENAME, REMOVE, MERGE, UNDO, Event(1, "", "", "note", note="x")])
def test_what_we_write_has_no_fault(whole: Event) -> None:
    assert fault_of(whole) is None


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (replace(DEFINE, id="7"), "wrong kind"),  # type: ignore[arg-type]
        (replace(DEFINE, id=0), "wrong kind"),
        (replace(DEFINE, n=-1), "wrong kind"),
        (replace(DEFINE, n=2**26 + 1), "wrong kind"),
        (replace(DEFINE, n=True), "wrong kind"),
        (replace(DEFINE, time=5), "wrong kind"),  # type: ignore[arg-type]
        (replace(DEFINE, author=None), "wrong kind"),  # type: ignore[arg-type]
        (replace(DEFINE, body=[1]), "wrong kind"),  # type: ignore[arg-type]
        (replace(ASSIGN, origin="god"), "wrong kind"),
        (replace(ASSIGN, segments="text"), "segments of the wrong kind"),  # type: ignore[arg-type]
        (replace(DEFINE, action="drop"), "does not say what it is"),  # type: ignore[arg-type]
        (replace(ASSIGN, origin=None), "does not say"),
        (replace(UNDO, target=None), "does not say"),
        (replace(UNDO, target=7), "does not say"),
        (replace(UNDO, target="6"), "does not say"),  # type: ignore[arg-type]
    ],
)
def test_entries_of_another_kind_are_named(wrong: Event, text: str) -> None:
    found = fault_of(wrong)
    assert found is not None
    assert text in found


BODIES: list[tuple[Event, dict[str, Any]]] = [
    *((DEFINE, {"class": number}) for number in (-1, 7, 2**70, 1.5, None, "0", True)),
    *((DEFINE, {"name": name}) for name in ("", None, 5, "x" * 201, "a\nb", "\x1b[31m")),
    *((DEFINE, {"colour": colour}) for colour in (None, "red", "#12345", "#gggggg", 5)),
    *((MERGE, {"into": number}) for number in (0, 1, 7, None, "2")),
    *((MERGE, {"class": number}) for number in (2, 7, None)),
    *((MERGE, {name: text}) for name in ("name", "goal") for text in ("", None, "a\nb")),
    *((DEFINE, {"key": key}) for key in (5, "k" * 201, [])),
    *(
        (ASSIGN, {"classes": classes})
        for classes in (None, [], {}, [1], [[1]], [[0, "x"]], [[1, None]], [["1", "x"]])
    ),
    *((ASSIGN, {"classes": [[7, "later"]]}), (ASSIGN, {"classes": [[1, "x"]] * (MOST_CLASSES + 1)})),
    *((ASSIGN, {"confidence": sure}) for sure in (-1, 2**31 + 1, 0.5, "1", [])),
    *((RENAME, body) for body in ({"class": None}, {"old": 5}, {"new": ""})),
    *((REMOVE, body) for body in ({"class": []}, {"name": None})),
]


@pytest.mark.parametrize(("whole", "body"), BODIES)
def test_a_body_of_another_kind_is_named(whole: Event, body: dict[str, Any]) -> None:
    found = fault_of(replace(whole, body={**whole.body, **body}))
    assert found == "action 7 does not say what it is, or what it is about"


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(":memory:", isolation_level=None)
    schema.create(database, LOG)
    yield database
    database.close()


def test_a_journal_of_ours_has_no_odd_size(database: sqlite3.Connection) -> None:
    assert odd_size(database) is None


@pytest.mark.parametrize(
    "wrong",
    [
        replace(event(5, "note"), n=2**26 + 1),
        replace(event(5, "note"), n=-1),
        replace(event(5, "note"), note="x" * (4 * 2**20 + 1)),
        replace(event(5, "assign", {"x": "x" * (4 * 2**20 + 1)})),
        replace(event(5, "assign"), n=10, segments=bytes(2000)),
        replace(event(5, "assign"), n=10, confidence=bytes(2000)),
        replace(event(5, "assign"), choice=bytes(1025)),
    ],
)
def test_events_that_are_too_large_are_named_without_reading_them(database: sqlite3.Connection, wrong: Event) -> None:
    schema.insert(database, wrong)
    assert odd_size(database) == "action 5 is larger than any that rsgraph writes"


def test_events_that_are_too_large_together_are_named(database: sqlite3.Connection) -> None:
    for number in range(5, 5 + 33):
        schema.insert(database, replace(event(number, "note"), n=2**26))
    found = odd_size(database)
    assert found is not None
    assert "which is more than 2147483648" in found
