"""A raster of the user's as a picture over a scene: its colours, its place, and no more of it than is looked at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.enums import ColorInterp, Resampling
from rasterio.errors import RasterioError
from rasterio.warp import reproject, transform_bounds
from rasterio.windows import Window as RasterioWindow

from rsgraph.errors import NotUsable, in_short
from rsgraph.io.display import choose_bands, describe_bands, stretch
from rsgraph.io.handles import dataset, existing_file, forget_last_error, gdal
from rsgraph.io.header import Header, header
from rsgraph.io.palette import colours
from rsgraph.label_files.geometries import bounds_of
from rsgraph.view.overlay_levels import Picture, bounds_on
from rsgraph.workspace import SceneInfo

_LOOK = 512
"""Pixels a side of the picture by which the stretch is found."""
_CLASSES = 32
"""A band of whole numbers of which there are no more is painted as classes."""
_RGB = (ColorInterp.red, ColorInterp.green, ColorInterp.blue)
_DENSE = 21
"""Points on each side of a window that is brought to another CRS: its sides are bent there."""

Bounds = tuple[float, float, float, float]


@dataclass(frozen=True)
class RasterOverlay:
    """A raster, and how it is painted; made by ``open_raster_overlay``.

    Parameters
    ----------
    path
        For GDAL.
    bands
        GDAL's numbers: three for red, green and blue, or one.
    description
        What its colours mean, for the user.
    slow
        Whether it has no overviews.
    crs
        Of the raster, or None: it is in the pixels of the scene.
    low, high
        Values that become dark and bright, one per band; None where the values are colours already.
    palette
        (codes, 4) colours by value, of classes; None for pictures.
    """

    path: str
    bands: tuple[int, ...]
    description: str
    slow: bool
    crs: CRS | None
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None
    palette: NDArray[np.uint8] | None = None

    def finest(self, scene: SceneInfo) -> float:
        """Return how many pixels of the scene one of the raster's is wide."""
        if self.crs is None or scene.crs is None:
            return 1.0
        source = dataset(self.path)
        left, _, right, _ = _moved(scene.crs, self.crs, bounds_of(scene), self.path)
        a, _, _, d, _, _ = source.transform[:6]
        across = (right - left) / scene.columns
        return float(np.hypot(a, d) / max(abs(across), 1e-12))

    def covers(self, scene: SceneInfo) -> bool:
        """Tell whether it lies over any of a scene. Raises NotUsable where they cannot be laid over each other."""
        source = dataset(self.path)
        if _in_pixels(self.path, source, scene):
            return True
        left, bottom, right, top = _moved(self.crs, scene.crs, tuple(source.bounds), self.path)
        west, south, east, north = bounds_of(scene)
        return bool(left < east and right > west and bottom < north and top > south)

    def paint(self, scene: SceneInfo, transform: Affine, rows: int, columns: int) -> Picture:
        """Read what lies under a grid, no finer than the grid is, and lay it onto it; nearest pixels."""
        found = np.zeros((rows, columns, 4), dtype=np.uint8)
        source = dataset(self.path)
        own = Affine.identity() if self.crs is None else source.transform
        wanted = bounds_on(transform, rows, columns)
        if self.crs is not None and scene.crs is not None:
            wanted = _moved(scene.crs, self.crs, wanted, self.path)
        window = _window(wanted, own, source.height, source.width)
        if window is None or not rows or not columns:
            return found
        coarser = max(1.0, np.sqrt(window.width * window.height / (rows * columns)))
        size = (max(1, round(window.height / coarser)), max(1, round(window.width / coarser)))
        pixels = np.ascontiguousarray(np.moveaxis(self._read(window, size), -1, 0))
        scaled = Affine.scale(window.width / size[1], window.height / size[0])
        here = own @ Affine.translation(window.col_off, window.row_off) @ scaled
        with gdal(self.path):
            laid = np.zeros((4, rows, columns), dtype=np.uint8)
            reproject(
                pixels,
                laid,
                src_transform=here,
                src_crs=self.crs or _ANY,
                dst_transform=transform,
                dst_crs=CRS.from_user_input(scene.crs) if self.crs is not None else _ANY,
                resampling=Resampling.nearest,
            )
        return np.ascontiguousarray(np.moveaxis(laid, 0, -1))

    def _read(self, window: RasterioWindow, size: tuple[int, int]) -> Picture:
        """Read a window in so many rows and columns and give it its colours."""
        source = dataset(self.path)
        how = Resampling.nearest if self.palette is not None else Resampling.average
        with gdal(self.path):
            values = source.read(list(self.bands), window=window, out_shape=(len(self.bands), *size), resampling=how)
            valid = source.read_masks(self.bands[0], window=window, out_shape=size) > 0
        return self.coloured(values, valid)

    def coloured(self, values: NDArray[Any], valid: NDArray[np.bool_]) -> Picture:
        """Return the picture (rows, columns, 4) of values (bands, rows, columns)."""
        if values.dtype.kind == "f":
            valid = valid & np.isfinite(values).all(axis=0)
            values = np.where(valid, values, 0)
        if self.palette is not None:
            known = valid & (values[0] >= 0) & (values[0] < len(self.palette))
            painted: Picture = self.palette[np.where(known, values[0], 0).astype(np.int64)]
            painted[~known] = 0
            return painted
        picture = np.zeros((*valid.shape, 4), dtype=np.uint8)
        three = np.broadcast_to(values, (3, *valid.shape))
        if self.low is None or self.high is None:
            picture[..., :3] = np.moveaxis(three, 0, -1)
        else:
            low, high = (np.broadcast_to(np.asarray(each, np.float32), 3) for each in (self.low, self.high))
            picture[..., :3] = stretch(three.astype(np.float32), valid, low, high)
        picture[..., 3] = np.where(valid, 255, 0)
        picture[~valid] = 0
        return picture


_ANY = CRS.from_epsg(3857)
"""For grids that both are in pixels: GDAL wants to hear the same name of both."""


def open_raster_overlay(path: Path) -> RasterOverlay:
    """Open a raster, and choose how it is painted.

    Bands that are marked as red, green and blue of 8 bits are shown as they are; other bands as
    ``rsgraph.io.display.choose_bands`` chooses, between their 2nd and 98th percentile; a band with a colour table,
    or of a few whole numbers, as classes.

    Parameters
    ----------
    path
        A file of one of the formats of scenes.

    Raises
    ------
    NotReadable
        No raster, or damaged.
    NotUsable
        Placed by control points only, or too large to work on.
    """
    place = os.path.abspath(existing_file(path))
    about = header(place, holes_allowed=True)
    source = dataset(place)
    if not source.crs and source.gcps[0]:
        raise NotUsable(
            f"{path} is placed by control points only, so it cannot be laid over the scene; warp a copy, for example "
            "with `gdalwarp -t_srs EPSG:32633`."
        )
    crs = source.crs or None
    colour = [source.colorinterp.index(each) + 1 for each in _RGB if each in source.colorinterp]
    slow = not source.overviews(about.indexes[0]) and source.width * source.height > _LOOK**2
    if len(colour) == 3 and {source.dtypes[band - 1] for band in colour} == {"uint8"}:
        return RasterOverlay(place, tuple(colour), "true colour", slow, crs)
    chosen = dict.fromkeys(about.indexes[i] for i in choose_bands(about.names, "auto"))
    bands = tuple(chosen) if len(chosen) == 3 else tuple(chosen)[:1]
    described = describe_bands(about.names, choose_bands(about.names, "auto"))
    return _with_colours(RasterOverlay(place, bands, described, slow, crs), about)


def _with_colours(overlay: RasterOverlay, about: Header) -> RasterOverlay:
    """Find a palette or a stretch by a small picture of the whole raster."""
    source = dataset(overlay.path)
    size = tuple(min(_LOOK, side) for side in (source.height, source.width))
    with gdal(overlay.path):
        values = source.read(list(overlay.bands), out_shape=(len(overlay.bands), *size))
        valid = source.read_masks(overlay.bands[0], out_shape=size) > 0
    if values.dtype.kind == "f":
        valid &= np.isfinite(values).all(axis=0)
    found = values[:, valid]
    palette = _palette(source, overlay.bands[0], found) if len(overlay.bands) == 1 else None
    place, bands, described, slow, crs = overlay.path, overlay.bands, overlay.description, overlay.slow, overlay.crs
    if palette is not None:
        return RasterOverlay(place, bands, f"classes of {about.names[0]}", slow, crs, palette=palette)
    if found.size == 0:
        return RasterOverlay(place, bands, described, slow, crs, (0.0,) * len(bands), (1.0,) * len(bands))
    low, high = np.percentile(found.astype(np.float64), (2, 98), axis=1)
    return RasterOverlay(place, bands, described, slow, crs, tuple(low.tolist()), tuple(high.tolist()))


def _palette(source: Any, band: int, found: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Return colours by value, (values, 4), of a band that holds classes; None of one that holds measurements."""
    if source.dtypes[band - 1] not in ("uint8", "uint16", "int16", "int8", "int32", "uint32"):
        return None
    try:
        table = source.colormap(band)
    except ValueError:  # rasterio's word for "no colour table"
        table = None
    if table:
        palette = np.zeros((max(table) + 1, 4), dtype=np.uint8)
        for code, colour in table.items():
            palette[code] = colour if any(colour[:3]) else 0  # black entries are those that nobody set
        return palette
    codes = np.unique(found)
    if not len(codes) or len(codes) > _CLASSES or codes[0] < 0 or codes[-1] > 2**16 or len(codes) == 1:
        return None
    palette = np.zeros((int(codes[-1]) + 1, 4), dtype=np.uint8)
    named = [code for code in codes.tolist() if code]  # 0 is no class in nearly all rasters of classes
    for code, colour in zip(named, colours(len(named)), strict=True):
        palette[code] = [*(int(colour[i : i + 2], 16) for i in (1, 3, 5)), 255]
    return palette


def _window(bounds: Sequence[float], transform: Affine, rows: int, columns: int) -> RasterioWindow | None:
    """Return the pixels of a raster that lie in a rectangle of its CRS, with one around; None for none."""
    left, bottom, right, top = bounds
    across, down = ~transform @ (np.array([left, right, left, right]), np.array([bottom, bottom, top, top]))
    first_column, last_column = max(int(np.floor(across.min())) - 1, 0), min(int(np.ceil(across.max())) + 1, columns)
    first_row, last_row = max(int(np.floor(down.min())) - 1, 0), min(int(np.ceil(down.max())) + 1, rows)
    if first_column >= last_column or first_row >= last_row:
        return None
    return RasterioWindow(first_column, first_row, last_column - first_column, last_row - first_row)


def _moved(source: Any, target: Any, bounds: Bounds, path: str) -> Bounds:
    """Bring a rectangle to another CRS. Raises NotUsable where it has no place there."""
    try:
        one, other = CRS.from_user_input(source), CRS.from_user_input(target)
        if one == other:
            return bounds
        found = transform_bounds(one, other, *bounds, densify_pts=_DENSE)
    except (RasterioError, CPLE_BaseError) as error:
        forget_last_error()
        raise NotUsable(
            f"{path} has coordinates that cannot be brought to the scene's CRS ({in_short(error)}); assign the right "
            "CRS to a copy, for example with `gdal_translate -a_srs EPSG:32633`."
        ) from error
    return tuple(float(each) for each in found)  # type: ignore[return-value]  # four of them


def _in_pixels(path: str, source: Any, scene: SceneInfo) -> bool:
    """Tell whether both are in pixels. Raises NotUsable where only one of them is, or the sizes differ."""
    if source.crs and scene.crs is not None:
        return False
    if source.crs:
        raise NotUsable(
            f"scene '{scene.name}' has no CRS, so {path} cannot be laid over it; run the scene again with reader.crs."
        )
    if scene.crs is not None:
        raise NotUsable(
            f"{path} has no CRS, so it cannot be laid over scene '{scene.name}'; assign one to a copy, for example "
            "with `gdal_translate -a_srs EPSG:32633`."
        )
    if (source.height, source.width) != (scene.rows, scene.columns):
        raise NotUsable(
            f"{path} has {source.height} x {source.width} pixels and no CRS; expected {scene.rows} x {scene.columns} "
            f"pixels, as scene '{scene.name}', which has none either."
        )
    return True
