"""Vector files of GDAL and Arrow that are whole or absent, with their errors in one sentence."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyogrio.errors as vector
from pyarrow.lib import ArrowException

from rsgraph.errors import OutputError
from rsgraph.files import atomic

_FULL_WORDS = ("no space", "disk is full", "file too large", "quota")
_TRIED = 2**20
_FOREIGN = (vector.DataSourceError, vector.DataLayerError, ArrowException)


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a temporary name beside ``path`` as ``atomic`` does, for bodies that write with pyogrio or Arrow.

    Raises
    ------
    OutputError
        Disk full, folder not writable, or ``path`` is open in another program. ``path`` is as it was.
    """
    _refuse_open(path)
    with atomic(path) as temporary:
        try:
            yield temporary
        except _FOREIGN as error:
            raise OSError(_number(error, temporary), str(error.__cause__ or error)) from error
        finally:
            for ending in ("-journal", "-wal", "-shm"):
                temporary.with_name(temporary.name + ending).unlink(missing_ok=True)


def _refuse_open(path: Path) -> None:
    """A GeoPackage that is open elsewhere has a log beside it, which would be applied to its replacement."""
    for ending in ("-journal", "-wal"):
        log = path.with_name(path.name + ending)
        if log.exists():
            raise OutputError(
                f"could not replace {path}: {log.name} beside it says that another program has it open; close it "
                "there (in QGIS remove the layer), or export to another folder with folder=..."
            )


def _number(error: BaseException, temporary: Path) -> int:
    """Tell a full disk from other failures: GDAL says so in words or not at all, so some bytes more are tried."""
    text = f"{error} {error.__cause__}".lower()
    if any(words in text for words in _FULL_WORDS):
        return errno.ENOSPC
    try:
        with temporary.open("ab") as file:
            file.write(bytes(_TRIED))
            file.flush()
            os.fsync(file.fileno())
    except OSError as found:
        return found.errno or errno.EIO
    return errno.EIO
