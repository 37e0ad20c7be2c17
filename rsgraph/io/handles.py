"""Opened rasterio datasets, one per thread, process and file, and messages for their errors."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rasterio
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.io import DatasetReader
from rasterio.windows import Window as RasterioWindow

from rsgraph.errors import NotReadable, RsgraphError
from rsgraph.io.absent import check_name, missing
from rsgraph.io.drivers import SAFE, SCENES
from rsgraph.io.named_files import NamedFiles, shown
from rsgraph.warning_filters import ignored

_MOST_OPEN = 48
"""Datasets that one thread keeps open: more than the bands of one product, fewer than any limit on files."""

_LONGEST_REASON = 300
"""Characters of what GDAL says of a file: it may hold the file's own bytes."""

_BLOCKS = {} if "GDAL_CACHEMAX" in os.environ else {"GDAL_CACHEMAX": 384 * 2**20}
"""Bytes of decoded blocks that a process keeps: one row of a tile's largest blocks, in all bands. GDAL's own limit
is a twentieth of the memory, 1.2 GB in each worker of a machine of 24 GB; who sets one keeps it."""


class _Handles(threading.local):
    """The datasets of one thread. A forked child must not share its parent's, hence the process id."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.opened: OrderedDict[tuple[object, ...], Any] = OrderedDict()


_handles = _Handles()


@contextmanager
def gdal(path: str) -> Iterator[None]:
    """Run GDAL calls on one file: errors become NotReadable, and GDAL's own messages stay out of sight.

    Raises
    ------
    NotReadable
        GDAL could not read the file; the message names it and gives GDAL's reason.
    """
    logger = logging.getLogger("rasterio")
    if logger.level == logging.NOTSET:  # whoever wants to see GDAL's messages sets a level
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with rasterio.Env(GDAL_NUM_THREADS=1, **_BLOCKS, **SAFE):
            yield
    except (CPLE_BaseError, RasterioError, ValueError, OSError, MemoryError) as error:
        forget_last_error()
        reason = _reason(error)
        raise NotReadable(f"{shown(path)} cannot be read: {reason}; {_cure(error, reason)}") from error


def _cure(error: BaseException, reason: str) -> str:
    """Return what helps: most of what GDAL says is damage, but not all."""
    if "permission denied" in reason.lower():
        return "change its permissions."
    if isinstance(error, MemoryError) or "out of memory" in reason.lower():
        return "there is not enough memory, so end other programs or take a smaller file."
    expected = "expected a complete, undamaged raster, so"
    if "not recognized" in reason:
        return f"{expected} name one, or convert it to GeoTIFF where it is of a format that GDAL does not read here."
    return f"{expected} copy or download the file again."


def forget_last_error() -> None:
    """Clear GDAL's record of this thread's last error: rasterio 1.4 raises it again in a later, innocent call."""
    with contextlib.suppress(CPLE_BaseError, RasterioError):
        CRS.from_epsg(4326)


def _reason(error: BaseException) -> str:
    """Return the innermost cause in one line."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
    return re.sub(r"\.+$", "", text)


def dataset(path: str, drivers: Sequence[str] = SCENES) -> Any:
    """Return this thread's open dataset of a file, opening it on first use or when it has changed on disk.

    Parameters
    ----------
    path
        Of the file.
    drivers
        The formats that it may have (``rsgraph.io.drivers``).

    Raises
    ------
    NotReadable
        The file is not there, is no raster of these formats, or names files that may not be opened.
    NotUsable
        It names others without end, or code.
    """
    if _handles.process != os.getpid():
        _handles.process, _handles.opened = os.getpid(), OrderedDict()
    key = (path, *_state(path), drivers)
    if key in _handles.opened:
        _handles.opened.move_to_end(key)
    else:
        _handles.opened[key] = open_raster_file(path, drivers)
        while len(_handles.opened) > _MOST_OPEN:
            _handles.opened.popitem(last=False)[1].close()
    return _handles.opened[key]


def _state(path: str) -> tuple[int, int]:
    """Return size and time of the file that GDAL opens (of the archive, for a file inside one)."""
    place = path.removeprefix("/vsizip/{").partition("}")[0] if path.startswith("/vsizip/") else path
    try:
        status = os.stat(place)
    except OSError as error:
        raise NotReadable(f"{place} does not exist (any more); give the path of an existing file.") from error
    return status.st_size, status.st_mtime_ns


def open_raster_file(path: str, drivers: Sequence[str]) -> Any:
    """Open a raster for reading, once all that it names is looked at; parameters and Raises as of ``dataset``."""
    names = NamedFiles(path, lambda each: _open(each, SCENES, names).close())
    names.check()
    return _open(path, drivers, names)


def _open(path: str, drivers: Sequence[str], names: NamedFiles) -> Any:
    with gdal(path), ignored(category=NotGeoreferencedWarning):  # the reader says it in the scene's notes
        opened = DatasetReader(path, driver=list(drivers))  # rasterio.open takes no list
        domains = [opened.tags(ns=domain) for domain in ("OVERVIEWS", "GEOLOCATION")]
    try:
        names.check_metadata(path, *domains)
    except RsgraphError:
        opened.close()
        raise
    return opened


def check_size(path: str, rows: int, columns: int, bands: int) -> None:
    """Check that a file is as it was described. Raises NotReadable where it is not."""
    source = dataset(path)
    if (source.height, source.width) != (rows, columns) or source.count < bands:
        raise NotReadable(
            f"{shown(path)} has {source.count} bands of {source.height} x {source.width} pixels; expected at least "
            f"{bands} of {rows} x {columns}, as the first image of its collection or as when it was opened."
        )


def read(
    path: str, indexes: list[int], row: int, column: int, rows: int, columns: int, *, drivers: Sequence[str] = SCENES
) -> Any:
    """Read bands (bands, rows, columns) of a window in the file's own type. Raises NotReadable."""
    source = dataset(path, drivers)
    with gdal(path):
        return source.read(indexes, window=RasterioWindow(column, row, columns, rows))


def read_mask(path: str, row: int, column: int, rows: int, columns: int) -> Any:
    """Read the file's mask band or alpha of a window: (rows, columns), True where data are. Raises NotReadable."""
    source = dataset(path)
    with gdal(path):
        return source.read_masks(1, window=RasterioWindow(column, row, columns, rows)) > 0


def read_masks(path: str, indexes: list[int], row: int, column: int, rows: int, columns: int) -> Any:
    """Read the masks of bands (bands, rows, columns), each its own, True where data are. Raises NotReadable."""
    source = dataset(path)
    with gdal(path):
        return source.read_masks(indexes, window=RasterioWindow(column, row, columns, rows)) > 0


def existing_file(path: Path) -> Path:
    """Check what the user named, before GDAL sees it.

    Raises
    ------
    NotReadable
        It is missing, a folder, or empty, or its name is not UTF-8.
    """
    if not path.exists():
        raise missing(path, "expected a raster file, so check the path for typing errors.")
    check_name(path)
    if path.is_dir():
        raise NotReadable(f"{path} is a folder; expected one raster file, so name a file in it or use reader=auto.")
    if not os.access(path, os.R_OK):
        raise NotReadable(f"{path} may not be read by this user; change its permissions.")
    if path.stat().st_size == 0:
        raise NotReadable(f"{path} is empty (0 bytes); expected a raster, so copy or download the file again.")
    return path
