"""Areas of one class as polygons, strip by strip: the raster is never in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from skimage.measure import label

from rsgraph.exporters.polygons import outlines

Points = NDArray[np.float64]


@dataclass(frozen=True)
class Strip:
    """Some whole rows of a raster.

    Parameters
    ----------
    row
        First row.
    codes
        (rows, columns) class of each pixel; 0 is none.
    segments
        (rows, columns) row of each pixel's segment in the table of segments; anything where ``codes`` is 0.
    """

    row: int
    codes: NDArray[Any]
    segments: NDArray[Any]


@dataclass(frozen=True)
class Region:
    """A 4-connected region of one class.

    Parameters
    ----------
    code
        Of the class.
    geometry
        Polygon in pixels: x = column, y = row counted downwards, whole numbers, so that its area is exactly
        ``pixels``.
    pixels
        How many.
    segments
        Rows, in ascending order, of the segments that are in it.
    segment_pixels
        How many pixels of each of these.
    """

    code: int
    geometry: Any
    pixels: int
    segments: NDArray[np.intp]
    segment_pixels: NDArray[np.int64]


class _Members(NamedTuple):
    """Segments of a part of a region, and their pixels in it."""

    segments: NDArray[np.intp]
    segment_pixels: NDArray[np.int64]


@dataclass(frozen=True)
class _Part:
    """What is known of a region so far: polygon, segments and their pixels, for each strip that it lies in."""

    code: int
    pixels: int
    geometries: tuple[Any, ...]
    members: tuple[_Members, ...]


def regions(strips: Iterable[Strip]) -> Iterator[Region]:
    """Find the connected regions of each class.

    Parameters
    ----------
    strips
        From top to bottom, without gaps.

    Yields
    ------
    Region
        As soon as it is complete: when a strip ends and it does not touch the lower border. Memory holds one strip
        and the outlines of what goes on.
    """
    going_on: list[_Part] = []
    codes, places = np.zeros(0), np.zeros(0, dtype=np.intp)  # of the last row: class, and place in going_on
    borders: list[int] = []
    for strip in strips:
        borders.append(strip.row)
        numbers, pieces = _pieces(strip)
        touching = np.flatnonzero((codes == strip.codes[0]) & (codes > 0)) if going_on else np.zeros(0, np.intp)
        contacts = places[touching], len(going_on) + numbers[0, touching] - 1
        joined, groups = _connected([*going_on, *pieces], *contacts)
        codes = strip.codes[-1]
        last = np.where(codes > 0, groups[len(going_on) + numbers[-1] - 1], -1)
        still_open = np.unique(last[last >= 0])
        complete = np.setdiff1d(np.arange(len(joined)), still_open)
        yield from (_finished(joined[group], borders) for group in complete)
        going_on = [joined[group] for group in still_open]
        places = np.searchsorted(still_open, last)
    yield from (_finished(part, borders) for part in going_on)


def _pieces(strip: Strip) -> tuple[NDArray[Any], list[_Part]]:
    """Return the number of each pixel's piece (from 1; 0 is none), and the pieces."""
    numbers, count = label(strip.codes, background=0, connectivity=1, return_num=True)
    if count == 0:
        return numbers, []
    _, geometries = outlines(numbers, Affine.translation(0, strip.row))
    pixels = np.bincount(numbers.ravel(), minlength=count + 1)[1:]
    codes = np.zeros(count + 1, dtype=np.int64)
    codes[numbers.ravel()] = strip.codes.ravel()
    members = _members(numbers, strip.segments, count)
    rest = zip(codes[1:].tolist(), pixels.tolist(), geometries, members, strict=True)
    return numbers, [_Part(code, area, (geometry,), (held,)) for code, area, geometry, held in rest]


def _members(numbers: NDArray[Any], segments: NDArray[Any], count: int) -> list[_Members]:
    """Return the segments of each piece, and how many pixels of each."""
    starts = np.ones(numbers.shape, dtype=np.bool_)  # the first pixel of each run of equal ones stands for all of it
    starts[:, 1:] = (numbers[:, 1:] != numbers[:, :-1]) | (segments[:, 1:] != segments[:, :-1])
    first = np.flatnonzero(starts)
    lengths = np.diff(first, append=numbers.size)
    number, segment = numbers.ravel()[first].astype(np.int64), segments.ravel()[first]
    inside = number > 0
    width = int(segment[inside].max()) + 1
    pairs, places = np.unique(number[inside] * width + segment[inside], return_inverse=True)
    pixels = np.bincount(places, lengths[inside]).astype(np.int64)
    borders = np.searchsorted(pairs // width, np.arange(2, count + 1))
    held = zip(np.split(pairs % width, borders), np.split(pixels, borders), strict=True)
    return [_Members(*each) for each in held]


def _connected(
    parts: Sequence[_Part], left: NDArray[np.intp], right: NDArray[np.intp]
) -> tuple[list[_Part], NDArray[np.intp]]:
    """Join parts that touch, given by pairs of places; return the joined ones and which of them each part is in."""
    if not parts:
        return [], np.zeros(1, dtype=np.intp)
    touching = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(len(parts), len(parts)))
    count, groups = connected_components(touching, directed=False)
    order = np.argsort(groups, kind="stable")
    each = np.split(order, np.searchsorted(groups[order], np.arange(1, count)))
    return [_together([parts[place] for place in places]) for places in each], groups.astype(np.intp)


def _together(parts: Sequence[_Part]) -> _Part:
    if len(parts) == 1:
        return parts[0]
    geometries = tuple(geometry for part in parts for geometry in part.geometries)
    members = tuple(held for part in parts for held in part.members)
    return _Part(parts[0].code, sum(part.pixels for part in parts), geometries, members)


def together(parts: Sequence[Region | _Members]) -> _Members:
    """Add up the segments, and their pixels, of regions of one class or of parts of one region."""
    segments, places = np.unique(np.concatenate([part.segments for part in parts]), return_inverse=True)
    pixels = np.bincount(places, np.concatenate([part.segment_pixels for part in parts]))
    return _Members(segments, pixels.astype(np.int64))


def _finished(part: _Part, borders: Sequence[int]) -> Region:
    """Join the polygons of a region along the borders of strips."""
    if len(part.geometries) == 1:
        return Region(part.code, part.geometries[0], part.pixels, *part.members[0])
    noded = [_rebuilt(geometry, lambda points: _every_pixel(points, borders)) for geometry in part.geometries]
    whole = _rebuilt(shapely.coverage_union_all(noded), _corners)
    return Region(part.code, whole, part.pixels, *together(part.members))


def _rebuilt(polygon: Any, change: Callable[[Points], Points]) -> Any:
    """Change the points (n, 2) of each ring; the first is repeated at the end."""
    rings = [shapely.linearrings(change(shapely.get_coordinates(ring))) for ring in shapely.get_rings(polygon)]
    return shapely.polygons(rings[0], rings[1:] or None)


def _every_pixel(points: Points, borders: Sequence[int]) -> Points:
    """Add a point at every pixel along the borders, so that polygons on both sides have the same ones there."""
    start, step = points[:-1], np.diff(points, axis=0)
    along = (step[:, 1] == 0) & np.isin(start[:, 1], borders)
    counts = np.where(along, np.abs(step[:, 0]), 1).astype(np.intp)
    edge = np.repeat(np.arange(len(start)), counts)
    number = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts, counts)
    added = start[edge] + (step / counts[:, None])[edge] * number[:, None]
    return np.concatenate([added, points[-1:]])


def _corners(points: Points) -> Points:
    """Drop the points that lie on straight lines."""
    ring = points[:-1]
    before, after = np.roll(ring, 1, axis=0), np.roll(ring, -1, axis=0)
    corners = ~np.any((before == ring) & (ring == after), axis=1)
    kept = ring[corners]
    return np.concatenate([kept, kept[:1]])
