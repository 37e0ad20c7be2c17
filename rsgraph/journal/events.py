"""Events: the actions of people and programs on the labels, each written once and never changed."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Origin = Literal["human", "imported", "propagated", "classified"]
Action = Literal["define", "rename", "remove", "merge", "assign", "note", "undo", "redo", "lost"]
ACTIONS: tuple[str, ...] = get_args(Action)
ORIGINS: tuple[str, ...] = get_args(Origin)
"""Where a label comes from; the code of an origin is its place here, counted from 1."""

UNDOABLE = ("define", "rename", "remove", "merge", "assign")
UNSURE = 0xFFFFFFFF
"""Stands for no confidence among confidences in fixed point."""

LARGEST_ID = 2**26
"""Largest id of a segment: labels are kept in a dense array by id, and segments are numbered from 1 without gaps."""

LONGEST_NAME = 200
"""Characters of the name of a class."""

SCALE = 2**31
"""Fixed point of the confidence 1."""

_COLUMNS = (
    "id", "time", "author", "action", "body", "target", "origin", "note", "n", "segments", "choice", "confidence",
)  # fmt: skip


@dataclass(frozen=True)
class Event:
    """One event.

    Parameters
    ----------
    id
        Its number, counted from 1 without gaps.
    time
        ISO 8601, UTC.
    author, action, origin, note
        Who, what, where the labels come from, and what was said about it.
    body
        What the action needs besides segments: name, colour and key of a class; ``classes``, a list of
        [id, name], of an assignment, where [0, None] erases; the id of a class is that of the event that
        defined it.
    target
        The event that was undone or redone.
    n
        Number of segments.
    segments
        Their ids, packed, ascending.
    choice
        For each, which of ``classes``; absent where there is one.
    confidence
        For each, in fixed point, packed; absent where there is none.
    """

    id: int
    time: str
    author: str
    action: Action
    body: Mapping[str, Any] = field(default_factory=dict)
    target: int | None = None
    origin: str | None = None
    note: str | None = None
    n: int = 0
    segments: bytes | None = None
    choice: bytes | None = None
    confidence: bytes | None = None

    @property
    def ids(self) -> NDArray[np.uint32]:
        """Ids of the segments, (n,), ascending. Raises ValueError where what is packed are no such ids."""
        if self.segments is None:
            return np.empty(0, np.uint32)
        steps = unpack(self.segments, self.n)
        if not steps.all() or int(steps.sum(dtype=np.uint64)) > LARGEST_ID:
            raise ValueError(f"action {self.id} is about segments that there cannot be")
        return np.cumsum(steps, dtype=np.uint32)

    @property
    def undoable(self) -> bool:
        """Whether it can be undone: all that changes classes or labels can."""
        return self.action in UNDOABLE

    @property
    def changes_labels(self) -> bool:
        """Whether it writes into cells."""
        return self.action in ("assign", "remove")

    @property
    def classes(self) -> list[tuple[int, str | None]]:
        """Id and name of the classes of an assignment; (0, None) erases."""
        return [(int(number), name) for number, name in self.body.get("classes", [])]

    def row(self) -> tuple[Any, ...]:
        """Return the columns of table ``event``, with the checksum of all others as the last."""
        fields = {**self.__dict__, "body": json.dumps(self.body, ensure_ascii=False, separators=(",", ":"))}
        values = tuple(fields[name] for name in _COLUMNS)
        return (*values, checksum(values))


def event_of(row: tuple[Any, ...]) -> Event | None:
    """Read an event from its row; None where the row is damaged: its checksum does not fit, or its body is none.

    What it says may be anything: ``rsgraph.journal.checking.fault_of`` looks at that.
    """
    *values, expected = row
    if checksum(tuple(values)) != expected:
        return None
    fields = dict(zip(_COLUMNS, values, strict=True))
    try:
        return Event(**{**fields, "body": json.loads(fields["body"])})
    except (ValueError, TypeError, RecursionError):
        return None


def checksum(values: tuple[Any, ...]) -> int:
    """CRC-32 of a row's text and numbers, then of its blobs."""
    plain = [len(value) if isinstance(value, bytes) else value for value in values]
    total = zlib.crc32(json.dumps(plain, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    for value in values:
        if isinstance(value, bytes):
            total = zlib.crc32(value, total)
    return total


def pack_ids(ids: NDArray[np.uint32]) -> bytes:
    """Pack ascending ids: their differences are small numbers, which compress well."""
    return pack(np.diff(ids, prepend=np.uint32(0)))


def pack(numbers: NDArray[np.uint32]) -> bytes:
    """Compress numbers, (n,) uint32; first bytes first, so that the zeros of small numbers stand together."""
    planes = numbers.astype("<u4").view(np.uint8).reshape(-1, 4).T
    return zlib.compress(np.ascontiguousarray(planes).data, 1)


def unpack(packed: bytes, n: int) -> NDArray[np.uint32]:
    """Return what ``pack`` packed, (n,). Raises ValueError where it is not n numbers; no more than these are read."""
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, 4 * n + 1)
    except zlib.error as error:
        raise ValueError(f"packed numbers are damaged: {error}") from error
    if len(data) != 4 * n or not stream.eof:
        raise ValueError(f"packed numbers are not the {n} that there should be")
    planes = np.frombuffer(data, np.uint8).reshape(4, -1)
    return np.ascontiguousarray(planes.T).view("<u4").ravel().astype(np.uint32, copy=False)


def fixed_point(confidence: ArrayLike) -> NDArray[np.uint32]:
    """Turn confidences of 0 to 1 into fixed point with 31 binary places; NaN becomes ``UNSURE``."""
    values = np.asarray(confidence, dtype=np.float64)
    return np.where(np.isnan(values), UNSURE, np.rint(values * SCALE)).astype(np.uint32)


def floating(fixed: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Turn fixed point back into confidences; ``UNSURE`` becomes NaN."""
    found = fixed / float(SCALE)
    found[fixed == UNSURE] = np.nan
    return found


@dataclass(frozen=True, eq=False)
class Step:
    """What an undo took back, or a redo or undo would.

    Parameters
    ----------
    event
        The event that is undone or redone.
    action
        What it did.
    label
        The class or classes that it was about; None where it erased.
    n_segments
        How many segments it touched.
    text
        In words: "label 123 segments as water".
    segment_ids
        The segments, (n_segments,), ascending.
    """

    event: int
    action: Action
    label: str | None
    n_segments: int
    text: str
    segment_ids: NDArray[np.uint32]


def step_of(event: Event) -> Step:
    """Describe an event as a step."""
    return Step(event.id, event.action, label_of(event), event.n, text_of(event), event.ids)


def label_of(event: Event) -> str | None:
    """Name the classes of an event: up to three, then how many."""
    if event.action != "assign":
        return event.body.get("new") or event.body.get("name")
    names = [name for _, name in event.classes if name is not None]
    return (", ".join(names) if len(names) <= 3 else f"{len(names)} classes") or None


def text_of(event: Event) -> str:
    """Say what an event did, in the imperative."""
    body, segments = event.body, f"{event.n:,} segment{'' if event.n == 1 else 's'}"
    label = label_of(event)
    if event.action == "assign":
        origin = "" if event.origin == "human" else f" ({event.origin})"
        return f"label {segments} as {label}{origin}" if label else f"erase the labels of {segments}"
    if event.action == "define":
        return f"{'change' if body['class'] else 'define'} the class {label}"
    texts = {
        "rename": f"rename {body.get('old')} to {body.get('new')}",
        "remove": f"remove the class {label} and the labels of {segments}",
        "merge": f"merge the class {label} with {segments} into {body.get('goal')}",
        "note": "note",
        "lost": "an action that could not be recovered",
    }
    return texts.get(event.action, f"{event.action} action {event.target}")
