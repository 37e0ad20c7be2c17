"""Polygons and points brought to a scene's CRS and cut to its windows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio._err import CPLE_BaseError
from rasterio.crs import CRS
from rasterio.errors import RasterioError
from rasterio.warp import transform_bounds
from shapely import Polygon

from rsgraph.errors import NotUsable, in_short
from rsgraph.io.handles import forget_last_error
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo

_DETAILED = 256
"""Points of a polygon from which on it is cut to each window that it is drawn in."""

_EDGE_PARTS = 200
"""Edges are not longer than this part of the scenes' extent: within a tile that bends them by millimetres."""

Bounds = tuple[float, float, float, float]
"""Left, bottom, right, top."""

Geometries = NDArray[np.object_]


Owners = NDArray[np.intp]
"""The place that each part came from."""


def simple_parts(shapes: Geometries, owners: Owners | None = None) -> tuple[Geometries, Owners]:
    """Take collections and multiple geometries apart; return parts and the place, or owner, that each came from."""
    parts, places = shapely.get_parts(shapes, return_index=True)
    while np.any(shapely.get_type_id(parts) > 3):
        parts, inner = shapely.get_parts(parts, return_index=True)
        places = places[inner]
    return parts, places if owners is None else owners[places]


def valid_parts(polygons: Geometries, owners: Owners) -> tuple[Geometries, Owners, int]:
    """Take polygons that cross themselves for all that they enclose.

    A figure of eight has both its loops, and what a line goes round twice is inside; programs that fill such a shape
    differ, and GDAL's cutting loses one of the loops.

    Parameters
    ----------
    polygons
        (n,), finite.
    owners
        (n,) what each belongs to.

    Returns
    -------
    polygons, owners, crossing
        Valid ones, without those that enclose nothing, and how many were not valid and enclose something.
    """
    wrong = ~shapely.is_valid(polygons)
    if not wrong.any():
        return polygons, owners, 0
    crossing = shapely.make_valid(polygons[wrong], method="structure", keep_collapsed=False)
    parts, of = simple_parts(crossing, owners[wrong])
    kept = (shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)
    order = np.argsort(np.concatenate([owners[~wrong], of[kept]]), kind="stable")  # later ones lie above earlier ones
    return (
        np.concatenate([polygons[~wrong], parts[kept]])[order],
        np.concatenate([owners[~wrong], of[kept]])[order],
        int((~shapely.is_empty(crossing)).sum()),
    )


def usable(shapes: Geometries) -> NDArray[np.bool_]:
    """Tell which geometries have a place: not empty, and all their points are finite."""
    points, of = shapely.get_coordinates(shapes, return_index=True)  # bounds leave out points that are NaN
    finite = np.ones(len(shapes), dtype=bool)
    finite[of[~np.isfinite(points).all(axis=1)]] = False
    return np.asarray(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes) & finite)


def frame_of(transform: Affine, window: Window) -> Polygon:
    """Return the rectangle round a window, in the CRS of the transform."""
    columns = np.array([0, window.columns, 0, window.columns]) + window.column
    rows = np.array([0, 0, window.rows, window.rows]) + window.row
    x, y = transform @ (columns, rows)
    return shapely.box(x.min(), y.min(), x.max(), y.max())


def pixel_size(transform: Affine) -> float:
    """Return the longer side of a pixel."""
    return float(max(abs(transform.a) + abs(transform.b), abs(transform.d) + abs(transform.e)))


def cut(shapes: Geometries, frame: Polygon, margin: float) -> Geometries:
    """Cut detailed polygons that reach beyond a frame, so that each window costs what it shows."""
    left, bottom, right, top = shapely.bounds(frame)
    left, bottom, right, top = left - margin, bottom - margin, right + margin, top + margin
    west, south, east, north = shapely.bounds(shapes).reshape(-1, 4).T
    beyond = (west < left) | (south < bottom) | (east > right) | (north > top)
    if margin > 0:
        beyond &= shapely.get_num_coordinates(shapes) > _DETAILED
    parts = shapes.copy()
    parts[beyond] = shapely.clip_by_rect(shapes[beyond], left, bottom, right, top)
    return parts


def dense(shapes: Geometries, near: Bounds) -> Geometries:
    """Add points to long edges: what is straight in one CRS is not in another."""
    longest = max(near[2] - near[0], near[3] - near[1]) / _EDGE_PARTS
    return np.asarray(shapely.segmentize(shapes, longest), dtype=object)


def moved(shapes: Geometries, source: str | None, target: str | None) -> Geometries:
    """Reproject."""
    from pyproj import Transformer

    transformer = Transformer.from_crs(source, target, always_xy=True)

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(transformer.transform(*xy.T), axis=1)

    return np.asarray(shapely.transform(shapes, move), dtype=object)


def bounds_of(scene: SceneInfo) -> Bounds:
    """Return where a scene lies, in its CRS."""
    frame = frame_of(Affine(*scene.transform), Window(0, 0, scene.rows, scene.columns))
    left, bottom, right, top = shapely.bounds(frame).tolist()
    return left, bottom, right, top


def union(bounds: Sequence[Bounds]) -> Bounds:
    """Return the rectangle round rectangles."""
    low, high = np.min(bounds, axis=0), np.max(bounds, axis=0)
    return float(low[0]), float(low[1]), float(high[2]), float(high[3])


def reprojected(bounds: Bounds, source: str | None, target: str | None, path: Path) -> Bounds:
    """Return where a rectangle lies in another CRS, that of a file, a little larger.

    Raises
    ------
    NotUsable
        One of them is no place on Earth, such as the coordinates of a drawing.
    """
    try:
        crs = CRS.from_user_input(source), CRS.from_user_input(target)
        left, bottom, right, top = transform_bounds(*crs, *bounds, densify_pts=21)
    except (RasterioError, CPLE_BaseError) as error:
        forget_last_error()
        raise NotUsable(
            f"{path} has coordinates that cannot be brought to the scene's CRS ({in_short(error)}); assign the right "
            "CRS to a copy, for example with `ogr2ogr -a_srs EPSG:32633 copy.gpkg ...`."
        ) from error
    if left > right:  # across the antimeridian
        left, right = -180.0, 180.0
    margin = 0.05 * max(right - left, top - bottom)
    return left - margin, bottom - margin, right + margin, top + margin
