"""A layer of a vector file of the user's as a picture over a scene: outlines, points and a thin fill."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from rsgraph.errors import NotUsable
from rsgraph.label_files.curves import read_shapes
from rsgraph.label_files.formats import refuse_other_drivers
from rsgraph.label_files.geometries import (
    Bounds,
    Geometries,
    bounds_of,
    cut,
    dense,
    frame_of,
    moved,
    pixel_size,
    reprojected,
    simple_parts,
    usable,
    valid_parts,
)
from rsgraph.label_files.vector_files import reading, same_space, untouched
from rsgraph.types import Window
from rsgraph.view.overlay_levels import Picture
from rsgraph.workspace import SceneInfo

_BATCH = 20_000
_MOST = 2_000_000
"""Features over a scene: more are a darkness on any screen, and gigabytes."""

_DARK = (10, 12, 18)
_FILL = 60
"""How far the fill of a polygon covers the picture, of 255."""

_NEIGHBOURS = ((0, 1), (1, 0), (1, 1))
_RING = ((-1, -1), (-1, 0), (-1, 1), (-1, 2), (0, -1), (0, 2), (1, -1), (1, 2), (2, -1), (2, 0), (2, 1), (2, 2))
_POINT = 3
"""Pixels from the middle of a point's square to its side."""


@dataclass(frozen=True)
class Drawn:
    """What of a layer lies over one scene, in its CRS.

    Parameters
    ----------
    lines
        (n,) lines, and the outlines of polygons.
    polygons
        (m,) polygons.
    points
        (p, 2) x and y.
    """

    lines: Geometries
    polygons: Geometries
    points: NDArray[np.float64]
    line_tree: shapely.STRtree = field(init=False, repr=False, compare=False)
    polygon_tree: shapely.STRtree = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "line_tree", shapely.STRtree(self.lines))
        object.__setattr__(self, "polygon_tree", shapely.STRtree(self.polygons))


@dataclass
class VectorOverlay:
    """A layer of a vector file; made by ``open_vector_overlay``.

    Parameters
    ----------
    path
        As the user named it.
    layer
        Its name.
    crs
        Of the layer, or None.
    colour
        Red, green and blue of its lines.
    slow
        Always False: each scale is drawn by itself, so that lines have one width.
    """

    path: Path
    layer: str
    crs: str | None
    colour: tuple[int, int, int]
    slow: bool = False
    description: str = "outlines"
    _found: dict[str, Drawn] = field(default_factory=dict, init=False, repr=False)

    def finest(self, scene: SceneInfo) -> float:
        """Return 0: lines have no pixels of their own."""
        return 0.0

    def covers(self, scene: SceneInfo) -> bool:
        """Tell whether any of it lies over a scene, which reads it.

        Raises
        ------
        NotReadable
            Damaged.
        NotUsable
            No CRS where the scene has one, or none that it can be brought to; too many features.
        """
        found = self.over(scene)
        frame = shapely.box(*bounds_of(scene)) if scene.crs is not None else _pixels(scene)
        west, south, east, north = frame.bounds
        x, y = found.points.T
        inside = ((x >= west) & (x <= east) & (y >= south) & (y <= north)).any()
        return bool(inside or len(found.line_tree.query(frame)))

    def over(self, scene: SceneInfo) -> Drawn:
        """Return what lies over a scene, read once; Raises as ``covers``."""
        key = repr((scene.crs, scene.transform, scene.rows, scene.columns))
        if key not in self._found:
            self._found[key] = self._read(scene)
        return self._found[key]

    def _read(self, scene: SceneInfo) -> Drawn:
        with untouched(self.path) as place:
            same = same_space(self.path, place, self.crs, scene)
            bounds = bounds_of(scene) if scene.crs is not None else _pixels(scene).bounds
            near = bounds if same else reprojected(bounds, scene.crs, self.crs, self.path)
            with reading(self.path):
                parts = [self._placed(shapes, scene, near, same) for shapes in self._batches(place, near)]
        lines = np.concatenate([np.empty(0, object), *(part.lines for part in parts)])
        polygons = np.concatenate([np.empty(0, object), *(part.polygons for part in parts)])
        return Drawn(lines, polygons, np.concatenate([np.empty((0, 2)), *(part.points for part in parts)]))

    def _batches(self, place: Path, near: Bounds) -> Any:
        """Read some thousand geometries at a time, those near the scene."""
        seen = 0
        opened = pyogrio.open_arrow(
            place, layer=self.layer, columns=[], bbox=near, batch_size=_BATCH, use_pyarrow=True
        )
        with opened as (meta, reader):
            for batch in reader:
                seen += batch.num_rows
                if seen > _MOST:
                    raise NotUsable(
                        f"{self.path} has more than {_MOST:,} features over the scene; expected at most so many, so "
                        "cut or simplify a copy."
                    )
                shapes, _ = read_shapes(batch.column(meta["geometry_name"] or "wkb_geometry").to_pylist())
                yield shapes

    def _placed(self, shapes: Geometries, scene: SceneInfo, near: Bounds, same: bool) -> Drawn:
        """Sort geometries by kind and bring them to the scene's CRS, cut to where the scene lies."""
        parts, _ = simple_parts(shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))])
        parts = parts[usable(parts)]
        kinds = shapely.get_type_id(parts)
        polygons, _, _ = valid_parts(parts[kinds == 3], np.arange((kinds == 3).sum()))
        lines, points = parts[np.isin(kinds, (1, 2))], parts[kinds == 0]
        if not same:
            around = shapely.box(*near)
            polygons, lines = (dense(cut(each, around, 0), near) for each in (polygons, lines))
            polygons, lines = (simple_parts(each[~shapely.is_empty(each)])[0] for each in (polygons, lines))
            polygons, lines, points = (moved(each, self.crs, scene.crs) for each in (polygons, lines, points))
        polygons, lines, points = (each[usable(each)] for each in (polygons, lines, points))
        outlines = np.concatenate([lines, shapely.boundary(polygons)])
        return Drawn(outlines, polygons, shapely.get_coordinates(points))

    def paint(self, scene: SceneInfo, transform: Affine, rows: int, columns: int) -> Picture:
        """Draw it onto a grid: lines two pixels wide with a dark rim, polygons filled thinly, points as squares."""
        found = self.over(scene)
        picture = np.zeros((rows, columns, 4), dtype=np.uint8)
        if not rows or not columns:
            return picture
        window = Window(0, 0, rows, columns)
        frame, size = frame_of(transform, window), pixel_size(transform)
        filled = _burnt(found.polygons, found.polygon_tree, frame, size, transform, (rows, columns), touched=False)
        lines = _burnt(found.lines, found.line_tree, frame, size, transform, (rows, columns), touched=True)
        _stamp(lines, found.points, transform)
        thick, rim = _widened(lines, _NEIGHBOURS), _widened(lines, _RING)
        picture[filled] = (*self.colour, _FILL)
        picture[rim] = (*_DARK, 200)
        picture[thick] = (*self.colour, 255)
        return picture


def _burnt(
    shapes: Geometries,
    tree: shapely.STRtree,
    frame: shapely.Polygon,
    size: float,
    transform: Affine,
    shape: tuple[int, int],
    *,
    touched: bool,
) -> NDArray[np.bool_]:
    """Return which pixels shapes cover, or touch."""
    chosen = tree.query(shapely.buffer(frame, 4 * size, join_style="mitre"))
    parts = cut(shapes[chosen], frame, 4 * size) if len(chosen) else shapes[:0]
    parts = parts[~shapely.is_empty(parts)] if len(parts) else parts
    if not len(parts):
        return np.zeros(shape, dtype=bool)
    drawn = rasterize(parts, out_shape=shape, transform=transform, fill=0, all_touched=touched, dtype="uint8")
    return np.asarray(drawn, dtype=bool)


def _stamp(mask: NDArray[np.bool_], points: NDArray[np.float64], transform: Affine) -> None:
    """Mark a square about each point; in place."""
    columns, rows = (np.floor(each).astype(np.int64) for each in ~transform @ tuple(points.T))
    for down in range(-_POINT, _POINT + 1):
        for across in range(-_POINT, _POINT + 1):
            row, column = rows + down, columns + across
            inside = (row >= 0) & (row < mask.shape[0]) & (column >= 0) & (column < mask.shape[1])
            mask[row[inside], column[inside]] = True


def _widened(mask: NDArray[np.bool_], steps: tuple[tuple[int, int], ...]) -> NDArray[np.bool_]:
    """Return a mask with copies of itself that are moved by so many rows and columns."""
    wide = mask.copy()
    rows, columns = mask.shape
    for down, across in steps:
        to = (slice(max(down, 0), rows + min(down, 0)), slice(max(across, 0), columns + min(across, 0)))
        of = (slice(max(-down, 0), rows + min(-down, 0)), slice(max(-across, 0), columns + min(-across, 0)))
        wide[to] |= mask[of]
    return wide


def _pixels(scene: SceneInfo) -> shapely.Polygon:
    return shapely.box(0, 0, scene.columns, scene.rows)


def open_vector_overlay(path: Path, layer: str, colour: tuple[int, int, int]) -> VectorOverlay:
    """Open one layer.

    Parameters
    ----------
    path
        A vector file.
    layer
        Its name.
    colour
        Of its lines.

    Raises
    ------
    NotReadable
        Damaged.
    NotUsable
        No features, or of a format that is not opened.
    """
    with untouched(path) as place, reading(path):
        info = pyogrio.read_info(place, layer=layer, force_feature_count=True)
    refuse_other_drivers(path, str(info["driver"]))
    if info["features"] == 0:
        raise NotUsable(f"{path} is empty: layer '{layer}' has no features; expected polygons, lines or points.")
    crs = info["crs"]
    return VectorOverlay(path, layer, None if crs is None else str(crs), colour)
