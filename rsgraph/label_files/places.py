"""Tables of labels: places, or segments, with a class in each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.class_names import Names, class_column, class_name, first_of
from rsgraph.label_files.geometries import bounds_of, moved, usable
from rsgraph.label_files.tables import SUFFIXES, Table, number, read_table, whole_number
from rsgraph.label_files.tally import Codes
from rsgraph.workspace import SceneInfo

_SEGMENT = ("segment_id",)
_LONGITUDE = ("lon", "long", "longitude", "lng", "lon_wgs84", "gps_lon", "decimal_longitude", "decimallongitude")
_LATITUDE = ("lat", "latitude", "lat_wgs84", "gps_lat", "decimal_latitude", "decimallatitude")
_EAST = ("x", "easting", "east", "x_coord", "xcoord", "coord_x", "point_x", "utm_x", "x_utm", "rechtswert")
_NORTH = ("y", "northing", "north", "y_coord", "ycoord", "coord_y", "point_y", "utm_y", "y_utm", "hochwert")
_SHAPE = ("wkt", "wkt_geom", "geometry", "geom", "the_geom")

_WGS84 = "EPSG:4326"

Kind = Literal["segments", "degrees", "map"]


def is_label_table(titles: Sequence[str]) -> bool:
    """Tell whether a table's titles name a place, a shape or a segment: it holds labels, not classes."""
    return _kind(titles) is not None or first_of(titles, _SHAPE) is not None


def class_titles(titles: Sequence[str]) -> list[str]:
    """Return the titles that could be those of a class: all but places and segments."""
    places = {first_of(titles, wanted) for wanted in (_SEGMENT, _LONGITUDE, _LATITUDE, _EAST, _NORTH, _SHAPE)}
    return [title for title in titles if title not in places]


def holds_places(path: Path) -> bool:
    """Tell whether a file is a table whose titles name places or segments."""
    try:
        return path.suffix.lower() in SUFFIXES and _kind(read_table(path).titles) is not None
    except NotReadable:
        return False


def _kind(titles: Sequence[str]) -> Kind | None:
    if first_of(titles, _SEGMENT) is not None:
        return "segments"
    if first_of(titles, _LONGITUDE) is not None and first_of(titles, _LATITUDE) is not None:
        return "degrees"
    if first_of(titles, _EAST) is not None and first_of(titles, _NORTH) is not None:
        return "map"
    return None


@dataclass
class TableFile:
    """A table of labels; opened by ``open_table``.

    Parameters
    ----------
    path
        As the user named it.
    kind
        What a row names: a segment, a longitude and latitude, or x and y on the map.
    codes
        (n,) class of each row in the workspace's numbering; 0 for those that are not taken.
    names
        Numbers the classes.
    skipped
        How many rows were left out, by reason.
    segments
        (n,) id of the segment of each row, 0 where there is none; of kind ``segments``.
    xy
        (n, 2) of the other kinds; NaN where there are none.
    decided
        What was decided and the table does not say.
    """

    path: Path
    kind: Kind
    names: Names
    codes: Codes
    skipped: Counter[str]
    segments: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    xy: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 2)))
    decided: list[str] = field(default_factory=list)

    def points(self, scene: SceneInfo) -> NDArray[np.float64]:
        """Return (n, 2) x and y in a scene's CRS; NaN for rows without a place.

        x and y whose CRS nobody names are the scene's own; if none lies in the scene so, but some does as longitude
        and latitude, they are these.

        Raises
        ------
        NotUsable
            Longitudes and latitudes over a scene without a CRS.
        """
        if self.kind == "degrees":
            return self._moved(scene)
        if scene.crs is not None and not inside(self.xy, scene).any() and _are_degrees(self.xy):
            found = self._moved(scene)
            if inside(found, scene).any():
                self.decided.append("x and y are taken as longitude and latitude")
                return found
        if self.kind == "map":
            self.decided.append("x and y are taken in the scene's CRS")
        return self.xy

    def _moved(self, scene: SceneInfo) -> NDArray[np.float64]:
        if scene.crs is None:
            raise NotUsable(
                f"scene '{scene.name}' has no CRS, so the longitudes and latitudes of {self.path} cannot be laid "
                "over it; run the scene again with reader.crs, or bring x and y in pixels."
            )
        given = np.isfinite(self.xy).all(axis=1)
        points = moved(shapely.points(self.xy[given]), _WGS84, scene.crs)
        found = np.full(self.xy.shape, np.nan)
        found[given] = np.where(usable(points)[:, None], shapely.get_coordinates(points), np.nan)
        return found

    def leave(self, reason: str, rows: NDArray[np.bool_]) -> None:
        """Count rows that are left out."""
        if rows.any():
            self.skipped[reason] += int(rows.sum())


def inside(xy: NDArray[np.float64], scene: SceneInfo) -> NDArray[np.bool_]:
    """Tell which of the places (n, 2), in the scene's CRS, lie in the rectangle round a scene."""
    left, bottom, right, top = bounds_of(scene)
    x, y = xy.T
    return np.asarray((x >= left) & (x <= right) & (y >= bottom) & (y <= top))


def _are_degrees(xy: NDArray[np.float64]) -> bool:
    known = xy[np.isfinite(xy).all(axis=1)]
    return bool(len(known) and np.abs(known[:, 0]).max() <= 360 and np.abs(known[:, 1]).max() <= 90)


def open_table(path: Path, column: str | None, names: Names, *, predicted: Sequence[str]) -> TableFile:
    """Read a table of labels.

    Parameters
    ----------
    path
        CSV or text with a line of titles: ``segment_id``; or ``lon`` and ``lat``; or ``x`` and ``y``, in the scene's
        CRS; and a class.
    column
        Title of the column with the class; None: the one that looks like it.
    names
        Numbers the classes.
    predicted
        Values of a column ``origin`` whose rows are left out.

    Raises
    ------
    NotReadable
        Not text.
    NotUsable
        No such column, or none that says where.
    """
    table = read_table(path)
    kind = _kind(table.titles)
    if kind is None:
        raise NotUsable(
            f"{path} is a table without geometries; expected polygons or points with a class, or columns lon and "
            "lat, x and y, or segment_id beside it."
        )
    skipped: Counter[str] = Counter()
    codes = _codes(table, class_column(path, class_titles(table.titles), column), path, names, predicted, skipped)
    found = TableFile(path, kind, names, codes, skipped)
    if kind == "segments":
        found.segments = np.array([whole_number(cell) or 0 for cell in _cells(table, _SEGMENT)], dtype=np.int64)
        placed: Any = found.segments > 0
    else:
        titles = (_LONGITUDE, _LATITUDE) if kind == "degrees" else (_EAST, _NORTH)
        found.xy = np.stack([_numbers(_cells(table, wanted)) for wanted in titles], axis=1)
        placed = np.isfinite(found.xy).all(axis=1)
    found.leave("rows without a segment" if kind == "segments" else "rows without a place", (codes > 0) & ~placed)
    found.codes = np.where(placed, codes, 0).astype(np.int32)
    return found


def _cells(table: Table, wanted: Sequence[str]) -> list[str]:
    title = first_of(table.titles, wanted)
    return [] if title is None else table.column(title)


def _numbers(cells: Sequence[str]) -> NDArray[np.float64]:
    return np.array([np.nan if (found := number(cell)) is None else found for cell in cells], dtype=np.float64)


def _codes(
    table: Table, column: str, path: Path, names: Names, predicted: Sequence[str], skipped: Counter[str]
) -> Codes:
    """Return the class of each row; 0 for those that are not taken, which are counted."""
    origins: Sequence[Any] = _cells(table, ("origin",)) or [None] * len(table.rows)
    found = np.zeros(len(table.rows), dtype=np.int32)
    for row, (cell, origin) in enumerate(zip(table.column(column), origins, strict=True)):
        code = whole_number(cell)
        name = class_name(cell if code is None else code, f"column '{column}' of {path}")
        if name is None:
            skipped["rows without a class"] += 1
        elif origin in predicted:
            skipped["rows that a model predicted (propagated or classified), not a person"] += 1
        else:
            found[row] = names.code(name, cell if code is None else str(code))
            if not found[row]:
                skipped["rows of classes that were not asked for"] += 1
    return found
