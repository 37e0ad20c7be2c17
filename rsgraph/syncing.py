"""Bringing what is written to the disk, and informing the user of a file system that does not offer all.

Shares (SMB, FUSE, some of NFS) may refuse to fsync a folder. Then all goes on, with one sentence: a rename that is
not fsynced is whole or absent still, but may be absent after a power failure.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_NO_FOLDER_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EISDIR}
_NO_FOLDER_SYNC |= {errno.EACCES, errno.EPERM}
_NO_FILE_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""What a file system says that does not offer fsync of folders, or of files; all else, as of a failing disk, is an
error."""

_syncing: dict[int, str | None] = {}
"""Device -> why its folders cannot be fsynced; None: they can."""


def sync(path: Path) -> None:
    """Fsync a file or folder. One that does not offer this is left as it is, which the user is informed of."""
    folder = path.is_dir()
    if folder and os.name == "nt":  # Windows opens no folders; its file system keeps renames in order by itself
        return
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in (_NO_FOLDER_SYNC if folder else _NO_FILE_SYNC):
            raise
        _remember_unsynced(path if folder else path.parent, error)
        return
    if folder:
        _syncing.setdefault(os.stat(path).st_dev, None)


def _remember_unsynced(folder: Path, error: OSError) -> None:
    reason = error.strerror or str(error)
    _syncing[os.stat(folder).st_dev] = reason
    inform(
        f"{folder} is on a share that cannot fsync folders ({reason}): files are whole or "
        "absent still, but the last ones may be absent after a power failure"
    )


def sync_tree(folder: Path) -> None:
    """Fsync every file and folder below ``folder``."""
    for place in [*folder.rglob("*"), folder]:
        sync(place)


def why_not_synced(folder: Path) -> str | None:
    """Return why a folder cannot be fsynced; None where it can, or cannot be asked."""
    device = _device(folder)
    if device is not None and device not in _syncing:
        with suppress(OSError):
            sync(folder)
    return None if device is None else _syncing.get(device)


def _device(folder: Path) -> int | None:
    try:
        return os.stat(folder).st_dev
    except OSError:
        return None


_inform: Callable[[str], None] = logging.getLogger("rsgraph").warning
_informed: set[str] = set()


def inform_through(say: Callable[[str], None]) -> None:
    """Choose who says what the user should know of a file system; by default the logger ``rsgraph``."""
    global _inform
    _inform = say


def inform(text: str) -> None:
    """Say something about a file system, once in a process."""
    kind = text.partition(" is on a ")[2] or text
    if kind not in _informed:
        _informed.add(kind)
        _inform(text)
