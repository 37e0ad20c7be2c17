"""Outlines of segments as polygons."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import shapes
from shapely.geometry import shape

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
    traced = shapes(local, mask=ids > 0, connectivity=4, transform=transform)
    pieces = [(int(number), shape(outline)) for outline, number in traced]
    places = np.array([number for number, _ in pieces], dtype=np.intp)
    return found[found > 0], _joined(places, np.array([piece for _, piece in pieces], dtype=object))


def _joined(places: NDArray[np.intp], pieces: Geometries) -> Geometries:
    """Join the pieces of one place, in ascending order of places."""
    order = np.argsort(places, kind="stable")
    _, starts, counts = np.unique(places[order], return_index=True, return_counts=True)
    joined = pieces[order][starts]
    for number in np.flatnonzero(counts > 1):
        start = starts[number]
        joined[number] = shapely.multipolygons(list(pieces[order][start : start + counts[number]]))
    return joined
