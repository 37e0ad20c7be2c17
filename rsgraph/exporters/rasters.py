"""Writing GeoTIFFs block by block from the raster of segment ids."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.windows import Window as RasterioWindow

from rsgraph.errors import NotReadable, WorkspaceError
from rsgraph.exporters.content import parsed_crs
from rsgraph.exporters.whole import check_size, whole
from rsgraph.io.handles import read
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo

BLOCK = 256
"""Side of a block in pixels: what is in memory at a time, and the tiles of the files."""

Paint = Callable[[Window], NDArray[Any]]
"""Gives the pixels (bands, rows, columns) of a window."""


@dataclass(frozen=True)
class Style:
    """What a GeoTIFF says of itself besides its grid.

    Parameters
    ----------
    dtype, nodata
        Of all bands.
    bands
        Names of the bands.
    tags
        Of the file.
    colour_table
        Code -> (red, green, blue, alpha), for a single band of uint8 or uint16.
    """

    dtype: str
    nodata: float
    bands: Sequence[str]
    tags: Mapping[str, str]
    colour_table: Mapping[int, tuple[int, int, int, int]] = field(default_factory=dict)


def read_ids(path: Path, window: Window) -> NDArray[np.uint32]:
    """Read segment ids (rows, columns). Raises WorkspaceError where the raster is damaged."""
    try:
        found: NDArray[np.uint32] = read(str(path), [1], *window)[0]
    except NotReadable as error:
        raise WorkspaceError(f"{path} is damaged ({error}); run the same command again to restore it") from error
    return found


def blocks(rows: int, columns: int) -> Iterator[Window]:
    """Walk over a raster's blocks, row by row."""
    for row in range(0, rows, BLOCK):
        for column in range(0, columns, BLOCK):
            yield Window(row, column, min(BLOCK, rows - row), min(BLOCK, columns - column))


def write_geotiff(path: Path, scene: SceneInfo, style: Style, paint: Paint, windows: Iterator[Window]) -> None:
    """Write a tiled, compressed GeoTIFF on a scene's grid, or absent where anything fails.

    Parameters
    ----------
    path
        The file; replaced whole.
    scene
        Gives size, CRS and transform. Without a CRS the file is in pixel space.
    style
        Type, names, colours, tags.
    paint
        Gives the pixels of one window at a time.
    windows
        All windows, without overlap.

    Raises
    ------
    OutputError
        Disk full (found even where GDAL keeps silent, as it does on closing) or folder not writable.
    """
    with whole(path) as temporary:
        with _created(temporary, scene, style) as file:
            for window in windows:
                place = RasterioWindow(window.column, window.row, window.columns, window.rows)
                file.write(paint(window), window=place)
        check_size(temporary, _end_of_last_block(temporary))
    for ending in (".aux.xml", ".ovr"):  # statistics and overviews that a viewer made of the file that was here
        path.with_name(path.name + ending).unlink(missing_ok=True)


@contextmanager
def _created(path: Path, scene: SceneInfo, style: Style) -> Iterator[Any]:
    options = {
        "driver": "GTiff",
        "height": scene.rows,
        "width": scene.columns,
        "count": len(style.bands),
        "dtype": style.dtype,
        "nodata": style.nodata,
        "crs": parsed_crs(scene.crs),
        "transform": Affine(*scene.transform),
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "interleave": "band",
        "compress": "deflate",
        "zlevel": 6 if style.dtype != "float32" else 1,  # flat segments: level 1 is as small, and thrice as fast
        "bigtiff": "if_safer",
    }
    with _quiet(), rasterio.open(path, "w", **options) as file:
        file.update_tags(**style.tags)
        for number, name in enumerate(style.bands, start=1):
            file.set_band_description(number, name)
        if style.colour_table:
            file.write_colormap(1, dict(style.colour_table))
        yield file


def _end_of_last_block(path: Path) -> int:
    """Return how long a GeoTIFF must be; a missing block makes it endless."""
    with _quiet(), rasterio.open(path) as file:
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
def _quiet() -> Iterator[None]:
    """Pixel space is what we mean where a scene has no CRS; rasterio warns of it on writing and reading."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield
