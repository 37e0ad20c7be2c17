"""Icons of the tools and modes of the brush, drawn in the text colour of the theme."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QBrush, QColor, QIcon, QPainter, QPainterPath, QPalette, QPen, QPixmap, QPolygonF
from qtpy.QtWidgets import QToolButton, QWidget

from napari_rsgraph.actions import action
from napari_rsgraph.widgets.shortcuts import help_of

_SIZE = 18
"""Logical pixels of an icon's side; the drawings below count in them."""

_BACK, _FRONT = QRectF(1.5, 1.5, 10, 10), QRectF(6.5, 6.5, 10, 10)
"""The selection before, and the brush."""

_STYLE = """
QToolButton { background-color: rgba(128, 128, 128, 50); border: 1px solid transparent; padding: 2px }
QToolButton:hover { background-color: rgba(128, 128, 128, 110) }
QToolButton:checked { background-color: rgba(86, 180, 233, 110); border: 1px solid rgb(86, 180, 233) }
"""
"""Themes differ in whether a tool that is chosen looks chosen; here it has a frame as well as a colour."""

_CLOUD = ((3, 7), (6, 2), (12, 3), (16, 8), (13, 14), (7, 15), (9, 11))


def _circle(painter: QPainter) -> None:
    painter.drawEllipse(QRectF(2, 2, 14, 14))


def _rectangle(painter: QPainter) -> None:
    painter.drawRect(QRectF(1.5, 3.5, 15, 11))


def _lasso(painter: QPainter) -> None:
    painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in _CLOUD]))


def _pan(painter: QPainter) -> None:
    """Four arrows."""
    painter.drawLine(QPointF(9, 1), QPointF(9, 17))
    painter.drawLine(QPointF(1, 9), QPointF(17, 9))
    for quarter in range(4):
        painter.save()
        painter.translate(9, 9)
        painter.rotate(90 * quarter)
        painter.drawPolyline(QPolygonF([QPointF(-2.5, -5.5), QPointF(0, -8), QPointF(2.5, -5.5)]))
        painter.restore()


def _path(rect: QRectF) -> QPainterPath:
    path = QPainterPath()
    path.addRect(rect)
    return path


def _mode(filled: Callable[[QPainterPath, QPainterPath], QPainterPath]) -> Callable[[QPainter], None]:
    """Two overlapping squares with what is selected afterwards filled."""

    def draw(painter: QPainter) -> None:
        back, front = _path(_BACK), _path(_FRONT)
        painter.fillPath(filled(back, front), QBrush(painter.pen().color()))
        painter.drawPath(back)
        painter.drawPath(front)

    return draw


def _all(painter: QPainter) -> None:
    _dots(painter, [(x, y) for x in (4, 9, 14) for y in (4, 9, 14)], [])


def _invert(painter: QPainter) -> None:
    painter.drawRect(QRectF(1.5, 1.5, 15, 15))
    painter.fillRect(QRectF(1.5, 1.5, 7.5, 15), painter.pen().color())


def _clear(painter: QPainter) -> None:
    _dots(painter, [], [(x, y) for x in (4, 9, 14) for y in (4, 9, 14)])


def _dots(painter: QPainter, full: list[tuple[int, int]], empty: list[tuple[int, int]]) -> None:
    painter.setPen(QPen(painter.pen().color(), 1))
    for x, y in empty:
        painter.drawEllipse(QPointF(x, y), 1.7, 1.7)
    painter.setBrush(painter.pen().color())
    for x, y in full:
        painter.drawEllipse(QPointF(x, y), 2.2, 2.2)


def _undo(painter: QPainter) -> None:
    painter.drawArc(QRectF(3, 5, 12, 11), -90 * 16, 225 * 16)
    painter.drawPolyline(QPolygonF([QPointF(4.5, 1.5), QPointF(3.6, 7.2), QPointF(9.2, 7.4)]))


def _redo(painter: QPainter) -> None:
    painter.translate(_SIZE, 0)
    painter.scale(-1, 1)
    _undo(painter)


DRAWN: dict[str, Callable[[QPainter], None]] = {
    "circle": _circle,
    "rectangle": _rectangle,
    "lasso": _lasso,
    "pan": _pan,
    "replace": _mode(lambda back, front: front),
    "add": _mode(lambda back, front: back.united(front)),
    "subtract": _mode(lambda back, front: back.subtracted(front)),
    "intersect": _mode(lambda back, front: back.intersected(front)),
    "select_all": _all,
    "invert": _invert,
    "clear": _clear,
    "undo": _undo,
    "redo": _redo,
}
"""By the name of the action."""


def icon(name: str, colour: QColor) -> QIcon:
    """Return the icon of an action in a colour, paler where it is disabled."""
    made = QIcon(_drawn(name, colour))
    pale = QColor(colour)
    pale.setAlpha(90)
    made.addPixmap(_drawn(name, pale), QIcon.Mode.Disabled)
    return made


def _drawn(name: str, colour: QColor) -> QPixmap:
    pixmap = QPixmap(QSize(2 * _SIZE, 2 * _SIZE))
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.5))
    DRAWN[name](painter)
    painter.end()
    return pixmap


class IconButton(QToolButton):
    """A button with the icon of an action; its tooltip and accessible name come from the table of actions.

    Parameters
    ----------
    name
        Of the action; ``DRAWN`` has its icon.
    parent
        Where it stands.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.action_name = name
        self.setText(action(name).text)
        self.setAccessibleName(action(name).text)
        self.setAccessibleDescription(action(name).tooltip)
        self.setToolTip(f"{action(name).text}: {help_of(name)}")
        self.setIconSize(QSize(_SIZE, _SIZE))
        self.setStyleSheet(_STYLE)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Draw again in the colours of another theme."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange):
            self._draw()

    def _draw(self) -> None:
        self.setIcon(icon(self.action_name, self.palette().color(QPalette.ColorRole.ButtonText)))
