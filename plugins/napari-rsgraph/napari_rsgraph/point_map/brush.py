"""The brush as a value: shapes that move, grow and stretch, and the stroke that they make. No Qt in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from rsgraph.brushing.shapes import Circle, Lasso, Mode, Rectangle, Shape

Tool = Literal["circle", "rectangle", "lasso", "pan"]

_MAX_STAMPS = 32
"""Between two positions of the pointer; a faster hand paints with gaps rather than with delay."""


def outline(tool: Tool, trail: Sequence[tuple[float, float]]) -> Rectangle | Lasso | None:
    """Return what was drawn so far, along a trail of places of the map; None as long as it encloses nothing.

    A box has its corners at the first and the last place; a lasso is the trail, closed.
    """
    if tool == "rectangle":
        (x, y), (end_x, end_y) = trail[0], trail[-1]
        half_width, half_height = abs(end_x - x) / 2, abs(end_y - y) / 2
        return Rectangle((x + end_x) / 2, (y + end_y) / 2, half_width, half_height) if len(trail) > 1 else None
    return Lasso(np.array(trail)) if len(trail) > 2 else None


def moved(shape: Shape, dx: float, dy: float) -> Shape:
    """Return the shape shifted by (dx, dy) in map units."""
    if isinstance(shape, Lasso):
        return Lasso(shape.points + np.array([dx, dy]))
    return replace(shape, x=shape.x + dx, y=shape.y + dy)


def scaled(shape: Shape, factor: float) -> Shape:
    """Return the shape made larger or smaller about its middle."""
    if isinstance(shape, Circle):
        return replace(shape, radius=shape.radius * factor)
    if isinstance(shape, Rectangle):
        return replace(shape, half_width=shape.half_width * factor, half_height=shape.half_height * factor)
    centre = np.array(middle(shape))
    return Lasso(centre + (shape.points - centre) * factor)


def middle(shape: Shape) -> tuple[float, float]:
    """Return the point about which the shape grows."""
    if isinstance(shape, Lasso):
        low, high = _corners(shape)
        return float((low[0] + high[0]) / 2), float((low[1] + high[1]) / 2)
    return shape.x, shape.y


def half_sizes(shape: Shape) -> tuple[float, float]:
    """Return half the width and half the height of the box round the shape."""
    if isinstance(shape, Circle):
        return shape.radius, shape.radius
    if isinstance(shape, Rectangle):
        return shape.half_width, shape.half_height
    low, high = _corners(shape)
    return float(high[0] - low[0]) / 2, float(high[1] - low[1]) / 2


def covers(shape: Shape, x: float, y: float) -> bool:
    """Say whether the point lies in the shape, by which it is then grabbed."""
    if isinstance(shape, Circle):
        return (x - shape.x) ** 2 + (y - shape.y) ** 2 <= shape.radius**2
    if isinstance(shape, Rectangle):
        return abs(x - shape.x) <= shape.half_width and abs(y - shape.y) <= shape.half_height
    return _crossings(shape.points, x, y) % 2 == 1


def stamps(start: Shape, end: Shape) -> list[Shape]:
    """Return the shapes to paint with after ``start`` up to ``end``, close enough to leave no gap on the way.

    The pointer reports only some of the places that it passes.
    """
    (x, y), (end_x, end_y) = middle(start), middle(end)
    step = max(min(half_sizes(end)), 1e-12)
    n = int(np.clip(np.ceil(np.hypot(end_x - x, end_y - y) / step), 1, _MAX_STAMPS))
    left = [1 - number / n for number in range(1, n + 1)]
    return [moved(end, (x - end_x) * share, (y - end_y) * share) for share in left]


class Stroke:
    """What the brush touched since the button went down.

    Adding and removing gather all rows on the way; replacing and intersecting take those under the brush now.

    Parameters
    ----------
    mode
        Of the whole stroke, as it was when the button went down.
    n
        Number of points.
    """

    def __init__(self, mode: Mode, n: int) -> None:
        self.mode = mode
        self._touched = np.zeros(n, bool) if mode in ("add", "subtract") else None

    @property
    def gathers(self) -> bool:
        """Whether rows that the brush has left again stay in the stroke."""
        return self._touched is not None

    def touch(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of the stroke, in ascending order where it gathers, after the brush covered ``rows``."""
        if self._touched is None:
            return rows
        self._touched[rows] = True
        return np.flatnonzero(self._touched)


def _corners(lasso: Lasso) -> tuple[np.ndarray, np.ndarray]:
    points = lasso.points
    return points.min(axis=0), points.max(axis=0)


def _crossings(polygon: np.ndarray, x: float, y: float) -> int:
    """Count the edges that a ray from (x, y) to the right crosses."""
    ends = np.roll(polygon, -1, axis=0)
    spans = (polygon[:, 1] > y) != (ends[:, 1] > y)
    first, last = polygon[spans], ends[spans]
    at = first[:, 0] + (y - first[:, 1]) / (last[:, 1] - first[:, 1]) * (last[:, 0] - first[:, 0])
    return int((at > x).sum())
