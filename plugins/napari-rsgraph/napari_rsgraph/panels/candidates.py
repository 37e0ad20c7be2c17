"""The list of candidates of a search: one page, each with picture, rank, similarity and verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QFont, QImage, QKeyEvent, QPainter, QPalette
from qtpy.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from napari_rsgraph.session.search import Results
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.shortcuts import pressed

PAGE = 20
_HEIGHT, _PICTURE, _GAP = 58, 48, 8
_ROLE = Qt.ItemDataRole
_CENTRE = Qt.AlignmentFlag.AlignVCenter
Index = QModelIndex | QPersistentModelIndex
Thumbnail = Callable[[str, int], QImage | None]

MARKS = {"open": "", "accepted": "✓ accepted", "rejected": "✗ rejected"}
_COLOURS = {"open": "#8a8f98", "accepted": "#009e73", "rejected": "#d55e00"}


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
        self._pictures: dict[tuple[str, int], QImage | None] = {}
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
            return f"{self.title(results, place)}, similarity {results.scores[place]:.3f}, {mark}"
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
        return f"{text} · is {self.session.labels.names[code - 1]}" if code else text

    def _picture(self, level: str, row: int) -> QImage | None:
        key = (level, row)
        if self.thumbnail is not None and key not in self._pictures:
            self._pictures[key] = self.thumbnail(level, row)
        return self._pictures.get(key)

    def set_thumbnail(self, thumbnail: Thumbnail | None) -> None:
        """Take another source of pictures."""
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
    """Draws a candidate: picture, title, similarity, and the verdict as a word with a mark, not only a colour."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802  # Qt's name
        """Return the height of a line."""
        return QSize(200, _HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one."""
        model = index.model()
        assert isinstance(model, CandidateModel)
        painter.save()
        area: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, QColor(86, 180, 233, 60))
            painter.fillRect(area.left(), area.top(), 3, area.height(), QColor("#56b4e9"))
        self._paint_picture(painter, area, index.data(_ROLE.DecorationRole))
        left = area.left() + _PICTURE + 2 * _GAP
        text = QRect(left, area.top() + 6, area.right() - left - 4, 22)
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        painter.setFont(_bold(painter.font()))
        painter.drawText(text, _CENTRE, str(index.data()))
        painter.setFont(option.font)
        second = text.translated(0, 23)
        painter.drawText(second, _CENTRE, model.detail(model.first + index.row()))
        self._paint_verdict(painter, second, str(index.data(_ROLE.UserRole)))
        painter.restore()

    def _paint_picture(self, painter: QPainter, area: QRect, picture: QImage | None) -> None:
        square = QRect(area.left() + _GAP, area.top() + 5, _PICTURE, _PICTURE)
        if picture is None:
            painter.fillRect(square, QColor(128, 128, 128, 60))
            return
        size = picture.size().scaled(square.size(), Qt.AspectRatioMode.KeepAspectRatio)
        placed = QRect(square.topLeft(), size)
        placed.moveCenter(square.center())
        painter.drawImage(placed, picture)

    def _paint_verdict(self, painter: QPainter, line: QRect, verdict: str) -> None:
        mark = MARKS[verdict]
        if mark:
            width = painter.fontMetrics().horizontalAdvance(mark) + 12
            place = QRect(line.right() - width, line.top() - 1, width, line.height())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(_COLOURS[verdict]))
            painter.drawRoundedRect(place, 4, 4)
            painter.setPen(QColor("black"))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, mark)


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

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.candidates = CandidateModel(session, self)
        self.setModel(self.candidates)
        self.setItemDelegate(CandidateDelegate(self))
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.SingleSelection)
        self.setAccessibleName("Candidates, best first")
        self.setMinimumHeight(3 * _HEIGHT)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Judge or move; other keys go on to the window."""
        name = pressed(event, _KEYS) or _ARROWS.get(Qt.Key(event.key()))
        if name is not None:
            self.pressed_key.emit(name)
        else:
            event.ignore()


_KEYS = ("accept", "reject", "accept_rest", "next_candidate", "previous_candidate", "next_page", "previous_page")
_ARROWS = {Qt.Key.Key_Down: "next_candidate", Qt.Key.Key_Up: "previous_candidate"}
"""As in any list."""


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold
