"""Points inside a shape: whole cells of the index, then single points of the cells at its border."""

from __future__ import annotations

from typing import Any

import numpy as np

from rsgraph.compiled import compiled

BANDS = 512
"""Horizontal bands that the edges of a lasso are sorted into."""

OUTSIDE, WHOLE, PARTLY = 0, 1, 2
"""What a cell is. Compiled code elsewhere keeps these numbers in its cache: do not change them."""


@compiled()
def mark_circle(
    boxes: Any, starts: Any, points: Any, x: float, y: float, radius: float, status: Any, flags: Any
) -> None:
    """Rounding keeps the order of distances, so that a box whose farthest corner is inside is inside."""
    limit = radius * radius if radius >= 0 else -1.0
    for cell in range(status.size):
        left, right = boxes[cell, 0] - x, boxes[cell, 1] - x
        below, above = boxes[cell, 2] - y, boxes[cell, 3] - y
        across, along = max(left, -right, 0.0), max(below, -above, 0.0)
        if across * across + along * along > limit:
            continue
        across, along = max(-left, right), max(-below, above)
        if across * across + along * along <= limit:
            status[cell] = WHOLE
            continue
        status[cell] = PARTLY
        for point in range(starts[cell], starts[cell + 1]):
            dx, dy = points[point, 0] - x, points[point, 1] - y
            flags[point] = dx * dx + dy * dy <= limit


@compiled()
def mark_rectangle(
    boxes: Any,
    starts: Any,
    points: Any,
    left: float,
    right: float,
    lower: float,
    upper: float,
    status: Any,
    flags: Any,
) -> None:
    """Compare boxes, then points, with the sides themselves: nothing is rounded."""
    for cell in range(status.size):
        x_min, x_max, y_min, y_max = boxes[cell, 0], boxes[cell, 1], boxes[cell, 2], boxes[cell, 3]
        if x_max < left or x_min > right or y_max < lower or y_min > upper:
            continue
        if x_min >= left and x_max <= right and y_min >= lower and y_max <= upper:
            status[cell] = WHOLE
            continue
        status[cell] = PARTLY
        for point in range(starts[cell], starts[cell + 1]):
            x, y = points[point, 0], points[point, 1]
            flags[point] = left <= x <= right and lower <= y <= upper


@compiled()
def mark_lasso(
    boxes: Any, starts: Any, strip_cells: Any, points: Any, corners: Any, margin: float, status: Any, flags: Any
) -> None:
    """Test single points in cells that an edge may touch; in all others one point decides for the whole cell."""
    low, scale, first, edges = _edges_by_band(corners)
    _mark_touched(boxes, strip_cells, corners, margin, status)
    for cell in range(status.size):
        start, stop = starts[cell], starts[cell + 1]
        if status[cell] == PARTLY:
            for point in range(start, stop):
                flags[point] = _within(points[point, 0], points[point, 1], low, scale, first, edges)
        elif _within(points[start, 0], points[start, 1], low, scale, first, edges):
            status[cell] = WHOLE


@compiled()
def _band(y: float, low: float, scale: float) -> int:
    """Never falls as y rises, rounding included: an edge is in the band of every point that it passes."""
    return int(min(max((y - low) * scale, 0.0), BANDS - 1.0))


@compiled()
def _edges_by_band(corners: Any) -> Any:
    """Sort the edges into horizontal bands: those of band b stand at first[b] ... first[b + 1].

    An edge is its start's y, its end's y and x, and start minus end in x and in y; each a line of its own, so
    that several edges are asked at once.
    """
    low, high = corners[:, 1].min(), corners[:, 1].max()
    scale = BANDS / (high - low) if high - low > 1e-300 else 0.0
    first = np.zeros(BANDS + 1, dtype=np.int64)
    for edge in range(corners.shape[0]):
        a, b = _bands_of(edge, corners, low, scale)
        for band in range(a + 1, b + 2):
            first[band] += 1
    first = np.cumsum(first)
    edges = np.empty((5, first[-1]))
    filled = first.copy()
    for edge in range(corners.shape[0]):
        a, b = _bands_of(edge, corners, low, scale)
        start, end = corners[edge], corners[(edge + 1) % corners.shape[0]]
        for band in range(a, b + 1):
            place = filled[band]
            edges[0, place], edges[1, place], edges[2, place] = start[1], end[1], end[0]
            edges[3, place], edges[4, place] = start[0] - end[0], start[1] - end[1]
            filled[band] += 1
    return low, scale, first, edges


@compiled()
def _bands_of(edge: int, corners: Any, low: float, scale: float) -> tuple[int, int]:
    a = _band(corners[edge, 1], low, scale)
    b = _band(corners[(edge + 1) % corners.shape[0], 1], low, scale)
    return min(a, b), max(a, b)


@compiled()
def _within(x: float, y: float, low: float, scale: float, first: Any, edges: Any) -> Any:
    """Count crossings of the ray to the right: term by term what matplotlib computes, ties included."""
    band = _band(y, low, scale)
    crossings = 0
    for place in range(np.uint64(first[band]), np.uint64(first[band + 1])):  # unsigned: several at once
        above = edges[1, place] >= y
        left = (edges[1, place] - y) * edges[3, place]
        right = (edges[2, place] - x) * edges[4, place]
        crossings += ((edges[0, place] >= y) != above) & ((left >= right) == above)
    return crossings & 1 != 0


@compiled()
def _mark_touched(boxes: Any, strip_cells: Any, corners: Any, margin: float, status: Any) -> None:
    """Mark every cell that an edge comes near: strip by strip, since within one the cells ascend in y."""
    m = corners.shape[0]
    for strip in range(strip_cells.size - 1):
        begin, end = strip_cells[strip], strip_cells[strip + 1]
        if begin == end:
            continue
        left, right = boxes[begin:end, 0].min() - margin, boxes[begin:end, 1].max() + margin
        for a in range(m):
            b = a + 1 if a + 1 < m else 0
            xa, xb = corners[a, 0], corners[b, 0]
            if (xa < left and xb < left) or (xa > right and xb > right):
                continue
            low, high = _clipped(xa, corners[a, 1], xb, corners[b, 1], left, right)
            _mark_range(boxes, begin, end, low - margin, high + margin, status)


@compiled()
def _clipped(xa: float, ya: float, xb: float, yb: float, left: float, right: float) -> tuple[float, float]:
    """Range in y of the part of an edge between left and right."""
    if xa > xb:
        xa, ya, xb, yb = xb, yb, xa, ya
    start, stop = ya, yb
    if xa < left:
        start = ya + (left - xa) / (xb - xa) * (yb - ya)
    if xb > right:
        stop = yb - (xb - right) / (xb - xa) * (yb - ya)
    return min(start, stop), max(start, stop)


@compiled()
def _mark_range(boxes: Any, begin: int, end: int, low: float, high: float, status: Any) -> None:
    """Mark the cells of a strip that reach into low ... high."""
    first, last = begin, end
    while first < last:
        middle = (first + last) // 2
        if boxes[middle, 3] < low:
            first = middle + 1
        else:
            last = middle
    while first < end and boxes[first, 2] <= high:
        status[first] = PARTLY
        first += 1
