"""Gestures on the 2-D map: mouse, wheel and keys move the view and the brush. Nothing is drawn in here.

A circle stays on the map as a brush, to be dragged, resized and moved by keys. A box and a lasso are drawn once and
are gone when the button goes up, as in a GIS.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from qtpy.QtCore import QObject, QPointF, Qt, QTimer, Signal

from napari_rsgraph.point_map.brush import (
    Stroke,
    Tool,
    covers,
    half_sizes,
    middle,
    moved,
    outline,
    scaled,
    stamps,
)
from napari_rsgraph.point_map.view_transform import ViewTransform
from napari_rsgraph.session.neighbours import NONE, nearest, next_towards
from napari_rsgraph.session.selection import mode_of
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import Circle, Mode, Shape

_CLICK_PX = 4
"""Moved by less than this, the pointer has clicked and not dragged."""

_HOLD_MS = 220
"""A button held down so long on a dot, without motion, brushes."""

_REST_MS = 300
"""After the last turn of the wheel or arrow key the stroke is over."""

_NUDGE_PX = 10
_SMALLEST_PX = 3.0
_KEY_ZOOM = 1.3
_EDGE_PX = 24
"""A point that the keyboard goes to is brought into view where it lies nearer to the edge than this."""

Modifiers = Qt.KeyboardModifier
Gesture = Literal["none", "press", "brush", "outline", "pan"]

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}

_ZOOMS = {Qt.Key.Key_PageUp: _KEY_ZOOM, Qt.Key.Key_PageDown: 1 / _KEY_ZOOM}

OWN_KEYS = frozenset({*_ARROWS, *_ZOOMS, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter})
"""Keys that mean something on the map, besides those of the table of actions."""

_MODIFIER_KEYS = {
    Qt.Key.Key_Shift: Modifiers.ShiftModifier,
    Qt.Key.Key_Alt: Modifiers.AltModifier,
    Qt.Key.Key_Control: Modifiers.ControlModifier,
}


class Gestures(QObject):
    """The view, the tool and the brush, and how input changes them.

    Motion is gathered: however many events arrive, the brush is moved, asked for its rows and emitted once per
    turn of the event loop.
    """

    brushed = Signal(object, str, bool)
    clicked = Signal(int, str)
    hovered = Signal(int)
    tool_changed = Signal(str)
    mode_changed = Signal(str)
    view_changed = Signal()
    changed = Signal()
    menu_requested = Signal(QPointF)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.index = PointIndex(np.empty((0, 2), np.float32))
        self.visible: np.ndarray | None = None
        self.selection: np.ndarray | None = None
        self.pick_px = 8.0
        self.clickable = True
        self.view = ViewTransform()
        self.rim: Callable[[ViewTransform], float] = lambda _view: 0.0
        self.fitted = True
        self.brush: Shape | None = None
        self.under: np.ndarray | None = None
        self.hover = -1
        self.pointer: QPointF | None = None
        self.gesture: Gesture = "none"
        self.modifiers = Modifiers.NoModifier
        self.space = False
        self._tool: Tool = "circle"
        self._mode: Mode = "replace"
        self._radius_px = 45.0
        self._stroke: Stroke | None = None
        self._last_mode: Mode = "replace"
        self._stand = NONE
        self._reset_gesture()
        self._soon = one_shot(self, 0, self.catch_up)
        self._hold = one_shot(self, _HOLD_MS, self._begin_brushing)
        self._rest = one_shot(self, _REST_MS, self.finish)

    def _reset_gesture(self) -> None:
        self._pressed = self._handled = QPointF()
        self._button = Qt.MouseButton.NoButton
        self._grab = (0.0, 0.0)
        self._trail: list[tuple[float, float]] = []
        self._before: tuple[Shape | None, np.ndarray | None] = (None, None)
        self._touched = False
        self._brush_changed = False

    # what the widget sets

    def replace_points(self, index: PointIndex) -> None:
        """Take other points; the brush is put away and a stroke under way forgotten."""
        self._stop()
        self.index, self.visible, self.selection = index, None, None
        self.brush, self.under, self._stand = None, None, NONE
        self._set_hover(-1)

    def replace_visible(self, visible: np.ndarray | None) -> None:
        """Take another filter of the points."""
        self.visible, self.under = visible, None

    @property
    def tool(self) -> Tool:
        """What a drag with the left button does."""
        return self._tool

    def set_tool(self, tool: Tool) -> None:
        """Choose what a drag with the left button does; a box or a lasso begins without a brush."""
        if tool != self._tool:
            self.finish()
            self._tool = tool
            if tool in ("rectangle", "lasso"):
                self.brush, self.under = None, None
            self.tool_changed.emit(tool)
            self.changed.emit()

    @property
    def mode(self) -> Mode:
        """What the brush does to the selection while no modifier key is down."""
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Choose what the brush does to the selection while no modifier key is down."""
        if mode != self._mode:
            self._mode = mode
            self.mode_changed.emit(mode)
            self.changed.emit()

    @property
    def current_mode(self) -> Mode:
        """What the brush does to the selection now: of the stroke under way, or with the keys that are down."""
        if self._stroke is not None and self.gesture in ("brush", "outline"):
            return self._stroke.mode
        return self._mode_with(self.modifiers)

    def _mode_with(self, modifiers: Modifiers) -> Mode:
        remove = bool(modifiers & (Modifiers.AltModifier | Modifiers.ControlModifier))
        return mode_of(shift=bool(modifiers & Modifiers.ShiftModifier), remove=remove, default=self._mode)

    @property
    def radius(self) -> float:
        """Half the size of the brush, in map units."""
        return self.brush.radius if isinstance(self.brush, Circle) else self._radius_px / self.view.scale

    def set_radius(self, radius: float) -> None:
        """Resize the brush; half its size in map units."""
        self.grow(radius / self.radius)

    @property
    def ghost(self) -> Shape | None:
        """The brush that a press would place under the pointer; None where none would be."""
        if self.pointer is None or self.gesture != "none" or self.space or self._tool != "circle":
            return None
        if self.brush is not None:
            return None
        x, y = self._place_of(self.pointer)
        return self._fresh(x, y)

    @property
    def pending(self) -> bool:
        """Whether motion waits for the next turn of the event loop."""
        return self._soon.isActive()

    # the view

    def fit(self) -> None:
        """Show all points that pass the filter."""
        points = self._corners() if self.visible is None else self.index.points[self.visible]
        rim = self.rim(self.view.fitted(points))
        self._set_view(self.view.fitted(points, rim), fitted=True)

    def _corners(self) -> np.ndarray:
        """Return the lower left and upper right corner of all points; none where there are none."""
        left, right, lower, upper = self.index.bounds
        return np.array([[left, lower], [right, upper]] if len(self.index) else []).reshape(-1, 2)

    def resize(self, width: int, height: int) -> None:
        """Follow the widget's size: all points stay in view where all were, else the middle and scale stay."""
        self.view = self.view.resized(width, height)
        if self.fitted:
            self.fit()
        self.view_changed.emit()

    def zoom(self, factor: float, left: float, top: float) -> None:
        """Magnify about a pixel, within bounds that keep something in view and float32 exact."""
        whole = self.view.fitted(self._corners()).scale
        factor = float(np.clip(self.view.scale * factor, whole / 4, whole * 5000)) / self.view.scale
        if factor != 1:
            self._set_view(self.view.zoomed(factor, left, top), fitted=False)

    def pan(self, right: float, down: float) -> None:
        """Drag the map by so many logical pixels."""
        self._set_view(self.view.moved(right, down), fitted=False)

    def look_at(self, view: ViewTransform) -> None:
        """Show another part of the map."""
        self._set_view(view, fitted=False)

    def _set_view(self, view: ViewTransform, *, fitted: bool) -> None:
        self.view, self.fitted = view, fitted
        self.view_changed.emit()

    # the mouse

    def press(self, at: QPointF, button: Qt.MouseButton, modifiers: Modifiers) -> None:
        """Begin to pan, to brush, or to draw a box or a lasso; on a dot wait whether it becomes a click."""
        self.finish()
        if self.gesture != "none":
            return
        self._reset_gesture()
        self.pointer, self.modifiers = at, modifiers
        self._pressed = self._handled = at
        self._button = button
        if button != Qt.MouseButton.LeftButton or self.space or self._tool == "pan":
            self.gesture = "pan"
        elif len(self.index):
            self._press_left(at, modifiers)
        self.changed.emit()

    def _press_left(self, at: QPointF, modifiers: Modifiers) -> None:
        self._before = (self.brush, self.selection)
        self._stroke = Stroke(self._mode_with(modifiers), len(self.index))
        x, y = self._place_of(at)
        if self._tool != "circle":
            self.gesture, self._trail = "outline", [(x, y)]
        else:
            self.gesture = "press"
            if self._dot_at(at) >= 0:
                self._hold.start()
            else:
                self._begin_brushing()

    def move(self, at: QPointF, modifiers: Modifiers) -> None:
        """Take note of where the pointer is; the brush follows once per turn of the event loop."""
        self.pointer, self.modifiers = at, modifiers
        if self.gesture == "press" and _distance(at, self._pressed) >= _CLICK_PX:
            self._begin_brushing()
        if self.gesture == "outline":
            self._trail.append(self._place_of(at))
        if not self._soon.isActive():
            self._soon.start()

    def release(self, at: QPointF, button: Qt.MouseButton) -> None:
        """End what the press began; other buttons than the pressed one do nothing."""
        if self.gesture == "none" or button != self._button:
            return
        self.move(at, self.modifiers)
        self.catch_up()
        self._hold.stop()
        gesture, self.gesture = self.gesture, "none"
        still = _distance(at, self._pressed) < _CLICK_PX
        if gesture == "press" or (gesture == "outline" and self._trail_is_a_click()):
            self._click(at, nothing=gesture == "outline")
        elif gesture == "brush":
            self.finish()
        elif gesture == "outline":
            self.finish()
            self.brush, self.under = None, None
        elif still and button == Qt.MouseButton.RightButton:
            self.menu_requested.emit(at)
        self.changed.emit()

    def wheel(self, steps: float, at: QPointF, modifiers: Modifiers) -> None:
        """Zoom about the pointer; with Shift resize the circle."""
        if modifiers & Modifiers.ShiftModifier and self._tool == "circle":
            self.grow(1.12**steps)
        else:
            self.zoom(1.2**steps, at.x(), at.y())

    def leave(self) -> None:
        """Forget where the pointer was."""
        if self.gesture == "none":
            self.pointer = None
            self._set_hover(-1)
            self.changed.emit()

    # the keys

    def key_pressed(self, key: Qt.Key, modifiers: Modifiers) -> bool:
        """Go by an arrow key, take hold of the map by Space ...; return whether the key meant something."""
        self._hold_modifiers(modifiers, key, down=True)
        if key in _ARROWS:
            self._arrow(*_ARROWS[key], modifiers & ~Modifiers.KeypadModifier)
        elif key in _ZOOMS:
            self.zoom(_ZOOMS[key], self.view.width / 2, self.view.height / 2)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._place_brush(modifiers & ~Modifiers.KeypadModifier)
        elif key == Qt.Key.Key_Space:
            self.space = True
            self.changed.emit()
        else:
            return False
        return True

    def key_released(self, key: Qt.Key, modifiers: Modifiers) -> None:
        """Follow the modifier keys and Space."""
        self._hold_modifiers(modifiers, key, down=False)
        if key == Qt.Key.Key_Space:
            self.space = False
            self.changed.emit()

    def forget_keys(self) -> None:
        """Take all keys as released."""
        self.space, self.modifiers = False, Modifiers.NoModifier
        if self.pointer is None:
            self._set_hover(-1)
        self.changed.emit()

    def _hold_modifiers(self, modifiers: Modifiers, key: Qt.Key, *, down: bool) -> None:
        """Systems differ in whether the modifiers of an event count the modifier key that it is about."""
        own = _MODIFIER_KEYS.get(key)
        if own is not None:
            modifiers = modifiers | own if down else modifiers & ~own
        if modifiers != self.modifiers:
            self.modifiers = modifiers
            self.changed.emit()

    @property
    def cursor(self) -> Qt.CursorShape:
        """What a press here would do, as a shape of the pointer."""
        if self.gesture == "pan":
            return Qt.CursorShape.ClosedHandCursor
        if self.space or self._tool == "pan":
            return Qt.CursorShape.OpenHandCursor
        over = self.gesture == "none" and self.pointer is not None and self._grabs(*self._place_of(self.pointer))
        return Qt.CursorShape.SizeAllCursor if over else Qt.CursorShape.CrossCursor

    def _click(self, at: QPointF, *, nothing: bool) -> None:
        """Name the dot; where there is none a click may select nothing, as in a GIS."""
        row, mode = self._dot_at(at), self._stroke.mode if self._stroke else self._mode
        self.brush = self._before[0]
        self._stop()
        if row >= 0:
            self._touched, self._stand = True, row
            self.clicked.emit(row, mode)
        elif nothing and mode == "replace":
            self.brushed.emit(np.empty(0, np.int64), "replace", True)

    def _trail_is_a_click(self) -> bool:
        low, high = np.min(self._trail, axis=0), np.max(self._trail, axis=0)
        return bool(((high - low) * self.view.scale).max() < _CLICK_PX)

    def _dot_at(self, at: QPointF) -> int:
        return self._near(at) if self.clickable else -1

    def _near(self, at: QPointF) -> int:
        x, y = self._place_of(at)
        return self.index.nearest(x, y, within=self.pick_px / self.view.scale, visible=self.visible)

    def _place_of(self, at: QPointF) -> tuple[float, float]:
        return self.view.to_map(at.x(), at.y())

    # the brush

    def grow(self, factor: float) -> None:
        """Resize the brush, or the one that the next press places."""
        self._reshape(lambda shape: scaled(shape, factor), factor=factor)

    def _arrow(self, right: int, up: int, modifiers: Modifiers) -> None:
        """Move the brush; where there is none, go to the next point; with Ctrl move the map."""
        if modifiers & Modifiers.ControlModifier:
            self.pan(-right * 4 * _NUDGE_PX, up * 4 * _NUDGE_PX)
        elif self.brush is not None:
            step = _NUDGE_PX / self.view.scale
            self._continue_stroke(self._mode_with(modifiers))
            self._change_brush(moved(self.brush, right * step, up * step))
        elif len(self.index):
            self._go_on(right, up, self._mode_with(modifiers))

    def _go_on(self, right: int, up: int, mode: Mode) -> None:
        """Select the next point in a direction; the first time the one nearest to the middle."""
        points, start = self.index.points, self._start()
        if start == NONE:
            row = nearest(points, np.array([self.view.x, self.view.y], np.float32), self.visible)
        else:
            row = next_towards(points, points[start], (right, up), self.visible)
        if row != NONE:
            self._stand = row
            self._bring_into_view(points[row])
            self._set_hover(row)
            self.clicked.emit(row, mode)

    def _start(self) -> int:
        """Return where the keyboard is: where it was, unless something else was selected since."""
        selected = self.selection
        if selected is None:
            return NONE
        if self._stand in selected:
            return self._stand
        points = self.index.points[selected]
        return int(selected[max(nearest(points, points.mean(axis=0)), 0)])

    def _bring_into_view(self, point: np.ndarray) -> None:
        left, top = self.view.to_screen(point[np.newaxis])[0]
        inside = _EDGE_PX <= left <= self.view.width - _EDGE_PX and _EDGE_PX <= top <= self.view.height - _EDGE_PX
        if not inside:
            self.pan(self.view.width / 2 - left, self.view.height / 2 - top)

    def _place_brush(self, modifiers: Modifiers) -> None:
        """Put the circle on the point where the keyboard is, or into the middle; arrows move it then."""
        if self._tool != "circle" or self.brush is not None or not len(self.index):
            return
        start = self._start()
        x, y = (self.view.x, self.view.y) if start == NONE else self.index.points[start].tolist()
        self._continue_stroke(self._mode_with(modifiers))
        self._change_brush(self._fresh(x, y))

    def _reshape(self, change: Callable[[Shape], Shape], *, factor: float) -> None:
        if self.gesture == "outline":
            return
        largest = 4.0 * max(self.view.width, self.view.height)
        if self.brush is None:
            self._radius_px = float(np.clip(self._radius_px * factor, _SMALLEST_PX, largest))
            self.changed.emit()
            return
        brush = change(self.brush)
        sizes = [half * self.view.scale for half in half_sizes(brush)]
        if (min(sizes) < _SMALLEST_PX and factor < 1) or (max(sizes) > largest and factor > 1):
            return
        self._continue_stroke(self._last_mode)
        self._change_brush(brush)
        self._radius_px = self.radius * self.view.scale

    def _continue_stroke(self, mode: Mode) -> None:
        """Wheel and keys go on with the stroke under way, or begin one that ends when they come to rest."""
        if self.gesture == "brush":
            return
        if self._stroke is not None and self._stroke.mode != mode:
            self.finish()
        if self._stroke is None:
            self._before = (self.brush, self.selection)
            self._stroke = Stroke(mode, len(self.index))
        self._rest.start()

    def _change_brush(self, brush: Shape) -> None:
        self.brush, self._brush_changed = brush, True
        if not self._soon.isActive():
            self._soon.start()

    def _grabs(self, x: float, y: float) -> bool:
        return self._tool == "circle" and isinstance(self.brush, Circle) and covers(self.brush, x, y)

    def _begin_brushing(self) -> None:
        """Grab the brush by the place that was pressed, or bring it there."""
        self._hold.stop()
        if self.gesture != "press":
            return
        self.gesture = "brush"
        x, y = self._place_of(self._pressed)
        if self._grabs(x, y):
            assert self.brush is not None
            centre = middle(self.brush)
            self._grab = (centre[0] - x, centre[1] - y)
            self._change_brush(self.brush)
        else:
            self._change_brush(self._brought(x, y))

    def _brought(self, x: float, y: float) -> Shape:
        """Return the brush, brought to a place: a new one if it is out of all proportion."""
        if not isinstance(self.brush, Circle):
            return self._fresh(x, y)
        sizes = [half * self.view.scale for half in half_sizes(self.brush)]
        if max(sizes) > max(self.view.width, self.view.height) / 2 or max(sizes) < 2 * _SMALLEST_PX:
            return self._fresh(x, y)
        return moved(self.brush, x - self.brush.x, y - self.brush.y)

    def _fresh(self, x: float, y: float) -> Shape:
        most = min(self.view.width, self.view.height) / 2
        radius = float(np.clip(self._radius_px, 2 * _SMALLEST_PX, most)) / self.view.scale
        return Circle(x, y, radius)

    def catch_up(self) -> None:
        """Do what the gathered events ask for."""
        self._soon.stop()
        if self.gesture == "pan" and self.pointer is not None:
            step, self._handled = self.pointer - self._handled, self.pointer
            if not step.isNull():
                self.pan(step.x(), step.y())
        elif self.gesture == "outline":
            self._extend_outline()
        elif self._stroke is not None and self.gesture != "press":
            self._drag()
        elif self.gesture == "none" and self.pointer is not None:
            self._set_hover(self._near(self.pointer))
        self.changed.emit()

    def _drag(self) -> None:
        """Bring the brush to the pointer, and say what it touches."""
        assert self.brush is not None
        assert self._stroke is not None
        shapes: list[Shape] = [self.brush] if self._brush_changed else []
        if self.gesture == "brush" and self.pointer is not None:
            shapes += self._followed(self.pointer)
        if not shapes:
            return
        self._brush_changed = False
        if not self._stroke.gathers:
            shapes = shapes[-1:]
        for shape in shapes:
            self.under = self.index.inside(shape, self.visible)
            rows = self._stroke.touch(self.under)
        self.brush = shapes[-1]
        self._emit(rows)

    def _followed(self, pointer: QPointF) -> list[Shape]:
        assert self.brush is not None
        x, y = self._place_of(pointer)
        centre = middle(self.brush)
        dx, dy = x + self._grab[0] - centre[0], y + self._grab[1] - centre[1]
        if max(abs(dx), abs(dy)) * self.view.scale < 0.01:
            return []
        return stamps(self.brush, moved(self.brush, dx, dy))

    def _extend_outline(self) -> None:
        """Show the box, or the line so far closed; what adds or removes waits for the end."""
        assert self._stroke is not None
        shape = outline(self._tool, self._trail)
        if shape is None:
            return
        self.brush = shape
        self.under = self.index.inside(self.brush, self.visible)
        if not self._stroke.gathers and not self._trail_is_a_click():
            self._emit(self.under)

    def _emit(self, rows: np.ndarray, *, final: bool = False) -> None:
        assert self._stroke is not None
        self._touched = True
        self._rows = rows
        self.brushed.emit(rows, self._stroke.mode, final)

    def finish(self) -> None:
        """End the stroke: emit its rows once more, as final."""
        if self._stroke is None or self.gesture != "none":
            return
        self._rest.stop()
        if self._soon.isActive():
            self.catch_up()
        if self.under is not None:
            rows = self._stroke.touch(self.under)
            self._last_mode = self._stroke.mode
            self._emit(rows, final=True)
        self._stroke = None

    def put_away(self) -> None:
        """Remove the brush; the selection stays."""
        self._stop()
        self.brush, self.under = None, None
        self.changed.emit()

    def escape(self) -> None:
        """Give up the stroke under way; else put the brush away; else select nothing."""
        if self.gesture in ("press", "brush", "outline") or self._stroke is not None:
            self._restore()
        elif self.brush is not None:
            self.brush, self.under = None, None
        elif self.selection is not None:
            self.brushed.emit(np.empty(0, np.int64), "replace", True)
        self.changed.emit()

    def _restore(self) -> None:
        """Put back brush and selection as they were at the press."""
        brush, selection = self._before
        touched = self._touched
        self._stop()
        self.brush, self.under = brush, None
        if touched:
            self._touched = False
            self.brushed.emit(np.empty(0, np.int64) if selection is None else selection, "replace", True)

    def _stop(self) -> None:
        for timer in (self._hold, self._rest, self._soon):
            timer.stop()
        self.gesture, self._stroke, self._brush_changed = "none", None, False

    def _set_hover(self, row: int) -> None:
        if row != self.hover:
            self.hover = row
            self.hovered.emit(row)

    def rows_under(self) -> np.ndarray:
        """Return the rows under the brush, asked again where points or filter have changed."""
        if self.under is None and self.brush is not None:
            self.under = self.index.inside(self.brush, self.visible)
        return np.empty(0, np.int64) if self.under is None else self.under


def one_shot(parent: QObject, milliseconds: int, action: Callable[[], None]) -> QTimer:
    """Return a timer that calls the action once, so long after it was last started."""
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setInterval(milliseconds)
    timer.timeout.connect(action)
    return timer


def _distance(a: QPointF, b: QPointF) -> float:
    return float(np.hypot(a.x() - b.x(), a.y() - b.y()))
