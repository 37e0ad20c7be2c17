"""Keys of the scene: from segment to segment, and where the picture goes."""

from __future__ import annotations

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from scene_screen import ALT, SHIFT, Screen

from napari_rsgraph.scene.keys import SceneKeys

pytestmark = pytest.mark.usefixtures("qapp")
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def keys(screen: Screen) -> SceneKeys:
    return SceneKeys(screen.canvas, screen.tools)


def press(screen: Screen, key: Qt.Key, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(screen.canvas, key, held)


def test_arrows_go_from_segment_to_segment(screen: Screen, keys: SceneKeys) -> None:
    screen.session.selection.set_level("segments")
    places = screen.session.tables.centroids
    press(screen, Qt.Key.Key_Right)
    (first,) = screen.selected()
    assert np.hypot(*(places[first] - (80, 100))) == np.hypot(*(places - (80, 100)).T).min(), "the one in the middle"
    for key, axis, sign in ((Qt.Key.Key_Right, 1, 1), (Qt.Key.Key_Down, 0, 1), (Qt.Key.Key_Left, 1, -1)):
        (before,) = screen.selected()
        press(screen, key)
        (after,) = screen.selected()
        step = places[after] - places[before]
        assert sign * step[axis] > 0
        assert abs(step[axis]) >= abs(step[1 - axis])
        assert np.hypot(*step) < 40
    (before,) = screen.selected()
    press(screen, Qt.Key.Key_Up, SHIFT)
    assert before in screen.selected()
    assert len(screen.selected()) == 2
    screen.click((20, 30))
    press(screen, Qt.Key.Key_Right)
    (after,) = screen.selected()
    assert np.hypot(*(places[after] - places[screen.row_at((20, 30))])) < 40, "it goes on from what was clicked"


def test_what_is_hidden_is_passed_over(screen: Screen, keys: SceneKeys) -> None:
    screen.session.selection.set_level("segments")
    press(screen, Qt.Key.Key_Right)
    press(screen, Qt.Key.Key_Right)
    (hidden,) = screen.selected()
    press(screen, Qt.Key.Key_Left)
    screen.session.labels.define("a")
    screen.session.labels.assign(np.array([hidden]), "a")
    screen.session.selection.toggle_unlabelled()
    press(screen, Qt.Key.Key_Right)
    assert screen.selected() != [hidden]


def test_chips_are_walked_over_too(screen: Screen, keys: SceneKeys) -> None:
    press(screen, Qt.Key.Key_Right)
    (first,) = np.flatnonzero(screen.session.selection.chips)
    press(screen, Qt.Key.Key_Right)
    (second,) = np.flatnonzero(screen.session.selection.chips)
    windows = screen.session.tables.window_of(first), screen.session.tables.window_of(second)
    assert windows[1][1] == windows[0][1] + 64
    press(screen, Qt.Key.Key_Left, ALT)
    assert np.flatnonzero(screen.session.selection.chips).tolist() == [second]


def test_pages_zoom_and_control_and_arrows_move_the_picture(screen: Screen, keys: SceneKeys) -> None:
    camera = screen.viewer.scene.camera
    zoom, centre = camera.zoom, np.array(camera.center[-2:])
    press(screen, Qt.Key.Key_PageUp)
    assert camera.zoom == pytest.approx(1.3 * zoom)
    press(screen, Qt.Key.Key_Up, CONTROL)
    press(screen, Qt.Key.Key_Right, CONTROL)
    moved = np.array(camera.center[-2:]) - centre
    assert (moved > 0).all(), "north and east are up and right"
    assert screen.selected() == []


def test_a_segment_out_of_view_is_brought_into_it(screen: Screen, keys: SceneKeys) -> None:
    screen.session.selection.set_level("segments")
    screen.click((80, 100))
    for _ in range(8):
        press(screen, Qt.Key.Key_PageUp)
    for _ in range(6):
        press(screen, Qt.Key.Key_Right)
    top, left, rows, columns = screen.map.camera.window(screen.map.grid)
    row, column = screen.session.tables.centroids[screen.selected()[0]]
    assert top < row < top + rows
    assert left < column < left + columns


def test_space_is_held_and_let_go(screen: Screen, keys: SceneKeys) -> None:
    QTest.keyPress(screen.canvas, Qt.Key.Key_Space)
    assert screen.tools.space
    QTest.keyRelease(screen.canvas, Qt.Key.Key_Space)
    assert not screen.tools.space


def test_another_layer_that_is_drawn_on_has_its_keys(screen: Screen, keys: SceneKeys) -> None:
    layer = screen.viewer.add_points(np.zeros((0, 2)), name="mine")
    layer.mode = "add"
    press(screen, Qt.Key.Key_Right)
    assert not screen.session.selection.chips.any()
    keys.close()
