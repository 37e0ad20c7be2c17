"""Areas and lengths on the ground: what pixels measure on the Earth, in any CRS.

The one place where pixels become square metres: exports, STAC items, the viewer and ``rsgraph evaluate`` ask here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import WorkspaceError
from rsgraph.workspace import SceneInfo

if TYPE_CHECKING:
    from pandas import DataFrame

Areas = NDArray[np.float64]

SQUARE_METRES = 10_000.0
"""Of a hectare."""

_FAITHFUL = 0.0025
"""UTM within its zone exaggerates areas by -0.08 % ... 0.2 %, national grids by as little: taken at their word."""

_NODES = (5, 17, 65, 257)
"""Nodes along each side of the grid on which distortion is known, until it is good enough between them."""

_BETWEEN = 1e-5
"""How wrong interpolated distortion may be, relatively."""

_AT_ONCE = 200_000
"""Places that are brought to the ellipsoid at a time: about 50 MB."""


def hectares(segments: DataFrame, scenes: Sequence[SceneInfo]) -> Areas:
    """Return ``square_metres`` in hectares, (n,); parameters and errors as there."""
    return square_metres(segments, scenes) / SQUARE_METRES


def square_metres(segments: DataFrame, scenes: Sequence[SceneInfo]) -> Areas:
    """Return the area of each segment on the ground: its pixels times the area of a pixel at its centre.

    - Projected CRS: the area of a pixel on the map, in the CRS's own unit (metres, feet ...). Where the projection
      distorts areas by more than 0.25 % anywhere in the scene (Web Mercator: 2.6 times at 52 degrees), it is divided
      by the projection's areal scale at the segment. UTM within its zone is taken as it is, so that polygons have
      there the area that their coordinates give.
    - Geographic CRS (degrees): the exact area, on the CRS's ellipsoid, of a cell at the row and column of the
      segment's centre.
    - No CRS, or one that is neither: NaN.

    Parameters
    ----------
    segments
        With the columns area_px, row and column (of the centre, in the scene) and, of a collection, scene_id.
    scenes
        The workspace's.

    Returns
    -------
    areas
        (n,) float64.

    Raises
    ------
    WorkspaceError
        A scene's CRS is none, or segments are of a scene that is not listed.
    """
    areas = np.full(len(segments), np.nan)
    names = segments["scene_id"].to_numpy() if "scene_id" in segments else np.full(len(segments), scenes[0].name)
    known = {scene.name: scene for scene in scenes}
    for name, rows in _by_name(names):
        if name not in known:
            raise WorkspaceError(f"segments.parquet has segments of scene '{name}', which scene.json does not list")
        part = segments.iloc[rows]
        pixels = part["area_px"].to_numpy(np.float64)
        areas[rows] = pixels * _cells(known[name], *part[["row", "column"]].to_numpy(np.float64).T)
    return areas


def pixel_width(crs: str | None, transform: tuple[float, ...], rows: int, columns: int) -> float | None:
    """Return how wide a pixel is on the ground, in metres, in the middle of a scene.

    On the map where the projection keeps lengths to 0.1 % there (UTM), else the geodesic on the CRS's ellipsoid.

    Parameters
    ----------
    crs
        Text of the CRS, or None.
    transform
        (a, b, c, d, e, f) of the map from (column, row) to the CRS.
    rows, columns
        Size of the scene.

    Returns
    -------
    metres
        None in pixel space, or where the CRS is neither projected nor geographic.

    Raises
    ------
    WorkspaceError
        The CRS is none.
    """
    scene = SceneInfo("scene", (), rows, columns, crs, transform, (), None)
    system = _system(scene)
    if system is None:
        return None
    flat = math.hypot(transform[0], transform[3]) * system.unit
    true = _width(system, scene)
    if system.projected and not abs(flat / true - 1) > _FAITHFUL / 2:  # or unknown: the middle lies off the Earth
        return flat
    return true if math.isfinite(true) else None


def _width(system: _System, scene: SceneInfo) -> float:
    """Return the length of the geodesic across the middle pixel; NaN off the Earth."""
    columns = np.array([scene.columns / 2 - 0.5, scene.columns / 2 + 0.5])
    longitude, latitude = np.degrees(_places(system, scene, np.full(2, scene.rows / 2), columns))
    if not np.all(np.isfinite([longitude, latitude])):
        return math.nan
    return float(system.crs.get_geod().inv(longitude[0], latitude[0], longitude[1], latitude[1])[2])


def _by_name(names: NDArray[Any]) -> list[tuple[str, NDArray[np.intp]]]:
    """Group rows by scene in one sorting pass: a collection may have 27 000 scenes."""
    import pandas as pd

    if not len(names):
        return []
    codes, found = pd.factorize(names)
    order = np.argsort(codes, kind="stable")
    parts = np.split(order, np.cumsum(np.bincount(codes, minlength=len(found)))[:-1])
    return [(str(name), part) for name, part in zip(found, parts, strict=True)]


def _cells(scene: SceneInfo, rows: Areas, columns: Areas) -> Areas | float:
    """Return square metres of pixels at rows and columns (of centres)."""
    system = _system(scene)
    if system is None:
        return math.nan
    a, b, _, d, e, f = scene.transform
    flat = abs(a * e - b * d) * system.unit**2
    if system.projected:
        return flat / _distortion(system, flat, scene, rows, columns)
    if system.turned:
        return _on_ground(system, scene, rows + 0.5, columns + 0.5)
    latitude = (d * (columns + 0.5) + e * (rows + 0.5) + f) * system.unit
    return flat * _per_square_radian(system.crs.ellipsoid, latitude, height=abs(e) * system.unit)


def _per_square_radian(ellipsoid: Any, latitude: Areas, height: float = 0.0) -> Areas:
    """Return square metres per square radian of cells of a height (radians), centred at latitudes."""
    a, b = ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre
    squared = 1 - (b / a) ** 2

    def density(at: Areas) -> Areas:
        # meridional radius of curvature times the radius of the parallel
        return np.asarray(a**2 * (1 - squared) * np.cos(at) / (1 - squared * np.sin(at) ** 2) ** 2)

    # Simpson's rule over the cell: exact to 1e-9 also for cells of half a degree
    return (density(latitude - height / 2) + 4 * density(latitude) + density(latitude + height / 2)) / 6


def _distortion(system: _System, flat: float, scene: SceneInfo, rows: Areas, columns: Areas) -> Areas | float:
    """Return by how much a projection exaggerates areas at pixels; 1 where it hardly does in the whole scene."""
    from scipy.interpolate import RegularGridInterpolator

    for nodes in _NODES:
        down, across = np.linspace(0, scene.rows, nodes), np.linspace(0, scene.columns, nodes)
        with np.errstate(divide="ignore"):  # a pole has no area in degrees
            scales = flat / _on_ground(system, scene, *np.meshgrid(down, across, indexing="ij"))
        if not np.all(np.isfinite(scales)):
            break  # a corner of the picture lies off the Earth, or beyond what the projection maps
        if np.abs(scales - 1).max() <= _FAITHFUL:
            return 1.0
        between = np.meshgrid((down[1:] + down[:-1]) / 2, (across[1:] + across[:-1]) / 2, indexing="ij")
        known = RegularGridInterpolator((down, across), scales, bounds_error=False, fill_value=None)
        true = flat / _on_ground(system, scene, *between)
        if np.abs(known(np.stack(between, axis=-1)) / true - 1).max() <= _BETWEEN:
            return np.asarray(known(np.stack([rows + 0.5, columns + 0.5], axis=1)))
    starts = range(0, len(rows), _AT_ONCE)
    parts = [(rows[i : i + _AT_ONCE] + 0.5, columns[i : i + _AT_ONCE] + 0.5) for i in starts]
    return np.concatenate([np.empty(0), *(flat / _on_ground(system, scene, *part) for part in parts)])


def _on_ground(system: _System, scene: SceneInfo, rows: Areas, columns: Areas) -> Areas:
    """Return square metres on the ellipsoid of the pixels around places, by finite differences; NaN off the Earth."""

    def place(row: Areas, column: Areas) -> Areas:
        return _places(system, scene, row, column)

    with np.errstate(invalid="ignore"):  # infinite places, less infinite places
        down = place(rows + 0.5, columns) - place(rows - 0.5, columns)
        across = place(rows, columns + 0.5) - place(rows, columns - 0.5)
        # a step across the antimeridian is a short one
        down[0], across[0] = (np.remainder(step[0] + np.pi, 2 * np.pi) - np.pi for step in (down, across))
        radians = np.abs(down[0] * across[1] - down[1] * across[0])
        return np.asarray(radians * _per_square_radian(system.crs.ellipsoid, place(rows, columns)[1]))


def _places(system: _System, scene: SceneInfo, rows: Areas, columns: Areas) -> Areas:
    """Return longitudes and latitudes (2, ...) in radians of rows and columns; infinite off the Earth."""
    a, b, c, d, e, f = scene.transform
    found = system.transformer.transform(a * columns + b * rows + c, d * columns + e * rows + f)
    return np.stack(found) * system.ground_unit


class _System(NamedTuple):
    """A CRS that lies on the Earth, and the way from it to longitude and latitude.

    ``unit`` is the length of its unit in metres or radians; ``turned`` says that its latitudes are not those of the
    ellipsoid (a rotated pole); ``ground_unit`` is that of longitude and latitude in radians.
    """

    crs: Any
    projected: bool
    turned: bool
    unit: float
    transformer: Any
    ground_unit: float


def _system(scene: SceneInfo) -> _System | None:
    """Return a scene's; None without a CRS, or with one that is neither projected nor geographic."""
    from pyproj.exceptions import CRSError

    try:
        return None if scene.crs is None else _parsed(scene.crs)
    except CRSError as error:
        raise WorkspaceError(
            f"scene '{scene.name}' has a coordinate system that is none: {scene.crs[:80] if scene.crs else ''}"
        ) from error


@lru_cache(maxsize=64)  # a collection may have 27 000 scenes of a few CRS
def _parsed(text: str) -> _System | None:
    from pyproj import CRS, Transformer

    found: Any = CRS.from_user_input(text)
    found = found.sub_crs_list[0] if found.is_compound else found  # without heights
    found = found.source_crs if found.is_bound else found
    if found is None or not (found.is_projected or found.is_geographic):
        return None
    turned = bool(found.is_geographic and found.is_derived)
    ground = found.source_crs if turned else found.geodetic_crs
    units = [float(crs.axis_info[0].unit_conversion_factor) for crs in (found, ground)]
    way = Transformer.from_crs(found, ground, always_xy=True)
    return _System(found, bool(found.is_projected), turned, units[0], way, units[1])
