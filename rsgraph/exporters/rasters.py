"""GeoTIFFs written block by block from the raster of segment ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from rsgraph.io.writers import raster_writer, windows
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo

_BLOCK = Window(0, 0, 256, 256)
"""What is in memory at a time, and the tiles of the files: 64 bands in float32 are 17 MB."""

Paint = Callable[[Window], NDArray[Any]]
"""Gives the pixels (bands, rows, columns) of a window."""


@dataclass(frozen=True)
class Style:
    """The metadata of a GeoTIFF besides its grid.

    Parameters
    ----------
    dtype, nodata
        Of all bands; nodata may be None.
    bands
        Names of the bands.
    tags
        Of the file.
    colours
        Code -> ``#rrggbb``, for a single band of uint8 or uint16.
    """

    dtype: str
    nodata: float | None
    bands: Sequence[str]
    tags: Mapping[str, str]
    colours: Mapping[int, str] = field(default_factory=dict)


def blocks(rows: int, columns: int) -> Iterator[Window]:
    """Walk over a raster's blocks, row by row."""
    return windows(rows, columns, _BLOCK)


def write_geotiff(path: Path, scene: SceneInfo, style: Style, paint: Paint, places: Iterator[Window]) -> None:
    """Write a tiled, compressed GeoTIFF on a scene's grid, window by window; whole or absent.

    ``paint`` gives the pixels of one window at a time, ``places`` are all windows, without overlap. Without a CRS the
    file is in pixel space. Raises OutputError: disk full or folder not writable.
    """
    with raster_writer(
        path,
        rows=scene.rows,
        columns=scene.columns,
        count=len(style.bands),
        dtype=style.dtype,
        crs=scene.crs,
        transform=scene.transform,
        nodata=style.nodata,
        descriptions=style.bands,
        colours=style.colours,
        tags=style.tags,
    ) as writer:
        for window in places:
            writer.write(paint(window), window)
    path.with_name(f"{path.name}.ovr").unlink(missing_ok=True)  # a viewer's overviews of the former file
