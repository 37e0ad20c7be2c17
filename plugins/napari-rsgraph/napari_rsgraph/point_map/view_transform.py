"""The part of a 2-D map that is in view, and its places on the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from rsgraph.brushing.shapes import Rectangle

_MARGIN = 0.08
"""Of the height or width, left free round all points, so that no dot touches the border."""


@dataclass(frozen=True)
class ViewTransform:
    """A window on the map: the same scale along both axes, y upwards as in a plot.

    Parameters
    ----------
    x, y
        What the middle of the widget shows, in map units.
    scale
        Logical pixels for one map unit.
    width, height
        Of the widget, in logical pixels.
    """

    x: float = 0.0
    y: float = 0.0
    scale: float = 100.0
    width: int = 320
    height: int = 240

    def to_screen(self, points: np.ndarray) -> np.ndarray:
        """Return the logical pixels (n, 2), x to the right and y down, of points (n, 2) of the map."""
        offsets = np.asarray(points, np.float64) - np.array([self.x, self.y])
        corner = np.array([self.width / 2, self.height / 2])
        return np.asarray(offsets * np.array([self.scale, -self.scale]) + corner)

    def to_map(self, left: float, top: float) -> tuple[float, float]:
        """Return the map's x and y at a logical pixel."""
        return self.x + (left - self.width / 2) / self.scale, self.y - (top - self.height / 2) / self.scale

    def window(self) -> Rectangle:
        """Return what is in view, in map units."""
        return Rectangle(self.x, self.y, self.width / 2 / self.scale, self.height / 2 / self.scale)

    def moved(self, right: float, down: float) -> ViewTransform:
        """Return the view after the map was dragged by so many logical pixels."""
        return replace(self, x=self.x - right / self.scale, y=self.y + down / self.scale)

    def zoomed(self, factor: float, left: float, top: float) -> ViewTransform:
        """Return the view magnified by a factor; the point of the map under the pixel stays there."""
        x, y = self.to_map(left, top)
        return replace(self, scale=self.scale * factor, x=x + (self.x - x) / factor, y=y + (self.y - y) / factor)

    def resized(self, width: int, height: int) -> ViewTransform:
        """Return the view in a widget of another size: same middle, same scale."""
        return replace(self, width=max(width, 1), height=max(height, 1))

    def showing(self, part: Rectangle) -> ViewTransform:
        """Return the view in which a rectangle of the map just fits."""
        scale = min(self.width / 2 / part.half_width, self.height / 2 / part.half_height)
        return replace(self, x=part.x, y=part.y, scale=scale)

    def fitted(self, points: np.ndarray, rim: float = 0.0) -> ViewTransform:
        """Return the view that shows all points (n, 2) with a rim of logical pixels; what is not finite is left out.

        One point, or many at one place, lie in the middle of a window of one map unit.
        """
        low, high = _bounds(points)
        middle, extent = (low + high) / 2, high - low
        if not extent.any():
            extent = np.ones(2)
        size = np.array([self.width, self.height])
        room = np.maximum(np.minimum(size * (1 - 2 * _MARGIN), size - 2 * rim), size / 2)
        scale = min(room[axis] / extent[axis] for axis in (0, 1) if extent[axis] > 0)
        return replace(self, x=float(middle[0]), y=float(middle[1]), scale=float(scale))


def _bounds(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest x and y (two of each) of the finite points; zeros where there are none."""
    if not len(points):
        return np.zeros(2), np.zeros(2)
    low, high = points.min(axis=0), points.max(axis=0)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        finite = points[np.isfinite(points).all(axis=1)]
        return _bounds(finite)
    return low.astype(np.float64), high.astype(np.float64)
