"""Tables and arrays of an open journal: labels, classes, codes of segments, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rsgraph.journal.events import Event, floating, label_of
from rsgraph.journal.log import Log

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

_NO_EVENT = Event(0, "", "", "lost")
_HISTORY = ("event", "time", "author", "action", "label", "segments", "origin", "note", "undone")


def labels(log: Log) -> DataFrame:
    """Return the labels that hold: segment_id, label, origin, confidence, author, time; by segment_id."""
    import pandas as pd

    state = log.state
    cells = state.cells.ravel()
    ids = np.flatnonzero(cells)
    sure = np.full(len(ids), np.nan) if state.certainty is None else floating(state.certainty.ravel()[ids])
    about = [log.events.get(event, _NO_EVENT) for event, _ in state.strokes]
    of_stroke = {
        "label": [state.classes[number].name if number in state.classes else "" for _, number in state.strokes],
        "origin": [event.origin or "" for event in about],
        "author": [event.author for event in about],
        "time": [event.time for event in about],
    }
    texts = {name: pd.array(values, dtype="str").take(cells[ids]) for name, values in of_stroke.items()}
    frame = pd.DataFrame({"segment_id": ids, "confidence": sure} | texts)
    return frame[["segment_id", "label", "origin", "confidence", "author", "time"]]


def classes(log: Log) -> DataFrame:
    """Return the classes in order of definition: name, colour, key, position (from 1)."""
    import pandas as pd

    rows = [(each.name, each.colour, each.key) for each in log.state.classes.values()]
    frame = pd.DataFrame(rows, columns=["name", "colour", "key"], dtype=object)
    return frame.assign(position=np.arange(1, len(rows) + 1))


def codes(log: Log, ids: NDArray[np.uint32]) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.float32]]:
    """Return class, origin and confidence of segments as numbers, each (n,), in their order."""
    state = log.state
    far = len(ids) > 0 and ids.max() >= state.cells.size
    inside = np.where(ids < state.cells.size, ids, 0) if far else ids
    cells = state.cells.ravel()[inside]
    classes, origins = log.codes_of_strokes()
    sure = np.full(len(ids), np.nan, np.float32)
    if state.certainty is not None:
        sure = floating(state.certainty.ravel()[inside]).astype(np.float32)
        sure[cells == 0] = np.nan  # an erased label may have had one
    return classes[cells], origins[cells], sure


def strokes(log: Log, ids: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return the number of the event that labels each segment, (n,) in their order; 0 = unlabelled."""
    cells = log.state.cells.ravel()
    found = np.where(ids < cells.size, cells[np.minimum(ids, cells.size - 1)], 0)
    events = np.array([event for event, _ in log.state.strokes], np.int64)
    return events[found]


def history(log: Log) -> DataFrame:
    """Return all events: event, time, author, action, label, segments, origin, note, undone."""
    import pandas as pd

    held = set(log.timeline.done)
    return pd.DataFrame([_row(event, log.events, held) for event in log.events.values()], columns=list(_HISTORY))


def _row(event: Event, events: dict[int, Event], held: set[int]) -> tuple[Any, ...]:
    about = events.get(event.target or 0, event)
    undone = event.undoable and event.id not in held
    return (
        event.id, event.time, event.author, event.action, label_of(about), about.n, event.origin, event.note, undone,
    )  # fmt: skip
