"""The camera over the scene."""

from __future__ import annotations

import numpy as np
import pytest
from scene_screen import Screen

from rsgraph.types import Window

pytestmark = pytest.mark.usefixtures("qapp")


def test_window_in_view_is_what_the_camera_sees(screen: Screen) -> None:
    assert screen.map.window_in_view() == (0, Window(0, 0, 160, 200))
    camera = screen.viewer.scene.camera
    height, width = screen.viewer.canvas.size
    camera.center = tuple(screen.map.grid.to_world(np.array([[79.5, 99.5]]))[0])
    camera.zoom = width / (40 * 10)
    found = screen.map.window_in_view()
    assert found is not None
    rows = 40 * height / width
    assert found[1].column == pytest.approx(80, abs=1)
    assert found[1].columns == pytest.approx(40, abs=2)
    assert found[1].rows == pytest.approx(rows, abs=2)
    assert found[1].row == pytest.approx(80 - rows / 2, abs=1.5)


def test_the_whole_scene_stays_in_view_in_a_larger_window(screen: Screen) -> None:
    zoom = screen.viewer.scene.camera.zoom
    screen.viewer.window.resize(1200, 790)
    screen.qtbot.waitUntil(lambda: screen.viewer.scene.camera.zoom > zoom, timeout=3000)
    assert screen.map.window_in_view() == (0, Window(0, 0, 160, 200))
    screen.map.go_to_chip(0)
    near = screen.viewer.scene.camera.zoom
    screen.viewer.window.resize(1000, 700)
    screen.drawn()
    assert screen.viewer.scene.camera.zoom == pytest.approx(near)


def test_a_place_that_was_seen_is_seen_again_unless_nothing_is_there(screen: Screen) -> None:
    camera, grid = screen.map.camera, screen.map.grid
    assert camera.whole
    screen.map.go_to_chip(0)
    centre, zoom = camera.place
    assert not camera.whole
    camera.show_whole(grid)
    assert not camera.show_place(grid, (1e9, 1e9), zoom)
    assert not camera.show_place(grid, centre, 1e-9)
    assert camera.whole
    assert camera.show_place(grid, centre, zoom)
    assert camera.place == (pytest.approx(centre), pytest.approx(zoom))


def test_the_camera_is_as_before_once_the_scene_is_gone(screen: Screen) -> None:
    before = screen.map.camera._before
    screen.map.go_to_chip(0)
    screen.map.close()
    camera = screen.viewer.scene.camera
    assert camera.zoom == pytest.approx(before[2])
    assert tuple(camera.center) == pytest.approx(before[1])
