"""The 2-D map of chips or segments, on which the user brushes (figures 2, 3 and 5 of the paper)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast, get_args

import numpy as np
from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QVariantAnimation, Signal
from qtpy.QtGui import (
    QActionGroup,
    QColor,
    QFocusEvent,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from qtpy.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from napari_rsgraph.actions import key
from napari_rsgraph.point_map import marks as map_marks
from napari_rsgraph.point_map.brush import Tool
from napari_rsgraph.point_map.gestures import OWN_KEYS, Gestures, one_shot
from napari_rsgraph.point_map.picture import MapPicture, Points, Request, warm_up
from napari_rsgraph.point_map.shares import PointShares, draw_pie
from napari_rsgraph.point_map.thumbnails import LIMIT, Thumbnail, Thumbnails, thumbnail_side
from napari_rsgraph.point_map.view_transform import ViewTransform
from napari_rsgraph.session.amounts import counted
from napari_rsgraph.widgets.shortcuts import add_actions, pressed
from rsgraph.brushing.drawing import BACKGROUND
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import Mode, Rectangle, Shape

HINT = f"Drag to brush · scroll zooms · Shift adds, Alt or Ctrl removes · {key('help')} for keys"

_UNCOLOURED = (170, 178, 192)
_FOCUSED = QColor(86, 180, 233)
_ZOOM, _GROW = 1.3, 1.12
_PIE_PX = 13.0
"""Diameter of a dot whose parts can be seen."""
_CLICKABLE_PX = 4.0
"""Dots of this diameter can be clicked one by one; in a cloud of smaller ones a click places the brush."""


def count_of(rows: np.ndarray) -> str:
    """Say how many points are under the brush."""
    return counted(len(rows), "point")


class PointMap(QWidget):
    """A map of points with a brush: a circle that is dragged across it, a box or a lasso round points.

    The widget knows points, colours and masks, and nothing of chips or classes. It says which rows are under
    the brush; whoever listens changes the selection and gives it back with `set_selection`.
    """

    brushed = Signal(object, str, bool)
    """Rows (ndarray int64) of the stroke, mode, and whether it is over. Emitted at most once per turn of the event
    loop while the brush moves. While it adds or subtracts, the rows are all that it has touched since the button
    went down. A box or a lasso that adds or subtracts is emitted once, when it is done."""

    clicked = Signal(int, str)
    """Row of a single dot that was clicked without moving, and mode."""

    hovered = Signal(int)
    """Row under the pointer, or -1."""

    window_changed = Signal(object)
    """The rsgraph.brushing.shapes.Rectangle in view, once a pan, zoom or change of size has come to rest."""

    tool_changed = Signal(str)
    mode_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._init_widget()
        self.describe_brush: Callable[[np.ndarray], str] = count_of
        index = PointIndex(np.empty((0, 2), np.float32))
        self._points = Points(index.points, index, np.empty((0, 3), np.uint8))
        self._picture = MapPicture()
        self._selected: np.ndarray | None = None
        self._thumbnails: Thumbnails | None = None
        self._shares: PointShares | None = None
        self._tooltip: Callable[[int], str] | None = None
        self._message: tuple[str, float | None] | None = None
        self._hint_opacity = 1.0
        self._described: tuple[np.ndarray, str] | None = None
        self._init_gestures()
        self._init_timers()
        warm_up()
        self.named = add_actions(self, self._calls())
        tools = QActionGroup(self)
        for tool in get_args(Tool):
            self.named[tool].setCheckable(True)
            tools.addAction(self.named[tool])
        self._check_tool()

    def _calls(self) -> dict[str, Callable[[], object]]:
        """What the map does by itself, under the names of the table of actions."""
        return {
            **{tool: partial(setattr, self, "tool", tool) for tool in get_args(Tool)},
            "show_all": self.fit,
            "zoom_in": partial(self.zoom, _ZOOM),
            "zoom_out": partial(self.zoom, 1 / _ZOOM),
            "larger_brush": partial(self.grow_brush, _GROW),
            "smaller_brush": partial(self.grow_brush, 1 / _GROW),
            "put_away": self.escape,
            **{mode: partial(self.set_mode, mode) for mode in get_args(Mode)},
        }

    def _check_tool(self, *_: object) -> None:
        self.named[self.tool].setChecked(True)

    def _init_widget(self) -> None:
        self.setMinimumSize(240, 100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAccessibleName("Map of points")
        self.setAccessibleDescription(HINT)

    def _init_gestures(self) -> None:
        gestures = self._gestures = Gestures(self)
        gestures.rim = self._rim
        gestures.brushed.connect(self.brushed)
        gestures.clicked.connect(self.clicked)
        gestures.hovered.connect(self.hovered)
        gestures.tool_changed.connect(self._check_tool)
        gestures.tool_changed.connect(self.tool_changed)
        gestures.mode_changed.connect(self.mode_changed)
        gestures.changed.connect(self._follow)
        gestures.view_changed.connect(self._view_moved)
        gestures.menu_requested.connect(self._show_menu)
        gestures.brushed.connect(self._brushed_once)

    def _init_timers(self) -> None:
        self._rest = one_shot(self, 120, lambda: self.window_changed.emit(self._gestures.view.window()))
        self._refine = one_shot(self, 8, self._show_refined)
        self._fade = QVariantAnimation(self)
        self._fade.setDuration(900)
        self._fade.setStartValue(1.0)
        self._fade.setEndValue(0.0)
        self._fade.valueChanged.connect(self._set_hint_opacity)

    # what is shown

    def set_points(self, points: np.ndarray, *, index: PointIndex | None = None, keep_view: bool = False) -> None:
        """Show other points, all visible, none selected, in one colour; the brush is put away.

        Parameters
        ----------
        points
            (n, 2) float32. Points that are not finite are not shown.
        index
            Made of these points. Without it it is built here, which takes part of a second for a million points:
            build it in a worker then.
        keep_view
            Keep the window; otherwise all points are shown.

        Raises
        ------
        ValueError
            If the points are not (n, 2), or the index is one of other points.
        """
        index = PointIndex(points) if index is None else index
        if len(index) != len(points):
            raise ValueError(f"`index` must hold the {len(points)} points of the map. Got {len(index)} instead.")
        colours = np.full((len(index), 3), _UNCOLOURED, np.uint8)
        self._points = Points(index.points, index, colours)
        self._shares = None
        self._picture.forget()
        self._gestures.replace_points(index)
        self._selected = None
        if self._thumbnails is not None:
            self._thumbnails.forget()
        self._show_selection()
        if not keep_view:
            self.fit()

    def set_colours(self, colours: np.ndarray) -> None:
        """Give each point a colour: (n, 3) uint8.

        Raises
        ------
        ValueError
            If there are more or fewer colours than points.
        """
        colours = np.array(colours, np.uint8)
        if colours.shape != (self.n_points, 3):
            raise ValueError(f"`colours` must have shape ({self.n_points}, 3). Got {colours.shape} instead.")
        self._points = Points(self._points.points, self._points.index, colours, self._points.visible)
        self._described = None
        self.update()

    def set_shares(self, shares: np.ndarray | None, colours: np.ndarray | None = None) -> None:
        """Say what each point is made of, to be drawn on it: shares (n, classes) and colours (classes, 3); or None.

        Raises
        ------
        ValueError
            If there are more or fewer shares than points, or than colours.
        """
        if shares is None or colours is None:
            self._shares = None
        else:
            expected = (self.n_points, len(colours))
            if shares.shape != expected:
                raise ValueError(f"`shares` must have shape {expected}. Got {shares.shape} instead.")
            self._shares = PointShares(shares, colours)
        self.update()

    def set_visible(self, mask: np.ndarray | None) -> None:
        """Say which points (n,) pass the filters; the others are neither shown nor brushed. None for all.

        Raises
        ------
        ValueError
            If the mask has another length than the points.
        """
        visible = None if mask is None else self._checked(mask).copy()
        self._points = Points(self._points.points, self._points.index, self._points.colours, visible)
        self._gestures.replace_visible(visible)
        self._show_selection()

    def set_selection(self, mask: np.ndarray | None) -> None:
        """Say which points (n,) are selected: they are bright, the others dimmed. None, or none of them: all bright.

        Raises
        ------
        ValueError
            If the mask has another length than the points.
        """
        rows = None if mask is None else np.flatnonzero(self._checked(mask))
        self._selected = None if rows is None or not len(rows) else rows
        self._show_selection()

    def point_at(self, row: int) -> None:
        """Ring a point that the pointer is on elsewhere, in the scene; -1 for none."""
        row = row if row < self.n_points else -1
        if row != self._gestures.hover:
            self._gestures.hover = row
            self.update()

    @property
    def selection(self) -> np.ndarray:
        """Rows of the points that are shown as selected."""
        return np.zeros(0, dtype=np.int64) if self._selected is None else self._selected

    def set_thumbnails(self, thumbnail: Thumbnail | None, *, size: int = 72, whole: int | None = None) -> None:
        """Show pictures in place of dots where points are far enough apart.

        Parameters
        ----------
        thumbnail
            Gives the picture of a row; None from it means that it is not loaded yet (call `update` once it is).
            None for dots only.
        size
            Largest side, in logical pixels.
        whole
            Pixels along a whole picture; smaller ones are drawn as much smaller. None: all are equally large.
        """
        self._thumbnails = None if thumbnail is None else Thumbnails(thumbnail, size, whole)
        if self.whole:
            self.fit()
        self.update()

    def _rim(self, view: ViewTransform) -> float:
        """Return how far pictures reach beyond the outermost points of a view, in logical pixels."""
        if self._thumbnails is None:
            return 0.0
        rows = self._points.in_view(view, LIMIT)
        if len(rows) > LIMIT:
            return 0.0
        return thumbnail_side(view.to_screen(self._points.points[rows]), self._thumbnails.largest) / 2 + 2

    def set_tooltip(self, text: Callable[[int], str] | None) -> None:
        """Say what is shown beside the pointer when it rests on a point."""
        self._tooltip = text

    def set_message(self, text: str | None, *, progress: float | None = None) -> None:
        """Write into the middle of the map why it is empty or what is being computed; progress is 0 ... 1."""
        self._message = None if text is None else (text, progress)
        self.update()

    @property
    def n_points(self) -> int:
        """Number of points of the map."""
        return len(self._points.points)

    @property
    def tool(self) -> Tool:
        """What a drag with the left button does: circle, rectangle, lasso or pan."""
        return self._gestures.tool

    @tool.setter
    def tool(self, tool: Tool) -> None:
        self._gestures.set_tool(cast(Tool, _known("tool", tool, get_args(Tool))))
        self._set_cursor()

    @property
    def mode(self) -> Mode:
        """What the brush does to the selection while no modifier key is down."""
        return self._gestures.mode

    def set_mode(self, mode: Mode) -> None:
        """Choose what the brush does to the selection while no modifier key is down (for a toolbar).

        Raises
        ------
        ValueError
            If there is no such mode.
        """
        self._gestures.set_mode(cast(Mode, _known("mode", mode, get_args(Mode))))

    @property
    def brush(self) -> Shape | None:
        """The shape that is on the map, in map units; None where there is none."""
        return self._gestures.brush

    @property
    def radius(self) -> float:
        """Half the size of the brush, in map units."""
        return self._gestures.radius

    @radius.setter
    def radius(self, radius: float) -> None:
        self._gestures.set_radius(radius)

    def grow_brush(self, factor: float) -> None:
        """Make the brush larger or smaller."""
        self._gestures.grow(factor)

    def put_away(self) -> None:
        """Remove the brush; the selection stays."""
        self._gestures.put_away()

    def escape(self) -> None:
        """Give up the stroke under way; else put the brush away; else select nothing."""
        self._gestures.escape()

    def fit(self) -> None:
        """Show all points that pass the filters."""
        self._gestures.fit()

    def zoom(self, factor: float, centre: QPointF | None = None) -> None:
        """Magnify about a place of the widget, by default its middle."""
        centre = QPointF(self.width() / 2, self.height() / 2) if centre is None else centre
        self._gestures.zoom(factor, centre.x(), centre.y())

    def pan(self, dx: float, dy: float) -> None:
        """Move the map to the right and down by logical pixels."""
        self._gestures.pan(dx, dy)

    def map_window(self) -> Rectangle:
        """Return what is in view, in map units."""
        return self._gestures.view.window()

    @property
    def whole(self) -> bool:
        """Whether all points are in view, as fitted into the widget."""
        return self._gestures.fitted

    def show_part(self, part: Rectangle) -> None:
        """Show a part of the map as ``map_window`` gave it; all of it where no point lies in there."""
        view = self._gestures.view.showing(part)
        if self._points.in_view(view, 1).size:
            self._gestures.look_at(view)
            self.zoom(1.0)  # into the bounds of zooming
        else:
            self.fit()

    def to_screen(self, points: np.ndarray) -> np.ndarray:
        """Return the logical pixels (n, 2) of points (n, 2) of the map."""
        return self._gestures.view.to_screen(points)

    @property
    def pending(self) -> bool:
        """Whether motion of the mouse waits for the next turn of the event loop."""
        return self._gestures.pending

    @property
    def at_rest(self) -> bool:
        """Whether all that has happened so far has been dealt with, and the picture is the final one."""
        fetching = self._thumbnails is not None and self._thumbnails.incomplete
        return not (self.pending or self._picture.refining or fetching)

    def screenshot(self) -> QImage:
        """Return what the widget shows."""
        return self.grab().toImage()

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Prefer a map that is large enough to brush on."""
        return QSize(640, 480)

    # painting

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw points, thumbnails, brush and texts, from back to front."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        try:
            self._paint_points(painter)
            self._paint_thumbnails(painter)
            self._paint_marks(painter)
            self._paint_texts(painter)
        finally:
            painter.end()  # Qt would end the process over a painter that is left open

    def _paint_points(self, painter: QPainter) -> None:
        view = self._gestures.view
        shown = self._picture.image(Request(self._points, view, self.devicePixelRatioF())) if self.n_points else None
        if shown is None or shown[1] != view:
            painter.fillRect(self.rect(), QColor(*BACKGROUND))
        if shown is not None:
            image, drawn = shown
            window = drawn.window()
            left, right = window.x - window.half_width, window.x + window.half_width
            top, bottom = window.y + window.half_height, window.y - window.half_height
            painter.drawImage(_box(view.to_screen(np.array([[left, top], [right, bottom]]))), image)
        if self._picture.refining and not self._refine.isActive():
            self._refine.start()

    def _paint_thumbnails(self, painter: QPainter) -> None:
        """Pictures can be picked anywhere on them, dots close by."""
        gestures = self._gestures
        diameter = self._picture.diameter
        gestures.pick_px, gestures.clickable = max(8.0, diameter / 2 + 3), diameter >= _CLICKABLE_PX
        if (self._thumbnails is None and self._shares is None) or not self.n_points:
            return
        rows = self._points.in_view(gestures.view, LIMIT)
        if len(rows) > LIMIT:
            return
        at, colours = self.to_screen(self._points.points[rows]), self._points.colours[rows]
        selected = None if self._selected is None else np.isin(rows, self._selected)
        hover = gestures.hover if gestures.gesture == "none" else -1
        side, ratio = 0, self.devicePixelRatioF()
        if self._thumbnails is not None:
            side = self._thumbnails.draw(painter, rows, at, colours, selected, hover, ratio, self._shares)
        if not side and self._shares is not None:
            for place, row in enumerate(rows.tolist()):
                bright = selected is None or bool(selected[place])
                draw_pie(painter, at[place], max(diameter, _PIE_PX), self._shares.parts(row), bright=bright)
        gestures.pick_px = max(gestures.pick_px, side * 0.6)
        if self._thumbnails is not None and self._thumbnails.incomplete and not self._refine.isActive():
            self._refine.start()

    def _paint_marks(self, painter: QPainter) -> None:
        gestures = self._gestures
        if gestures.hover >= 0 and gestures.gesture == "none":
            map_marks.draw_ring(
                painter, self.to_screen(self._points.points[[gestures.hover]])[0], self._picture.diameter
            )
        if gestures.brush is not None:
            map_marks.draw_brush(painter, gestures.brush, gestures.view)
            map_marks.draw_count(painter, self._description(), gestures.brush, gestures.view)
        if gestures.ghost is not None:
            map_marks.draw_brush(painter, gestures.ghost, gestures.view, ghost=True)
        if self.hasFocus():
            painter.setPen(QPen(_FOCUSED, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        if gestures.pointer is not None and gestures.tool != "pan":
            map_marks.draw_badge(painter, gestures.current_mode, gestures.pointer)

    def _paint_texts(self, painter: QPainter) -> None:
        view = self._gestures.view
        if self._message is not None:
            map_marks.draw_message(painter, self._message[0], view, self._message[1])
        elif not self.n_points:
            map_marks.draw_message(painter, "No points to show yet", view, None)
        elif self._hint_opacity > 0:
            map_marks.draw_hint(painter, HINT, view, self._hint_opacity)

    def _description(self) -> str:
        """The text is asked for once per set of rows and colours, not once per repaint."""
        rows = self._gestures.rows_under()
        if self._described is None or self._described[0] is not rows:
            self._described = (rows, self.describe_brush(rows))
        return self._described[1]

    def _show_refined(self) -> None:
        if self._picture.refining and not self._picture.refine():
            self._refine.start()
        else:
            self.update()

    def _show_selection(self) -> None:
        rows, visible = self._selected, self._points.visible
        self._gestures.selection = rows
        self._picture.set_selected(rows if rows is None or visible is None else rows[visible[rows]])
        self.update()

    def _view_moved(self) -> None:
        self._rest.start()
        self.update()

    def _brushed_once(self, rows: np.ndarray, mode: str, final: bool) -> None:
        """The hint has done its work after the first brush."""
        if final and self._hint_opacity == 1.0:
            self._fade.start()

    def _set_hint_opacity(self, opacity: float) -> None:
        self._hint_opacity = float(opacity)
        self.update()

    def _follow(self) -> None:
        self._set_cursor()
        self.update()

    def _set_cursor(self) -> None:
        self.setCursor(self._gestures.cursor)

    # events

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Left brushes; middle and right, and left with Space, move the map."""
        self._gestures.press(event.position(), event.button(), event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Lead the brush, the map or the point that is hovered over."""
        self._gestures.move(event.position(), event.modifiers())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """End a stroke, a pan or a click."""
        self._gestures.release(event.position(), event.button())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Take the second of two quick clicks as a click."""
        self._gestures.press(event.position(), event.button(), event.modifiers())

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  # Qt's name
        """Zoom, or resize the brush. With Alt, on some systems with Shift, the wheel reports itself as sideways."""
        delta = event.angleDelta()
        self._gestures.wheel((delta.y() or delta.x()) / 120, event.position(), event.modifiers())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Arrow keys go to the next point or move the brush ...; the other keys are those of the actions."""
        key = Qt.Key(event.key())
        if self._gestures.key_pressed(key, event.modifiers()):
            return
        name = pressed(event, self.named)
        if name is not None:
            self.named[name].trigger()
        elif event.key() == Qt.Key.Key_Escape:  # in a window without an action of that key
            self.escape()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Follow the modifier keys and Space."""
        if not event.isAutoRepeat():
            self._gestures.key_released(Qt.Key(event.key()), event.modifiers())
        super().keyReleaseEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep own keys from becoming shortcuts of the window; tooltips and pinches."""
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and self._is_own(cast(QKeyEvent, event)):
            event.accept()
            return True
        if kind == QEvent.Type.ToolTip:
            self._show_tooltip(cast(QHelpEvent, event))
            return True
        if kind == QEvent.Type.NativeGesture:
            return self._pinch(cast(QNativeGestureEvent, event))
        return super().event(event)

    def _is_own(self, event: QKeyEvent) -> bool:
        return event.key() in OWN_KEYS or pressed(event, self.named) is not None

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Show the same part of the map, or all of it where all of it was shown."""
        self._gestures.resize(event.size().width(), event.size().height())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Nothing is hovered over any more."""
        self._gestures.leave()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802  # Qt's name
        """Show that keys are heard here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802  # Qt's name
        """Keys released elsewhere are not heard of."""
        self._gestures.forget_keys()
        self.update()
        super().focusOutEvent(event)

    def _pinch(self, event: QNativeGestureEvent) -> bool:
        if event.gestureType() != Qt.NativeGestureType.ZoomNativeGesture:
            return False
        at = event.position()
        self._gestures.zoom(max(1 + event.value(), 0.1), at.x(), at.y())
        return True

    def _show_tooltip(self, event: QHelpEvent) -> None:
        row = self._gestures.hover
        text = self._tooltip(row) if self._tooltip is not None and row >= 0 else ""
        if text:
            QToolTip.showText(event.globalPos(), text, self)
        else:
            QToolTip.hideText()

    def _show_menu(self, at: QPointF) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        menu.addActions([self.named[name] for name in self.named if name not in get_args(Mode)])
        menu.popup(self.mapToGlobal(at.toPoint()))

    def _checked(self, mask: np.ndarray) -> np.ndarray:
        mask = np.asarray(mask)
        if mask.shape != (self.n_points,) or mask.dtype != np.bool_:
            expected = f"bool, of shape ({self.n_points},)"
            raise ValueError(f"`mask` must be {expected}. Got {mask.dtype} {mask.shape} instead.")
        return mask


def _known(what: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(f"`{what}` must be one of {', '.join(known)}. Got '{value}' instead.")
    return value


def _box(corners: np.ndarray) -> QRectF:
    """Return the rectangle between the upper left and the lower right corner."""
    return QRectF(QPointF(*corners[0].tolist()), QPointF(*corners[1].tolist()))
