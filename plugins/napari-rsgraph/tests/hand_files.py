"""A file manager of one file: a small window from which a person drags it onto another.

``python hand_files.py FILE LEFT TOP`` says ``shown`` once it can be seen.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hand import Hand, Place
from qtpy.QtCore import QMimeData, Qt, QTimer, QUrl
from qtpy.QtGui import QDrag, QMouseEvent
from qtpy.QtWidgets import QApplication, QLabel

SIZE = 40


class File(QLabel):
    """What is dragged."""

    def __init__(self, path: str) -> None:
        super().__init__("file")
        self.path = path
        top = Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint | Qt.WindowType.ToolTip
        self.setWindowFlags(top)
        self.setFixedSize(SIZE, SIZE)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802  # Qt's name
        """Begin to drag, as file managers do."""
        drag, data = QDrag(self), QMimeData()
        data.setUrls([QUrl.fromLocalFile(self.path)])
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)


@contextmanager
def file_on(hand: Hand, path: Path, *, left: int = 600, top: int = 4) -> Iterator[Place]:
    """Show a file on a person's screen; yield where it can be taken hold of."""
    command = [sys.executable, __file__, str(path), str(left), str(top)]
    environment = {**os.environ, "DISPLAY": f":{hand.display}", "QT_QPA_PLATFORM": "xcb"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "shown"
        yield left + SIZE / 2, top + SIZE / 2
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    application = QApplication([])
    file = File(sys.argv[1])
    file.move(int(sys.argv[2]), int(sys.argv[3]))
    file.show()
    QTimer.singleShot(300, lambda: os.write(1, b"shown\n"))
    application.exec()
