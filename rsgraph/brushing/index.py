"""Points sorted into cells, so that a brush tests each point at most once, and most of them not at all."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.brushing.marking import OUTSIDE, WHOLE, mark_circle, mark_lasso, mark_rectangle
from rsgraph.brushing.shapes import Circle, Lasso, Rectangle, Shape
from rsgraph.compiled import compiled
from rsgraph.types import Floats, Mask

CELL = 64
"""Points of a cell: fewer make more boxes to look at, more make more points to ask at the border of a brush."""


class PointIndex:
    """Points of a map, in cells of equal numbers of points.

    The points are cut into vertical strips of equal numbers, and each strip into cells of about 64 points
    (sort-tile-recursive packing [1]_). Unlike a grid of equal squares, cells stay small where the points of
    a map clump together, as those of UMAP do. A brush looks at the boxes of all cells (16 000 for a million
    points), and at single points only in the cells that its border crosses.

    Points that are not finite belong to no cell: they are never selected, found or drawn.

    Parameters
    ----------
    points
        (n, 2) float32, data coordinates.

    Raises
    ------
    ValueError
        If ``points`` is not (n, 2).

    References
    ----------
    .. [1] Leutenegger, Lopez, Edgington (1997), https://doi.org/10.1109/ICDE.1997.582015
    """

    def __init__(self, points: Floats) -> None:
        self.points = np.array(points, dtype=np.float32, order="C")
        if self.points.ndim != 2 or self.points.shape[1] != 2:
            raise ValueError(f"`points` must have shape (n, 2). Got {self.points.shape} instead.")
        self.order, self.strips = _packed(self.points)
        self.sorted_points = self.points[self.order]
        self.starts = _cell_starts(self.strips)
        self.strip_cells = np.searchsorted(self.starts, self.strips)
        self.boxes = _boxes(self.sorted_points, self.starts)

    def __len__(self) -> int:
        """Number of points, those that are not finite included."""
        return len(self.points)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """x_min, x_max, y_min, y_max of all finite points; 0, 1, 0, 1 where there are none."""
        if not len(self.boxes):
            return 0.0, 1.0, 0.0, 1.0
        low, high = self.boxes.min(axis=0), self.boxes.max(axis=0)
        return float(low[0]), float(high[1]), float(low[2]), float(high[3])

    def inside(self, shape: Shape, visible: Mask | None = None) -> NDArray[np.int64]:
        """Return the rows of the points inside a shape.

        Parameters
        ----------
        shape
            Circle, rectangle or lasso in data coordinates.
        visible
            (n,) False for points that are filtered away: they are left out.

        Returns
        -------
        rows
            (k,) int64, each once, in the order of the cells (not ascending).
        """
        status, flags = self._marked(shape)
        return _collect(status, flags, self.starts, self.order, self._mask(visible))

    def counts(
        self, shape: Shape, codes: NDArray[np.integer], n_classes: int, visible: Mask | None = None
    ) -> NDArray[np.int64]:
        """Count the points inside a shape by class.

        Parameters
        ----------
        shape, visible
            As in ``inside``.
        codes
            (n,) class of each point: 0 for none, 1 ... n_classes.
        n_classes
            Number of classes.

        Returns
        -------
        counts
            (n_classes + 1,) int64, by class code; position 0 counts the points without a class.

        Raises
        ------
        ValueError
            If ``codes`` has another length than the points, or holds a code outside 0 ... n_classes that is
            to be counted.
        """
        codes = _checked_codes(codes, len(self))
        status, flags = self._marked(shape)
        counts = _count(status, flags, self.starts, self.order, self._mask(visible), codes, n_classes)
        return _checked_counts(counts, n_classes)

    def nearest(self, x: float, y: float, *, within: float, visible: Mask | None = None) -> int:
        """Return the row of the nearest point at most ``within`` away, or -1; of equals the lowest row."""
        mask = self._mask(visible)
        place = _floats(x, y, within)
        return int(_nearest(self.boxes, self.starts, self.sorted_points, self.order, mask, *place))

    def in_view(self, rectangle: Rectangle, *, limit: int, visible: Mask | None = None) -> NDArray[np.int64]:
        """Return rows inside a rectangle, at most ``limit``: those to show as thumbnails.

        Where there are more, a fixed random order of all rows decides, so that a pan or zoom keeps those
        that it showed before as far as they are still in view.

        Returns
        -------
        rows
            (k <= limit,) int64, ascending.
        """
        rows = self.inside(rectangle, visible)
        if len(rows) > limit:
            rows = rows[np.argpartition(_scattered(rows), limit)[:limit]] if limit > 0 else rows[:0]
        return np.sort(rows)

    def _marked(self, shape: Shape) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the status of each cell, and a flag for each sorted point of the cells that are PARTLY inside."""
        status = np.zeros(len(self.boxes), dtype=np.uint8)
        flags = np.empty(len(self.order), dtype=np.uint8)
        if isinstance(shape, Circle):
            x, y, radius = _floats(shape.x, shape.y, shape.radius)
            mark_circle(self.boxes, self.starts, self.sorted_points, x, y, radius, status, flags)
        elif isinstance(shape, Rectangle):
            x, y, across, along = _floats(shape.x, shape.y, shape.half_width, shape.half_height)
            sides = (x - across, x + across, y - along, y + along)
            mark_rectangle(self.boxes, self.starts, self.sorted_points, *sides, status, flags)
        elif len(shape.points) >= 3:
            mark_lasso(
                self.boxes,
                self.starts,
                self.strip_cells,
                self.sorted_points,
                shape.points,
                _margin(self, shape),
                status,
                flags,
            )
        return status, flags

    def _mask(self, visible: Mask | None) -> Mask:
        """Return the filter, empty for none: compiled code knows it by its length."""
        if visible is None:
            return np.empty(0, dtype=np.bool_)
        if visible.shape != (len(self),):
            raise ValueError(f"`visible` must have shape ({len(self)},). Got {visible.shape} instead.")
        return np.require(visible, np.bool_, ["C", "W"])


def _packed(points: Floats) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the finite rows strip by strip, ascending in y within a strip, and where each strip starts."""
    rows = np.flatnonzero(np.isfinite(points).all(axis=1)).astype(np.int32)
    n_strips = max(1, round(np.sqrt(len(rows) / CELL)))
    strips = np.linspace(0, len(rows), n_strips + 1).astype(np.int64)
    rows = rows[np.argsort(points[rows, 0])]
    for first, last in pairwise(strips):
        rows[first:last] = rows[first:last][np.argsort(points[rows[first:last], 1])]
    return rows, strips


def _cell_starts(strips: NDArray[np.int64]) -> NDArray[np.int64]:
    """Cut each strip into cells of at most CELL points; return where each starts, and the end."""
    parts = [np.arange(first, last, CELL) for first, last in pairwise(strips)]
    return np.concatenate([*parts, strips[-1:]])


def _floats(*values: float) -> tuple[Any, ...]:
    return tuple(float(value) for value in values)


def _margin(index: PointIndex, lasso: Lasso) -> float:
    """How near to an edge rounding may decide: far below float32's steps, far above float64's."""
    largest = max(np.abs(lasso.points).max(initial=0), np.abs(index.boxes).max(initial=0))
    return float(1e-12 * largest)


def _checked_codes(codes: NDArray[np.integer], n: int) -> NDArray[np.uint16]:
    """Return the codes as uint16, int16 without a copy: -1 becomes 65535, which no class has."""
    if codes.shape != (n,):
        raise ValueError(f"`codes` must have shape ({n},). Got {codes.shape} instead.")
    if codes.dtype == np.int16:
        codes = codes.view(np.uint16)
    elif codes.dtype.itemsize > 2:
        codes = np.clip(codes, -1, 65_535)
    return np.require(codes.astype(np.uint16, copy=False), np.uint16, ["C", "W"])


def _checked_counts(counts: NDArray[np.int64], n_classes: int) -> NDArray[np.int64]:
    """Drop the last position, where codes out of range were counted, if it is zero."""
    if counts[-1]:
        raise ValueError(f"`codes` must lie in 0 ... {n_classes}. Got {counts[-1]} others instead.")
    return counts[:-1]


def _scattered(rows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return a number that looks random for each row (splitmix64's last step)."""
    mixed = rows.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(31))


@compiled()
def _boxes(points: Any, starts: Any) -> Any:
    """x_min, x_max, y_min, y_max of each cell."""
    boxes = np.empty((starts.size - 1, 4), dtype=np.float32)
    for cell in range(starts.size - 1):
        for axis in range(2):  # numba's own min and max take half a second more to compile
            low = high = points[starts[cell], axis]
            for point in range(starts[cell] + 1, starts[cell + 1]):
                low, high = min(low, points[point, axis]), max(high, points[point, axis])
            boxes[cell, 2 * axis], boxes[cell, 2 * axis + 1] = low, high
    return boxes


@compiled()
def _collect(status: Any, flags: Any, starts: Any, order: Any, visible: Any) -> NDArray[np.int64]:
    most = 0
    for cell in range(status.size):
        if status[cell] != OUTSIDE:
            most += starts[cell + 1] - starts[cell]
    rows = np.empty(most, dtype=np.int64)
    n = 0
    for cell in range(status.size):
        if status[cell] == OUTSIDE:
            continue
        for point in range(starts[cell], starts[cell + 1]):
            rows[n] = order[point]
            inside = status[cell] == WHOLE or flags[point] != 0
            n += inside and (visible.size == 0 or visible[order[point]])
    return rows[:n]


@compiled()
def _count(status: Any, flags: Any, starts: Any, order: Any, visible: Any, codes: Any, n_classes: int) -> Any:
    """Count by code; the last position takes codes out of range.

    Four tables take turns, since neighbours tend to be of one class: a count need not wait for the one before.
    """
    counts = np.zeros((4, n_classes + 2), dtype=np.int64)
    for cell in range(status.size):
        if status[cell] == OUTSIDE:
            continue
        whole = status[cell] == WHOLE
        for point in range(starts[cell], starts[cell + 1]):
            row = order[point]
            counted = (whole or flags[point] != 0) and (visible.size == 0 or visible[row])
            code: Any = np.int64(codes[row])
            counts[point & 3, min(code, n_classes + 1)] += counted
    return counts.sum(axis=0)


@compiled()
def _nearest(
    boxes: Any, starts: Any, points: Any, order: Any, visible: Any, x: float, y: float, within: float
) -> int:
    best, found = within * within if within >= 0 else -1.0, -1
    for cell in range(boxes.shape[0]):
        across = max(boxes[cell, 0] - x, x - boxes[cell, 1], 0.0)
        along = max(boxes[cell, 2] - y, y - boxes[cell, 3], 0.0)
        if across * across + along * along > best:
            continue
        for point in range(starts[cell], starts[cell + 1]):
            row = order[point]
            if visible.size and not visible[row]:
                continue
            dx, dy = points[point, 0] - x, points[point, 1] - y
            distance = dx * dx + dy * dy
            if distance < best or (distance == best and (found < 0 or row < found)):
                best, found = distance, row
    return found
