"""Locks between processes, which the system releases where one dies.

Shares (SMB, FUSE, some of NFS) may refuse to lock a file. Then locks are held on this machine's own disk, with one
sentence: other machines do not see them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rsgraph.errors import OutputError
from rsgraph.files import digest, output_error, private_folder
from rsgraph.syncing import inform

_locking: dict[str, str | None] = {}
"""Folder -> why files in it cannot be locked, as the system says it; None: they can."""


@contextmanager
def locked(lock: Path, path: Path, *, timeout: float = -1) -> Iterator[None]:
    """Hold a lock between processes, which the system releases where one dies.

    Parameters
    ----------
    lock
        The lock's file; it stays. Where its folder cannot be locked, another one stands for it (``lock_place``).
    path
        The file or folder that it stands for, for the sentence.
    timeout
        Seconds to wait for it; below 0: as long as it takes.

    Raises
    ------
    OutputError
        The folder cannot be written, or the lock is none of ours.
    Timeout
        Somebody else held it for so long.
    """
    refuse_other_lock(lock)
    held = FileLock(lock_place(lock), timeout=timeout)
    try:
        held.acquire()
    except Timeout:
        raise
    except OSError as error:
        raise output_error(path, error) from error
    try:
        yield
    finally:
        held.release()


def refuse_other_lock(lock: Path) -> None:
    """Refuse a lock that is not ours: to hold it empties the file, by whatever other name that is known.

    Raises
    ------
    OutputError
        It is a symbolic link, or holds something.
    """
    if lock.is_symlink():
        raise OutputError(f"{lock} is a symbolic link, which no lock of ours is; remove it")
    if lock.is_file() and lock.stat().st_size > 0:
        raise OutputError(f"{lock} is no lock of ours, which are empty files; remove it")


def lock_place(lock: Path) -> Path:
    """Return a lock's file; on a share that cannot lock, one on this machine's disk, and inform the user."""
    reason = why_not_locked(lock.parent)
    if reason is None:
        return lock
    inform(
        f"{lock.parent} is on a share that cannot lock files ({reason}): only programs on this machine wait for each "
        "other there, so let no other machine write to it at the same time"
    )
    return private_folder("rsgraph-locks-") / f"{digest(str(lock.absolute()))[:32]}.lock"


def why_not_locked(folder: Path) -> str | None:
    """Return why files in a folder cannot be locked; None where they can, or where nothing can be written anyway."""
    place = os.path.abspath(folder)
    if os.name == "nt":
        return None
    if place not in _locking:
        probe = folder / f".lock.{os.getpid()}.{os.urandom(4).hex()}"
        try:
            handle = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            return None
        try:
            _locking[place] = _lock_failure(handle)
        finally:
            os.close(handle)
            probe.unlink(missing_ok=True)
    return _locking[place]


def _lock_failure(handle: int) -> str | None:
    """Try both kinds of locks, the one of this package and the one of SQLite, on a file that is nobody else's."""
    import fcntl

    try:
        for lock in (fcntl.flock, fcntl.lockf):
            lock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock(handle, fcntl.LOCK_UN)
    except OSError as error:
        return error.strerror or str(error)
    return None
