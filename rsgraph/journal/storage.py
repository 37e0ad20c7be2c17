"""The file of a label journal: making, opening, locking and closing it."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from filelock import FileLock, Timeout

from rsgraph.errors import JournalDamaged, JournalLocked, OutputError, RsgraphError, WorkspaceError, in_short
from rsgraph.files import atomic, output_error
from rsgraph.journal import schema
from rsgraph.journal.events import Event
from rsgraph.locks import refuse_other_lock, why_not_locked
from rsgraph.own_files.names import refuse_special
from rsgraph.own_files.rollback import names_another

SIDES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database while it is open, or after its program was killed."""

RECOVERY = "; `rsgraph label` recovers what can be read of it to a copy"
"""How the message of every ``JournalDamaged`` ends."""

_BUSY_S = 10.0
_REMOTE = {
    "9p", "afp", "afpfs", "afs", "beegfs", "ceph", "cifs", "davfs", "drvfs", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "prl_fs", "smb2", "smb3", "smbfs", "vboxsf", "virtiofs", "vmhgfs",
}  # fmt: skip
"""File systems on which the shared memory of a write-ahead log does not work between machines."""

_DAMAGE = {
    sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR, sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_MISMATCH,
}  # fmt: skip
"""What SQLite says of damaged files; SQLITE_ERROR where a table is missing."""


def on_network_drive(path: Path, mounts: Path = Path("/proc/mounts")) -> bool:
    """Whether a file is on a network drive, or on one that a user-space program provides (sshfs, rclone).

    Parameters
    ----------
    path
        The file or folder; need not exist.
    mounts
        The table of mounted file systems; where there is none, only Windows' network paths are known.
    """
    place = os.path.realpath(path)
    if place.startswith("\\\\"):
        return True
    if not mounts.exists():
        return False
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        _, point, found, *_ = line.split(" ")
        point = point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        if len(point) >= len(best) and (place == point or place.startswith(point.rstrip("/") + "/")):
            best, kind = point, found
    return kind in _REMOTE or kind.startswith("fuse.")


class WriterLock:
    """Held by the one journal that may write; the system releases it when its process dies.

    Parameters
    ----------
    path
        Of the journal; the lock is ``labels.sqlite.lock`` beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(f"{path}.lock", thread_local=False)

    def acquire(self) -> None:
        """Take it.

        Raises
        ------
        JournalLocked
            Naming who has it.
        OutputError
            The folder may not be written, or is on a share that cannot lock files; or the lock is none of ours.
        """
        reason = why_not_locked(self._path.parent)
        if reason is not None:
            raise OutputError(
                f"{self._path} is on a share that cannot lock files ({reason}), where two programs that label would "
                "spoil each other's work; copy the workspace to a disk of this machine to label"
            )
        refuse_other_lock(Path(self._lock.lock_file))
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise JournalLocked(
                f"{self._path} is being labelled by {holder(self._path)}; close it there first"
            ) from error
        except OSError as error:
            raise output_error(self._path, error) from error

    @property
    def held(self) -> bool:
        """Whether this is who has it."""
        return bool(self._lock.is_locked)

    def release(self) -> None:
        """Give it back."""
        self._lock.release()


def holder(path: Path) -> str:
    """Name who opened a journal for writing last."""
    try:
        database = connect(path, read_only=True)
        with closing(database):
            row = None if schema.unexpected(database) else database.execute(_WRITER).fetchone()
    except (sqlite3.Error, JournalDamaged):
        row = None
    if row is None:
        return "another program"
    pid, host, user, since = (" ".join(str(each).split()) for each in row)
    here = "this computer" if host == socket.gethostname() else host
    return f"{user} (process {pid} on {here}, since {since})"


_WRITER = "SELECT substr(pid, 1, 80), substr(host, 1, 80), substr(user, 1, 80), substr(since, 1, 80) FROM writer"


def sign(database: sqlite3.Connection) -> None:
    """Enter this process as the one that writes."""
    row = (os.getpid(), socket.gethostname(), user_name(), f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC")
    database.execute("INSERT OR REPLACE INTO writer VALUES (1, ?, ?, ?, ?)", row)


def user_name() -> str:
    """Return the name of the user; in a container there may be none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def make(path: Path) -> None:
    """Make an empty journal, all at once: no half of it is ever seen under its name.

    Raises
    ------
    OutputError
        Disk full, or the folder is not writable.
    """
    with atomic(path) as temporary:
        try:
            fill(temporary, ())
        except sqlite3.Error as error:
            raise failed(path, error) from error


def fill(path: Path, events: Iterable[Event]) -> None:
    """Write a journal that holds events to a new file; the caller makes it durable and renames it."""
    database = sqlite3.connect(path, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = OFF")
        database.execute(f"PRAGMA page_size = {schema.PAGE}")
        database.execute("BEGIN")
        schema.create(database, events)
        database.execute("COMMIT")
    finally:
        database.close()


def check_sides(path: Path) -> None:
    """Check a database, and the files beside it, before SQLite acts on them.

    A rollback journal may name another file at its end, that of a transaction over several databases, which SQLite
    removes once it has rolled back: whatever file it is. A journal of labels is one database, and has none.

    Raises
    ------
    WorkspaceError
        What should be a file is a folder, a pipe or a device.
    JournalDamaged
        A file names another one.
    """
    for side in ("", *SIDES):
        place = path.with_name(path.name + side)
        refuse_special(place)
        if place.is_dir():
            raise WorkspaceError(f"{place} is a folder, where a file of labels belongs; move it elsewhere")
    if names_another(path.with_name(f"{path.name}-journal")):
        raise damaged(path, "the -journal beside it names another file, which would be removed")


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open the database.

    Raises sqlite3.Error where it is damaged, not there or may not be opened, or as ``check_sides``.
    """
    check_sides(path)
    mode = "ro" if read_only else "rw"
    database = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA cache_size = -32768")
        database.execute("PRAGMA temp_store = MEMORY")
        database.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if not read_only:
            _set_up(database, path)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _set_up(database: sqlite3.Connection, path: Path) -> None:
    """Make every commit durable; the shared memory of a write-ahead log does not work on network drives."""
    mode = "TRUNCATE" if on_network_drive(path) else "WAL"
    database.execute(f"PRAGMA journal_mode = {mode}")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("PRAGMA wal_autocheckpoint = 4000")


def snapshot(path: Path) -> sqlite3.Connection:
    """Return what a journal holds now, in memory; empty where there is none.

    For those that cannot be looked at in place: of an older version, or on a medium that cannot be written
    and left by a program that was killed. The file is not touched. Nothing in it is checked, nor brought up to date.
    Raises JournalDamaged as ``check_sides``.
    """
    check_sides(path)
    memory = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if not path.exists():
        memory.execute("BEGIN")
        schema.create(memory)
        memory.execute("COMMIT")
        return memory
    with TemporaryDirectory() as folder:
        for name in (path.name, *(path.name + side for side in SIDES if side != "-shm")):
            if path.with_name(name).exists():
                shutil.copyfile(path.with_name(name), Path(folder, name))
        with closing(sqlite3.connect(Path(folder, path.name))) as copy:
            copy.backup(memory)
    return memory


def stamp(path: Path) -> tuple[int, ...]:
    """Return numbers that change when a journal is written or replaced."""
    places = (path, path.with_name(f"{path.name}-wal"))
    stats = [place.stat() for place in places if place.exists()]
    return tuple(number for stat in stats for number in (stat.st_ino, stat.st_size, stat.st_mtime_ns))


def set_aside(path: Path, kept: Path) -> None:
    """Give a journal another name, whole: what a killed program left beside it goes with it.

    Raises
    ------
    JournalLocked
        Someone is labelling.
    OutputError
        The folder may not be written.
    """
    lock = WriterLock(path)
    if why_not_locked(path.parent) is None:  # where it is not, nobody can label
        lock.acquire()
    try:
        for side in SIDES:
            if path.with_name(path.name + side).exists():
                os.replace(path.with_name(path.name + side), kept.with_name(kept.name + side))
        os.replace(path, kept)
    except OSError as error:
        raise output_error(kept, error) from error
    finally:
        lock.release()


def close_as_one_file(database: sqlite3.Connection) -> None:
    """Close a database without leaving anything beside it, so that it can be copied, and read from anywhere."""
    try:
        database.execute("PRAGMA busy_timeout = 0")
        database.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError:
        pass  # another window still reads it, and the next one to close does this; or it was damaged meanwhile
    finally:
        database.close()


_LONGEST_REASON = 200
"""Characters of what SQLite says of a file: it may hold the file's own text, lines of SQL among it."""


def damaged(path: Path, found: str) -> JournalDamaged:
    """Say in one sentence that a journal is damaged, what was found, and what to do."""
    found = " ".join(found.split())[:_LONGEST_REASON]
    return JournalDamaged(f"{path} is damaged ({found}){RECOVERY}")


def failed(path: Path, error: sqlite3.Error) -> RsgraphError:
    """Turn an SQLite error into one sentence about ``path``."""
    if isinstance(error, sqlite3.ProgrammingError):
        return WorkspaceError(f"{path} was closed; open the journal again")
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
    if code & 0xFF in _DAMAGE or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return damaged(path, str(error))
    if code & 0xFF == sqlite3.SQLITE_BUSY:
        return JournalLocked(f"{path} is being read or written by another program; close that and try again")
    if code & 0xFF == sqlite3.SQLITE_FULL:
        free = shutil.disk_usage(path.parent).free / 2**20
        return OutputError(
            f"could not write {path}: the disk is full ({free:.0f} MB free); nothing was changed, free some space "
            "and do it again"
        )
    return OutputError(
        f"could not write {path} ({in_short(error)}); nothing was changed: see that its disk is there, writable and "
        "not full, and do it again"
    )
