"""The labels that hold, as a pure function of the events."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from rsgraph.io.palette import colour
from rsgraph.journal.checking import MOST_CLASSES, MOST_LABELLED
from rsgraph.journal.events import SCALE, UNDOABLE, UNSURE, Event, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 1000
"""Cells per chunk: 4000 bytes, so that a chunk's row fills one page of 4096 and never overflows."""


@dataclass(frozen=True)
class DefinedClass:
    """A class: the event that defined it, its name, colour ``#rrggbb`` and hotkey."""

    id: int
    name: str
    colour: str
    key: str | None


@dataclass
class Timeline:
    """Which events hold, and which could be redone.

    Parameters
    ----------
    done
        Numbers of the events that hold, in order.
    undone
        Numbers of those that could be redone, the next one last.
    """

    done: list[int] = field(default_factory=list)
    undone: list[int] = field(default_factory=list)
    _out_of_order: int = 0

    def add(self, number: int, action: str, target: int | None) -> None:
        """Take in one event. A new action after an undo ends what could be redone."""
        if action in UNDOABLE:
            self.done.append(number)
            self.undone.clear()
        elif action == "undo" and target is not None:
            self._move(target, self.done, self.undone)
        elif action == "redo" and target is not None:
            self._move(target, self.undone, self.done)

    def _move(self, number: int, source: list[int], goal: list[int]) -> None:
        """Move a number, nearly always the last one; where events were lost it may be another one or missing."""
        if source and source[-1] == number:
            goal.append(source.pop())
            return
        self._out_of_order += 1
        if self._out_of_order > _MOST_OUT_OF_ORDER:  # each looks through all
            raise ValueError("its actions were not undone in the order in which rsgraph undoes them")
        if number in source:
            source.remove(number)
            goal.append(number)


_MOST_OUT_OF_ORDER = 2000


def fold_classes(events: Sequence[Event]) -> dict[int, DefinedClass]:
    """Return the classes, by id and so in order of definition, after the events that hold.

    Events may be of any kind. Where the definition of a class was lost, assignments still name it. Raises ValueError
    for more classes than there may be.
    """
    classes: dict[int, DefinedClass] = {}
    for event in events:
        body = event.body
        if event.action == "define":
            number = int(body["class"]) or event.id
            classes[number] = DefinedClass(number, body["name"], body["colour"], body["key"])
        elif event.action == "rename" and body["class"] in classes:
            classes[body["class"]] = replace(classes[body["class"]], name=body["new"])
        elif event.action in ("remove", "merge"):
            classes.pop(body["class"], None)
        for number, name in event.classes:
            if name is not None and number not in classes:
                classes[number] = DefinedClass(number, name, colour(len(classes)), None)
        if len(classes) > MOST_CLASSES:
            raise ValueError(f"it has more than {MOST_CLASSES} classes")
    return dict(sorted(classes.items()))


def merged_classes(events: Sequence[Event]) -> dict[int, int]:
    """Return by the id of each class that was merged the id of the class that its labels have, after these events."""
    into: dict[int, int] = {}
    for event in reversed(events):  # a class that took in another may be merged later on
        if event.action == "merge":
            goal = int(event.body["into"])
            into[int(event.body["class"])] = into.get(goal, goal)
    return into


def strokes_of(event: Event) -> list[tuple[int, int]]:
    """Return the strokes of an event, as (event, class)."""
    return [(event.id, number) for number, _ in event.classes if number]


@dataclass(frozen=True)
class Change:
    """New cells of some segments.

    Parameters
    ----------
    ids
        Of segments, (n,), ascending.
    cells
        Number of the stroke that labels each, 0 for none; (n,).
    certainty
        Confidence of each in fixed point, (n,); None where none has one.
    """

    ids: NDArray[np.uint32]
    cells: NDArray[np.uint32]
    certainty: NDArray[np.uint32] | None


class State:
    """Per segment the stroke that labels it, in dense arrays by segment id.

    A stroke is one class within one event: an assignment of three classes makes three strokes. Strokes are
    numbered from 1 in the order of the log, whether they hold or not. Where a class was merged into another, its
    strokes have that class: cells, confidences and who gave a label stay as they were.
    """

    def __init__(self) -> None:
        self.classes: dict[int, DefinedClass] = {}
        self.strokes: list[tuple[int, int]] = [(0, 0)]
        self.first_stroke: dict[int, int] = {}
        self.cells = np.zeros((1, CHUNK), np.uint32)
        self.certainty: NDArray[np.uint32] | None = None
        self._sums = np.zeros(1, np.uint32)
        self._stroke_sum = 0

    def add_strokes(self, event: Event) -> list[tuple[int, int]]:
        """Number the strokes of an event; return them as (event, class)."""
        self.first_stroke[event.id] = len(self.strokes)
        added = strokes_of(event)
        self.strokes.extend(added)
        self.sum_strokes(added)
        return added

    def take_merges(self, events: Iterable[Event], into: Mapping[int, int]) -> None:
        """Give the strokes of all events, in order, the class that each has after the merges that hold."""
        found = [stroke for event in events for stroke in strokes_of(event)]
        self.strokes[1:] = [(event, into.get(number, number)) for event, number in found]
        self._stroke_sum = 0
        self.sum_strokes(self.strokes[1:])

    def sum_strokes(self, added: Sequence[tuple[int, int]]) -> None:
        """Take strokes that were added into the fingerprint."""
        self._stroke_sum = zlib.crc32(np.array(added, "<i8").tobytes(), self._stroke_sum)

    def sure(self) -> NDArray[np.uint32]:
        """Return the confidences, with none so far made room for."""
        if self.certainty is None:
            self.certainty = np.full(self.cells.shape, UNSURE, np.uint32)
        return self.certainty

    def change_of(self, event: Event) -> Change:
        """Return the cells that an event writes. Raises ValueError where what it holds does not fit together."""
        ids = event.ids
        if event.action != "assign" or not len(ids):  # notes name segments too, and leave their cells
            return Change(ids, np.zeros(len(ids), np.uint32), None)
        cells = self._numbers(event)
        chosen = np.zeros(len(ids), np.intp) if event.choice is None else unpack(event.choice, event.n)
        certainty = None if event.confidence is None else unpack(event.confidence, event.n)
        if chosen.max(initial=0) >= len(cells) or (certainty is not None and not are_confidences(certainty)):
            raise ValueError(f"action {event.id} gives classes or confidences that there cannot be")
        if certainty is None and event.body.get("confidence") is not None:
            certainty = np.full(len(ids), event.body["confidence"], np.uint32)
        return Change(ids, cells[chosen], certainty)

    def _numbers(self, event: Event) -> NDArray[np.uint32]:
        """Return the stroke of each of an event's classes, 0 where it erases."""
        labels = np.array([number > 0 for number, _ in event.classes])
        return np.where(labels, self.first_stroke.get(event.id, 0) + np.cumsum(labels) - 1, 0).astype(np.uint32)

    @property
    def stroke_classes(self) -> NDArray[np.int64]:
        """Class of each stroke, (strokes + 1,); 0 for stroke 0."""
        return np.array([number for _, number in self.strokes], np.int64)

    def look(self, ids: NDArray[np.uint32]) -> Change:
        """Return what the cells of some segments hold."""
        self.grow(int(ids[-1]) if len(ids) else 0)
        certainty = None if self.certainty is None else self.certainty.ravel()[ids]
        return Change(ids, self.cells.ravel()[ids], certainty)

    def put(self, change: Change) -> NDArray[np.intp]:
        """Write cells; return the chunks that were touched."""
        if not len(change.ids):
            return np.empty(0, np.intp)
        self.grow(int(change.ids[-1]))
        self.cells.ravel()[change.ids] = change.cells
        if change.certainty is not None or self.certainty is not None:
            self.sure().ravel()[change.ids] = UNSURE if change.certainty is None else change.certainty
        chunks = (change.ids // CHUNK).astype(np.intp)
        return chunks[np.flatnonzero(np.diff(chunks, prepend=-1))]

    def grow(self, largest: int) -> None:
        """Make room for segment ids up to ``largest``."""
        missing = largest // CHUNK + 1 - len(self.cells)
        if missing <= 0:
            return
        missing = max(missing, len(self.cells) // 2)
        self.cells = np.concatenate([self.cells, np.zeros((missing, CHUNK), np.uint32)])
        if self.certainty is not None:
            self.certainty = np.concatenate([self.certainty, np.full((missing, CHUNK), UNSURE, np.uint32)])

    def rows(self, chunks: NDArray[np.intp] | None = None) -> list[ChunkRow]:
        """Return chunks (all that hold something, by default) as bytes."""
        if chunks is None:
            chunks = np.flatnonzero(self.cells.any(axis=1))
        cells, held = _as_bytes(self.cells, chunks, 0)
        sure, surely = _as_bytes(self.certainty, chunks, UNSURE)
        rows = zip(chunks.tolist(), cells, sure, held, surely, strict=True)
        return [ChunkRow(*row[:2], row[2] if row[4] else None, row[3]) for row in rows]

    def fingerprint(self, rows: Sequence[ChunkRow] | None = None) -> int:
        """Return a checksum of everything, after chunks changed to these rows (None: all)."""
        if len(self._sums) < len(self.cells):
            self._sums = np.pad(self._sums, (0, len(self.cells) - len(self._sums)))
        for row in self.rows() if rows is None else rows:
            self._sums[row.chunk] = zlib.crc32(row.cells, zlib.crc32(row.certainty or b"")) if row.held else 0
        classes = json.dumps([asdict(each) for each in self.classes.values()], ensure_ascii=False)
        total = zlib.crc32(classes.encode(), self._stroke_sum)
        return zlib.crc32(np.trim_zeros(self._sums, "b").astype("<u4").tobytes(), total)


def are_confidences(fixed: NDArray[np.uint32]) -> bool:
    """Tell whether all numbers are confidences in fixed point."""
    return bool(((fixed <= SCALE) | (fixed == UNSURE)).all())


class ChunkRow(NamedTuple):
    """A chunk as the database keeps it: its number, cells, confidences if there are any; whether a cell is set."""

    chunk: int
    cells: bytes
    certainty: bytes | None
    held: bool


def _as_bytes(
    array: NDArray[np.uint32] | None, chunks: NDArray[np.intp], empty: int
) -> tuple[list[bytes], list[bool]]:
    """Return rows of an array as bytes, and whether each holds anything but ``empty``."""
    if array is None:
        return [b""] * len(chunks), [False] * len(chunks)
    taken = array[chunks].astype("<u4", copy=False)
    return [row.tobytes() for row in taken], (taken != empty).any(axis=1).tolist()


def replay(events: Sequence[Event], befores: dict[int, Change] | None = None) -> State:
    """Compute the state from nothing but the events.

    Parameters
    ----------
    events
        All of them, in order.
    befores
        Is filled with what each event that holds found in the cells that it wrote.

    Raises
    ------
    ValueError
        They are not as any journal has them.
    """
    if sum(event.n for event in events) > MOST_LABELLED:
        raise ValueError(f"its actions are about more than {MOST_LABELLED} segments in all")
    state, timeline, by_number = State(), Timeline(), {event.id: event for event in events}
    for event in events:
        timeline.add(event.id, event.action, event.target)
        if event.action == "assign":
            state.add_strokes(event)
    holding = [by_number[number] for number in timeline.done]
    for event in holding:
        if event.changes_labels:
            change = state.change_of(event)
            if befores is not None:
                befores[event.id] = state.look(change.ids)
            state.put(change)
    state.classes = fold_classes(holding)
    into = merged_classes(holding)
    if into:
        state.take_merges((event for event in events if event.action == "assign"), into)
    return state


def names_of(classes: Mapping[int, DefinedClass]) -> dict[str, DefinedClass]:
    """Return the classes by name."""
    return {each.name: each for each in classes.values()}


def as_rows(classes: Mapping[int, DefinedClass]) -> list[tuple[Any, ...]]:
    """Return the rows of table ``class``: id, name, colour, key, position."""
    return [(each.id, each.name, each.colour, each.key, at) for at, each in enumerate(classes.values(), start=1)]
