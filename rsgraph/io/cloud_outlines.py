"""Clouds as outlines: the file MSK_CLOUDS_B00.gml of Sentinel-2's level 1C before processing baseline 04.00."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray
from rasterio import Affine
from rasterio.features import rasterize

from rsgraph.errors import NotReadable, in_short
from rsgraph.io.archive import Tree
from rsgraph.io.header import Transform
from rsgraph.io.safe_metadata import parse
from rsgraph.types import CLEAR, CLOUD, Window

_FEWEST = 4
"""Points of a ring, the first of which is its last."""

Ring = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class CloudOutlines:
    """Polygons of clouds on a scene's grid. Picklable.

    Parameters
    ----------
    polygons
        Rings of each, the outer one first, in the coordinates of the scene's CRS.
    transform
        The six numbers of the scene's affine map.
    """

    polygons: tuple[tuple[Ring, ...], ...]
    transform: Transform

    @property
    def knows_shadows(self) -> bool:
        """It does not."""
        return False

    def read(self, window: Window) -> NDArray[np.uint8]:
        """Read codes (rows, columns): cloud where a pixel's centre lies in a polygon, else clear."""
        shape = (window.rows, window.columns)
        if not self.polygons:
            return np.full(shape, CLEAR, dtype=np.uint8)
        shapes = [({"type": "Polygon", "coordinates": rings}, CLOUD) for rings in self.polygons]
        here = Affine(*self.transform) @ Affine.translation(window.column, window.row)
        found: NDArray[np.uint8] = rasterize(shapes, shape, fill=CLEAR, transform=here, dtype="uint8")
        return found


def read_outlines(place: Tree, member: str, transform: Transform) -> CloudOutlines:
    """Read the polygons of opaque clouds and of cirrus. Raises NotReadable where the file is damaged."""
    try:
        polygons = tuple(_polygons(parse(place, member)))
    except ValueError as error:
        raise NotReadable(
            f"{place.root / member} holds an outline that is none ({in_short(error)}); download the product again, "
            "or do without clouds: mask=none."
        ) from error
    return CloudOutlines(polygons, transform)


def _polygons(root: Element) -> Iterator[tuple[Ring, ...]]:
    for polygon in root.iterfind(".//{*}Polygon"):
        outer = [ring for part in polygon.iterfind("{*}exterior") for ring in _rings(part)]
        inner = [ring for part in polygon.iterfind("{*}interior") for ring in _rings(part)]
        if outer:
            yield (*outer, *inner)


def _rings(part: Element) -> Iterator[Ring]:
    """Yield rings (x, y); there are two or three coordinates to a point. Raises ValueError."""
    for each in part.iterfind(".//{*}posList"):
        numbers = np.array((each.text or "").split(), dtype=np.float64)
        width = int(each.get("srsDimension", "2"))
        if width not in (2, 3) or numbers.size % width or numbers.size < _FEWEST * width:
            raise ValueError(f"{numbers.size} numbers, {width} to a point")
        if not np.isfinite(numbers).all():
            raise ValueError("infinite coordinates")
        points: list[Any] = numbers.reshape(-1, width)[:, :2].tolist()
        yield tuple((x, y) for x, y in points)
