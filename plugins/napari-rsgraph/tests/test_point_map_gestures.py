"""Gestures on the 2-D map, without the map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QObject, QPointF, Qt

from napari_rsgraph.point_map.gestures import Gestures
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import Circle

LEFT, NONE, SHIFT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def gestures(qapp: Any) -> Gestures:
    """Five points in a row, ten pixels to the unit, the first at the middle of 200 x 100 pixels."""
    made = Gestures(QObject(qapp))
    made.replace_points(PointIndex(np.array([[x, 0] for x in range(5)], np.float32)))
    made.resize(200, 100)
    made.look_at(made.view.__class__(x=0, y=0, scale=10, width=200, height=100))
    made.clickable = False
    return made


def at(x: float) -> QPointF:
    return QPointF(100 + 10 * x, 50)


def heard(gestures: Gestures) -> list[tuple[list[int], str, bool]]:
    found: list[tuple[list[int], str, bool]] = []
    gestures.brushed.connect(lambda rows, mode, final: found.append((rows.tolist(), mode, final)))
    return found


def test_a_drag_brushes_what_the_circle_covers_in_the_end(gestures: Gestures) -> None:
    found = heard(gestures)
    gestures.set_radius(1.2)
    gestures.press(at(0), LEFT, NONE)
    gestures.move(at(2), NONE)
    gestures.release(at(2), LEFT)
    assert found[-1] == ([1, 2, 3], "replace", True)
    assert gestures.brush == Circle(2.0, 0.0, pytest.approx(1.2))


def test_a_drag_with_shift_gathers_all_on_its_way(gestures: Gestures) -> None:
    found = heard(gestures)
    gestures.set_radius(0.7)
    gestures.press(at(0), LEFT, SHIFT)
    gestures.move(at(3), SHIFT)
    gestures.release(at(3), LEFT)
    assert found[-1] == ([0, 1, 2, 3], "add", True)


def test_escape_puts_back_what_a_stroke_changed(gestures: Gestures) -> None:
    gestures.selection = np.array([4])
    found = heard(gestures)
    gestures.press(at(0), LEFT, NONE)
    gestures.catch_up()
    gestures.escape()
    assert found[-1] == ([4], "replace", True)
    assert gestures.brush is None


def test_the_right_button_moves_the_map(gestures: Gestures) -> None:
    gestures.press(at(0), Qt.MouseButton.RightButton, NONE)
    gestures.move(at(3), NONE)
    gestures.release(at(3), Qt.MouseButton.RightButton)
    assert gestures.view.x == pytest.approx(-3)
    assert gestures.brush is None


def test_the_cursor_says_what_a_press_would_do(gestures: Gestures) -> None:
    assert gestures.cursor == Qt.CursorShape.CrossCursor
    gestures.set_tool("pan")
    assert gestures.cursor == Qt.CursorShape.OpenHandCursor
