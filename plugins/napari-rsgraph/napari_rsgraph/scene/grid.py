"""The grid of a scene: its pixels on the ground, in the viewer's world, and as coordinates that a person reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rsgraph.ground import pixel_width
from rsgraph.workspace import SceneInfo

if TYPE_CHECKING:
    from rasterio.crs import CRS

Matrix = NDArray[np.float64]
Point = tuple[float, float]

_METRES = ("metre", "meter", "m")
_SAME_LENGTH = 0.01
"""How far metres on the map may be from those on the ground for a scale bar that is read by eye."""


@dataclass(frozen=True)
class SceneGrid:
    """Pixels of one scene in the world of a napari viewer.

    With a CRS the world is (northing, easting), north up, counted from the scene's first corner: the graphics card
    computes with 32 bits, which are half a metre at the northings of UTM. Without a CRS it is (row, column), rows
    downwards.

    Parameters
    ----------
    scene
        Its size, CRS and transform.
    """

    scene: SceneInfo

    @cached_property
    def crs(self) -> CRS | None:
        """The coordinate reference system, or None."""
        from rasterio.crs import CRS

        return None if self.scene.crs is None else CRS.from_user_input(self.scene.crs)

    @cached_property
    def metric(self) -> bool:
        """Whether the world is in metres, on the map and on the ground: Web Mercator's are far shorter there."""
        if self.crs is None or not self.crs.is_projected or self.crs.linear_units.lower() not in _METRES:
            return False
        scene = self.scene
        on_ground = pixel_width(scene.crs, scene.transform, scene.rows, scene.columns)
        a, _, _, d, _, _ = scene.transform
        return on_ground is not None and abs(float(np.hypot(a, d)) / on_ground - 1) < _SAME_LENGTH

    @property
    def north_up(self) -> bool:
        """Whether the first axis of the world grows upwards."""
        return self.scene.crs is not None

    @cached_property
    def affine(self) -> Matrix:
        """(3, 3) from (row, column, 1) of a pixel's middle to (y, x, 1) of the world."""
        if self.scene.crs is None:
            return np.eye(3)
        a, b, _, d, e, _ = self.scene.transform[:6]
        # the middle of pixel (0, 0) lies at (0.5, 0.5) of the transform
        return np.array([[e, d, (d + e) / 2], [b, a, (a + b) / 2], [0, 0, 1]], dtype=np.float64)

    def affine_of(self, magnified: int) -> Matrix:
        """Return ``affine`` for a picture with ``magnified`` x ``magnified`` pixels for each of the scene's."""
        shift = 0.5 / magnified - 0.5
        scaled = np.array([[1 / magnified, 0, shift], [0, 1 / magnified, shift], [0, 0, 1]])
        return np.asarray(self.affine @ scaled)

    @cached_property
    def _inverse(self) -> Matrix:
        return np.asarray(np.linalg.inv(self.affine))

    @cached_property
    def pixel_size(self) -> float:
        """World units along a pixel."""
        return float(np.sqrt(abs(np.linalg.det(self.affine[:2, :2]))))

    def to_world(self, pixels: Matrix) -> Matrix:
        """Return (n, 2) places in the world of (n, 2) rows and columns; whole numbers are the middles of pixels."""
        return np.asarray(pixels @ self.affine[:2, :2].T + self.affine[:2, 2])

    def to_pixel(self, places: Matrix) -> Matrix:
        """Return (n, 2) rows and columns of (n, 2) places in the world."""
        return np.asarray(places @ self._inverse[:2, :2].T + self._inverse[:2, 2])

    def true(self, place: Point) -> Point:
        """Return (y, x) in the CRS of a place in the world."""
        if self.scene.crs is None:
            return place
        return place[0] + self.scene.transform[5], place[1] + self.scene.transform[2]

    def written(self, place: Point) -> str:
        """Return the coordinates of a place in the world as a person writes them."""
        if self.crs is None:
            row, column = np.rint(place).astype(int)
            return f"row {row}, column {column}"
        y, x = self.true(place)
        if self.crs.is_geographic:
            return f"{abs(y):.5f}° {'NS'[y < 0]}, {abs(x):.5f}° {'EW'[x < 0]}"
        return f"{x:,.0f} E, {y:,.0f} N ({self._code})"

    @cached_property
    def _code(self) -> str:
        code = None if self.crs is None else self.crs.to_epsg()
        return f"EPSG:{code}" if code else "the scene's CRS"
