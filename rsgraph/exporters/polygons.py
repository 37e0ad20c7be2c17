"""Outlines of segments as polygons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import shapes

Geometries = NDArray[np.object_]


def outlines(ids: NDArray[Any], transform: Affine) -> tuple[NDArray[Any], Geometries]:
    """Trace the outlines of segments along pixel sides.

    Parameters
    ----------
    ids
        (rows, columns) segment ids; 0 is no data.
    transform
        Affine map from (column, row) of this window to coordinates.

    Returns
    -------
    ids
        (n,) in ascending order.
    geometries
        (n,) Polygon, with holes where a segment encloses others; MultiPolygon for a segment whose pieces do not
        share a pixel side. Their area is the number of pixels times that of one; rasterising them gives ``ids``
        back.
    """
    found, local = np.unique(ids, return_inverse=True)
    local = local.reshape(ids.shape).astype(np.int32)
    traced = list(shapes(local, mask=ids > 0, connectivity=4, transform=transform))
    places = np.array([number for _, number in traced], dtype=np.intp)
    return found[found > 0], _multipolygons(places, _polygons([outline["coordinates"] for outline, _ in traced]))


def _polygons(outlines: Sequence[Sequence[Sequence[tuple[float, float]]]]) -> Geometries:
    """Build polygons from their rings, the outer one first; all at once, which is thrice as fast as one by one."""
    rings = [ring for outline in outlines for ring in outline]
    points = np.array([point for ring in rings for point in ring], dtype=np.float64).reshape(-1, 2)
    of_ring = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    of_outline = np.repeat(np.arange(len(outlines)), [len(outline) for outline in outlines])
    built: Geometries = shapely.polygons(shapely.linearrings(points, indices=of_ring), indices=of_outline)
    return built


def _multipolygons(places: NDArray[np.intp], pieces: Geometries) -> Geometries:
    """Join the pieces of one place, in ascending order of places."""
    order = np.argsort(places, kind="stable")
    _, starts, counts = np.unique(places[order], return_index=True, return_counts=True)
    joined = pieces[order][starts]
    for number in np.flatnonzero(counts > 1):
        start = starts[number]
        joined[number] = shapely.multipolygons(list(pieces[order][start : start + counts[number]]))
    return joined
