"""The log of events in its file and, in memory, the state that follows; both change together or not at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rsgraph.errors import JournalLocked
from rsgraph.journal import schema
from rsgraph.journal.checking import fault_of, odd_size
from rsgraph.journal.events import ORIGINS, Action, Event
from rsgraph.journal.opening import open_to_read, open_to_write
from rsgraph.journal.state import Change, State, Timeline, fold_classes, merged_classes, replay
from rsgraph.journal.storage import WriterLock, close_as_one_file, damaged, failed, stamp, user_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LIGHT = ("id", "time", "author", "action", "body", "target", "origin", "note", "n")


class Log:
    """A journal's file, open.

    Parameters
    ----------
    path, read_only, from_events, author
        As of ``Journal``.
    """

    def __init__(self, path: Path, *, read_only: bool, author: str | None, from_events: bool = False) -> None:
        self.path = path
        self.read_only = read_only
        self._from_events = from_events
        self.author = author or user_name()
        self.events: dict[int, Event] = {}
        self.timeline = Timeline()
        self.state = State()
        self._codes: tuple[NDArray[np.int16], NDArray[np.uint8]] | None = None
        self._lock = None if read_only else WriterLock(path)
        if self._lock is not None:
            self._lock.acquire()
        try:
            self._reopen()
        except BaseException:
            self._unlock()
            raise

    def _reopen(self) -> None:
        """Open the file, and load it."""
        self._stamp = stamp(self.path)
        self._database = open_to_read(self.path) if self.read_only else open_to_write(self.path)
        try:
            self._load()
        except BaseException:
            self._database.close()
            raise

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def close(self) -> None:
        """Close the file and let others write."""
        if self.read_only:
            self._database.close()
        elif self._lock is not None and self._lock.held:
            close_as_one_file(self._database)
        self._unlock()

    def refresh(self) -> bool:
        """Load again where another process wrote; return whether it did."""
        now = stamp(self.path)
        if not self.read_only or (now == self._stamp and self._data_version() == self._version):
            return False
        if now[:1] == self._stamp[:1] and self._database.execute("PRAGMA database_list").fetchone()[2]:
            self._stamp = now
            self._load()
        else:
            self._database.close()
            self._reopen()
        return True

    def _data_version(self) -> int:
        return int(self._database.execute("PRAGMA data_version").fetchone()[0])

    def _load(self) -> None:
        """Read everything, as of one moment. Raises JournalDamaged."""
        try:
            self._version = self._data_version()
            with self._transaction("BEGIN"):
                self._check_schema()
                rows = self._database.execute(f"SELECT {', '.join(_LIGHT)} FROM event ORDER BY id")
                self.events = {row[0]: _light(row) for row in rows}
                self.state = self._read_state()
            self.timeline, self._codes = Timeline(), None
            for event in self.events.values():
                self.timeline.add(event.id, event.action, event.target)
        except sqlite3.Error as error:
            raise failed(self.path, error) from error
        except (ValueError, RecursionError) as error:
            raise damaged(self.path, str(error)) from error

    def _check_schema(self) -> None:
        """Raise ValueError where the tables are not ours, or larger than they may be."""
        self._schema = self._schema_version()
        fault = schema.unexpected(self._database) or odd_size(self._database)
        if fault is not None:
            raise ValueError(fault)

    def _schema_version(self) -> int:
        return int(self._database.execute("PRAGMA schema_version").fetchone()[0])

    def _read_state(self) -> State:
        """Take the labels that hold from the derived tables where these fit and are believed, else from the log."""
        state = None if self._from_events else schema.read_state(self._database)
        if state is not None and not state.first_stroke.keys() <= self.events.keys():
            state = None  # they tell of actions that there are not
        return state or replay(schema.read_events(self._database))

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._database.execute(begin)
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def event(self, number: int) -> Event:
        """Read an event with its segments. Raises JournalDamaged where it is not whole, or not as we write it."""
        try:
            row = self._database.execute("SELECT * FROM event WHERE id = ?", (number,)).fetchone()
            if row is None:
                raise ValueError(f"action {number} is missing")
            found = schema.whole_event(row)
            _ = found.ids
        except sqlite3.Error as error:
            raise failed(self.path, error) from error
        except ValueError as error:
            raise damaged(self.path, str(error)) from error
        return found

    # writing

    def append(self, draft: Event) -> int:
        """Append an action, carry it out, and return its number once both are durable.

        Parameters
        ----------
        draft
            The event without number and time; without author: the journal's.
        """
        event = replace(draft, id=len(self.events) + 1, time=_now(), author=draft.author or self.author)
        with self._writing(event):
            added = self.state.add_strokes(event)
            schema.write_strokes(self._database, len(self.state.strokes) - len(added), added)
            self._carry_out(event)
        return event.id

    def undo(self) -> Event | None:
        """Take back the last action that holds; return it."""
        if not self.timeline.done:
            return None
        target = self.event(self.timeline.done[-1])
        with self._writing(self._about("undo", target)):
            kept = schema.read_before(self._database, target, len(self.state.strokes))
            change = (kept or self._before(target)) if target.changes_labels else NOTHING
            self._write(target, change)
        return target

    def redo(self) -> Event | None:
        """Carry out again what was undone last; return it."""
        if not self.timeline.undone:
            return None
        target = self.event(self.timeline.undone[-1])
        with self._writing(self._about("redo", target)):
            self._carry_out(target)
        return target

    def _about(self, action: Action, target: Event) -> Event:
        return Event(len(self.events) + 1, _now(), self.author, action, target=target.id)

    def _before(self, target: Event) -> Change:
        """Compute from the log what the last action that holds found."""
        scratch = State()
        scratch.first_stroke = self.state.first_stroke
        for number in self.timeline.done:
            event = self.event(number)
            if event.changes_labels and number != target.id:
                scratch.put(scratch.change_of(event))
        return scratch.look(target.ids)

    @contextmanager
    def _writing(self, event: Event) -> Iterator[None]:
        """Append an event in a transaction with what follows from it, and read back that it is there.

        On failure all is as before.
        """
        if self.read_only:
            raise JournalLocked(f"{self.path} is open read-only; close it where it is open for writing to label here")
        try:
            with self._transaction("BEGIN IMMEDIATE"):
                if self._schema_version() != self._schema:  # another program was at it
                    self._check_schema()
                checksum = schema.insert(self._database, event)
                self.events[event.id] = replace(event, segments=None, choice=None, confidence=None)
                self.timeline.add(event.id, event.action, event.target)
                yield
                self._read_back(event.id, checksum)  # here all can still be taken back
            self._read_back(event.id, checksum)
        except sqlite3.Error as error:
            self._load()
            raise failed(self.path, error) from error
        except ValueError as error:
            self._load()
            raise damaged(self.path, str(error)) from error
        except BaseException:
            self._load()
            raise

    def _read_back(self, event: int, checksum: int) -> None:
        if not schema.is_stored(self._database, event, checksum):
            raise ValueError(f"action {event} was written, but it is not there")

    def _carry_out(self, event: Event) -> None:
        change = self.state.change_of(event) if event.changes_labels else NOTHING
        if len(change.ids):
            schema.write_before(self._database, event.id, self.state.look(change.ids))
        self._write(event, change)

    def _write(self, event: Event, change: Change) -> None:
        """Bring memory and derived tables up to date after an action was done or undone."""
        rows = self.state.rows(self.state.put(change))
        if event.action in ("define", "rename", "remove", "merge"):
            holding = [self.events[number] for number in self.timeline.done]
            self.state.classes = fold_classes(holding)
            schema.write_classes(self._database, self.state)
            if event.action == "merge":
                self.state.take_merges(self.events.values(), merged_classes(holding))
                schema.rewrite_strokes(self._database, self.state)
        schema.write_chunks(self._database, rows)
        schema.write_state(self._database, len(self.events), self.state.fingerprint(rows))
        self._codes = None

    # what follows from the strokes

    def codes_of_strokes(self) -> tuple[NDArray[np.int16], NDArray[np.uint8]]:
        """Return for each stroke the position of its class, and the place of its origin, from 1."""
        if self._codes is None:
            position = {number: at for at, number in enumerate(self.state.classes, start=1)}
            strokes = self.state.strokes[1:]
            codes = [0, *(position.get(number, 0) for _, number in strokes)]
            origins = [0, *(ORIGINS.index(self.events[event].origin or ORIGINS[0]) + 1 for event, _ in strokes)]
            self._codes = np.array(codes, np.int16), np.array(origins, np.uint8)
        return self._codes


NOTHING = Change(np.empty(0, np.uint32), np.empty(0, np.uint32), None)


def _light(row: tuple[Any, ...]) -> Event:
    """Read an event without its segments. Raises ValueError where it is not as we write it."""
    fields = dict(zip(_LIGHT, row, strict=True))
    try:
        event = Event(**{**fields, "body": json.loads(fields["body"])})
    except TypeError as error:
        raise ValueError(f"action {row[0]} has entries of the wrong kind") from error
    fault = fault_of(event)
    if fault is not None:
        raise ValueError(fault)
    return event


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
