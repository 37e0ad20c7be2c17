"""Checks of what is read from a journal: a file from a stranger may hold anything under a checksum that fits.

Sizes are checked where they are only said, before anything of that size is read or unpacked.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from rsgraph.journal.events import ACTIONS, LARGEST_ID, LONGEST_NAME, ORIGINS, SCALE, UNSURE, Event

MOST_CLASSES = 4096
"""Classes of a journal, and of one event: each costs a row, a colour and a mask in windows and exports."""

MOST_LABELLED = 2**31
"""Segments of all events together: two billion, as of a million segments that are all labelled anew 2000 times."""

LARGEST_FILE = 4 * 2**30
"""Bytes of a journal that is opened."""

_LONGEST_TEXT = 4 * 2**20
"""Bytes of a text in an event, the classes of an assignment among them."""

_ODD = f"""
SELECT id FROM event WHERE typeof(n) <> 'integer' OR n < 0 OR n > {LARGEST_ID}
OR max(length(time), length(author), length(action), length(body), coalesce(length(note), 0),
       coalesce(length(origin), 0)) > {_LONGEST_TEXT}
OR max(coalesce(length(segments), 0), coalesce(length(choice), 0), coalesce(length(confidence), 0)) > 1024 + 5 * n
LIMIT 1
"""
"""Nothing that zlib packs becomes much larger than it was, and four bytes a segment are packed."""


def odd_size(database: sqlite3.Connection) -> str | None:
    """Say which event is larger than any that is written, by sizes that SQLite knows without reading it; or None."""
    found = database.execute(_ODD).fetchone()
    if found is not None:
        return f"action {found[0]} is larger than any that rsgraph writes"
    (total,) = database.execute("SELECT total(n) FROM event").fetchone()
    if total > MOST_LABELLED:
        return f"its actions are about {total:.0f} segments in all, which is more than {MOST_LABELLED}"
    return None


def fault_of(event: Event) -> str | None:
    """Say what of an event, but for its packed segments, is not as rsgraph writes it; None where all is."""
    whole = _is_number(event.id, 1) and _is_number(event.n, 0, LARGEST_ID) and isinstance(event.body, Mapping)
    texts = (event.time, event.author, event.note or "", event.origin or ORIGINS[0])
    if (
        not whole
        or not all(isinstance(text, str) and len(text) <= _LONGEST_TEXT for text in texts)
        or (event.origin or ORIGINS[0]) not in ORIGINS
    ):
        return f"action {event.id} has entries of the wrong kind"
    if event.action not in ACTIONS or not _BODIES.get(event.action, _anything)(event):
        return f"action {event.id} does not say what it is, or what it is about"
    blobs = (event.segments, event.choice, event.confidence)
    if not all(blob is None or isinstance(blob, bytes) for blob in blobs):
        return f"action {event.id} has segments of the wrong kind"
    return None


def _is_number(value: Any, least: int, most: int = 2**62) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()


def _anything(_: Event) -> bool:
    return True


def _of_class(event: Event) -> bool:
    """Whether a class is named that an earlier event defined, or by a new class the number 0."""
    return _is_number(event.body.get("class"), 0, event.id - 1)


def _defines(event: Event) -> bool:
    body = event.body
    colour, key = body.get("colour"), body.get("key")
    shown = isinstance(colour, str) and len(colour) == 7 and colour[0] == "#" and _is_hexadecimal(colour[1:])
    keyed = key is None or (isinstance(key, str) and len(key) <= LONGEST_NAME)
    return _of_class(event) and _is_name(body.get("name")) and shown and keyed


def _is_hexadecimal(text: str) -> bool:
    return all(letter in "0123456789abcdefABCDEF" for letter in text)


def _renames(event: Event) -> bool:
    return _of_class(event) and _is_name(event.body.get("old")) and _is_name(event.body.get("new"))


def _removes(event: Event) -> bool:
    return _of_class(event) and _is_name(event.body.get("name"))


def _merges(event: Event) -> bool:
    body = event.body
    into = _is_number(body.get("into"), 1, event.id - 1) and body["into"] != body.get("class")
    return _of_class(event) and into and _is_name(body.get("name")) and _is_name(body.get("goal"))


def _assigns(event: Event) -> bool:
    classes, sure = event.body.get("classes"), event.body.get("confidence")
    if not isinstance(classes, list) or not 0 < len(classes) <= MOST_CLASSES:
        return False
    fixed = sure is None or _is_number(sure, 0, SCALE) or sure == UNSURE
    return fixed and event.origin is not None and all(_is_class(each, event.id) for each in classes)


def _is_class(pair: Any, event: int) -> bool:
    """Whether it is [number, name] of a class, or [0, null], which erases."""
    if not isinstance(pair, list) or len(pair) != 2 or not _is_number(pair[0], 0, event - 1):
        return False
    return _is_name(pair[1]) if pair[0] else pair[1] is None


def _takes_back(event: Event) -> bool:
    return _is_number(event.target, 1, event.id - 1)


_BODIES: Mapping[str, Callable[[Event], bool]] = {
    "define": _defines,
    "rename": _renames,
    "remove": _removes,
    "merge": _merges,
    "assign": _assigns,
    "undo": _takes_back,
    "redo": _takes_back,
}
"""Action -> whether its body is whole; notes and lost ones need none."""
