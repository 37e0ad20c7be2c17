"""The candidates of a search: one page of tiles, each with picture, rank, similarity and verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QImage, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_rsgraph.session.search import Results
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.shortcuts import pressed

PAGE = 20
PICTURE = 128
"""Side of a picture in logical pixels: on a finer screen it has as many more of its own."""
_GAP, _LINE = 6, 18
_TILE = QSize(PICTURE + 2 * _GAP, PICTURE + 2 * _LINE + 2 * _GAP)
_ROLE = Qt.ItemDataRole
_CENTRE = Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex
Thumbnail = Callable[[str, int, int], QImage | None]
"""Draws a chip or segment: (level, row, pixels along the picture)."""

MARKS = {"open": "", "accepted": "✓ accepted", "rejected": "✗ rejected"}
_COLOURS = {"open": "#8a8f98", "accepted": "#009e73", "rejected": "#d55e00"}
_LOOKED_AT = QColor("#ff40f5")
"""As the outline in the scene."""


class CandidateModel(QAbstractListModel):
    """The candidates of one page; row 0 is the first of the page.

    Parameters
    ----------
    session
        Its search has the candidates.
    parent
        The list.
    """

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self.session = session
        self.thumbnail: Thumbnail | None = None
        self.first = 0
        self.sharpness = 1.0
        self._pictures: dict[tuple[str, int, int], QImage | None] = {}
        self._known: Results | None = None

    @property
    def results(self) -> Results | None:
        """What is listed."""
        return self.session.search.results

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802  # Qt's name
        """Count the candidates of the page."""
        results = self.results
        return 0 if results is None else max(min(PAGE, len(results.rows) - self.first), 0)

    def data(self, index: Index, role: int = int(_ROLE.DisplayRole)) -> Any:
        """Return text, picture or the verdict (user role) of a candidate."""
        results, place = self.results, self.first + index.row()
        if results is None or not index.isValid() or place >= len(results.rows):
            return None
        if role == _ROLE.DisplayRole:
            return self.title(results, place)
        if role in (_ROLE.AccessibleTextRole, _ROLE.ToolTipRole):
            mark = MARKS[results.verdicts[place]][2:] or "not judged yet"
            return ", ".join(filter(None, (self.title(results, place), self.detail(place), self.beside(place), mark)))
        if role == _ROLE.DecorationRole:
            return self._picture(results.level, int(results.rows[place]))
        return results.verdicts[place] if role == _ROLE.UserRole else None

    def title(self, results: Results, place: int) -> str:
        """Return rank and name of a candidate; of a labelled segment its class too."""
        session, row = self.session, int(results.rows[place])
        tables = session.tables
        if results.level == "chips":
            return f"{place + 1}. chip {tables.chips['chip_id'].iat[row]}"
        chip = tables.segments["chip_id"].iat[row]
        return f"{place + 1}. segment {int(tables.ids[row])}, chip {chip}"

    def detail(self, place: int) -> str:
        """Return the similarity of a candidate, and the class that it has already."""
        results = self.results
        assert results is not None
        text = f"similarity {results.scores[place]:.4f}"
        code = int(self.session.labels.codes[results.rows[place]]) if results.level == "segments" else 0
        return f"{text}, labelled {self.session.labels.names[code - 1]}" if code else text

    def beside(self, place: int) -> str:
        """Say how many more there are close by that a candidate stands for, or nothing."""
        assert self.results is not None
        more = len(self.results.near[place])
        return f"stands for {more:,} more near it" if more else ""

    def _picture(self, level: str, row: int) -> QImage | None:
        key = (level, row, round(PICTURE * self.sharpness))
        if self.thumbnail is not None and key not in self._pictures:
            self._pictures[key] = self.thumbnail(*key)
        return self._pictures.get(key)

    def set_thumbnail(self, thumbnail: Thumbnail | None) -> None:
        """Take another source of pictures: (level, row, pixels along it) -> picture."""
        self.thumbnail, self._pictures = thumbnail, {}
        self.show_page(self.first)

    def show_page(self, first: int) -> None:
        """List other candidates; the same ones are only drawn again."""
        if first == self.first and self.results is self._known:
            self.dataChanged.emit(self.index(0), self.index(max(self.rowCount() - 1, 0)))
            return
        self.beginResetModel()
        if self.results is not self._known:
            self._pictures = {}
        self.first, self._known = first, self.results
        self.endResetModel()


class CandidateDelegate(QStyledItemDelegate):
    """Draws a candidate: picture, rank, similarity, and the verdict as a word with a mark, not only a colour."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802  # Qt's name
        """Return the size of a tile."""
        return _TILE

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one."""
        model = index.model()
        assert isinstance(model, CandidateModel)
        results, place = model.results, model.first + index.row()
        if results is None or place >= len(results.rows):
            return
        painter.save()
        square = picture_rect(option.rect)
        self._paint_picture(painter, square, index.data(_ROLE.DecorationRole))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(_LOOKED_AT, 3))
            painter.drawRect(square.adjusted(-2, -2, 1, 1))
        if len(results.near[place]):
            many = f"×{len(results.near[place]) + 1:,}"
            _badge(painter, many, square.topRight() + QPoint(-3, 3), QColor(255, 255, 255), right=True)
        verdict = str(index.data(_ROLE.UserRole))
        if MARKS[verdict]:
            _badge(painter, MARKS[verdict], square.bottomLeft() + QPoint(3, -_LINE - 3), QColor(_COLOURS[verdict]))
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        line = QRect(square.left(), square.bottom() + 3, square.width(), _LINE)
        for text, font in (
            (f"{place + 1} · {results.scores[place]:.4f}", _bold(option.font)),
            (_name(model, place), option.font),
        ):
            painter.setFont(font)
            elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, _CENTRE, elided)
            line = line.translated(0, _LINE)
        painter.restore()

    def _paint_picture(self, painter: QPainter, square: QRect, picture: QImage | None) -> None:
        if picture is None:
            painter.fillRect(square, QColor(128, 128, 128, 60))
            return
        size = picture.size().scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio)
        placed = QRect(square.topLeft(), size)
        placed.moveCenter(square.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(placed, picture)


def picture_rect(tile: QRect) -> QRect:
    """Return where in its tile a picture is."""
    return QRect(tile.left() + (tile.width() - PICTURE) // 2, tile.top() + _GAP, PICTURE, PICTURE)


def _name(model: CandidateModel, place: int) -> str:
    """Return what the second line says: the class where there is one, else what it is."""
    assert model.results is not None
    _, labelled, name = model.detail(place).partition(", labelled ")
    return f"is {name}" if labelled else model.title(model.results, place).partition(". ")[2].partition(",")[0]


def _badge(painter: QPainter, text: str, corner: QPoint, colour: QColor, *, right: bool = False) -> None:
    """Write a word on a rounded ground, from its upper left corner or, ``right``, its upper right one."""
    width = painter.fontMetrics().horizontalAdvance(text) + 12
    place = QRect(corner.x() - (width if right else 0), corner.y(), width, _LINE)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(place, 4, 4)
    painter.setPen(QColor("black"))
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)


class CandidateList(QListView):
    """The list, and the keys that judge.

    Parameters
    ----------
    session
        Its search has the candidates.
    parent
        The panel.
    """

    pressed_key = Signal(str)
    """The name of the action that a key stands for."""
    stepped = Signal(int)
    """Tiles to go on by an arrow key."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.candidates = CandidateModel(session, self)
        self.setModel(self.candidates)
        self.setItemDelegate(CandidateDelegate(self))
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setMovement(QListView.Movement.Static)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setAccessibleName("Candidates, best first")
        self.setMinimumHeight(_TILE.height() + 8)

    def columns(self) -> int:
        """Count the tiles side by side."""
        return max((self.viewport().width() - 1) // _TILE.width(), 1)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw pictures as fine as the screen that the window is on now."""
        self.candidates.sharpness = self.devicePixelRatioF()
        super().paintEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Judge or move; other keys go on to the window."""
        name, arrow = pressed(event, _KEYS), _ARROWS.get(Qt.Key(event.key()))
        if name is not None:
            self.pressed_key.emit(name)
        elif arrow is not None:
            across, down = arrow
            self.stepped.emit(across + down * self.columns())
        else:
            event.ignore()


_KEYS = ("accept", "reject", "accept_rest", "next_candidate", "previous_candidate", "next_page", "previous_page")
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""Tiles to the right and down, as in any grid of pictures."""


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold
