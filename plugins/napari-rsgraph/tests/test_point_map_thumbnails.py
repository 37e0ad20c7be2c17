"""Thumbnails in place of dots."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtGui import QColor, QImage, QPainter

from napari_rsgraph.point_map.shares import PointShares
from napari_rsgraph.point_map.thumbnails import Thumbnails, thumbnail_side
from rsgraph.brushing.dimming import dimmed


def test_thumbnails_are_a_little_larger_than_the_distance_between_points() -> None:
    assert thumbnail_side(np.zeros((0, 2)), 72) == 0
    assert thumbnail_side(np.array([[5.0, 5.0]]), 72) == 72
    assert thumbnail_side(np.array([[0.0, 0.0], [40.0, 0.0]]), 72) == 50
    assert thumbnail_side(np.array([[0.0, 0.0], [100.0, 0.0]]), 72) == 72
    assert thumbnail_side(np.array([[0.0, 0.0], [20.0, 0.0]]), 72) == 0  # dots say more


def test_each_picture_is_fetched_once_and_drawn_at_its_place(qapp: Any) -> None:
    asked: list[int] = []

    def fetch(row: int) -> QImage:
        asked.append(row)
        image = QImage(8, 8, QImage.Format.Format_RGB888)
        image.fill(QColor("#d01010"))
        return image

    thumbnails, canvas = Thumbnails(fetch, 40), QImage(200, 100, QImage.Format.Format_RGB32)
    canvas.fill(QColor("black"))
    rows, at, colours = np.array([3, 9]), np.array([[50.0, 50.0], [150.0, 50.0]]), np.zeros((2, 3), np.uint8)
    painter = QPainter(canvas)
    for _ in range(2):
        side = thumbnails.draw(painter, rows, at, colours, None, -1, 1.0)
    painter.end()
    assert side == 40
    assert asked == [3, 9]
    assert canvas.pixelColor(50, 50).name() == canvas.pixelColor(150, 50).name() == "#d01010"
    assert canvas.pixelColor(100, 50) == QColor("black")


def test_pictures_that_are_not_selected_are_dimmed_and_the_others_framed(qapp: Any) -> None:
    def fetch(row: int) -> QImage:
        image = QImage(8, 8, QImage.Format.Format_RGB888)
        image.fill(QColor("#2060a0"))
        return image

    thumbnails, canvas = Thumbnails(fetch, 40), QImage(200, 100, QImage.Format.Format_RGB32)
    rows, at, colours = np.array([3, 9]), np.array([[50.0, 50.0], [150.0, 50.0]]), np.zeros((2, 3), np.uint8)
    painter = QPainter(canvas)
    for _ in range(2):  # what there is no time to fetch comes with the next repaint
        thumbnails.draw(painter, rows, at, colours, np.array([True, False]), -1, 1.0)
    painter.end()
    expected = dimmed(np.array([[0x20, 0x60, 0xA0]], np.uint8))[0].tolist()
    assert canvas.pixelColor(50, 50).name() == "#2060a0"
    assert canvas.pixelColor(150, 50).getRgb()[:3] == tuple(expected)
    assert canvas.pixelColor(29, 50).name() == "#ffffff"


def test_a_strip_is_drawn_as_small_as_it_is_with_a_bar_of_its_shares(qapp: Any) -> None:
    def fetch(row: int) -> QImage:
        image = QImage(8, 32 if row else 8, QImage.Format.Format_RGB888)
        image.fill(QColor("#d01010"))
        return image

    thumbnails, canvas = Thumbnails(fetch, 64, 32), QImage(300, 100, QImage.Format.Format_RGB32)
    canvas.fill(QColor("black"))
    rows, at, colours = np.array([0, 1]), np.array([[80.0, 50.0], [220.0, 50.0]]), np.zeros((2, 3), np.uint8)
    shares = PointShares(np.array([[0.0, 1.0], [1.0, 0.0]], np.float32), np.array([[9, 9, 9], [0, 200, 0]], np.uint8))
    painter = QPainter(canvas)
    thumbnails.draw(painter, rows, at, colours, None, -1, 1.0, shares)
    painter.end()
    red = [[canvas.pixelColor(x, y).name() == "#d01010" for x in range(300)] for y in range(100)]
    found = np.array(red)
    assert 12 <= found[:, :150].any(axis=0).sum() <= 16
    assert found[:, :150].any(axis=1).sum() <= 16
    assert found[:, 150:].any(axis=1).sum() > 40
    assert canvas.pixelColor(80, 55).name() == "#00c800"
