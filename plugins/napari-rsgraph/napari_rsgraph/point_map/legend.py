"""The legend of the 2-D map: colours of the points and their meaning."""

from __future__ import annotations

from qtpy.QtCore import QRectF, QSize
from qtpy.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent
from qtpy.QtWidgets import QHBoxLayout, QLabel, QWidget

from napari_rsgraph.session.colouring import Key
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.controls import swatch
from napari_rsgraph.widgets.layouts import FlowLayout, emptied
from napari_rsgraph.widgets.refresh import Refresh, listen

_CIVIDIS = ("#00224e", "#2a3f6d", "#575d6d", "#7d7c78", "#a59c74", "#d2c060", "#fee838")
"""Seven places of matplotlib's cividis, evenly spaced."""


class Legend(QWidget):
    """Names with their colours, or the ends of a scale.

    Parameters
    ----------
    session
        Whose colours are explained.
    parent
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.texts: list[str] = []
        self._flow = FlowLayout(self, spacing=6)
        self._shown: Key | None = None
        self._refresh = Refresh(self, self.refresh)
        for signal in (session.colouring.changed, session.map_changed, session.labels.classes_changed):
            listen(self, signal, self._refresh.ask)
        self.setToolTip("What the colours of the points mean")

    def refresh(self) -> None:
        """Show the key of now, if it is another one."""
        key = self.session.colouring.key(self.session.selection.level)
        if key != self._shown:
            self._shown = key
            self._rebuild(key)

    def _rebuild(self, key: Key) -> None:
        emptied(self._flow)
        self.texts = []
        self._add(QLabel(f"{key.title}:"), key.title)
        if key.scale is not None:
            self._add(QLabel(f"{key.scale[0]:.3g}"), f"{key.scale[0]:.3g}")
            self._add(Scale(), "")
            self._add(QLabel(f"{key.scale[1]:.3g}"), f"{key.scale[1]:.3g}")
        for name, colour in key.entries:
            self._add(_entry(name, colour), name)
        more = self._left_out(key)
        if more:
            self._add(QLabel(f"and {more} more"), f"and {more} more")
        self.setAccessibleName(f"Colours: {', '.join(text for text in self.texts if text)}")
        self.updateGeometry()

    def _add(self, widget: QWidget, text: str) -> None:
        self.texts.append(text)
        self._flow.addWidget(widget)

    def _left_out(self, key: Key) -> int:
        """How many classes the key leaves out."""
        of_classes = key.title in ("class", "predicted")
        return max(len(self.session.labels.names) + 1 - len(key.entries), 0) if of_classes else 0


class Scale(QWidget):
    """The colours from low to high."""

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the size of the bar."""
        return QSize(120, 14)

    def minimumSizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Return the size of the bar."""
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draw the bar."""
        gradient = QLinearGradient(0, 0, self.width(), 0)
        for place, colour in enumerate(_CIVIDIS):
            gradient.setColorAt(place / (len(_CIVIDIS) - 1), QColor(colour))
        painter = QPainter(self)
        painter.fillRect(QRectF(0, 1, self.width(), self.height() - 2), gradient)
        painter.end()


def _entry(name: str, colour: str) -> QWidget:
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(3)
    square = QLabel()
    square.setPixmap(swatch(colour, 12).pixmap(12, 12))
    layout.addWidget(square)
    layout.addWidget(QLabel(name))
    return holder
