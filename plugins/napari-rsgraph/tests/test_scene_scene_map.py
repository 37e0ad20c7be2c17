"""The scene map in a real viewer: what is drawn, where, and what the mouse selects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_rsgraph.actions import ACTIONS
from napari_rsgraph.scene.bar import SceneBar
from napari_rsgraph.scene.grid import SceneGrid
from napari_rsgraph.scene.lazy_layers import CASING, CHOSEN, EDGE, HIDDEN, HIDDEN_CASING, MAGNIFIED, NOTHING, REST
from napari_rsgraph.scene.places import NONE, centroids_within, ids_near
from napari_rsgraph.scene.scene_map import SceneMap
from napari_rsgraph.scene.tools import SCENE_TOOLS, SceneTools
from napari_rsgraph.session.session import Session
from rsgraph.types import Window
from rsgraph.view.view import View, find_view
from rsgraph.workspace import SceneInfo

pytestmark = pytest.mark.usefixtures("qapp")
LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
ALT, CTRL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier


class Screen:
    """A scene map on a screen, and a mouse."""

    def __init__(self, viewer: Any, session: Session, qtbot: Any) -> None:
        self.viewer, self.session, self.qtbot = viewer, session, qtbot
        view = find_view(session.workspace)
        assert view is not None
        self.view: View = view
        self.map = SceneMap(viewer, session)
        self.tools = SceneTools(viewer, self.map)
        self.map.set_view(view)
        self.canvas = viewer.__wrapped__.window._qt_viewer.canvas.native
        self.drawn()
        self.map.show_whole()
        self.drawn()

    @property
    def ids(self) -> np.ndarray:
        return self.view.levels(0)[0][1]

    def drawn(self) -> None:
        """Wait until what was asked for is drawn."""
        self.qtbot.wait(80)

    def at(self, row: float, column: float) -> QPointF:
        """Where on the canvas a pixel of the scene is."""
        camera = self.viewer.scene.camera
        place = self.map.grid.to_world(np.array([[row, column]], dtype=float))[0]
        offset = (place - np.asarray(camera.center[-2:])) * camera.zoom
        if self.map.grid.north_up:
            offset[0] *= -1
        height, width = self.viewer.canvas.size
        return QPointF(width / 2 + offset[1], height / 2 + offset[0])

    def send(self, kind: QEvent.Type, pixel: tuple[float, float], button: Any, held: Any, keys: Any) -> None:
        if kind == QEvent.Type.MouseMove:
            self.qtbot.wait(15)  # vispy leaves out moves less than 10 ms after the last
        where = self.at(*pixel)
        event = QMouseEvent(kind, where, self.canvas.mapToGlobal(where), button, held, keys)
        QApplication.sendEvent(self.canvas, event)

    def drag(self, *pixels: tuple[float, float], button: Any = LEFT, keys: Any = PLAIN) -> None:
        none = Qt.MouseButton.NoButton
        self.send(QEvent.Type.MouseMove, pixels[0], none, none, keys)
        self.send(QEvent.Type.MouseButtonPress, pixels[0], button, button, keys)
        for pixel in pixels[1:]:
            self.send(QEvent.Type.MouseMove, pixel, none, button, keys)
        self.send(QEvent.Type.MouseButtonRelease, pixels[-1], button, none, keys)

    def click(self, pixel: tuple[float, float], keys: Any = PLAIN) -> None:
        self.drag(pixel, keys=keys)

    def wheel(self, pixel: tuple[float, float], steps: int, keys: Any = PLAIN) -> None:
        where, none = self.at(*pixel), QPoint(0, 0)
        turned = QPoint(0, 120 * steps)
        phase, button = Qt.ScrollPhase.NoScrollPhase, Qt.MouseButton.NoButton
        event = QWheelEvent(where, self.canvas.mapToGlobal(where), none, turned, button, keys, phase, False)
        QApplication.sendEvent(self.canvas, event)

    def row_at(self, pixel: tuple[int, int]) -> int:
        return int(self.session.tables.row_of_id[self.ids[pixel]])

    def selected(self) -> list[int]:
        return [int(row) for row in np.flatnonzero(self.session.selection.segments)]


@pytest.fixture
def screen(make_napari_viewer_proxy: Callable[..., Any], session: Session, qtbot: Any) -> Screen:
    viewer = make_napari_viewer_proxy(show=True)
    viewer.window.resize(1000, 760)
    # layers are left to the viewer: napari collects garbage for each that is removed
    return Screen(viewer, session, qtbot)


def whole(layer: Any) -> np.ndarray:
    """Codes of a layer at full size."""
    level = next(level for level in layer.scales if level.step == 1)
    return np.asarray(level[:, :])


# layers


def test_layers_have_names_and_lie_on_each_other(screen: Screen) -> None:
    names = [layer.name for layer in screen.viewer.layers]
    assert names == ["Scene (true colour)", "Labels", "Selection", "Segments", "Chips"]
    low, high = screen.map.picture.extent.world
    for layer in screen.map.layers:
        # an outline's first and last pixel are finer, so its middles lie further out
        assert np.abs(layer.extent.world - [low, high]).max() <= 10 * 0.5


def test_labels_show_codes_and_nothing_on_no_data(screen: Screen) -> None:
    screen.session.labels.define("water")
    screen.session.labels.define("land")
    screen.session.labels.assign(np.array([3, 4]), "land")
    screen.drawn()
    codes, ids = whole(screen.map.labels), screen.session.tables.ids
    assert np.array_equal(codes == 2, np.isin(screen.ids, ids[[3, 4]]))
    assert (codes[screen.ids == 0] == 0).all()
    assert (codes == 1).sum() == 0


def test_labels_have_the_colours_of_the_classes(screen: Screen) -> None:
    screen.session.labels.define("water", colour="#0000ff")
    screen.session.labels.define("land", colour="#ff8000")
    screen.drawn()
    assert screen.map.labels.get_color(1) == pytest.approx([0, 0, 1, 1])
    assert screen.map.labels.get_color(2) == pytest.approx([1, 128 / 255, 0, 1])
    screen.session.labels.define("land", colour="#00ff00")
    screen.drawn()
    assert screen.map.labels.get_color(2) == pytest.approx([0, 1, 0, 1])


def test_a_label_is_seen_on_the_screen(screen: Screen) -> None:
    row, column = 80, 100
    before = screen.viewer.screenshot(canvas_only=True, flash=False)
    screen.session.labels.define("water", colour="#ff00ff")
    screen.session.labels.assign(np.arange(screen.session.tables.n_segments), "water")
    screen.drawn()
    after = screen.viewer.screenshot(canvas_only=True, flash=False)
    place = screen.at(row, column).toPoint()
    old, new = (image[place.y(), place.x(), :3].astype(float) for image in (before, after))
    assert new == pytest.approx(old * 0.45 + np.array([255, 0, 255]) * 0.55, abs=4)


def test_selection_clears_the_chosen_and_covers_the_rest(screen: Screen) -> None:
    assert (whole(screen.map.selection) == NOTHING).all()
    rows = np.array([10, 11, 40])
    screen.session.selection.select(rows)
    screen.drawn()
    codes, chosen = whole(screen.map.selection), np.isin(screen.ids, screen.session.tables.ids[rows])
    assert set(np.unique(codes[chosen])) <= {CHOSEN, EDGE}
    assert set(np.unique(codes[~chosen & (screen.ids > 0)])) <= {REST, CASING}
    inside = np.lib.stride_tricks.sliding_window_view(np.pad(chosen, 2), (5, 5)).all(axis=(2, 3))
    assert (codes[inside] == CHOSEN).all()
    screen.session.selection.clear()
    screen.drawn()
    assert (whole(screen.map.selection) == NOTHING).all()


def test_selection_is_drawn_again_at_the_coarsest_level(screen: Screen) -> None:
    """napari keeps the coarsest level of multiscale layers as it first was."""
    screen.session.selection.select(np.arange(20))
    screen.drawn()
    layer = screen.map.selection
    coarsest = layer.scales[-1]
    assert np.array_equal(np.asarray(coarsest), coarsest[:, :])
    assert (np.asarray(coarsest) == CHOSEN).any()


def test_outlines_follow_the_segments_and_hide_when_small(screen: Screen) -> None:
    fine = next(level for level in screen.map.segments.scales if level.step == 1 / 4)
    codes = fine[:, :]
    assert codes.shape == (160 * 4, 200 * 4)
    ids = screen.ids.repeat(4, axis=0).repeat(4, axis=1)
    above = ids[1:] != ids[:-1]
    assert (codes[1:][above] == 1).all()
    assert (codes[:-1][above] == 1).all()
    same = (ids[1:-1, 1:-1] == ids[:-2, 1:-1]) & (ids[1:-1, 1:-1] == ids[2:, 1:-1])
    same &= (ids[1:-1, 1:-1] == ids[1:-1, :-2]) & (ids[1:-1, 1:-1] == ids[1:-1, 2:])
    assert (codes[1:-1, 1:-1][same] == 0).all()
    assert (whole(screen.map.segments) == 0).all()  # 8 pixels along a segment are too few


def test_a_window_of_a_level_is_the_same_part_of_the_whole(screen: Screen) -> None:
    screen.session.labels.define("water")
    screen.session.labels.assign(np.arange(0, 300, 2), "water")
    screen.drawn()
    for level in screen.map.labels.scales:
        assert np.array_equal(level[3:20, 5:31], level[:, :][3:20, 5:31])
    level = next(level for level in screen.map.chips.scales if level.step == 1 / 8)
    assert np.array_equal(level[505:541, 13:77], level[:, :][505:541, 13:77])


def test_chip_edges_show_at_chip_level_only(screen: Screen) -> None:
    assert screen.map.chips.visible
    codes = whole(screen.map.chips)
    assert codes[64].all()
    assert codes[:, 128].all()
    assert not codes[30, 30]
    screen.session.selection.set_level("segments")
    assert not screen.map.chips.visible


def test_redraws_are_gathered(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[bool] = []
    monkeypatch.setattr(screen.map.selection, "repaint", lambda *, thumbnail: drawn.append(thumbnail))
    for row in range(50):
        screen.session.selection.select(np.array([row]), "add", final=row == 49)
    screen.drawn()
    assert drawn == [True]


# coordinates


def scene_with(transform: tuple[float, ...], crs: str | None) -> SceneInfo:
    return SceneInfo("s", ("B04",), 100, 120, crs, transform, (), None)


@pytest.mark.parametrize(
    "transform", [(10.0, 0.0, 399960.0, 0.0, -10.0, 5600040.0), (8.0, -6.0, 500000.0, -6.0, -8.0, 4000000.0)]
)
def test_places_are_those_of_the_transform(transform: tuple[float, ...]) -> None:
    from rasterio import Affine

    grid = SceneGrid(scene_with(transform, "EPSG:32630"))
    world = grid.to_world(np.array([[17.0, 42.0]]))
    y, x = grid.true((world[0, 0], world[0, 1]))
    assert (x, y) == pytest.approx(Affine(*transform) @ (42.5, 17.5))
    assert grid.to_pixel(world) == pytest.approx(np.array([[17.0, 42.0]]))
    assert grid.metric
    assert grid.pixel_size == pytest.approx(10.0)


def test_a_magnified_picture_covers_the_same_ground() -> None:
    grid = SceneGrid(scene_with((8.0, -6.0, 5e5, -6.0, -8.0, 4e6), "EPSG:32630"))
    corner = np.array([-0.5, -0.5, 1.0])
    assert grid.affine_of(16) @ corner == pytest.approx(grid.affine @ corner)
    far = np.array([100 * 16 - 0.5, 120 * 16 - 0.5, 1.0])
    assert grid.affine_of(16) @ far == pytest.approx(grid.affine @ [99.5, 119.5, 1.0])


def test_coordinates_are_said_as_a_person_writes_them() -> None:
    metres = SceneGrid(scene_with((10.0, 0.0, 399960.0, 0.0, -10.0, 5600040.0), "EPSG:32630"))
    assert metres.written((-5.0, 5.0)) == "399,965 E, 5,600,035 N (EPSG:32630)"
    degrees = SceneGrid(scene_with((0.1, 0.0, -4.0, 0.0, -0.1, 51.0), "EPSG:4326"))
    assert degrees.written((-0.05, 0.05)) == "50.95000° N, 3.95000° W"
    assert not degrees.metric
    assert SceneGrid(scene_with((1.0, 0, 0, 0, 1.0, 0), None)).written((3.2, 7.9)) == "row 3, column 8"


def test_north_is_up_on_the_screen(screen: Screen) -> None:
    assert tuple(str(side) for side in screen.viewer.scene.camera.orientation2d) == ("up", "right")
    assert screen.at(10, 50).y() < screen.at(20, 50).y()
    shot = screen.viewer.screenshot(canvas_only=True, flash=False)
    rgb = screen.view.levels(0)[0][0]
    inside = [(row, column) for row in range(4, 156, 8) for column in range(4, 196, 8) if row % 64 and column % 64]
    seen, meant = [], []
    for row, column in inside:
        place = screen.at(row, column).toPoint()
        seen.append(shot[place.y(), place.x(), :3])
        meant.append(rgb[row, column])
    assert np.median(np.abs(np.array(seen, float) - np.array(meant, float))) <= 2


def test_status_bar_tells_place_chip_segment_and_label(screen: Screen) -> None:
    screen.session.labels.define("water")
    row = screen.row_at((80, 100))
    screen.session.labels.assign(np.array([row]), "water")
    place = screen.map.grid.to_world(np.array([[80.0, 100.0]]))[0]
    said = screen.map.picture.get_status(tuple(place), world=True)["coordinates"]
    chip = screen.session.tables.chips["chip_id"].iloc[screen.session.tables.chip_of[row]]
    for part in ("EPSG:32630", "pixel 80, 100", f"chip {chip}", f"segment {screen.ids[80, 100]}", "water"):
        assert part in said
    assert "no data" in screen.map.describe((1e7, 1e7))


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


def test_go_to_shows_the_segments(screen: Screen) -> None:
    rows = np.array([screen.row_at((30, 30)), screen.row_at((60, 50))])
    screen.map.go_to(rows)
    found = screen.map.window_in_view()
    assert found is not None
    scene, (row, column, n_rows, n_columns) = found
    places = screen.session.tables.centroids[rows]
    assert scene == 0
    assert ((places >= (row, column)) & (places < (row + n_rows, column + n_columns))).all()
    assert n_rows < 160
    screen.map.go_to_chip(5)
    found = screen.map.window_in_view()
    assert found is not None
    window = screen.session.tables.window_of(5)
    assert found[1].row <= window.row
    assert found[1].column <= window.column
    assert found[1].rows < 2 * window.rows + 2 or found[1].columns < 2 * window.columns + 2


# mouse


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


def test_rectangle_is_drawn_while_it_grows(screen: Screen) -> None:
    screen.session.selection.set_level("segments")
    screen.map.select_within((30.0, 20.0), (90.0, 110.0), "replace", final=False)
    codes = whole(screen.map.selection)
    assert (codes[30, 20:111] == EDGE).all()
    assert (codes[30:91, 110] == EDGE).all()
    screen.map.select_within((30.0, 20.0), (90.0, 110.0), "replace", final=True)
    assert not (whole(screen.map.selection)[30, 20:111] == EDGE).all()


def test_tools_leave_the_camera_alone_and_the_other_buttons_do_not(screen: Screen) -> None:
    camera = screen.viewer.scene.camera
    screen.drawn()
    before, zoom = np.array(camera.center[-2:]), camera.zoom
    for tool in SCENE_TOOLS[:3]:
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


def test_double_click_takes_a_chip_apart(screen: Screen) -> None:
    zoom = screen.viewer.scene.camera.zoom
    screen.click((100, 100))
    screen.send(QEvent.Type.MouseButtonDblClick, (100, 100), LEFT, LEFT, PLAIN)
    screen.drawn()
    chip = screen.map.chip_at((100.0, 100.0))
    assert screen.session.selection.level == "segments"
    assert np.flatnonzero(screen.session.selection.chosen_chips).tolist() == [chip]
    assert screen.viewer.scene.camera.zoom == pytest.approx(zoom)


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


def test_what_the_filter_hides_is_not_selected(screen: Screen) -> None:
    screen.session.labels.define("water")
    screen.session.labels.assign(np.array([screen.row_at((40, 60))]), "water")
    screen.session.selection.set_level("segments")
    screen.session.selection.set_filter(classes=frozenset({0}))
    screen.click((40, 60))
    assert screen.selected() == []


def test_what_cannot_be_selected_is_dark(screen: Screen) -> None:
    session, tables = screen.session, screen.session.tables
    chips = np.arange(tables.n_chips) == 5
    session.take_apart(chips)
    screen.drawn()
    codes, outside = whole(screen.map.selection), ~np.isin(screen.ids, tables.ids[tables.chip_of == 5])
    assert (codes[outside & (screen.ids > 0)] == HIDDEN).all()
    assert (codes[~outside] == NOTHING).all()
    said: list[str] = []
    session.tasks.message.connect(lambda severity, text: said.append(text))
    screen.click((10, 10))
    assert "can be selected" in said[0]
    screen.click((100, 100))
    screen.drawn()
    assert screen.selected() == [screen.row_at((100, 100))]
    codes = whole(screen.map.selection)
    assert set(np.unique(codes[outside & (screen.ids > 0)])) <= {HIDDEN, HIDDEN_CASING}
    assert set(np.unique(codes[~outside])) == {REST, CASING, CHOSEN, EDGE}
    session.take_apart(np.ones(tables.n_chips, dtype=bool))
    screen.drawn()
    assert (whole(screen.map.selection) == NOTHING).all()


# the rest


def test_the_whole_scene_stays_in_view_when_the_window_grows(screen: Screen) -> None:
    zoom = screen.viewer.scene.camera.zoom
    screen.viewer.window.resize(1200, 790)
    screen.qtbot.waitUntil(lambda: screen.viewer.scene.camera.zoom > zoom, timeout=3000)
    assert screen.map.window_in_view() == (0, Window(0, 0, 160, 200))
    screen.map.go_to_chip(0)
    near = screen.viewer.scene.camera.zoom
    screen.viewer.window.resize(1000, 700)
    screen.drawn()
    assert screen.viewer.scene.camera.zoom == pytest.approx(near)


def test_the_bar_drives_and_follows(screen: Screen) -> None:
    bar = SceneBar(screen.tools)
    screen.qtbot.addWidget(bar)
    assert bar.buttons["scene_click"].isChecked()
    bar.buttons["scene_paint"].click()
    assert screen.tools.tool == "paint"
    radius = screen.tools.radius
    bar.buttons["scene_larger"].click()
    assert screen.tools.radius == pytest.approx(1.2 * radius)
    assert bar.size_text.text() == f"brush {2.4 * radius:.0f} px"
    screen.tools.tool = "pan"
    assert bar.buttons["scene_pan"].isChecked()
    assert not bar.buttons["scene_larger"].isEnabled()
    bar.buttons["outlines"].click()
    assert not screen.map.segments.visible
    assert all(made.toolTip() for made in bar.buttons.values())
    assert bar.scenes.isHidden()


def test_close_gives_everything_back(screen: Screen) -> None:
    viewer = screen.viewer
    viewer.add_points(np.zeros((1, 2)), name="mine")
    screen.tools.close()
    screen.map.close()
    assert [layer.name for layer in viewer.layers] == ["mine"]
    assert all(getattr(found, "__self__", None) is not screen.tools for found in viewer.mouse_drag_callbacks)
    assert {"drag_to_zoom"} <= {found.__name__ for found in viewer.mouse_drag_callbacks}
    screen.session.selection.select(np.array([1]))


def test_calls_are_those_of_the_table_and_take_the_tools(screen: Screen) -> None:
    calls = screen.tools.calls()
    assert set(calls) == {row.name for row in ACTIONS if row.group == "Scene"} | {"overlay"}
    heard: list[str] = []
    screen.tools.tool_changed.connect(heard.append)
    for call in calls.values():
        call()
    assert heard == ["paint", "rectangle", "pan"]


def test_a_removed_layer_is_no_error(screen: Screen) -> None:
    screen.viewer.layers.remove("Selection")
    screen.session.selection.select(np.array([1]))
    screen.drawn()


def test_scenes_of_a_collection_are_shown_one_at_a_time(
    make_napari_viewer_proxy: Callable[..., Any], session: Session, qtbot: Any
) -> None:
    view = find_view(session.workspace)
    assert view is not None
    second = replace(session.tables.scenes[0], name="second", crs=None)
    session.tables.scenes.append(second)
    viewer = make_napari_viewer_proxy()
    scene_map = SceneMap(viewer, session)

    class Twice:
        """The same scene twice."""

        windows, of_scene, description = view.windows, view.of_scene, view.description

        def levels(self, scene: int) -> Any:
            return view.levels(0)

    scene_map.set_view(Twice())  # type: ignore[arg-type]
    assert scene_map.scenes == [session.tables.scenes[0].name, "second"]
    shown: list[int] = []
    scene_map.scene_changed.connect(shown.append)
    scene_map.show_scene(1)
    assert shown == [1]
    assert len(viewer.layers) == 5
    assert tuple(str(side) for side in viewer.scene.camera.orientation2d) == ("down", "right")
    assert not viewer.canvas.overlays.scale_bar.visible
    assert scene_map.picture.extent.world[1] == pytest.approx([159, 199])
    scene_map.go_to(np.array([0]))
    assert scene_map.scene == 0
    assert scene_map.picture.extent.world == pytest.approx(np.array([[-1595, 5], [-5, 1995]]))


# under the brush


def test_ids_near_are_those_of_the_pixels_in_reach() -> None:
    ids = np.arange(1, 401, dtype=np.uint32).reshape(20, 20)
    found = ids_near(ids, [(10.0, 10.0)], 2.0, 400)
    rows, columns = np.divmod(found - 1, 20)
    assert ((rows - 10) ** 2 + (columns - 10) ** 2 <= 4).all()
    assert len(found) == 13
    assert ids_near(ids, [(10.3, 9.8)], 0.0, 400).tolist() == [ids[10, 10]]
    assert ids_near(ids, [(5.0, 2.0), (5.0, 6.0)], 0.0, 400).tolist() == ids[5, 2:7].tolist()
    assert ids_near(ids, [(-5.0, 3.0)], 2.0, 400).size == 0
    assert ids_near(np.zeros((20, 20), np.uint32), [(10.0, 10.0)], 5.0, 400).size == 0


def test_centroids_within_takes_corners_in_any_order() -> None:
    places = np.array([[0, 0], [5, 5], [10, 10], [5, 11]], dtype=np.float32)
    assert centroids_within(places, (10.0, 10.0), (1.0, 5.0)).tolist() == [1, 2]


def test_magnified_levels_halve() -> None:
    assert all(large == 2 * small for large, small in pairwise(MAGNIFIED))
