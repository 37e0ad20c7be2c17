"""Damage of a journal found, and what can be read recovered to a copy; the damaged file itself is never touched."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rsgraph.errors import JournalDamaged, OutputError
from rsgraph.files import atomic, output_error
from rsgraph.journal import schema
from rsgraph.journal.checking import LARGEST_FILE
from rsgraph.journal.events import Event
from rsgraph.journal.sqlite_pages import pages_of, rows_of
from rsgraph.journal.state import State
from rsgraph.journal.storage import RECOVERY, SIDES, WriterLock, check_sides, damaged, failed, fill

_MAGIC = b"SQLite format 3\x00"
_SECONDS = 0.5
_UNPACKED = 100_000
"""Segments of the newest events that are unpacked to look for damage: a millisecond."""


def check_header(path: Path) -> None:
    """Look at a journal's first bytes, and at what is beside it: nothing is written.

    Raises
    ------
    JournalDamaged
        It is no label journal, or what is beside it names another file.
    WorkspaceError
        It, or what SQLite would read beside it, is no file at all.
    """
    check_sides(path)
    if not path.exists():
        if any(_beside(path, side).exists() for side in SIDES[::2]):
            raise JournalDamaged(f"{path} is gone, but what SQLite wrote beside it is still there{RECOVERY}")
        return
    if path.stat().st_size > LARGEST_FILE:
        raise damaged(path, f"it has more than {LARGEST_FILE // 2**30} GB, which no journal has")
    with path.open("rb") as file:
        head = file.read(100)
    if len(head) < 100:
        raise damaged(path, f"it has only {len(head)} bytes")
    if head[:16] != _MAGIC or int.from_bytes(head[16:18], "big") != schema.PAGE:
        raise damaged(path, "it does not begin like a label journal")
    if int.from_bytes(head[68:72], "big") != schema.APPLICATION_ID:
        raise JournalDamaged(f"{path} is not a label journal, or its first bytes are damaged{RECOVERY}")


def check_content(database: sqlite3.Connection, path: Path, seconds: float = _SECONDS) -> None:
    """Look for damage, for at most about twice the given time: in the structure, then event by event, newest first.

    Raises
    ------
    JournalDamaged
        Saying where.
    """
    _check_structure(database, path, seconds)
    count, last = database.execute("SELECT count(*), coalesce(max(id), 0) FROM event").fetchone()
    if schema.version_of(database) == schema.VERSION:
        (derived,) = database.execute("SELECT max(event) FROM state WHERE typeof(event) = 'integer'").fetchone()
        last = max(last, derived or 0)
    if count != last:
        raise damaged(path, f"{last - count} actions are missing")
    deadline, left = time.monotonic() + seconds, _UNPACKED
    for row in database.execute("SELECT * FROM event ORDER BY id DESC"):
        try:
            event = schema.whole_event(row)
            if event.n <= left:  # the packed segments of large ones are looked at where they are used
                left -= event.n
                State().change_of(event)
        except ValueError as error:
            raise damaged(path, str(error)) from error
        if time.monotonic() > deadline:
            return


def _check_structure(database: sqlite3.Connection, path: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    database.set_progress_handler(lambda: int(time.monotonic() > deadline), 1000)
    try:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return
    finally:
        database.set_progress_handler(None, 0)
    if found != "ok":
        raise damaged(path, found.splitlines()[-1])


@dataclass(frozen=True)
class Recovery:
    """What was recovered.

    Parameters
    ----------
    path
        The copy: a whole journal.
    actions, lost
        How many events it holds, and how many are known to be missing among them.
    """

    path: Path
    actions: int
    lost: int


def recover(path: Path) -> Recovery:
    """Write what can be read of a damaged journal to ``labels.recovered.<time>.sqlite`` beside it.

    The time is that of the damaged file, so that opening it again makes no second copy.

    Raises
    ------
    OutputError
        The copy cannot be written.
    JournalDamaged
        It is larger than what is recovered, or what is left of it is no journal.
    """
    found = salvage(path)
    events = [found.get(number) or _lost(number) for number in range(1, max(found, default=0) + 1)]
    target = path.with_name(f"{path.stem}.recovered.{_stamp(_changed(path))}{path.suffix}")
    if not target.exists():
        with atomic(target) as temporary:
            try:
                fill(temporary, events)
            except sqlite3.Error as error:
                raise failed(target, error) from error
            except ValueError as error:
                raise JournalDamaged(f"{path} is damaged, and nothing can be recovered of it: {error}") from error
    return Recovery(target, len(found), len(events) - len(found))


def salvage(path: Path) -> dict[int, Event]:
    """Read all events whose checksum fits, from the pages of a file and its write-ahead log.

    Committed pages come first; then whatever else is found in the log fills gaps. Raises JournalDamaged where there
    is more than is read into memory.
    """
    size = sum(place.stat().st_size for place in (path, _beside(path, "-wal")) if place.exists())
    if size > _LARGEST_RECOVERED:
        raise JournalDamaged(
            f"{path} is damaged, and with {size / 2**30:.1f} GB larger than what is recovered; remove it where its "
            "labels are not needed"
        )
    events: dict[int, Event] = {}
    for strict in (True, False):
        for row in rows_of(pages_of(path, schema.PAGE, strict=strict), schema.COLUMNS):
            with suppress(ValueError):
                event = schema.whole_event(row)
                State().change_of(event)
                events.setdefault(event.id, event)
    last = _GAP + size // _SMALLEST_ROW
    return {number: event for number, event in events.items() if number <= last}


_LARGEST_RECOVERED = 2**29
"""Bytes of a journal, with its write-ahead log, that are read into memory to be searched for events."""

_SMALLEST_ROW, _GAP = 64, 100_000
"""Bytes of the smallest event, and lost events beyond those that a file has room for."""


def _lost(number: int) -> Event:
    return Event(number, "", "", "lost", note="could not be recovered")


def _changed(path: Path) -> float:
    places = [path, *(_beside(path, side) for side in SIDES)]
    return max(place.stat().st_mtime for place in places if place.exists())


def _stamp(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%S}"


def _beside(path: Path, side: str) -> Path:
    return path.with_name(path.name + side)


def adopt_recovered(path: Path) -> Path:
    """Put a recovered copy in the place of the damaged journal, which is kept as ``labels.damaged.<time>.sqlite``.

    Parameters
    ----------
    path
        ``labels.recovered.<time>.sqlite``.

    Returns
    -------
    Path
        ``labels.sqlite``, ready to be opened for writing.

    Raises
    ------
    JournalLocked
        It is open for writing.
    OutputError
        The folder may not be written.
    """
    original = path.with_name(path.name.split(".recovered.")[0] + path.suffix)
    lock = WriterLock(original)
    lock.acquire()
    try:
        _keep(original, original.with_name(f"{original.stem}.damaged.{_stamp(time.time())}{original.suffix}"))
        os.replace(path, original)
    except OSError as error:
        raise output_error(original, error) from error
    finally:
        lock.release()
    return original


def _keep(original: Path, kept: Path) -> None:
    """Keep a damaged journal under another name; its own name still stands until it is replaced."""
    if kept.exists():
        raise OutputError(f"{kept} is there already; wait a second and try again")
    if original.exists():
        shutil.copy2(original, kept)
    for side in SIDES:
        if _beside(original, side).exists():
            os.replace(_beside(original, side), _beside(kept, side))
