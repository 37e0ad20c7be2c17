"""Tools of the mouse on the scene: what they select, and what they leave to napari."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from scene_screen import ALT, LEFT, MIDDLE, PLAIN, RIGHT, SHIFT, Screen

from napari_rsgraph.actions import ACTIONS
from napari_rsgraph.scene.places import NONE
from napari_rsgraph.scene.tools import SCENE_TOOLS

pytestmark = pytest.mark.usefixtures("qapp")


def test_click_selects_the_segment_under_the_pointer(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    one, other = (40, 60), (120, 150)
    screen.click(one)
    assert screen.selected() == [screen.row_at(one)]
    screen.click(other, keys=SHIFT)
    assert screen.selected() == sorted({screen.row_at(one), screen.row_at(other)})
    screen.click(one, keys=ALT)
    assert screen.selected() == [screen.row_at(other)]
    screen.click(one)
    assert screen.selected() == [screen.row_at(one)]


def test_click_outside_selects_nothing(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    screen.click((40, 60))
    screen.click((-3, 60))
    assert screen.selected() == []


def test_click_at_chip_level_selects_the_chip(screen: Screen) -> None:
    screen.click((100, 100))
    chip = screen.map.chip_at((100.0, 100.0))
    assert np.flatnonzero(screen.session.selection.chips).tolist() == [chip]
    assert screen.session.tables.window_of(chip)[:2] == (64, 64)
    assert screen.session.selection.level == "chips"


def min_squares(rows: np.ndarray, columns: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Squared distance of each pixel from the nearest of some points."""
    found = np.full(rows.shape, np.inf)
    for row, column in points:
        np.minimum(found, (rows - row) ** 2 + (columns - column) ** 2, out=found)
    return found


def test_paint_gathers_what_the_circle_touches(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    screen.tools.tool, screen.tools.radius = "paint", 4.0
    finals: list[bool] = []
    screen.session.selection.changed.connect(finals.append)
    way = [(40.0, 40.0), (40.0, 90.0), (90.0, 90.0)]
    screen.drag(*way)
    rows, columns = np.mgrid[:160, :200]
    ends = [np.linspace(one, other, 300) for one, other in pairwise(np.array(way))]
    squares = min_squares(rows, columns, np.concatenate(ends))
    surely, perhaps = (set(np.unique(screen.ids[squares <= reach**2]).tolist()) - {0} for reach in (3.5, 4.5))
    found = set(screen.session.tables.ids[screen.session.selection.segments].tolist())
    assert surely <= found <= perhaps  # the mouse stands on whole pixels of the canvas
    assert len(surely) > 5
    assert finals[-1] is True
    assert not any(finals[:-1])
    screen.drag(*way, keys=ALT)
    assert screen.selected() == []


def test_rectangle_takes_centroids(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    screen.tools.tool = "rectangle"
    screen.drag((30.0, 20.0), (60.0, 60.0), (90.0, 110.0))
    places = screen.session.tables.centroids
    clear = np.abs(places[:, None] - np.array([[30, 20], [90, 110]])).min(axis=(1, 2)) > 0.5
    inside = ((places > (30, 20)) & (places < (90, 110))).all(axis=1)
    assert np.array_equal(screen.session.selection.segments[clear], inside[clear])
    assert inside.sum() > 20


def test_tools_do_not_move_the_camera_and_the_other_buttons_do(screen: Screen) -> None:
    camera = screen.viewer.scene.camera
    screen.drawn()
    before, zoom = np.array(camera.center[-2:]), camera.zoom
    for tool in SCENE_TOOLS[:4]:
        screen.tools.tool = tool
        screen.drag((40, 40), (50, 60), (60, 80))
        screen.drawn()
        assert np.array(camera.center[-2:]) == pytest.approx(before)
    screen.drag((40.0, 40.0), (50.0, 60.0), button=MIDDLE)
    screen.drawn()
    assert np.array(camera.center[-2:]) == pytest.approx(before + np.array([100, -200]), abs=12)
    assert camera.zoom == pytest.approx(zoom)
    screen.drag((40, 40), (60, 40), button=RIGHT)
    screen.drawn()
    assert camera.zoom != pytest.approx(zoom)


def test_pan_tool_moves_the_camera_and_selects_nothing(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    screen.tools.tool = "pan"
    camera = screen.viewer.scene.camera
    before = np.array(camera.center[-2:])
    screen.drag((40.0, 40.0), (60.0, 80.0))
    screen.drawn()
    assert np.array(camera.center[-2:]) == pytest.approx(before + np.array([200, -400]), abs=15)
    assert screen.selected() == []


def test_alt_does_not_zoom_while_a_tool_is_used(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    zoom = screen.viewer.scene.camera.zoom
    screen.tools.tool = "paint"
    screen.drag((40, 40), (80, 100), keys=ALT)
    screen.drawn()
    assert screen.viewer.scene.camera.zoom == pytest.approx(zoom)
    names = [found.__name__ for found in screen.viewer.mouse_drag_callbacks]
    assert "drag_to_zoom" not in names
    screen.tools.tool = "pan"
    assert "drag_to_zoom" in [found.__name__ for found in screen.viewer.mouse_drag_callbacks]


def test_wheel_with_shift_resizes_the_brush(screen: Screen) -> None:
    screen.tools.tool, screen.tools.radius = "paint", 8.0
    zoom = screen.viewer.scene.camera.zoom
    screen.wheel((80, 100), 1, keys=SHIFT)
    assert screen.tools.radius == pytest.approx(9.6)
    screen.wheel((80, 100), -1, keys=SHIFT)
    assert screen.tools.radius == pytest.approx(8.0)
    assert screen.viewer.scene.camera.zoom == pytest.approx(zoom)
    assert str(screen.viewer.cursor.style) == "circle"
    assert screen.viewer.cursor.size == pytest.approx(2 * 8 * 10)


def test_a_double_click_is_no_more_than_a_click(screen: Screen) -> None:
    zoom = screen.viewer.scene.camera.zoom
    screen.click((100, 100))
    screen.send(QEvent.Type.MouseButtonDblClick, (100, 100), LEFT, LEFT, PLAIN)
    screen.drawn()
    assert screen.session.selection.level == "chips"
    assert screen.session.selection.chips.sum() == 1
    assert screen.viewer.scene.camera.zoom == pytest.approx(zoom)


def test_lasso_takes_centroids_and_shows_its_line(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    screen.tools.tool = "lasso"
    lines: list[int] = []
    screen.tools.drawn.connect(lambda line: lines.append(len(line)))
    screen.drag((30.0, 20.0), (30.0, 110.0), (90.0, 110.0), (90.0, 20.0))
    row, column = screen.session.tables.centroids.T
    clear = (np.abs(row - 30) > 1) & (np.abs(row - 90) > 1) & (np.abs(column - 20) > 1) & (np.abs(column - 110) > 1)
    inside = (row > 30) & (row < 90) & (column > 20) & (column < 110)
    assert np.array_equal(screen.session.selection.segments[clear], inside[clear])
    assert inside.sum() > 20
    assert lines == [2, 3, 4, 0]


def test_a_box_that_becomes_smaller_gives_back_what_it_had_added(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    screen.click((140, 180))
    first = screen.selected()
    screen.tools.tool = "rectangle"
    screen.drag((20.0, 20.0), (100.0, 120.0), (40.0, 50.0), keys=SHIFT)
    places = screen.session.tables.centroids
    assert set(first) < set(screen.selected())
    assert (places[[row for row in screen.selected() if row not in first]] < (41, 51)).all()
    before = screen.selected()
    screen.drag((10.0, 10.0), (150.0, 190.0), (10.5, 10.5), keys=ALT)
    assert screen.selected() == before


def test_the_space_bar_makes_any_tool_move_the_scene(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    camera = screen.viewer.scene.camera
    for tool in SCENE_TOOLS[:4]:
        screen.tools.tool, screen.tools.space = tool, True
        before = np.array(camera.center[-2:])
        screen.drag((40.0, 40.0), (50.0, 60.0))
        screen.drawn()
        assert np.array(camera.center[-2:]) == pytest.approx(before + np.array([100, -200]), abs=12)
    assert screen.selected() == []


def test_hovering_tells_the_row(screen: Screen) -> None:
    heard: list[int] = []
    screen.map.hovered.connect(heard.append)
    none = Qt.MouseButton.NoButton
    for pixel in ((80, 100), (20, 30), (-5, 30)):
        screen.send(QEvent.Type.MouseMove, pixel, none, none, PLAIN)
    assert heard == [screen.row_at((80, 100)), screen.row_at((20, 30)), NONE]


def test_mouse_is_left_to_another_layer_that_is_drawn_on(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    layer = screen.viewer.add_points(np.zeros((0, 2)), name="mine")
    layer.mode = "add"
    screen.click((40, 60))
    assert screen.selected() == []
    layer.mode = "pan_zoom"
    screen.click((40, 60))
    assert screen.selected() == [screen.row_at((40, 60))]


LAYERS = {"add_layer", "hide_layers", "blink"}
"""What the window does with the layers of the user, and with several scenes."""


def test_calls_are_those_of_the_table_and_take_the_tools(screen: Screen) -> None:
    calls = screen.tools.calls()
    assert set(calls) == {row.name for row in ACTIONS if row.group == "Scene"} - LAYERS | {"overlay"}
    heard: list[str] = []
    screen.tools.tool_changed.connect(heard.append)
    for call in calls.values():
        call()
    assert heard == ["paint", "rectangle", "lasso", "pan"]
