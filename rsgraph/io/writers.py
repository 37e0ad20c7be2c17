"""Rasters written window by window: whole or absent."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window as RasterioWindow

from rsgraph.io.palette import colours
from rsgraph.io.whole import check_size, whole
from rsgraph.protocols import Progress
from rsgraph.types import Scene, Window

BLOCK = 256
"""Side of a tile in pixels."""

ColourTable = Mapping[int, tuple[int, int, int, int]]


@dataclass(frozen=True)
class RasterWriter:
    """An open raster that takes windows."""

    file: Any

    def write(self, values: NDArray[Any], window: Window) -> None:
        """Write (bands, rows, columns) at a window."""
        self.file.write(values, window=RasterioWindow(window.column, window.row, window.columns, window.rows))


@contextmanager
def raster_writer(
    path: Path,
    *,
    rows: int,
    columns: int,
    count: int,
    dtype: str,
    crs: str | None,
    transform: Sequence[float],
    nodata: float | None,
    bands: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    colour_table: ColourTable | None = None,
) -> Iterator[RasterWriter]:
    """Open a tiled, compressed GeoTIFF for writing; it appears under its name when the block ends well.

    Parameters
    ----------
    path
        The file; replaced whole.
    rows, columns, count, dtype, nodata
        Its shape and type. What no window is written to becomes nodata.
    crs
        Well-known text, or None: pixel space.
    transform
        The six numbers (a, b, c, d, e, f).
    bands, tags, colour_table
        Band names, tags of the file, code -> (red, green, blue, alpha).

    Raises
    ------
    OutputError
        Disk full (found even where GDAL keeps silent, as it may on closing), or the folder is not writable.
    """
    options = {
        "driver": "GTiff",
        "height": rows,
        "width": columns,
        "count": count,
        "dtype": dtype,
        "nodata": nodata,
        "crs": CRS.from_wkt(crs) if crs else None,
        "transform": Affine(*transform),
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "interleave": "band",
        "compress": "deflate",
        "zlevel": 1 if dtype == "float32" else 6,  # floats of flat segments: as small, and thrice as fast
        "bigtiff": "if_safer",
    }
    with whole(path) as temporary:
        with quiet(), rasterio.open(temporary, "w", **options) as file:
            file.update_tags(**(tags or {}))
            for number, name in enumerate(bands, start=1):
                file.set_band_description(number, name)
            if colour_table:
                file.write_colormap(1, dict(colour_table))
            yield RasterWriter(file)
        check_size(temporary, _end_of_last_block(temporary))
    for ending in (".aux.xml", ".ovr"):  # statistics and overviews that a viewer made of the file that was here
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _end_of_last_block(path: Path) -> int:
    """Return how long a GeoTIFF must be; a missing block makes it endless."""
    with quiet(), rasterio.open(path) as file:
        height, width = file.block_shapes[0]
        ends = [
            _end(file, band, column, row)
            for band in file.indexes
            for row in range(-(-file.height // height))
            for column in range(-(-file.width // width))
        ]
    return max(ends)


def _end(file: Any, band: int, column: int, row: int) -> int:
    offset, size = (
        file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", bidx=band) for what in ("OFFSET", "SIZE")
    )
    return int(offset) + int(size) if offset and size else 2**63


@contextmanager
def quiet() -> Iterator[None]:
    """Pixel space is what we mean where a scene has no CRS; rasterio warns of it on writing and reading."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def blocks(rows: int, columns: int, size: int = BLOCK) -> list[Window]:
    """Return a raster's blocks, row by row."""
    return [
        Window(row, column, min(size, rows - row), min(size, columns - column))
        for row in range(0, rows, size)
        for column in range(0, columns, size)
    ]


COUNTS = 10_000
"""Counts per unit of reflectance, as in Sentinel-2 products."""


def write_scene(scene: Scene, path: Path, *, progress: Progress | None = None) -> None:
    """Write a scene as Sentinel-2 counts: uint16, reflectance x 10 000, 0 where there are no data.

    Valid reflectance is kept within 1 ... 65 535 counts, so that a read gives it back within half a count.

    Parameters
    ----------
    scene
        Read block by block; at most one block is in memory.
    path
        A GeoTIFF; replaced whole.
    progress
        Called with (blocks done, blocks in all).

    Raises
    ------
    OutputError
        Disk full or folder not writable.
    """
    windows = blocks(scene.rows, scene.columns, 2 * BLOCK)
    with _on_grid(scene, path, "uint16", 0, scene.bands) as writer:
        for done, window in enumerate(windows, start=1):
            raster = scene.source.read(window)
            counts = np.clip(np.rint(raster.values * COUNTS), 1, 65_535).astype(np.uint16)
            counts[:, ~raster.valid] = 0
            writer.write(counts, window)
            if progress is not None:
                progress(done, len(windows))


def write_reference(scene: Scene, path: Path) -> None:
    """Write a scene's reference classes: uint8 codes with colours and names, 0 unknown.

    Raises
    ------
    OutputError
        Disk full or folder not writable.
    """
    reference = scene.reference
    assert reference is not None, "only scenes with a reference have one to write"
    table = {0: (0, 0, 0, 0)} | {
        code: (*colour, 255) for code, colour in zip(reference.names, colours(len(reference.names)), strict=True)
    }
    tags = {f"class_{code}": name for code, name in reference.names.items()}
    with _on_grid(scene, path, "uint8", 0, ("class",), tags=tags, colour_table=table) as writer:
        for window in blocks(scene.rows, scene.columns, 2 * BLOCK):
            writer.write(reference.read(window)[None], window)


@contextmanager
def _on_grid(
    scene: Scene,
    path: Path,
    dtype: str,
    nodata: float,
    bands: Sequence[str],
    *,
    tags: Mapping[str, str] | None = None,
    colour_table: ColourTable | None = None,
) -> Iterator[RasterWriter]:
    with raster_writer(
        path,
        rows=scene.rows,
        columns=scene.columns,
        count=len(bands),
        dtype=dtype,
        crs=scene.crs,
        transform=scene.transform,
        nodata=nodata,
        bands=bands,
        tags=tags,
        colour_table=colour_table,
    ) as writer:
        yield writer
