"""Geometries with arcs, and surfaces of patches, as plain polygons and lines.

Geodatabases, GML and CAD files hold circular arcs (``CIRCULARSTRING``, ``COMPOUNDCURVE``, ``CURVEPOLYGON`` ...) and
surfaces (``TIN``, ``POLYHEDRALSURFACE``), which shapely does not know. An arc through three points becomes a chain of
chords of a degree each: they leave it by 0.004 % of its radius at most.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from rsgraph.errors import in_short

Points = NDArray[np.float64]

_POINT, _LINE, _POLYGON, _COLLECTION = 1, 2, 3, 7
_ARCS, _COMPOUND, _CURVED_POLYGON, _TRIANGLE = 8, 9, 10, 17
_COLLECTIONS = (4, 5, 6, _COLLECTION, 11, 12, 15, 16)

_STEP = np.radians(1.0)
_DEEPEST = 32
"""Geometries inside each other: more are an attack on the stack."""


def read_shapes(wkb: Sequence[bytes | None]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Read geometries, arcs as chains of chords, without heights.

    Parameters
    ----------
    wkb
        Well-known binary of each; None where there is none.

    Returns
    -------
    shapes, unreadable
        (n,) geometries, None where there is none or it cannot be read; and which of these cannot.
    """
    given = np.array(wkb, dtype=object)
    try:
        return np.asarray(shapely.force_2d(shapely.from_wkb(given)), dtype=object), np.zeros(len(wkb), dtype=bool)
    except (NotImplementedError, shapely.errors.GEOSException):  # shapely's words for arcs; surfaces, broken ones
        found = np.array([*(None if each is None else _shape(each) for each in wkb), None], dtype=object)[:-1]
    return found, np.array([shape is None and each is not None for shape, each in zip(found, wkb, strict=True)])


def _shape(wkb: bytes) -> Any:
    """Read one geometry; None where it cannot be read."""
    try:
        return linear(wkb)
    except ValueError:
        return None


def linear(wkb: bytes) -> Any:
    """Read a geometry, its arcs as chains of chords, without heights and measures.

    Parameters
    ----------
    wkb
        Well-known binary of any kind (ISO, extended or of GDAL).

    Raises
    ------
    ValueError
        Cut off, or of a kind that is no point, line or surface.
    """
    try:
        return _Reader(wkb).geometry(0).shape()
    except (struct.error, IndexError) as error:
        raise ValueError(f"a geometry is cut off ({in_short(error)})") from error
    except shapely.errors.GEOSException as error:
        raise ValueError(f"a geometry is none ({in_short(error)})") from error


def arc(start: Points, middle: Points, end: Points) -> Points:
    """Return points (n, 2) along the circular arc from start through middle to end, both ends included.

    Where start and end are the same it is the whole circle of which ``middle`` is opposite; three points on a line
    are that line.
    """
    if np.array_equal(start, end):
        centre = (start + middle) / 2
        turn = 2 * np.pi
    else:
        found = _centre(start, middle, end)
        if found is None:
            return np.stack([start, middle, end])
        centre = found
        first, second, last = (np.arctan2(*(point - centre)[::-1]) for point in (start, middle, end))
        turn = (last - first) % (2 * np.pi)
        if (second - first) % (2 * np.pi) > turn:  # the middle lies on the other way round
            turn -= 2 * np.pi
    radius = np.hypot(*(start - centre))
    angles = np.arctan2(*(start - centre)[::-1]) + np.linspace(0, turn, max(2, int(abs(turn) / _STEP) + 2))
    points = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    points[0], points[-1] = start, end  # without rounding, so that rings close
    return np.asarray(points)


def _centre(start: Points, middle: Points, end: Points) -> Points | None:
    """Return the centre of the circle through three points; None where they lie on a line."""
    a, b = middle - start, end - start
    area = 2 * (a[0] * b[1] - a[1] * b[0])
    scale = max(np.abs(a).max(), np.abs(b).max())
    if abs(area) <= 1e-12 * scale**2:
        return None
    squares = np.array([a @ a, b @ b])
    across = np.array([b[1] * squares[0] - a[1] * squares[1], a[0] * squares[1] - b[0] * squares[0]])
    return np.asarray(start + across / area)


class _Found(NamedTuple):
    """A geometry: a kind of it, and its points, rings or parts."""

    kind: int
    content: Any

    def points(self) -> Points:
        """Return the points along a line or arc. Raises ValueError for what is none."""
        if self.kind != _LINE:
            raise ValueError("a ring of a geometry is no line")
        return np.asarray(self.content)

    def shape(self) -> Any:
        """Return it as shapely's."""
        if self.kind == _POINT:
            return shapely.points(self.content) if np.all(np.isfinite(self.content)) else shapely.Point()
        if self.kind == _LINE:
            return shapely.linestrings(self.content) if len(self.content) > 1 else shapely.LineString()
        if self.kind == _POLYGON:
            return shapely.Polygon(self.content[0], self.content[1:]) if self.content else shapely.Polygon()
        return shapely.geometrycollections([part.shape() for part in self.content])


class _Reader:
    """Goes through well-known binary."""

    def __init__(self, wkb: bytes) -> None:
        self.wkb, self.place = wkb, 0

    def geometry(self, depth: int) -> _Found:
        """Read the next geometry."""
        if depth > _DEEPEST:
            raise ValueError(f"a geometry holds more than {_DEEPEST} others inside each other")
        order = "<" if self._number("B") else ">"
        code = self._number(f"{order}I")
        if code & 0x20000000:  # the number of a CRS stands in it
            self._number(f"{order}I")
        kind, iso = code & 0xFFFF, (code & 0xFFFF) // 1000
        size = 2 + bool(code & 0x80000000 or iso in (1, 3)) + bool(code & 0x40000000 or iso in (2, 3))
        return self._content(kind % 1000, order, size, depth)

    def _content(self, kind: int, order: str, size: int, depth: int) -> _Found:
        if kind == _POINT:
            return _Found(_POINT, self._points(1, order, size)[0])
        count = self._number(f"{order}I")
        if kind == _LINE:
            return _Found(_LINE, self._points(count, order, size))
        if kind == _ARCS:
            return _Found(_LINE, _along(self._points(count, order, size)))
        if kind in (_POLYGON, _TRIANGLE):
            return _Found(_POLYGON, self._each(count, lambda: self._points(self._number(f"{order}I"), order, size)))
        parts = self._each(count, lambda: self.geometry(depth + 1))
        if kind == _COMPOUND:
            return _Found(_LINE, np.concatenate([np.empty((0, 2)), *(part.points() for part in parts)]))
        if kind == _CURVED_POLYGON:
            return _Found(_POLYGON, [part.points() for part in parts])
        if kind in _COLLECTIONS:
            return _Found(_COLLECTION, parts)
        raise ValueError(f"a geometry is of kind {kind}, which is no point, line or surface")

    def _each(self, count: int, read: Callable[[], Any]) -> list[Any]:
        # one by one: what a cut-off file says of its length is no reason to set memory aside
        return [read() for _ in range(count)]

    def _number(self, form: str) -> int:
        (number,) = struct.unpack_from(form, self.wkb, self.place)
        self.place += struct.calcsize(form)
        return int(number)

    def _points(self, count: int, order: str, size: int) -> Points:
        """Return (count, 2) x and y; heights and measures are left out."""
        numbers = np.frombuffer(self.wkb, f"{order}f8", count * size, self.place)
        self.place += 8 * count * size
        return numbers.reshape(count, size)[:, :2].astype(np.float64)


def _along(points: Points) -> Points:
    """Return the chain of arcs through points (2 n + 1, 2): each ends where the next begins."""
    if len(points) < 3 or len(points) % 2 == 0:
        return points
    arcs = [arc(*points[first : first + 3]) for first in range(0, len(points) - 2, 2)]
    return np.concatenate([points[:1], *(each[1:] for each in arcs)])
