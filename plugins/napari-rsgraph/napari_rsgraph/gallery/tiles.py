"""The tiles of a gallery: painted, scrolled, clicked, painted on, and walked over with the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QRect, Qt, Signal
from qtpy.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from qtpy.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from napari_rsgraph.gallery.grid import GAP, Grid, Mask, Shown, grouped
from napari_rsgraph.gallery.pictures import Pictures
from rsgraph.brushing.shapes import Mode
from rsgraph.view.view import View

Caption = Callable[[int], str]

SMALLEST, LARGEST, STEP = 48, 256, 16
"""Sides of a tile that the slider offers, in pixels of the screen."""

HINT = "Brush points in the map above to see their chips"

_SELECTED = QColor("#E69F00")
_EDGE = QColor("#FFFFFF")
_EMPTY = QColor(128, 128, 128, 90)
_KEYS = (
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Space,
)


@dataclass
class Stroke:
    """Segments painted in the tiles while the button is down."""

    mode: Mode
    ids: list[int]
    start: QPoint
    last: QPoint
    moved: bool = False


class Tiles(QAbstractScrollArea):
    """A grid of chips, of which only what is in sight is read and painted.

    Parameters
    ----------
    parent
        As of any widget.
    """

    chip_clicked = Signal(int, str)
    chip_activated = Signal(int)
    chip_hovered = Signal(int)
    segment_clicked = Signal(int, str)
    segments_painted = Signal(object, str, bool)
    resized_tiles = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pictures = Pictures()
        self.shown = Shown()
        self.captions: Caption | None = None
        self.selected: Mask | None = None
        self.message: str | None = HINT
        self.side = 128
        self.current = -1
        self.grid = Grid(self.side, 0, 1)
        self._font = QFont()
        self._stroke: Stroke | None = None
        self._waiting: Shown | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.setAccessibleName("Gallery of chips")

    # what is shown

    def show_tiles(self, shown: Shown) -> None:
        """Show other chips or other segments in them. While segments are painted the tiles stay where they are."""
        if self._stroke is not None:
            self._waiting = shown
            shown = Shown(self.shown.chips, shown.chosen, None, shown.total, self.shown.strips)
        self.pictures.choose(shown.chosen)
        self.shown = shown
        self.current = min(self.current, len(shown.chips) - 1)
        self._fit()

    def forget(self) -> None:
        """Paint everything anew."""
        self.pictures.forget()
        self._fit()

    def set_side(self, side: int) -> None:
        """Change the size of the tiles, keeping the first of those in sight in sight."""
        side = max(SMALLEST, min(LARGEST, side))
        if side == self.side:
            return
        first = self.places_in_sight().start
        self.side = side
        self._fit()
        self.verticalScrollBar().setValue(self.grid.corner(first)[1] - GAP)
        self.resized_tiles.emit(side)

    # where tiles are

    def tile(self, place: int) -> QRect:
        """Return where the picture of a place is in the viewport."""
        x, y = self.grid.corner(place)
        return QRect(x, y - self.verticalScrollBar().value(), self.side, self.side)

    def place_at(self, position: QPoint) -> int:
        """Return the place of the tile (caption included) under a point of the viewport, or -1."""
        y = position.y() + self.verticalScrollBar().value()
        return self.grid.place(position.x(), y, len(self.shown.chips))

    def places_in_sight(self) -> range:
        """Return the places that are at least partly in sight."""
        top = self.verticalScrollBar().value()
        return self.grid.between(top, top + self.viewport().height(), len(self.shown.chips))

    def segment_at(self, position: QPoint) -> int:
        """Return the id of the segment under a point of the viewport, or 0."""
        place = self.place_at(position)
        if place < 0 or self.pictures.view is None:
            return 0
        tile = self.tile(place)
        ids = self.pictures.view.chip(int(self.shown.chips[place]), self.pictures.view.side)[1]
        row, column = (
            (position.y() - tile.y()) * self.pictures.view.side // self.side,
            (position.x() - tile.x()) * self.pictures.view.side // self.side,
        )
        return int(ids[row, column]) if row < ids.shape[0] and column < ids.shape[1] else 0

    def _fit(self) -> None:
        """Lay the tiles out, set the scroll bar to their number, and paint."""
        self._font = _caption_font(self.font())
        columns = (self.viewport().width() - GAP) // (self.side + GAP)
        self.grid = Grid(self.side, QFontMetrics(self._font).height() + 2, max(1, columns))
        seen, bar = self.viewport().height(), self.verticalScrollBar()
        bar.setRange(0, max(0, self.grid.height(len(self.shown.chips)) - seen))
        bar.setPageStep(max(1, seen - self.grid.pitch[1] // 2))
        bar.setSingleStep(max(1, self.grid.pitch[1] // 3))
        self.viewport().update()

    # painting

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        """Lay the tiles out anew."""
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Paint the tiles in sight."""
        painter = QPainter(self.viewport())
        try:
            if len(self.shown.chips) == 0:
                self._paint_message(painter)
            else:
                self._paint_tiles(painter)
        finally:
            painter.end()  # Qt would end the process over a painter that is left open

    def _paint_message(self, painter: QPainter) -> None:
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.viewport().rect().adjusted(12, 12, -12, -12), int(flags), self.message or "")

    def _paint_tiles(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(self._font)
        text, metrics = self.palette().color(QPalette.ColorRole.WindowText), QFontMetrics(self._font)
        places = self.places_in_sight()
        self.pictures.make(self.shown.chips[places.start : places.stop], self.side * self.devicePixelRatioF())
        for place in places:
            tile, picture = self.tile(place), self.pictures[int(self.shown.chips[place])]
            if picture is None:
                painter.fillRect(tile, _EMPTY)
            else:
                painter.drawImage(tile, picture)
            self._paint_frame(painter, place, tile)
            painter.setPen(text)
            painter.drawText(tile.x(), tile.bottom() + 2 + metrics.ascent(), self._fitting(place, metrics))

    def _fitting(self, place: int, metrics: QFontMetrics) -> str:
        """Return as much of a caption as fits below its tile; the number of segments goes first."""
        text = self.caption(place)
        if metrics.horizontalAdvance(text) <= self.side:
            return text
        return str(metrics.elidedText(self._name(place), Qt.TextElideMode.ElideRight, self.side))

    def _paint_frame(self, painter: QPainter, place: int, tile: QRect) -> None:
        """Selected chips have a thick frame, the one that the keyboard is on a dashed one."""
        if self.selected is not None and self.selected[self.shown.chips[place]]:
            painter.setPen(QPen(_SELECTED, 3))
            painter.drawRect(tile.adjusted(-1, -1, 0, 0))
        if place == self.current and self.hasFocus():
            painter.setPen(QPen(_EDGE, 2, Qt.PenStyle.DashLine))
            painter.drawRect(tile.adjusted(2, 2, -3, -3))

    def caption(self, place: int) -> str:
        """Return what is written below a tile."""
        if self.shown.counts is None:
            return self._name(place)
        number = int(self.shown.counts[place])
        return f"{self._name(place)} · {grouped(number)} segment{'s' if number != 1 else ''}"

    def _name(self, place: int) -> str:
        chip = int(self.shown.chips[place])
        return self.captions(chip) if self.captions is not None else f"chip {chip}"

    # pointer and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Begin to paint segments at segment level; elsewhere choose the chip."""
        position = event.position().toPoint()
        place = self.place_at(position)
        if event.button() != Qt.MouseButton.LeftButton or place < 0:
            return
        self.current = place
        segment = self.segment_at(position) if self.shown.chosen is not None else 0
        if segment:
            mode = self._mode(event.modifiers(), taken=self.pictures.is_chosen(segment))
            self._stroke = Stroke(mode, [segment], position, position)
        else:
            self._click_chip(int(self.shown.chips[place]), event.modifiers())
        self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Paint on, or tell which chip is under the pointer."""
        position, stroke = event.position().toPoint(), self._stroke
        if stroke is None:
            place = self.place_at(position)
            self.chip_hovered.emit(int(self.shown.chips[place]) if place >= 0 else -1)
            return
        if not stroke.moved and (position - stroke.start).manhattanLength() < 4:
            return
        stroke.moved = True
        known = len(stroke.ids)
        self._paint_to(stroke, position)
        if len(stroke.ids) > known or known == 1:
            self.segments_painted.emit(np.array(stroke.ids, dtype=np.int64), stroke.mode, False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Finish painting; without a movement it was a click."""
        stroke, self._stroke = self._stroke, None
        if stroke is None or event.button() != Qt.MouseButton.LeftButton:
            return
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.show_tiles(waiting)
        if stroke.moved:
            self.segments_painted.emit(np.array(stroke.ids, dtype=np.int64), stroke.mode, True)
        else:
            self.segment_clicked.emit(stroke.ids[0], stroke.mode)

    def _paint_to(self, stroke: Stroke, position: QPoint) -> None:
        """Add the segments between two positions of the pointer."""
        step = position - stroke.last
        count = max(1, step.manhattanLength() // 3)
        for part in range(1, count + 1):
            segment = self.segment_at(stroke.last + step * (part / count))
            if segment and segment not in stroke.ids:
                stroke.ids.append(segment)
        stroke.last = position

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Go to the chip."""
        place = self.place_at(event.position().toPoint())
        if place >= 0 and event.button() == Qt.MouseButton.LeftButton:
            self.chip_activated.emit(int(self.shown.chips[place]))

    def event(self, event: QEvent) -> bool:
        """Keep the keys that move over tiles from shortcuts of the window."""
        if event.type() == QEvent.Type.ShortcutOverride and cast("QKeyEvent", event).key() in _KEYS:
            event.accept()
            return True
        return bool(super().event(event))

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Nothing is under the pointer any more."""
        super().leaveEvent(event)
        self.chip_hovered.emit(-1)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802  # Qt's name
        """Scroll; with Ctrl change the size of the tiles."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_side(self.side + (STEP if event.angleDelta().y() > 0 else -STEP))
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Arrows move, Enter goes to the chip, the space bar chooses it."""
        n, columns = len(self.shown.chips), self.grid.columns
        page = columns * max(1, self.viewport().height() // self.grid.pitch[1])
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: -columns,
            Qt.Key.Key_Down: columns,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_Home: -n,
            Qt.Key.Key_End: n,
        }
        key = Qt.Key(event.key())
        if n and key in steps:
            self._go(max(0, min(n - 1, (self.current + steps[key]) if self.current >= 0 else 0)))
        elif self.current >= 0 and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.chip_activated.emit(int(self.shown.chips[self.current]))
        elif self.current >= 0 and key == Qt.Key.Key_Space:
            self._click_chip(int(self.shown.chips[self.current]), event.modifiers())
        else:
            super().keyPressEvent(event)

    def _go(self, place: int) -> None:
        """Put the keyboard on a tile and bring it in sight."""
        self.current = place
        top = self.grid.corner(place)[1] - GAP
        bar, seen = self.verticalScrollBar(), self.viewport().height()
        bar.setValue(max(min(bar.value(), top), top + self.grid.pitch[1] + GAP - seen))
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Tell what is under the pointer."""
        if event.type() == QEvent.Type.ToolTip:
            position = cast("QHelpEvent", event).pos()
            QToolTip.showText(cast("QHelpEvent", event).globalPos(), self.text_at(position), self.viewport())
            return True
        return bool(super().viewportEvent(event))

    def text_at(self, position: QPoint) -> str:
        """Say what is under a point of the viewport."""
        place = self.place_at(position)
        if place < 0:
            return ""
        lines = [self.caption(place)]
        if self.pictures.view is not None:
            lines.append(self._place_line(self.pictures.view, int(self.shown.chips[place])))
            lines += self._segment_line(self.segment_at(position))
        return "\n".join([*lines, "Double-click: show it on the map"])

    @staticmethod
    def _place_line(view: View, chip: int) -> str:
        row, column, rows, columns = view.windows[chip].tolist()
        name = f"{view.scenes[int(view.of_scene[chip])].name}, " if len(view.scenes) > 1 else ""
        return f"{name}rows {row} to {row + rows - 1}, columns {column} to {column + columns - 1}"

    def _segment_line(self, segment: int) -> list[str]:
        if not segment:
            return []
        words = [f"segment {segment}"]
        if self.shown.chosen is not None:
            words.append("chosen" if self.pictures.is_chosen(segment) else "not chosen")
        return [", ".join([*words, *self.pictures.class_of(segment)])]

    def _click_chip(self, chip: int, modifiers: Qt.KeyboardModifier) -> None:
        self.chip_clicked.emit(chip, self._mode(modifiers, taken=self._is_taken(chip)))

    def _is_taken(self, chip: int) -> bool:
        """Whether a chip, or any segment of it, is selected; what a gallery shows is, where nothing else is said."""
        if self.selected is not None:
            return bool(self.selected[chip])
        return self.shown.chosen is None or self.pictures.any_chosen(chip)

    @staticmethod
    def _mode(modifiers: Qt.KeyboardModifier, *, taken: bool) -> Mode:
        """Modes as in the maps; only that Ctrl also adds what is not selected, as in lists of files."""
        shift = bool(modifiers & Qt.KeyboardModifier.ShiftModifier)
        alt, control = modifiers & Qt.KeyboardModifier.AltModifier, modifiers & Qt.KeyboardModifier.ControlModifier
        if shift:
            return "intersect" if alt or control else "add"
        if alt or (control and taken):
            return "subtract"
        return "add" if control else "replace"


def _caption_font(font: QFont) -> QFont:
    """Make captions a little smaller than the other text."""
    small = QFont(font)
    small.setPointSizeF(max(7.0, font.pointSizeF() * 0.85) if font.pointSizeF() > 0 else 8.0)
    return small
