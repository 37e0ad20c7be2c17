from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from time import monotonic
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import QEvent, QEventLoop, QPoint, QPointF, Qt
from qtpy.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication
from waiting import shown

from napari_rsgraph.point_map.brush import Tool
from napari_rsgraph.point_map.point_map import PointMap
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import Circle, Lasso, Rectangle, combine

NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


@dataclass
class Listener:
    """What the session does: combines strokes with the selection, and shows it."""

    point_map: PointMap
    heard: list[tuple[np.ndarray, str, bool]] = field(default_factory=list)
    clicks: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.selected = np.zeros(self.point_map.n_points, bool)
        self.before = self.selected
        self.point_map.brushed.connect(self.hear)
        self.point_map.clicked.connect(lambda row, mode: self.clicks.append((row, mode)))

    def hear(self, rows: np.ndarray, mode: str, final: bool) -> None:
        self.heard.append((rows, mode, final))
        self.selected = combine(self.before, rows, mode)  # type: ignore[arg-type]
        if final:
            self.before = self.selected
        self.point_map.set_selection(self.selected)

    @property
    def last(self) -> list[int]:
        return sorted(self.heard[-1][0].tolist())


def shown_map(qtbot: QtBot, points: np.ndarray, *, size: tuple[int, int] = (600, 500)) -> PointMap:
    point_map = PointMap()
    qtbot.addWidget(point_map)
    point_map.resize(*size)
    point_map.set_points(points)
    shown(qtbot, point_map)
    point_map.grab()
    return point_map


@pytest.fixture
def points() -> np.ndarray:
    rng = np.random.default_rng(3)
    return np.concatenate([rng.normal(centre, 0.5, (400, 2)) for centre in ((0, 0), (4, 1), (1, 5))]).astype(
        np.float32
    )


@pytest.fixture
def point_map(qtbot: QtBot, points: np.ndarray) -> PointMap:
    return shown_map(qtbot, points)


@pytest.fixture
def listener(point_map: PointMap) -> Listener:
    return Listener(point_map)


def in_circle(points: np.ndarray, circle: Circle) -> list[int]:
    distances = np.hypot(points[:, 0].astype(float) - circle.x, points[:, 1].astype(float) - circle.y)
    return np.flatnonzero(distances <= circle.radius).tolist()


def in_rectangle(points: np.ndarray, shape: Rectangle) -> list[int]:
    inside = (np.abs(points.astype(float) - (shape.x, shape.y)) <= (shape.half_width, shape.half_height)).all(axis=1)
    return np.flatnonzero(inside).tolist()


def in_lasso(points: np.ndarray, shape: Lasso) -> list[int]:
    from matplotlib.path import Path

    return np.flatnonzero(Path(shape.points).contains_points(points)).tolist()


def pixel(point_map: PointMap, x: float, y: float) -> QPoint:
    return QPoint(*np.rint(point_map.to_screen(np.array([[x, y]]))[0]).astype(int).tolist())


def wait_until_drawn(point_map: PointMap) -> None:
    """Let the event loop run until all that was done so far has had its effect."""
    deadline = monotonic() + 20
    while not point_map.at_rest and monotonic() < deadline:
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 5)
    assert point_map.at_rest


def drag(
    point_map: PointMap,
    way: list[tuple[float, float]],
    *,
    keys: Qt.KeyboardModifier = NONE,
    button: Qt.MouseButton = LEFT,
    release: bool = True,
) -> None:
    """Drag along places of the map, in small steps, with the event loop running."""
    places = [pixel(point_map, *place) for place in way]
    QTest.mousePress(point_map, button, keys, places[0])
    for start, end in pairwise(places):
        for step in range(1, 6):
            QTest.mouseMove(point_map, start + (end - start) * step / 5)
            wait_until_drawn(point_map)
    if release:
        QTest.mouseRelease(point_map, button, keys, places[-1])


def hover(point_map: PointMap, at: QPoint) -> None:
    """Move the pointer with no button down; QTest would ask the window system to do it, some time."""
    none = Qt.MouseButton.NoButton
    place = QPointF(at)
    event = QMouseEvent(QEvent.Type.MouseMove, place, point_map.mapToGlobal(place), none, none, NONE)
    QApplication.sendEvent(point_map, event)


def wheel(point_map: PointMap, at: QPoint, steps: int, keys: Qt.KeyboardModifier = NONE) -> None:
    turn = QPoint(0, 120 * steps)
    event = QWheelEvent(
        QPointF(at), QPointF(point_map.mapToGlobal(at)), QPoint(), turn, Qt.MouseButton.NoButton, keys,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(point_map, event)


# brushing


def test_drag_emits_the_rows_in_the_circle_while_it_moves_and_at_the_end(
    point_map: PointMap, listener: Listener, points: np.ndarray
) -> None:
    drag(point_map, [(2.0, 2.5), (0.3, 0.2)])
    brush = point_map.brush
    assert isinstance(brush, Circle)
    assert listener.last == in_circle(points, brush)
    assert len(listener.last) > 100
    assert [final for _, _, final in listener.heard] == [False] * (len(listener.heard) - 1) + [True]
    assert len(listener.heard) >= 5
    assert {mode for _, mode, _ in listener.heard} == {"replace"}


def test_press_brings_the_brush_to_the_pointer(point_map: PointMap, listener: Listener) -> None:
    at = pixel(point_map, 2.0, 2.5)
    drag(point_map, [(0, 0), (0.5, 0.5)])
    QTest.mousePress(point_map, LEFT, NONE, at)
    brush = point_map.brush
    assert isinstance(brush, Circle)
    np.testing.assert_allclose(point_map.to_screen(np.array([[brush.x, brush.y]]))[0], [at.x(), at.y()])
    QTest.mouseRelease(point_map, LEFT, NONE, at)


def test_brush_is_grabbed_where_it_is_pressed(point_map: PointMap, listener: Listener, points: np.ndarray) -> None:
    drag(point_map, [(2.0, 2.0), (0.0, 0.0)])
    before = point_map.brush
    assert isinstance(before, Circle)
    drag(point_map, [(0.3, 0.2), (1.3, 1.2)])
    after = point_map.brush
    assert isinstance(after, Circle)
    assert (after.x - before.x, after.y - before.y) == pytest.approx((1.0, 1.0), abs=0.03)
    assert listener.last == in_circle(points, after)


def test_a_box_goes_from_the_press_to_the_pointer_and_is_gone_at_the_end(
    point_map: PointMap, listener: Listener, points: np.ndarray
) -> None:
    QTest.keyClick(point_map, Qt.Key.Key_R)
    assert point_map.tool == "rectangle"
    drag(point_map, [(-1.0, -1.0), (3.8, 1.2)], release=False)
    box = point_map.brush
    assert isinstance(box, Rectangle)
    corners = (box.x - box.half_width, box.x + box.half_width, box.y - box.half_height, box.y + box.half_height)
    assert corners == pytest.approx((-1.0, 3.8, -1.0, 1.2), abs=0.03)
    assert listener.last == in_rectangle(points, box)
    QTest.mouseRelease(point_map, LEFT, NONE, pixel(point_map, 1.0, 1.2))
    smaller = listener.last
    assert point_map.brush is None
    assert 0 < len(smaller) < len(in_rectangle(points, box))
    drag(point_map, [(0.0, 0.0), (0.5, 0.5)])
    assert set(listener.last) < set(smaller), "a second box inside the first is a box of its own"


def test_lasso_is_closed_on_release_and_leaves_its_rows(
    point_map: PointMap, listener: Listener, points: np.ndarray
) -> None:
    point_map.tool = "lasso"
    drag(point_map, [(-1.5, -1.5), (5, -1), (5, 0.9), (-1, 0.2)], release=False)
    lasso = point_map.brush
    assert isinstance(lasso, Lasso)
    assert listener.last == in_lasso(points, lasso)
    QTest.mouseRelease(point_map, LEFT, NONE, pixel(point_map, -1, 0.2))
    assert listener.heard[-1][1:] == ("replace", True)
    assert listener.last == in_lasso(points, lasso)
    assert point_map.brush is None


@pytest.mark.parametrize("tool", ["rectangle", "lasso"])
def test_a_click_beside_the_dots_selects_nothing_with_tools_that_draw(five: PointMap, tool: Tool) -> None:
    listener = Listener(five)
    five.tool = tool
    QTest.mouseClick(five, LEFT, NONE, pixel(five, 1, 0))
    assert listener.clicks == [(1, "replace")]
    QTest.mouseClick(five, LEFT, SHIFT, pixel(five, 0.8, 0.5))
    assert listener.heard == [], "with Shift it adds nothing"
    QTest.mouseClick(five, LEFT, NONE, pixel(five, 0.8, 0.5))
    assert [(rows.tolist(), *rest) for rows, *rest in listener.heard] == [([], "replace", True)]


def test_lasso_that_adds_is_emitted_once(point_map: PointMap, listener: Listener, points: np.ndarray) -> None:
    point_map.tool = "lasso"
    drag(point_map, [(-1, -1), (1, -1), (1, 1), (-1, 1)], keys=SHIFT, release=False)
    lasso = point_map.brush
    assert listener.heard == []
    QTest.mouseRelease(point_map, LEFT, SHIFT, pixel(point_map, -1, 1))
    assert [heard[1:] for heard in listener.heard] == [("add", True)]
    assert listener.last == in_lasso(points, lasso)  # type: ignore[arg-type]


def test_shift_paints_along_the_way_even_where_the_pointer_leaps(
    point_map: PointMap, listener: Listener, points: np.ndarray
) -> None:
    start, end = pixel(point_map, -0.5, 0), pixel(point_map, 5, 1)
    QTest.mousePress(point_map, LEFT, SHIFT, start)
    QTest.mouseMove(point_map, end)
    QTest.mouseRelease(point_map, LEFT, SHIFT, end)
    on_the_way = np.hypot(points[:, 0] - 1.0, points[:, 1] - 0.27) < point_map.radius / 2
    assert on_the_way.any()
    assert set(np.flatnonzero(on_the_way)) <= set(listener.last)
    assert listener.heard[-1][1] == "add"


def test_modifiers_add_remove_and_intersect(point_map: PointMap, listener: Listener, points: np.ndarray) -> None:
    drag(point_map, [(2, 2), (0, 0)])
    first = point_map.brush
    assert isinstance(first, Circle)
    drag(point_map, [(4.5, 1.0), (4, 1)], keys=SHIFT)
    assert listener.selected[400:800].any()
    assert listener.selected[in_circle(points, first)].all()
    before = listener.selected.copy()
    drag(point_map, [(4.9, 1.0), (4.4, 1)], keys=ALT)
    assert listener.heard[-1][1] == "subtract"
    assert listener.selected.sum() == before.sum() - before[listener.last].sum()
    before = listener.selected.copy()
    drag(point_map, [(2.0, 0.4), (0.5, 0.4)], keys=SHIFT | ALT)
    assert listener.heard[-1][1] == "intersect"
    expected = np.zeros_like(before)
    expected[listener.last] = True
    np.testing.assert_array_equal(listener.selected, before & expected)
    assert listener.selected.any()


def test_control_removes_where_the_desktop_takes_alt(point_map: PointMap, listener: Listener) -> None:
    drag(point_map, [(2, 2), (0, 0)], keys=CONTROL)
    assert listener.heard[-1][1] == "subtract"


def test_mode_of_the_toolbar_holds_without_keys(point_map: PointMap, listener: Listener, qtbot: QtBot) -> None:
    with qtbot.waitSignal(point_map.mode_changed) as heard:
        point_map.set_mode("add")
    assert heard.args == ["add"]
    drag(point_map, [(2, 2), (0, 0)])
    assert listener.heard[-1][1] == "add"


def test_moves_between_two_turns_of_the_loop_are_one_step(point_map: PointMap, listener: Listener) -> None:
    QTest.mousePress(point_map, LEFT, NONE, QPoint(10, 10))
    wait_until_drawn(point_map)
    listener.heard.clear()
    for step in range(50):
        QTest.mouseMove(point_map, QPoint(20 + step, 20))
    wait_until_drawn(point_map)
    assert len(listener.heard) == 1
    QTest.mouseRelease(point_map, LEFT, NONE, QPoint(69, 20))


def test_invisible_points_are_not_brushed(point_map: PointMap, listener: Listener, points: np.ndarray) -> None:
    visible = np.arange(len(points)) % 2 == 0
    point_map.set_visible(visible)
    drag(point_map, [(2, 2), (0, 0)])
    assert listener.last == [row for row in in_circle(points, point_map.brush) if visible[row]]  # type: ignore[arg-type]


# resizing


def test_wheel_resizes_the_brush_and_the_selection_follows(
    point_map: PointMap, listener: Listener, points: np.ndarray, qtbot: QtBot
) -> None:
    drag(point_map, [(2, 2), (0, 0)])
    radius, n = point_map.radius, len(listener.last)
    with qtbot.waitSignal(point_map.brushed, check_params_cb=lambda rows, mode, final: final):
        wheel(point_map, pixel(point_map, 0, 0), 2, SHIFT)
    assert point_map.radius == pytest.approx(radius * 1.12**2)
    assert listener.last == in_circle(points, point_map.brush)  # type: ignore[arg-type]
    assert len(listener.last) > n


def test_wheel_before_the_first_press_sizes_the_brush_to_come(point_map: PointMap, listener: Listener) -> None:
    radius = point_map.radius
    wheel(point_map, QPoint(50, 50), 3, SHIFT)
    assert point_map.radius == pytest.approx(radius * 1.12**3)
    drag(point_map, [(2, 2), (0, 0)])
    assert point_map.radius == pytest.approx(radius * 1.12**3)


def test_brackets_resize_and_arrows_move(point_map: PointMap, listener: Listener, points: np.ndarray) -> None:
    drag(point_map, [(2, 2), (0, 0)])
    before = point_map.brush
    assert isinstance(before, Circle)
    QTest.keyClick(point_map, Qt.Key.Key_BracketRight)
    QTest.keyClick(point_map, Qt.Key.Key_Right)
    QTest.keyClick(point_map, Qt.Key.Key_Up)
    wait_until_drawn(point_map)
    after = point_map.brush
    assert isinstance(after, Circle)
    unit = float(np.diff(point_map.to_screen(np.array([[0, 0], [1, 0]]))[:, 0])[0])
    assert ((after.x - before.x) * unit, (after.y - before.y) * unit) == pytest.approx((10, 10))
    assert after.radius > before.radius
    assert listener.last == in_circle(points, after)


def test_a_key_stroke_is_final_before_the_next_press(point_map: PointMap, listener: Listener) -> None:
    drag(point_map, [(2, 2), (0, 0)])
    listener.heard.clear()
    QTest.keyClick(point_map, Qt.Key.Key_Right)
    QTest.mousePress(point_map, LEFT, NONE, QPoint(5, 5))
    assert [final for _, _, final in listener.heard][:2] == [False, True]
    QTest.mouseRelease(point_map, LEFT, NONE, QPoint(5, 5))


def test_arrows_go_from_point_to_point_where_there_is_no_brush(five: PointMap) -> None:
    listener = Listener(five)
    QTest.keyClick(five, Qt.Key.Key_Down)
    assert listener.clicks == [(4, "replace")], "the first goes to the middle"
    for key, keys in ((Qt.Key.Key_Left, NONE), (Qt.Key.Key_Up, SHIFT), (Qt.Key.Key_Right, ALT)):
        five.set_selection(np.arange(5) == listener.clicks[-1][0])
        QTest.keyClick(five, key, keys)
    assert listener.clicks[1:] == [(0, "replace"), (2, "add"), (3, "subtract")]
    five.set_selection(np.arange(5) == 1)
    QTest.keyClick(five, Qt.Key.Key_Left)
    assert listener.clicks[-1] == (0, "replace"), "what was selected elsewhere is where the next step starts"


def test_a_point_that_the_keyboard_goes_to_is_brought_into_view(five: PointMap) -> None:
    five.set_selection(np.arange(5) == 0)
    five.zoom(6, QPointF(pixel(five, 0, 0)))
    assert pixel(five, 1, 0).x() > five.width()
    QTest.keyClick(five, Qt.Key.Key_Right)
    assert five.rect().contains(pixel(five, 1, 0))


def test_control_and_arrows_move_the_map_and_pages_zoom(five: PointMap) -> None:
    before = five.map_window()
    QTest.keyClick(five, Qt.Key.Key_Right, CONTROL)
    assert five.map_window().x > before.x
    QTest.keyClick(five, Qt.Key.Key_PageUp)
    assert five.map_window().half_width == pytest.approx(before.half_width / 1.3)
    QTest.keyClick(five, Qt.Key.Key_PageDown)
    assert five.map_window().half_width == pytest.approx(before.half_width)


def test_return_puts_the_circle_where_the_keyboard_is(five: PointMap, qtbot: QtBot) -> None:
    listener = Listener(five)
    five.set_selection(np.arange(5) == 3)
    QTest.keyClick(five, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(listener.heard) > 0 and listener.heard[-1][2])
    assert isinstance(five.brush, Circle)
    assert (five.brush.x, five.brush.y) == (1.0, 1.0)
    assert listener.last == [3]


# clicking and hovering


@pytest.fixture
def five(qtbot: QtBot) -> PointMap:
    return shown_map(qtbot, np.array([[0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.4]], np.float32))


def test_click_on_a_dot_names_it_and_leaves_the_brush(five: PointMap, qtbot: QtBot) -> None:
    listener = Listener(five)
    QTest.mouseClick(five, LEFT, NONE, pixel(five, 1, 0))
    QTest.mouseClick(five, LEFT, SHIFT, pixel(five, 0, 1))
    assert listener.clicks == [(1, "replace"), (2, "add")]
    assert listener.heard == []
    assert five.brush is None


def test_press_and_motion_on_a_dot_brushes(five: PointMap) -> None:
    listener = Listener(five)
    drag(five, [(1, 0), (0.5, 0.4)])
    assert listener.clicks == []
    assert listener.last == [4]


def test_holding_the_button_on_a_dot_brushes(five: PointMap, qtbot: QtBot) -> None:
    listener = Listener(five)
    QTest.mousePress(five, LEFT, NONE, pixel(five, 1, 0))
    qtbot.waitUntil(lambda: len(listener.heard) > 0)
    QTest.mouseRelease(five, LEFT, NONE, pixel(five, 1, 0))
    assert listener.last == [1]
    assert listener.clicks == []


def test_click_beside_the_dots_places_the_brush(five: PointMap) -> None:
    listener = Listener(five)
    QTest.mouseClick(five, LEFT, NONE, pixel(five, 0.8, 0.5))
    assert listener.clicks == []
    assert [heard[1:] for heard in listener.heard][-1] == ("replace", True)


def test_hover_names_the_point_under_the_pointer_and_the_end_of_it(five: PointMap) -> None:
    heard: list[int] = []
    five.hovered.connect(heard.append)
    for place in ((0.5, 0.4), (0.75, 0.6), (1, 1)):
        hover(five, pixel(five, *place))
        wait_until_drawn(five)
    QApplication.sendEvent(five, QEvent(QEvent.Type.Leave))
    assert heard == [4, -1, 3, -1]


# the view


@pytest.mark.parametrize("keys", [NONE, CONTROL])
@pytest.mark.parametrize("tool", ["circle", "rectangle", "lasso", "pan"])
def test_the_wheel_zooms_about_the_pointer(point_map: PointMap, qtbot: QtBot, tool: Tool, keys: Any) -> None:
    point_map.tool = tool
    at = pixel(point_map, 4, 1)
    before = point_map.map_window()
    with qtbot.waitSignal(point_map.window_changed) as heard:
        wheel(point_map, at, 2, keys)
    after = point_map.map_window()
    assert heard.args == [after]
    assert after.half_width == pytest.approx(before.half_width / 1.2**2)
    assert (pixel(point_map, 4, 1) - at).manhattanLength() <= 1


@pytest.mark.parametrize("how", ["middle", "right", "space", "tool"])
def test_drags_that_move_the_map(point_map: PointMap, listener: Listener, how: str) -> None:
    buttons = {"middle": Qt.MouseButton.MiddleButton, "right": Qt.MouseButton.RightButton}
    if how == "tool":
        QTest.keyClick(point_map, Qt.Key.Key_H)
    if how == "space":
        QTest.keyPress(point_map, Qt.Key.Key_Space)
    QTest.mousePress(point_map, buttons.get(how, LEFT), NONE, QPoint(100, 100))
    before = point_map.to_screen(np.array([[1.0, 2.0]]))
    QTest.mouseMove(point_map, QPoint(150, 120))
    QTest.mouseRelease(point_map, buttons.get(how, LEFT), NONE, QPoint(150, 120))
    np.testing.assert_allclose(point_map.to_screen(np.array([[1.0, 2.0]])) - before, [[50, 20]])
    assert listener.heard == []
    assert point_map.brush is None


def test_space_counts_only_while_it_is_down(point_map: PointMap, listener: Listener) -> None:
    QTest.keyClick(point_map, Qt.Key.Key_Space)
    drag(point_map, [(2, 2), (0, 0)])
    assert listener.last


def test_a_double_click_is_two_clicks(five: PointMap) -> None:
    listener = Listener(five)
    five.zoom(1.5)
    window = five.map_window()
    QTest.mouseClick(five, LEFT, NONE, pixel(five, 0.5, 0.4))
    QTest.mouseDClick(five, LEFT, NONE, pixel(five, 0.5, 0.4))
    QTest.mouseRelease(five, LEFT, NONE, pixel(five, 0.5, 0.4))
    assert listener.clicks == [(4, "replace"), (4, "replace")]
    assert five.map_window() == window


def test_resizing_the_widget_keeps_all_points_in_view(point_map: PointMap, points: np.ndarray) -> None:
    point_map.resize(320, 240)
    at = point_map.to_screen(points)
    assert (at > 0).all()
    assert (at < (320, 240)).all()
    point_map.zoom(2)
    scale = point_map.map_window().half_width / 320
    point_map.resize(500, 400)
    assert point_map.map_window().half_width / 500 == pytest.approx(scale)


def test_zoom_has_bounds(point_map: PointMap) -> None:
    whole = point_map.map_window().half_width
    point_map.zoom(1e-9)
    assert point_map.map_window().half_width == pytest.approx(4 * whole)
    point_map.zoom(1e12)
    assert point_map.map_window().half_width == pytest.approx(whole / 5000)


def test_a_brush_out_of_all_proportion_is_made_anew(point_map: PointMap, listener: Listener) -> None:
    drag(point_map, [(2, 2), (0, 0)])
    point_map.zoom(200, QPointF(0, 0))
    QTest.mousePress(point_map, LEFT, NONE, QPoint(300, 250))
    window = point_map.map_window()
    assert point_map.radius < window.half_width / 2
    QTest.mouseRelease(point_map, LEFT, NONE, QPoint(300, 250))


def test_keep_view(point_map: PointMap, points: np.ndarray) -> None:
    point_map.zoom(2)
    window = point_map.map_window()
    point_map.set_points(points + 1, keep_view=True)
    assert point_map.map_window() == window
    point_map.set_points(points + 1)
    assert point_map.map_window() != window


# escape, keys and actions


def test_escape_gives_up_stroke_then_brush_then_selection(point_map: PointMap, listener: Listener) -> None:
    drag(point_map, [(2, 2), (0, 0)])
    brush, chosen = point_map.brush, listener.selected.copy()
    drag(point_map, [(4, 4), (4, 1)], keys=SHIFT, release=False)
    assert listener.selected.sum() > chosen.sum()
    QTest.keyClick(point_map, Qt.Key.Key_Escape)
    np.testing.assert_array_equal(listener.selected, chosen)
    assert point_map.brush == brush
    QTest.mouseRelease(point_map, LEFT, NONE, pixel(point_map, 4, 1))
    np.testing.assert_array_equal(listener.selected, chosen)
    QTest.keyClick(point_map, Qt.Key.Key_Escape)
    assert point_map.brush is None
    assert listener.selected.any()
    QTest.keyClick(point_map, Qt.Key.Key_Escape)
    assert not listener.selected.any()


def test_every_action_has_text_tooltip_and_shortcut(point_map: PointMap) -> None:
    actions = point_map.actions()
    keys = [key.toString() for action in actions for key in action.shortcuts()]
    assert all(action.text() and action.toolTip() and action.shortcuts() for action in actions)
    assert len(keys) == len(set(keys))
    assert {"C", "R", "L", "H", "Shift+F", "+", "-", "[", "]", "Shift+Esc"} <= set(keys)


def test_actions_follow_the_tool(point_map: PointMap, qtbot: QtBot) -> None:
    with qtbot.waitSignal(point_map.tool_changed) as heard:
        QTest.keyClick(point_map, Qt.Key.Key_L)
    assert heard.args == ["lasso"]
    checked = [action.text() for action in point_map.actions() if action.isChecked()]
    assert checked == ["Lasso"]
    next(action for action in point_map.actions() if action.text() == "Circle brush").trigger()
    assert point_map.tool == "circle"


def test_own_keys_are_kept_from_the_window_but_not_others(point_map: PointMap) -> None:
    def taken(key: Qt.Key, keys: Qt.KeyboardModifier = NONE) -> bool:
        event = QKeyEvent(QEvent.Type.ShortcutOverride, key, keys)
        event.ignore()
        QApplication.sendEvent(point_map, event)
        return event.isAccepted()

    assert taken(Qt.Key.Key_C)
    assert taken(Qt.Key.Key_Plus, SHIFT)
    assert not taken(Qt.Key.Key_C, CONTROL)
    assert not taken(Qt.Key.Key_1)


def test_digits_reach_the_window(qtbot: QtBot, point_map: PointMap) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_1, NONE)
    QApplication.sendEvent(point_map, event)
    assert not event.isAccepted()


# what is seen


def brightness(image: QImage, at: QPoint) -> int:
    return QColor(
        image.pixel(round(at.x() * image.devicePixelRatio()), round(at.y() * image.devicePixelRatio()))
    ).value()


def test_unselected_points_dim_but_stay(five: PointMap) -> None:
    five.set_colours(np.full((5, 3), (0, 160, 120), np.uint8))
    at = [pixel(five, *place) for place in ((0, 0), (1, 0))]
    plain = five.screenshot()
    five.set_selection(np.array([True, False, False, False, False]))
    image = five.screenshot()
    background = brightness(image, QPoint(3, 3))
    assert brightness(plain, at[0]) == brightness(plain, at[1])
    assert brightness(image, at[0]) == brightness(plain, at[0])
    assert background + 20 < brightness(image, at[1]) < brightness(plain, at[1]) - 40


def test_other_colours_are_seen_at_once(five: PointMap) -> None:
    for colour in ((0, 160, 120), (200, 10, 10)):
        five.set_colours(np.full((5, 3), colour, np.uint8))
        image = five.screenshot()
        assert QColor(image.pixel(pixel(five, 0, 0))) == QColor(*colour)


def test_selecting_none_shows_all_bright(five: PointMap) -> None:
    plain = five.screenshot()
    five.set_selection(np.zeros(5, bool))
    assert five.screenshot() == plain


def test_invisible_points_are_not_drawn_and_do_not_count_for_fit(five: PointMap) -> None:
    at = pixel(five, 0, 0)
    five.set_visible(np.array([False, True, True, True, True]))
    image = five.screenshot()
    assert brightness(image, at) == brightness(image, QPoint(3, 3))


def test_points_that_are_not_finite_are_left_out(qtbot: QtBot) -> None:
    point_map = shown_map(qtbot, np.array([[0, 0], [np.nan, 1], [1, np.inf], [1, 1]], np.float32))
    listener = Listener(point_map)
    point_map.radius = 100
    wheel(point_map, QPoint(0, 0), 0)
    QTest.mouseClick(point_map, LEFT, NONE, pixel(point_map, 0.5, 0.4))
    assert set(listener.last) <= {0, 3}


def test_thumbnails_take_the_place_of_dots_where_there_is_room(five: PointMap) -> None:
    asked: list[int] = []

    def thumbnail(row: int) -> QImage | None:
        asked.append(row)
        image = QImage(32, 32, QImage.Format.Format_RGB32)
        image.fill(QColor(0, 200, 0))
        return image if row else None

    five.set_thumbnails(thumbnail, size=60)
    five.screenshot()
    wait_until_drawn(five)
    image = five.screenshot()
    beside = QPoint(15, 15)
    assert QColor(image.pixel(pixel(five, 1, 1) + beside)) == QColor(0, 200, 0)
    assert QColor(image.pixel(pixel(five, 0, 0) + beside)) != QColor(0, 200, 0)
    assert sorted(set(asked)) == [0, 1, 2, 3, 4]
    assert max(asked.count(row) for row in (1, 2, 3, 4)) == 1


def test_crowded_points_have_no_thumbnails(point_map: PointMap) -> None:
    asked: list[int] = []
    point_map.set_thumbnails(lambda row: asked.append(row))  # type: ignore[func-returns-value]
    point_map.screenshot()
    assert asked == []


def test_count_is_of_the_rows_under_the_brush(point_map: PointMap, listener: Listener, points: np.ndarray) -> None:
    asked: list[np.ndarray] = []
    point_map.describe_brush = lambda rows: asked.append(rows) or "some"  # type: ignore[func-returns-value]
    drag(point_map, [(2, 2), (0, 0)], keys=SHIFT)
    point_map.grab()
    assert sorted(asked[-1].tolist()) == in_circle(points, point_map.brush)  # type: ignore[arg-type]


def test_a_million_points_are_drawn_by_a_thread_and_then_seen(qtbot: QtBot) -> None:
    points = np.random.default_rng(0).normal(size=(300_000, 2)).astype(np.float32)
    point_map = shown_map(qtbot, points)

    def seen() -> bool:
        return brightness(point_map.screenshot(), pixel(point_map, 0, 0)) > 90

    qtbot.waitUntil(seen, timeout=60_000)
    point_map.zoom(3)
    assert seen()


def test_a_given_index_is_taken(qtbot: QtBot, points: np.ndarray) -> None:
    point_map = PointMap()
    qtbot.addWidget(point_map)
    point_map.set_points(points, index=PointIndex(points))
    assert point_map.n_points == 1200
    with pytest.raises(ValueError, match="`index` must hold the 3 points"):
        point_map.set_points(points[:3], index=PointIndex(points))


def test_empty_map_takes_all_events(qtbot: QtBot) -> None:
    point_map = PointMap()
    qtbot.addWidget(point_map)
    point_map.show()
    listener = Listener(point_map)
    point_map.set_message("Project this layer: press P", progress=0.4)
    point_map.set_thumbnails(lambda row: None)
    drag(point_map, [(0, 0), (1, 1)])
    wheel(point_map, QPoint(9, 9), 1)
    wheel(point_map, QPoint(9, 9), 1, CONTROL)
    QTest.mouseDClick(point_map, LEFT, NONE, QPoint(9, 9))
    for key in (Qt.Key.Key_Left, Qt.Key.Key_Escape, Qt.Key.Key_BracketLeft):
        QTest.keyClick(point_map, key)
    QTest.keyClick(point_map, Qt.Key.Key_F, SHIFT)
    assert not point_map.screenshot().isNull()
    assert listener.heard == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda each: each.set_colours(np.zeros((4, 3), np.uint8)), r"`colours` must have shape \(5, 3\)"),
        (lambda each: each.set_selection(np.zeros(4, bool)), r"`mask` must be bool, of shape \(5,\)"),
        (lambda each: each.set_visible(np.zeros(5)), r"`mask` must be bool"),
        (lambda each: each.set_mode("paint"), "`mode` must be one of replace, add, subtract, intersect. Got 'paint'"),
        (lambda each: setattr(each, "tool", "pen"), "`tool` must be one of circle, rectangle, lasso, pan. Got 'pen'"),
    ],
)
def test_wrong_values_are_named(five: PointMap, call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(five)  # type: ignore[operator]


def test_other_points_put_the_brush_away(point_map: PointMap, listener: Listener, points: np.ndarray) -> None:
    drag(point_map, [(2, 2), (0, 0)], release=False)
    point_map.set_points(points[:50])
    QTest.mouseRelease(point_map, LEFT, NONE, QPoint(5, 5))
    assert point_map.brush is None
    assert listener.heard[-1][2] is False


def test_a_part_that_was_in_view_is_in_view_again(point_map: PointMap, points: np.ndarray) -> None:
    x, y = (float(each) for each in points[3])
    assert point_map.whole
    extent = float(np.ptp(points)) / 20
    point_map.show_part(Rectangle(x, y, extent, extent))
    window = point_map.map_window()
    assert (window.x, window.y) == (pytest.approx(x), pytest.approx(y))
    assert min(window.half_width, window.half_height) == pytest.approx(extent)
    assert not point_map.whole


def test_of_a_part_without_points_all_is_shown(point_map: PointMap) -> None:
    point_map.show_part(Rectangle(1e9, 1e9, 1.0, 1.0))
    assert point_map.whole
