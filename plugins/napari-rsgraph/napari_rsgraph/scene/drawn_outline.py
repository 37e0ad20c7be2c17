"""The line of a lasso while it is drawn over the scene."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPointF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from qtpy.QtWidgets import QWidget

_BRIGHT, _DARK = QColor(255, 255, 255), QColor(0, 13, 51)


class DrawnOutline(QWidget):
    """Lies over the canvas, lets the mouse through, and shows a line, closed by a dashed one.

    Parameters
    ----------
    canvas
        What is drawn over.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.trail: tuple[tuple[float, float], ...] = ()
        self.hide()

    def show_trail(self, trail: Sequence[Sequence[float]]) -> None:
        """Show a line along places of the canvas, in logical pixels from its left and top; none of them: nothing."""
        self.trail = tuple((float(place[0]), float(place[1])) for place in trail)
        if not self.trail:
            self.hide()
            return
        self.setGeometry(self._canvas.rect())
        self.show()
        self.raise_()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw bright on dark, so that the line shows on any picture."""
        line = QPolygonF([QPointF(*place) for place in self.trail])
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for colour, width in ((_DARK, 4), (_BRIGHT, 2)):
                painter.setPen(QPen(colour, width))
                painter.drawPolyline(line)
            painter.setPen(QPen(_BRIGHT, 1, Qt.PenStyle.DashLine))
            painter.drawLine(line.last(), line.first())
        finally:
            painter.end()  # Qt would end the process over a painter that is left open
