"""The points of the 2-D map as an image."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtGui import QColor

from napari_rsgraph.point_map.picture import MapPicture, Points, Request, dot_scale
from napari_rsgraph.point_map.view_transform import ViewTransform
from rsgraph.brushing.index import PointIndex

VIEW = ViewTransform(x=0, y=0, scale=10, width=100, height=60)


@pytest.fixture
def request_of_two() -> Request:
    """A red point at pixel (20, 30) and a green one at (80, 30)."""
    points = np.array([[-3, 0], [3, 0]], np.float32)
    colours = np.array([[255, 0, 0], [0, 255, 0]], np.uint8)
    return Request(Points(points, PointIndex(points), colours), VIEW, 1.0)


def test_dots_of_few_points_are_larger() -> None:
    assert [dot_scale(n) for n in (1, 400, 1_000_000)] == [9.0, 6.0, 6.0]


def test_points_have_their_colours(qapp: Any, request_of_two: Request) -> None:
    shown = MapPicture().image(request_of_two)
    assert shown is not None
    image, view = shown
    assert view == VIEW
    assert image.pixelColor(20, 30) == QColor(255, 0, 0)
    assert image.pixelColor(80, 30) == QColor(0, 255, 0)


def test_what_is_not_selected_is_dimmed(qapp: Any, request_of_two: Request) -> None:
    picture = MapPicture()
    picture.image(request_of_two)
    picture.set_selected(np.array([1]))
    shown = picture.image(request_of_two)
    assert shown is not None
    assert shown[0].pixelColor(80, 30) == QColor(0, 255, 0)
    assert shown[0].pixelColor(20, 30).red() < 140
    assert not picture.refining


def test_a_point_that_the_filter_hides_is_not_drawn(qapp: Any, request_of_two: Request) -> None:
    points = request_of_two.points
    hidden = Points(points.points, points.index, points.colours, np.array([False, True]))
    assert hidden.in_view(VIEW, 9).tolist() == [1]
    shown = MapPicture().image(Request(hidden, VIEW, 1.0))
    assert shown is not None
    assert shown[0].pixelColor(20, 30) == shown[0].pixelColor(50, 5)
