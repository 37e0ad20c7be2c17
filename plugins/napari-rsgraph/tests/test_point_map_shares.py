"""Shares of classes, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QRectF
from qtpy.QtGui import QColor, QImage, QPainter

from napari_rsgraph.point_map.shares import PointShares, draw_bar, draw_pie

COLOURS = np.array([[138, 143, 152], [200, 0, 0], [0, 0, 200]], np.uint8)
SHARES = PointShares(np.array([[0.25, 0.5, 0.25], [0.0, 0.0, 1.0], [0.998, 0.002, 0.0]], np.float32), COLOURS)


def test_parts_are_in_the_order_of_classes_and_what_has_none_comes_last() -> None:
    assert [(colour.name(), start, end) for colour, start, end in SHARES.parts(0)] == [
        ("#c80000", 0.0, 0.5),
        ("#0000c8", 0.5, 0.75),
        ("#8a8f98", 0.75, 1.0),
    ]
    assert len(SHARES.parts(2)) == 1


@pytest.fixture
def canvas(qapp: Any) -> QImage:
    made = QImage(100, 100, QImage.Format.Format_RGB32)
    made.fill(QColor("black"))
    return made


def test_the_bar_has_the_widths_of_the_shares(canvas: QImage) -> None:
    painter = QPainter(canvas)
    draw_bar(painter, QRectF(10, 10, 80, 80), SHARES.parts(0))
    painter.end()
    colours = [canvas.pixelColor(x, 86).name() for x in range(10, 90)]
    assert [colours.count(name) for name in ("#c80000", "#0000c8", "#8a8f98")] == [40, 20, 20]
    assert canvas.pixelColor(50, 50).name() == "#000000"


def test_the_dot_is_cut_clockwise_from_the_top(canvas: QImage) -> None:
    painter = QPainter(canvas)
    draw_pie(painter, np.array([50.0, 50.0]), 60, SHARES.parts(0), bright=True)
    painter.end()
    around = [canvas.pixelColor(x, y).name() for x, y in ((60, 40), (60, 60), (40, 60), (40, 40))]
    assert around == ["#c80000", "#c80000", "#0000c8", "#8a8f98"]


def test_a_dot_of_one_class_is_whole(canvas: QImage) -> None:
    painter = QPainter(canvas)
    draw_pie(painter, np.array([50.0, 50.0]), 60, SHARES.parts(1), bright=True)
    painter.end()
    assert canvas.pixelColor(50, 30).name() == canvas.pixelColor(35, 60).name() == "#0000c8"
