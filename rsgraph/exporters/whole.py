"""Vector files of GDAL and Arrow that are whole or absent, with their errors in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyogrio.errors as vector
from pyarrow.lib import ArrowException

from rsgraph.errors import OutputError
from rsgraph.files import atomic, output_error

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
            raise output_error(path, error, temporary=temporary) from error
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
