"""Opening a journal's file: only what is known to be whole is opened for writing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from rsgraph.errors import WorkspaceError, in_short
from rsgraph.journal import schema
from rsgraph.journal.checking import odd_size
from rsgraph.journal.recovery import check_content, check_header
from rsgraph.journal.storage import connect, damaged, failed, make, sign, snapshot
from rsgraph.locks import why_not_locked

_NO_ROOM = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)
"""What SQLite says where even a reader cannot make the small file that it needs: read-only media, full disks."""


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open a journal for writing, made where it is not there; the caller holds its lock.

    Raises
    ------
    JournalDamaged
        It is not whole; the file was not touched.
    WorkspaceError
        It was written by a newer rsgraph.
    OutputError
        Disk full, or not writable.
    """
    check_header(path)
    if not path.exists():
        make(path)
    try:
        unfinished = _unfinished(path)
        if not unfinished:
            with closing(connect(path, read_only=True)) as database:
                _check(database, path)
        return _connected(path, check=unfinished)
    except sqlite3.Error as error:
        raise failed(path, error) from error
    except ValueError as error:
        raise damaged(path, str(error)) from error


def _unfinished(path: Path) -> bool:
    """Whether a program was killed while it wrote with a rollback journal: opening for writing takes that back."""
    left = path.with_name(f"{path.name}-journal")
    return left.exists() and left.stat().st_size > 0


def _connected(path: Path, *, check: bool) -> sqlite3.Connection:
    database = connect(path, read_only=False)
    try:
        if check:
            _check(database, path)
        schema.migrate(database)
        schema.restore(database)
        sign(database)
    except BaseException:
        database.close()
        raise
    return database


def open_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal to look at, in place where that is possible, else as a copy in memory.

    Raises
    ------
    JournalDamaged
        It is not whole.
    WorkspaceError
        It was written by a newer rsgraph, or may not be read.
    """
    try:
        check_header(path)
        return _in_place(path) or _copied(path)
    except sqlite3.Error as error:
        raise failed(path, error) from error
    except ValueError as error:
        raise damaged(path, str(error)) from error
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be read ({in_short(error)}); see that you may read it and try again"
        ) from error


def _in_place(path: Path) -> sqlite3.Connection | None:
    if not path.exists() or why_not_locked(path.parent) is not None:  # SQLite would wait for a lock in vain
        return None
    try:
        database = connect(path, read_only=True)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF in _NO_ROOM:
            return None
        raise
    try:
        _check(database, path)
    except BaseException:
        database.close()
        raise
    if schema.version_of(database) == schema.VERSION:
        return database
    database.close()
    return None


def _copied(path: Path) -> sqlite3.Connection:
    database = snapshot(path)
    try:
        _check(database, path)
        schema.migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def _check(database: sqlite3.Connection, path: Path) -> None:
    """Check that nothing is at work in the database, before anything is read of it; then what it holds."""
    schema.check_version(database, path)
    fault = schema.unexpected(database) or odd_size(database)
    if fault is not None:
        raise damaged(path, fault)
    check_content(database, path)
