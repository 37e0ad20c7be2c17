"""The gallery: pictures of the brushed chips, at segment level with everything but the chosen segments under blue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QEvent, QPoint, QRect, Qt, Signal
from qtpy.QtGui import (
    QAction,
    QColor,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from qtpy.QtWidgets import (
    QAbstractScrollArea,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSlider,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from rsgraph.brushing.shapes import Mode
from rsgraph.brushing.tinting import outline, paint_classes, tint
from rsgraph.pipeline.viewing import View

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]
Caption = Callable[[int], str]

LABEL_OPACITY = 0.5
SMALLEST, LARGEST, STEP = 48, 256, 16
"""Sides of a tile that the slider offers, in pixels of the screen."""

HINT = "Brush points in the map above to see their chips"

_GAP = 6
_OUTLINED_FROM = 96
_SELECTED = QColor("#E69F00")
_EDGE = QColor("#FFFFFF")
_EMPTY = QColor(128, 128, 128, 90)
_KEPT = 64 * 2**20
"""Bytes of pictures kept for scrolling back, besides those in sight: a thousand of 128 x 128 pixels."""


@dataclass
class Shown:
    """What the tiles show.

    Parameters
    ----------
    chips
        Rows of the table of chips, in the order of the tiles.
    chosen
        By segment id (max_id + 1,) at segment level, None at chip level.
    counts
        (chips,) how many of each chip's segments are chosen, where that is known.
    total
        How many chips there are to choose from.
    """

    chips: Rows = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    chosen: Mask | None = None
    counts: NDArray[np.integer[Any]] | None = None
    total: int | None = None

    def header(self) -> str:
        """Say how much is shown: ``25 of 1 764 chips, 3 412 segments``."""
        of_all = "" if self.total is None else f" of {grouped(self.total)}"
        text = f"{grouped(len(self.chips))}{of_all} chip{'s' if (self.total or len(self.chips)) != 1 else ''}"
        if self.chosen is None:
            return text
        number = int(np.count_nonzero(self.chosen))
        return f"{text}, {grouped(number)} segment{'s' if number != 1 else ''}"


@dataclass(frozen=True)
class Picture:
    """A chip as it is painted, and the range of the segment ids in it."""

    image: QImage
    first: int
    last: int


@dataclass(frozen=True)
class Grid:
    """Where tiles are, in pixels of the screen.

    Parameters
    ----------
    side
        Of a tile.
    caption
        Height of the line below it.
    columns
        Tiles side by side.
    """

    side: int
    caption: int
    columns: int

    @property
    def pitch(self) -> tuple[int, int]:
        """From one tile to the next, across and down."""
        return self.side + _GAP, self.side + self.caption + _GAP

    def corner(self, place: int) -> tuple[int, int]:
        """Return x and y of a tile, from the top of all tiles."""
        row, column = divmod(place, self.columns)
        return _GAP + column * self.pitch[0], _GAP + row * self.pitch[1]

    def place(self, x: int, y: int, n: int) -> int:
        """Return which of n tiles, caption included, is at (x, y), or -1 in the gaps and beyond the last."""
        (column, right), (row, below) = divmod(x - _GAP, self.pitch[0]), divmod(y - _GAP, self.pitch[1])
        place = row * self.columns + column
        inside = right < self.side and below < self.side + self.caption and 0 <= column < self.columns
        return place if inside and 0 <= place < n else -1

    def height(self, n: int) -> int:
        """Return the height of n tiles."""
        return _GAP + -(-n // self.columns) * self.pitch[1] if n else 0

    def between(self, top: int, bottom: int, n: int) -> range:
        """Return the places of n tiles of which a part is between two heights."""
        first, stop = max(0, (top - _GAP) // self.pitch[1]), max(0, (bottom - _GAP - 1) // self.pitch[1] + 1)
        return range(min(n, first * self.columns), min(n, stop * self.columns))


@dataclass
class Stroke:
    """Segments painted in the tiles while the button is down."""

    mode: Mode
    ids: list[int]
    start: QPoint
    last: QPoint
    moved: bool = False


def grouped(number: int) -> str:
    """Write a number with thin gaps between thousands.

    >>> grouped(1764).replace(chr(0xA0), " ")
    '1 764'
    """
    return f"{number:,}".replace(",", "\u00a0")


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
        self.view: View | None = None
        self.shown = Shown()
        self.codes: NDArray[np.integer[Any]] | None = None
        self.palette_of_classes: NDArray[np.uint8] = np.zeros((1, 3), np.uint8)
        self.names: Sequence[str] = ()
        self.captions: Caption | None = None
        self.selected: Mask | None = None
        self.message: str | None = HINT
        self.side = 128
        self.labels = False
        self.outlines = False
        self.current = -1
        self.grid = Grid(self.side, 0, 1)
        self._font = QFont()
        self._pictures: dict[int, Picture] = {}
        self._painted: Mask | None = None
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
            shown = Shown(self.shown.chips, shown.chosen, None, shown.total)
        self._forget_changed(shown.chosen)
        self.shown = shown
        self.current = min(self.current, len(shown.chips) - 1)
        self._fit()

    def _forget_changed(self, chosen: Mask | None) -> None:
        """Drop the pictures in which other segments are chosen than before; while a brush moves, few are."""
        before = self._painted
        self._painted = None if chosen is None else chosen.copy()
        if before is None or chosen is None or len(before) != len(chosen):
            if before is not None or chosen is not None:
                self._pictures.clear()
            return
        changed = before != chosen
        self._pictures = {
            chip: picture
            for chip, picture in self._pictures.items()
            if not changed[picture.first : picture.last + 1].any()
        }

    def forget(self) -> None:
        """Paint everything anew."""
        self._pictures.clear()
        self._fit()

    def set_side(self, side: int) -> None:
        """Change the size of the tiles, keeping the first of those in sight in sight."""
        side = max(SMALLEST, min(LARGEST, side))
        if side == self.side:
            return
        first = self.places_in_sight().start
        self.side = side
        self._pictures.clear()
        self._fit()
        self.verticalScrollBar().setValue(self.grid.corner(first)[1] - _GAP)
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
        if place < 0 or self.view is None:
            return 0
        tile = self.tile(place)
        ids = self.view.chip(int(self.shown.chips[place]), self.view.side)[1]
        row, column = (
            (position.y() - tile.y()) * self.view.side // self.side,
            (position.x() - tile.x()) * self.view.side // self.side,
        )
        return int(ids[row, column]) if row < ids.shape[0] and column < ids.shape[1] else 0

    def _fit(self) -> None:
        """Lay the tiles out, set the scroll bar to their number, and paint."""
        self._font = _caption_font(self.font())
        columns = (self.viewport().width() - _GAP) // (self.side + _GAP)
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
        if len(self.shown.chips) == 0:
            self._paint_message(painter)
        else:
            self._paint_tiles(painter)
        painter.end()

    def _paint_message(self, painter: QPainter) -> None:
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.viewport().rect().adjusted(12, 12, -12, -12), int(flags), self.message or "")

    def _paint_tiles(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setFont(self._font)
        text, metrics = self.palette().color(QPalette.ColorRole.WindowText), QFontMetrics(self._font)
        places = self.places_in_sight()
        self._read(self.shown.chips[places.start : places.stop])
        for place in places:
            tile, picture = self.tile(place), self._pictures.get(int(self.shown.chips[place]))
            if picture is None:
                painter.fillRect(tile, _EMPTY)
            else:
                painter.drawImage(tile, picture.image)
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

    def _read(self, chips: Rows) -> None:
        """Read and tint the pictures that are not there yet."""
        missing = chips[[int(chip) not in self._pictures for chip in chips]] if len(chips) else chips
        if self.view is None or not len(missing):
            return
        for chip, picture in zip(missing.tolist(), self._tinted(self.view, missing), strict=True):
            self._pictures[chip] = picture
        spare = _KEPT // self._pictures[int(missing[0])].image.sizeInBytes()
        if len(self._pictures) > spare + len(chips):
            self._pictures = {chip: self._pictures[chip] for chip in chips.tolist()}

    def _tinted(self, view: View, chips: Rows) -> list[Picture]:
        rgb, ids = view.chips(chips, self._stored_size(view))
        if self.labels and self.codes is not None:
            paint_classes(rgb, ids, self.codes, self.palette_of_classes, LABEL_OPACITY, out=rgb)
        if self.shown.chosen is not None:
            tint(rgb, ids, self.shown.chosen, out=rgb)
        if self.outlines and self.side >= _OUTLINED_FROM:
            borders = outline(ids)
            rgb[borders] = rgb[borders] // 2 + 127  # half transparent: small segments would be all outline
        flat = ids.reshape(len(ids), -1)
        first = (flat - np.uint32(1)).min(axis=1) + np.uint32(1)  # 0, no data, becomes the largest number
        last = flat.max(axis=1)
        ranges = zip(rgb, first.tolist(), last.tolist(), strict=True)
        return [Picture(_image(pixels), low, high) for pixels, low, high in ranges]

    def _stored_size(self, view: View) -> int:
        """Return the power of two to read: not coarser than the screen, nor finer than the chip."""
        wanted = self.side * self.devicePixelRatioF()
        size = next((size for size in (64, 128) if size >= wanted), 256)
        return min(size, view.side) if view.side <= 256 else size

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
            mode = self._mode(event.modifiers(), taken=self._is_chosen(segment))
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
        top = self.grid.corner(place)[1] - _GAP
        bar, seen = self.verticalScrollBar(), self.viewport().height()
        bar.setValue(max(min(bar.value(), top), top + self.grid.pitch[1] + _GAP - seen))
        self.viewport().update()

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Tell what is under the pointer."""
        if event.type() == QEvent.Type.ToolTip:
            position = cast("QHelpEvent", event).pos()
            QToolTip.showText(cast("QHelpEvent", event).globalPos(), self.told(position), self.viewport())
            return True
        return bool(super().viewportEvent(event))

    def told(self, position: QPoint) -> str:
        """Say what is under a point of the viewport."""
        place = self.place_at(position)
        if place < 0:
            return ""
        lines = [self.caption(place)]
        if self.view is not None:
            chip = int(self.shown.chips[place])
            scene, (row, column, rows, columns) = self.view.of_scene[chip], self.view.windows[chip].tolist()
            name = f"{self.view.scenes[scene].name}, " if len(self.view.scenes) > 1 else ""
            lines.append(f"{name}rows {row} to {row + rows - 1}, columns {column} to {column + columns - 1}")
            lines += self._told_segment(self.segment_at(position))
        lines.append("Double-click: show it on the map")
        return "\n".join(lines)

    def _told_segment(self, segment: int) -> list[str]:
        if not segment:
            return []
        words = [f"segment {segment}"]
        if self.shown.chosen is not None:
            words.append("chosen" if self._is_chosen(segment) else "not chosen")
        if self.codes is not None and segment < len(self.codes):
            code = int(self.codes[segment])
            words.append(
                self.names[code - 1] if 0 < code <= len(self.names) else f"class {code}" if code else "no label"
            )
        return [", ".join(words)]

    def _is_chosen(self, segment: int) -> bool:
        chosen = self.shown.chosen
        return chosen is not None and segment < len(chosen) and bool(chosen[segment])

    def _click_chip(self, chip: int, modifiers: Qt.KeyboardModifier) -> None:
        self.chip_clicked.emit(chip, self._mode(modifiers, taken=self._is_taken(chip)))

    def _is_taken(self, chip: int) -> bool:
        """Whether a chip, or any segment of it, is selected; what a gallery shows is, where nothing else is said."""
        if self.selected is not None:
            return bool(self.selected[chip])
        picture, chosen = self._pictures.get(chip), self.shown.chosen
        if picture is None or chosen is None:
            return chosen is None
        return bool(chosen[picture.first : picture.last + 1].any())

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


def _image(picture: NDArray[np.uint8]) -> QImage:
    """Turn a square picture into an image with pixels of its own, in the format that is drawn quickest."""
    size = len(picture)
    return QImage(picture.data, size, size, 3 * size, QImage.Format.Format_RGB888).convertToFormat(
        QImage.Format.Format_RGB32
    )


class Gallery(QWidget):
    """Pictures of chips, with a line that says how many, a slider for their size and a switch for labels.

    Parameters
    ----------
    parent
        As of any widget.
    """

    chip_clicked = Signal(int, str)
    """Row of the chip; replace, add, subtract or intersect."""
    chip_activated = Signal(int)
    """Double click or Enter: show it on the map."""
    chip_hovered = Signal(int)
    """Row of the chip under the pointer, -1 for none."""
    segment_clicked = Signal(int, str)
    """Segment id; replace, add, subtract or intersect."""
    segments_painted = Signal(object, str, bool)
    """All segment ids of the stroke so far (int64); the mode; True once the stroke is finished."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tiles = Tiles(self)
        self._header = QLabel()
        self._slider = _size_slider(self.tiles)
        self._make_actions()
        self._lay_out()
        for name in ("chip_clicked", "chip_activated", "chip_hovered", "segment_clicked", "segments_painted"):
            getattr(self.tiles, name).connect(getattr(self, name))
        self._tell()

    # what is shown

    def set_view(self, view: View | None) -> None:
        """Take the pictures from here; None while there are none: tiles are gray."""
        self.tiles.view = view
        self.tiles.forget()

    def show_chips(self, chips: Rows, *, total: int | None = None) -> None:
        """Show chips (rows of the table of chips) in this order, of ``total`` chips in all."""
        self.tiles.show_tiles(Shown(np.asarray(chips, dtype=np.int64), None, None, total))
        self._tell()

    def show_segments(
        self,
        chips: Rows,
        chosen: Mask,
        *,
        counts: NDArray[np.integer[Any]] | None = None,
        total: int | None = None,
    ) -> None:
        """Show chips with the chosen segments in full colour and the others under blue.

        Parameters
        ----------
        chips
            Rows of the table of chips, in the order of the tiles. The order is kept: tiles that change places
            while the brush moves cannot be compared.
        chosen
            (max_id + 1,) by segment id.
        counts
            (chips,) number of chosen segments in each chip, for the captions.
        total
            How many chips there are in all.
        """
        self.tiles.show_tiles(Shown(np.asarray(chips, dtype=np.int64), chosen, counts, total))
        self._tell()

    def set_classes(
        self,
        codes_by_id: NDArray[np.integer[Any]] | None,
        palette: NDArray[np.uint8] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """Give the labels that the switch lays over the pictures.

        Parameters
        ----------
        codes_by_id
            (max_id + 1,) class of each segment by id, 0 for none; None for no labels.
        palette
            (classes + 1, 3) colour of each code.
        names
            Of the classes 1, 2 ..., for tooltips.
        """
        self.tiles.codes, self.tiles.names = codes_by_id, names
        if palette is not None:
            self.tiles.palette_of_classes = palette
        self._labels.setEnabled(codes_by_id is not None)
        if self.tiles.labels:
            self.tiles.forget()

    def set_captions(self, captions: Caption | None) -> None:
        """Write ``captions(chip)`` below the tiles; None: the chip's number."""
        self.tiles.captions = captions
        self.tiles.viewport().update()

    def set_selected(self, chips: Mask | None) -> None:
        """Frame the chips of a mask (chips,)."""
        self.tiles.selected = chips
        self.tiles.viewport().update()

    def set_message(self, text: str | None) -> None:
        """Write this where there are no chips; None: the hint to brush."""
        self.tiles.message = HINT if text is None else text
        self.tiles.viewport().update()

    @property
    def tile_size(self) -> int:
        """Side of a tile in pixels of the screen."""
        return self.tiles.side

    @tile_size.setter
    def tile_size(self, side: int) -> None:
        self.tiles.set_side(side)

    @property
    def header(self) -> str:
        """What is shown, in words."""
        return str(self._header.text())

    def screenshot(self) -> NDArray[np.uint8]:
        """Return what the widget shows, (rows, columns, 3)."""
        image = self.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
        lines = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return lines[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).copy()

    def _tell(self) -> None:
        self._header.setText(self.tiles.shown.header() if len(self.tiles.shown.chips) else "No chips")

    def _make_actions(self) -> None:
        tiles = self.tiles
        self._action("Larger tiles", "Ctrl++", lambda: tiles.set_side(tiles.side + STEP))
        self._action("Smaller tiles", "Ctrl+-", lambda: tiles.set_side(tiles.side - STEP))
        self._labels = self._action("Labels", "Ctrl+L", self._toggle_labels, tip="Show labels over the pictures")
        self._outlines = self._action(
            "Outlines", "Ctrl+U", self._toggle_outlines, tip="Show the outlines of segments"
        )
        for action in (self._labels, self._outlines):
            action.setCheckable(True)
        self._labels.setEnabled(False)

    def _action(self, text: str, shortcut: str, function: Callable[[], None], *, tip: str | None = None) -> QAction:
        action = QAction(text, self)
        action.setShortcut(QKeySequence(shortcut))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(f"{tip or text} ({shortcut})")
        action.triggered.connect(lambda *_: function())
        self.addAction(action)
        return action

    def _toggle_labels(self) -> None:
        self.tiles.labels = self._labels.isChecked()
        self.tiles.forget()

    def _toggle_outlines(self) -> None:
        self.tiles.outlines = self._outlines.isChecked()
        self.tiles.forget()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setContentsMargins(_GAP, 2, _GAP, 0)
        self._header.setWordWrap(True)
        line.addWidget(self._header, 1)
        for action in (self._labels, self._outlines):
            line.addWidget(_check_box(action))
        line.addWidget(self._slider)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(2)
        whole.addLayout(line)
        whole.addWidget(self.tiles, 1)


def _check_box(action: QAction) -> QCheckBox:
    """Show a switch as a box with a tick: napari's themes hardly show whether a button is down."""
    box = QCheckBox(action.text())
    box.setToolTip(action.toolTip())
    box.setEnabled(action.isEnabled())
    box.clicked.connect(action.trigger)
    action.changed.connect(lambda: (box.setChecked(action.isChecked()), box.setEnabled(action.isEnabled())))
    return box


def _size_slider(tiles: Tiles) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(SMALLEST // STEP, LARGEST // STEP)
    slider.setValue(tiles.side // STEP)
    slider.setFixedWidth(80)
    slider.setToolTip("Size of the tiles (Ctrl + scroll, Ctrl++, Ctrl+-)")
    slider.setAccessibleName("Size of the tiles")
    slider.valueChanged.connect(lambda steps: tiles.set_side(steps * STEP))
    tiles.resized_tiles.connect(lambda side: slider.setValue(side // STEP))
    return slider
