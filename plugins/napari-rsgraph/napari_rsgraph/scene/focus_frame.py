"""A frame round the scene while it has the keyboard."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, QRect, Qt
from qtpy.QtWidgets import QWidget

_WIDTH = 2
_COLOUR = "#56b4e9"
"""As round the 2-D map."""


class FocusFrame(QObject):
    """Four narrow bars along the edges of a canvas: one widget over all of it would slow every picture down.

    Parameters
    ----------
    canvas
        What is framed.
    """

    def __init__(self, canvas: QWidget) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.bars = [QWidget(canvas) for _ in range(4)]
        for bar in self.bars:
            bar.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
            bar.setStyleSheet(f"background: {_COLOUR}")
        canvas.installEventFilter(self)
        self._follow(canvas.hasFocus())

    def close(self) -> None:
        """Take it away."""
        self._canvas.removeEventFilter(self)
        for bar in self.bars:
            bar.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Follow the keyboard and the size of the canvas."""
        kind = event.type()
        if kind in (QEvent.Type.FocusIn, QEvent.Type.FocusOut, QEvent.Type.Resize):
            shown = self._canvas.hasFocus() if kind == QEvent.Type.Resize else kind == QEvent.Type.FocusIn
            self._follow(shown)
        return False

    def _follow(self, shown: bool) -> None:
        width, height = self._canvas.width(), self._canvas.height()
        for bar, place in zip(
            self.bars,
            (
                QRect(0, 0, width, _WIDTH),
                QRect(0, height - _WIDTH, width, _WIDTH),
                QRect(0, 0, _WIDTH, height),
                QRect(width - _WIDTH, 0, _WIDTH, height),
            ),
            strict=True,
        ):
            bar.setGeometry(place)
            bar.setVisible(shown)
