"""Rasters that are whole or absent: scenes, their ground truth, and the writer that other rooms use."""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import CRSError, NotGeoreferencedWarning, RasterioError
from rasterio.transform import Affine
from rasterio.windows import Window as RasterioWindow

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.files import atomic, output_error, write_text
from rsgraph.io.drivers import OURS, SAFE
from rsgraph.io.handles import forget_last_error
from rsgraph.protocols import Progress
from rsgraph.types import Scene, Window
from rsgraph.warning_filters import ignored

BLOCK = 256
"""Side of a tile of the files, in pixels."""

Compression = Literal["deflate", "zstd", "lzw", "none"]

_STEP = Window(0, 0, BLOCK, 4 * BLOCK)
"""What write_scene has in memory at a time: 12 bands of it in float32 are 12.6 MB."""

_FAILURES = (RasterioError, CPLE_BaseError)

_COLOURS = ("#000000", "#1f5fa8", "#f0dc82", "#c83c3c", "#dcaa46", "#14641e", "#8cc85a", "#be6ee6", "#ffffff")


class RasterWriter:
    """Writes windows into the raster that ``raster_writer`` opened."""

    def __init__(self, file: Any, path: Path, temporary: Path) -> None:
        self._file = file
        self._path = path
        self._temporary = temporary

    def write(self, values: NDArray[Any], window: Window) -> None:
        """Write (count, rows, columns), of the raster's type, into a window.

        Raises
        ------
        ValueError
            The shape does not fit the window.
        OutputError
            Disk full, or another failure of the file system.
        """
        expected = (self._file.count, window.rows, window.columns)
        if values.shape != expected:
            raise ValueError(f"`values` must have shape {expected}, as the window has. Got {values.shape} instead.")
        place = RasterioWindow(window.column, window.row, window.columns, window.rows)
        with _translated(self._path, self._temporary):
            self._file.write(values, window=place)


@contextmanager
def raster_writer(
    path: Path,
    *,
    rows: int,
    columns: int,
    count: int,
    dtype: str,
    crs: str | None = None,
    transform: Sequence[float] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    nodata: float | None = None,
    descriptions: Sequence[str] = (),
    scale: float | None = None,
    colours: Mapping[int, str] | None = None,
    tags: Mapping[str, str] | None = None,
    compress: Compression = "deflate",
) -> Iterator[RasterWriter]:
    """Open a tiled GeoTIFF for writing window by window; it appears under its name only when it is whole.

    It is written to a temporary name in the same folder, closed, checked (GDAL can fail silently on closing),
    fsynced and renamed. Any failure, Ctrl-C included, removes the temporary file and leaves what stood at
    ``path`` as it was. Parts that are never written hold ``nodata``, or 0.

    Parameters
    ----------
    path
        The file to create or replace; missing folders are made.
    rows, columns, count
        Size in pixels and number of bands.
    dtype
        ``uint8``, ``uint16``, ``uint32``, ``float32`` ...
    crs
        Well-known text or ``EPSG:...``; None for pixel space.
    transform
        (a, b, c, d, e, f) of the affine map from (column, row) to CRS coordinates.
    nodata
        Number that stands for "no data".
    descriptions
        Names of the bands.
    scale
        Recorded for every band: real value = stored number * scale.
    colours
        Code -> ``#rrggbb``, for one band of uint8.
    tags
        Metadata of the file.
    compress
        ``deflate`` reads everywhere; ``zstd`` is quicker and a little smaller, but needs a GDAL that has it.

    Yields
    ------
    RasterWriter
        With ``write(values (count, rows, columns), window)``.

    Raises
    ------
    OutputError
        Disk full or folder not writable, in one sentence with the file and the free space.
    ConfigError
        ``crs`` is not a coordinate reference system.
    """
    profile = {
        "driver": "GTiff",
        "height": rows,
        "width": columns,
        "count": count,
        "dtype": dtype,
        "crs": _parsed(crs),
        "transform": Affine(*transform),
        "nodata": nodata,
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "interleave": "band",
        "compress": compress,
        "predictor": 2 if compress != "none" and dtype in ("uint16", "int16") else 1,
        "bigtiff": "if_safer",
    }
    with atomic(path) as temporary:
        with _quiet(), _opened(path, temporary, profile) as file:
            _label(file, descriptions, scale, colours, tags)
            yield RasterWriter(file, path, temporary)
        with _quiet(), _translated(path, temporary):
            check_complete(temporary)
    path.with_name(path.name + ".aux.xml").unlink(missing_ok=True)  # a viewer's statistics of the former file


@contextmanager
def _opened(path: Path, temporary: Path, profile: Mapping[str, Any]) -> Iterator[Any]:
    """Open, and close however the body ends; a failure of closing counts only where the body did not fail."""
    with _translated(path, temporary):
        file = rasterio.open(temporary, "w", **profile)
    try:
        yield file
    except BaseException:
        try:
            file.close()
        except _FAILURES:
            forget_last_error()
        raise
    with _translated(path, temporary):
        file.close()


def _label(
    file: Any,
    descriptions: Sequence[str],
    scale: float | None,
    colours: Mapping[int, str] | None,
    tags: Mapping[str, str] | None,
) -> None:
    for number, name in enumerate(descriptions, start=1):
        file.set_band_description(number, name)
    if scale is not None:
        file.scales = (scale,) * file.count
    if colours:
        file.write_colormap(1, {code: _rgb(colour) for code, colour in colours.items()})
    if tags:
        file.update_tags(**tags)


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _parsed(crs: str | None) -> CRS | None:
    if crs is None:
        return None
    try:
        return CRS.from_user_input(crs)
    except (CRSError, ValueError) as error:
        raise ConfigError(f"`crs` must be well-known text or EPSG:<number>. Got '{crs}' instead.") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Pixel space is meant where there is no CRS, and GDAL's own messages come back as our one sentence."""
    logger = logging.getLogger("rasterio")
    if logger.level == logging.NOTSET:  # whoever wants to see GDAL's messages sets a level
        logger.setLevel(logging.CRITICAL + 1)
    with ignored(category=NotGeoreferencedWarning):
        yield


@contextmanager
def _translated(path: Path, temporary: Path) -> Iterator[None]:
    """Turn failures of GDAL into OutputError."""
    try:
        with rasterio.Env(**SAFE):  # else GDAL prints what goes wrong on closing
            yield
    except (*_FAILURES, OSError) as error:
        forget_last_error()
        raise output_error(path, error, temporary=temporary) from error


def check_complete(path: Path) -> None:
    """Check that a GeoTIFF holds all its blocks, and read the one that was written last.

    Only the file's index is read, not the pixels: 22 000 blocks of a 12-band tile take a quarter of a second.

    Raises
    ------
    OSError
        ENOSPC, where a block is missing or lies beyond the end of the file.
    """
    size = os.path.getsize(path)
    last, last_end = (1, 0, 0), 0
    with rasterio.open(path, driver=OURS[0]) as file:
        height, width = file.block_shapes[0]
        for band in file.indexes:
            for row in range(-(-file.height // height)):
                for column in range(-(-file.width // width)):
                    end = _block_end(file, band, row, column)
                    if end > size:
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
                    if end > last_end:
                        last, last_end = (band, row, column), end
        band, row, column = last
        file.read(band, window=file.block_window(band, row, column))


def _block_end(file: Any, band: int, row: int, column: int) -> int:
    """Return where a block ends in the file; a missing one ends nowhere."""
    offset = file.get_tag_item(f"BLOCK_OFFSET_{column}_{row}", "TIFF", bidx=band)
    size = file.get_tag_item(f"BLOCK_SIZE_{column}_{row}", "TIFF", bidx=band)
    return int(offset) + int(size) if offset and size else 2**63


def windows(rows: int, columns: int, step: Window = _STEP) -> Iterator[Window]:
    """Walk over a raster in windows of whole blocks, row by row, as write_scene does."""
    for row in range(0, rows, step.rows):
        for column in range(0, columns, step.columns):
            yield Window(row, column, min(step.rows, rows - row), min(step.columns, columns - column))


def write_scene(
    scene: Scene,
    path: Path,
    *,
    scale: float = 1e-4,
    compress: Compression = "deflate",
    progress: Progress | None = None,
) -> None:
    """Write a scene as Sentinel-2 products are stored: uint16 counts of 1/10 000, 0 for no data.

    Parameters
    ----------
    scene
        Read window by window, 256 x 1024 pixels at a time.
    path
        The GeoTIFF to create or replace. Bands are described by their names, and ``scale`` is recorded.
    scale
        Reflectance of one count. Reading the file gives back reflectance within half of it, between ``scale``
        and 65 535 times ``scale``; what lies outside is stored as the nearest of the two, since 0 is no data.
    compress
        See ``raster_writer``.
    progress
        Called as progress(windows done, windows in all).

    Raises
    ------
    ConfigError
        ``scale`` is not positive.
    OutputError
        See ``raster_writer``.
    """
    if not 0 < scale < 1:
        raise ConfigError(f"`scale` must be between 0 and 1 (reflectance of one count). Got {scale} instead.")

    def counts(window: Window) -> NDArray[np.uint16]:
        raster = scene.source.read(window)
        found = np.clip(np.rint(raster.values / np.float32(scale)), 1, 65535).astype(np.uint16)
        return np.where(raster.valid, found, np.uint16(0))

    about = {"count": len(scene.bands), "dtype": "uint16", "descriptions": scene.bands, "scale": scale}
    _write(scene, path, counts, progress, **about, compress=compress)


def _write(
    scene: Scene, path: Path, pixels: Callable[[Window], NDArray[Any]], progress: Progress | None, **about: Any
) -> None:
    """Write a raster on a scene's grid, 0 for nodata, window by window."""
    places = list(windows(scene.rows, scene.columns))
    shape = {"rows": scene.rows, "columns": scene.columns, **about}
    with raster_writer(path, crs=scene.crs, transform=scene.transform, nodata=0, **shape) as writer:
        for done, window in enumerate(places, start=1):
            writer.write(pixels(window), window)
            if progress is not None:
                progress(done, len(places))


def write_reference(scene: Scene, path: Path, *, progress: Progress | None = None) -> None:
    """Write a scene's ground truth: uint8 codes, 0 for unknown, with colours and class names.

    The names stand in the file's own metadata (``CLASS_<code>``) and, as GDAL's category names, in
    ``<path>.aux.xml``, where QGIS and gdalinfo look for them.

    The scene must have a ``reference``; ``path`` and ``progress`` are as of ``write_scene``.

    Raises
    ------
    NotUsable
        The scene has no reference.
    OutputError
        See ``raster_writer``.
    """
    reference = scene.reference
    if reference is None:
        raise NotUsable(f"scene '{scene.name}' came without ground truth, so that none can be written.")
    about = {
        "descriptions": ("class",),
        "colours": {code: _COLOURS[code % len(_COLOURS)] for code in reference.names},
        "tags": {f"CLASS_{code}": name for code, name in reference.names.items()},
    }
    _write(scene, path, lambda window: reference.read(window)[None], progress, count=1, dtype="uint8", **about)
    write_categories(path, reference.names)


def write_categories(raster: Path, names: Mapping[int, str]) -> Path:
    """Write the names of codes to ``<raster>.aux.xml``, where GDAL and QGIS look for them: TIFF has no place."""
    listed = [escape(names.get(code, "unknown" if code == 0 else "")) for code in range(max(names, default=0) + 1)]
    inner = "".join(f"      <Category>{name}</Category>\n" for name in listed)
    path = raster.with_name(f"{raster.name}.aux.xml")
    write_text(
        path,
        '<PAMDataset>\n  <PAMRasterBand band="1">\n    <CategoryNames>\n'
        f"{inner}    </CategoryNames>\n  </PAMRasterBand>\n</PAMDataset>\n",
    )
    return path
