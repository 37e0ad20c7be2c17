"""Marks over the points of the 2-D map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPointF
from qtpy.QtGui import QColor, QImage, QPainter

from napari_rsgraph.point_map.marks import BRUSH, brush_path, draw_badge, draw_ring
from napari_rsgraph.point_map.view_transform import ViewTransform
from rsgraph.brushing.shapes import Circle, Lasso, Rectangle

VIEW = ViewTransform(x=0, y=0, scale=10, width=200, height=100)


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        (Circle(1, 2, 3), (80, 0, 60, 60)),
        (Rectangle(0, 0, 4, 2), (60, 30, 80, 40)),
        (Lasso(np.array([[0, 0], [2, 0], [2, 1]], float)), (100, 40, 20, 10)),
    ],
)
def test_the_outline_lies_where_the_shape_is(shape: Any, box: tuple[float, ...]) -> None:
    found = brush_path(shape, VIEW).boundingRect()
    assert (found.x(), found.y(), found.width(), found.height()) == pytest.approx(box)


def painted(draw: Any) -> QImage:
    image = QImage(60, 60, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    draw(painter)
    painter.end()
    return image


def test_a_badge_says_the_mode_and_replacing_has_none(qapp: Any) -> None:
    shown = painted(lambda painter: draw_badge(painter, "add", QPointF(10, 10)))
    assert shown.pixelColor(25, 18) == BRUSH
    plain = painted(lambda painter: draw_badge(painter, "replace", QPointF(10, 10)))
    assert plain == painted(lambda painter: None)


def test_a_ring_goes_round_the_point_and_leaves_it_free(qapp: Any) -> None:
    shown = painted(lambda painter: draw_ring(painter, np.array([30, 30]), 14))
    assert shown.pixelColor(30, 30) == QColor("black")
    assert shown.pixelColor(40, 30).lightness() > 100
