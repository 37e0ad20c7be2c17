"""Files that are dragged onto any part of a window."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from qtpy.QtCore import QEvent, QObject, Qt, Signal
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QMainWindow, QWidget

_DRAGGED = (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)


class Drops(QObject):
    """Takes files that are dropped on a window, before the parts of it that would take them otherwise.

    With Alt held they are left to napari, which asks by which of its readers to open them.

    Parameters
    ----------
    main
        The window.
    """

    dropped = Signal(list)
    """Paths of files and folders."""

    def __init__(self, main: QMainWindow) -> None:
        super().__init__(main)
        self._accepted = main.acceptDrops()
        main.setAcceptDrops(True)
        for widget in (main, *(each for each in main.findChildren(QWidget) if each.acceptDrops())):
            widget.installEventFilter(self)

    def close(self) -> None:
        """Leave drops to the window as it was."""
        main = cast(QMainWindow, self.parent())
        for widget in main.findChildren(QWidget):
            widget.removeEventFilter(self)
        main.removeEventFilter(self)
        main.setAcceptDrops(self._accepted)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Accept files while they are dragged, and hand them on when they are let go."""
        if event.type() not in _DRAGGED:
            return False
        drag = cast(QDropEvent, event)
        paths = [Path(url.toLocalFile()) for url in drag.mimeData().urls() if url.isLocalFile()]
        if not paths or drag.modifiers() & Qt.KeyboardModifier.AltModifier:
            return False
        drag.setDropAction(Qt.DropAction.CopyAction)
        drag.accept()
        if event.type() == QEvent.Type.Drop:
            self.dropped.emit(paths)
        return True
