from __future__ import annotations

from typing import Any

import numpy as np

from rsgraph.journal.events import Action, Event, pack, pack_ids
from rsgraph.journal.state import (
    CHUNK,
    Change,
    DefinedClass,
    State,
    Timeline,
    as_rows,
    fold_classes,
    merged_classes,
    names_of,
    replay,
)


def event(number: int, action: Action, body: dict[str, Any] | None = None, ids: Any = (), **more: Any) -> Event:
    segments = pack_ids(np.array(ids, np.uint32)) if len(ids) else None
    return Event(number, "", "", action, body or {}, n=len(ids), segments=segments, **more)


def define(number: int, name: str, colour: str = "#000001") -> Event:
    return event(number, "define", {"class": 0, "name": name, "colour": colour, "key": None})


LOG = [
    define(1, "water"),
    define(2, "sand", "#000002"),
    event(3, "assign", {"classes": [[1, "water"]]}, [1, 2, 1500], origin="human"),
    event(
        4, "assign", {"classes": [[2, "sand"], [0, None]], "confidence": 2**30}, [2, 3, 1500],
        choice=pack(np.array([0, 0, 1], np.uint32)), origin="imported",
    ),
]  # fmt: skip


def labels_of(state: State) -> dict[int, int]:
    """Segment -> class."""
    found = state.stroke_classes[state.cells.ravel()]
    return {int(segment): int(found[segment]) for segment in np.flatnonzero(found)}


def test_a_timeline_moves_what_is_undone_and_redone() -> None:
    line = Timeline()
    for step in ((1, "define", None), (2, "assign", None), (3, "undo", 2), (4, "note", None), (5, "undo", 1)):
        line.add(*step)
    assert (line.done, line.undone) == ([], [2, 1])
    line.add(6, "redo", 1)
    assert (line.done, line.undone) == ([1], [2])
    line.add(7, "assign", None)  # what could be redone is gone
    assert (line.done, line.undone) == ([1, 7], [])


def test_classes_follow_from_the_events_that_hold() -> None:
    events = [
        define(1, "water"),
        define(2, "sand"),
        event(3, "rename", {"class": 1, "old": "water", "new": "sea"}),
        event(4, "define", {"class": 2, "name": "sand", "colour": "#000009", "key": "s"}),
        define(5, "mud"),
        event(6, "remove", {"class": 5, "name": "mud"}),
        event(8, "assign", {"classes": [[7, "lost one"]]}, [1]),  # its definition was lost
    ]
    found = fold_classes(events)
    assert found[1] == DefinedClass(1, "sea", "#000001", None)
    assert found[2] == DefinedClass(2, "sand", "#000009", "s")
    assert list(found) == [1, 2, 7]
    assert list(names_of(found)) == ["sea", "sand", "lost one"]
    assert as_rows(found)[1] == (2, "sand", "#000009", "s", 2)


def test_replay_gives_each_segment_its_last_label() -> None:
    befores: dict[int, Change] = {}
    state = replay(LOG, befores)
    assert labels_of(state) == {1: 1, 2: 2, 3: 2}
    assert state.strokes == [(0, 0), (3, 1), (4, 2)]
    assert state.sure().ravel()[[1, 2, 3, 1500]].tolist() == [2**32 - 1, 2**30, 2**30, 2**30]
    assert befores[4].cells.tolist() == [1, 0, 1]  # strokes: water, none, water


def test_replay_of_what_was_undone_is_that_of_the_others() -> None:
    undone = replay([*LOG, event(5, "undo", target=4)])
    assert labels_of(undone) == {1: 1, 2: 1, 1500: 1}


def test_put_returns_the_chunks_that_it_touched_and_look_reads_them() -> None:
    state = State()
    ids = np.array([1, 2, CHUNK, 5 * CHUNK + 3], np.uint32)
    assert state.put(Change(ids, np.array([1, 2, 3, 4], np.uint32), None)).tolist() == [0, 1, 5]
    assert state.look(ids[1:3]).cells.tolist() == [2, 3]
    assert state.look(ids).certainty is None
    assert [row.chunk for row in state.rows()] == [0, 1, 5]


def test_the_fingerprint_is_that_of_the_labels_and_not_of_the_way_to_them() -> None:
    state = replay(LOG)
    before = state.fingerprint()
    changed = state.rows(state.put(Change(np.array([1], np.uint32), np.array([0], np.uint32), None)))
    assert state.fingerprint(changed) != before
    state.put(Change(np.array([1], np.uint32), np.array([1], np.uint32), None))
    assert state.fingerprint() == before


def test_strokes_have_the_class_into_which_theirs_was_merged() -> None:
    def merge(number: int, one: int, into: int) -> Event:
        return event(number, "merge", {"class": one, "name": "a", "into": into, "goal": "b"})

    later = [merge(6, 1, 2), merge(7, 2, 3)]
    assert merged_classes(later) == {1: 3, 2: 3}
    assert merged_classes([merge(6, 2, 3), merge(7, 1, 2)]) == {1: 2, 2: 3}
    state = replay([*LOG, merge(5, 1, 2)])
    assert state.strokes == [(0, 0), (3, 2), (4, 2)]
    assert list(state.classes) == [2]
    assert replay([*LOG, merge(5, 1, 2), event(6, "undo", target=5)]).strokes == [(0, 0), (3, 1), (4, 2)]
