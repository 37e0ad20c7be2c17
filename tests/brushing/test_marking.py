"""Cells and points inside shapes: cells laid out by hand, and a lasso against shapely."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from rsgraph.brushing.marking import OUTSIDE, PARTLY, WHOLE, mark_circle, mark_lasso, mark_rectangle

POINTS = np.array([(0, 0), (1, 2), (3, 4), (4, 4), (6, 6), (7, 9)], dtype=np.float32)
STARTS = np.array([0, 2, 4, 6], dtype=np.int64)


def boxes_of(points: NDArray[np.float32], starts: NDArray[np.int64]) -> NDArray[np.float32]:
    """x_min, x_max, y_min, y_max of each cell."""
    parts = [points[first:last] for first, last in pairwise(starts)]
    return np.array([[p[:, 0].min(), p[:, 0].max(), p[:, 1].min(), p[:, 1].max()] for p in parts], dtype=np.float32)


def blank(cells: int, points: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    return np.zeros(cells, dtype=np.uint8), np.full(points, 9, dtype=np.uint8)


def test_mark_circle_asks_points_of_the_cell_that_it_crosses() -> None:
    status, flags = blank(3, 6)
    mark_circle(boxes_of(POINTS, STARTS), STARTS, POINTS, 0.0, 0.0, 5.0, status, flags)
    assert status.tolist() == [WHOLE, PARTLY, OUTSIDE]
    assert flags[2:4].tolist() == [1, 0]  # 3, 4, 5: on the circle is inside; (4, 4) is 5.66 away


def test_mark_circle_of_negative_radius_holds_nothing() -> None:
    status, flags = blank(3, 6)
    mark_circle(boxes_of(POINTS, STARTS), STARTS, POINTS, 0.0, 0.0, -1.0, status, flags)
    assert status.tolist() == [OUTSIDE] * 3
    mark_circle(boxes_of(POINTS, STARTS), STARTS, POINTS, 0.0, 0.0, 0.0, status, flags)
    assert status.tolist() == [PARTLY, OUTSIDE, OUTSIDE]
    assert flags[:2].tolist() == [1, 0]


def test_mark_rectangle_includes_its_sides() -> None:
    status, flags = blank(3, 6)
    mark_rectangle(boxes_of(POINTS, STARTS), STARTS, POINTS, 0.0, 6.0, 0.0, 6.0, status, flags)
    assert status.tolist() == [WHOLE, WHOLE, PARTLY]
    assert flags[4:].tolist() == [1, 0]
    status, flags = blank(3, 6)
    mark_rectangle(boxes_of(POINTS, STARTS), STARTS, POINTS, 3.0, 3.5, 0.0, 4.0, status, flags)
    assert status.tolist() == [OUTSIDE, PARTLY, OUTSIDE]
    assert flags[2:4].tolist() == [1, 0]  # (3, 4) is the corner itself


def test_mark_lasso_equals_shapely_for_a_concave_ring() -> None:
    points = np.random.default_rng(0).uniform(0, 10, (2000, 2)).astype(np.float32)
    points = points[np.argsort(points[:, 0])]
    strips = np.array([0, 700, 1400, 2000])
    for first, last in pairwise(strips):  # within a strip, points ascend in y
        points[first:last] = points[first:last][np.argsort(points[first:last, 1])]
    starts = np.concatenate([*(np.arange(first, last, 20) for first, last in pairwise(strips)), [2000]])
    corners = np.array([(1, 1), (9, 2), (5, 4.5), (9.5, 9), (0.5, 8), (4, 5)], dtype=np.float64)
    status, flags = blank(len(starts) - 1, 2000)
    cells = np.searchsorted(starts, strips)
    mark_lasso(boxes_of(points, starts), starts, cells, points, corners, 1e-11, status, flags)
    each = np.repeat(status, np.diff(starts))
    inside = (each == WHOLE) | ((each == PARTLY) & (flags == 1))
    np.testing.assert_array_equal(inside, shapely.contains_xy(shapely.Polygon(corners), points.astype(np.float64)))
    assert {WHOLE, PARTLY, OUTSIDE} == set(status.tolist())
