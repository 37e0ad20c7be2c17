"""The process of a window that a test drives from outside: it opens as users open it, and answers what is asked.

``python hand_window.py PORT [WORKSPACE [WORDS...]]``: without a workspace, a window of plain napari. Each line that
comes from the port is an expression, as JSON; its value goes back as JSON, read in Qt's thread between two events.
"""

from __future__ import annotations

import json
import socket
import sys
from threading import Thread
from typing import Any

import numpy as np

from napari_rsgraph.launch import check_screen

check_screen()

import napari  # noqa: E402
from qtpy.QtCore import QEvent, QObject, QPoint, Qt, Signal  # noqa: E402
from qtpy.QtWidgets import QApplication, QWidget  # noqa: E402

from napari_rsgraph.widgets.refresh import ticks  # noqa: E402
from rsgraph.cli import main  # noqa: E402

_ENDS = (QEvent.Type.MouseButtonRelease, QEvent.Type.KeyRelease, QEvent.Type.Wheel, QEvent.Type.Drop)


class Heard(QObject):
    """Counts buttons, keys and files that were let go, and turns of the wheel, as they reach a window."""

    events = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Each reaches the window first, and then its widgets."""
        if watched.isWindowType() and event.type() in _ENDS:
            self.events += 1
        return False


HEARD = Heard()


class Answers(QObject):
    """Reads expressions from a thread, and answers them in Qt's."""

    asked = Signal(str)

    def __init__(self, port: int) -> None:
        super().__init__()
        self._line = socket.create_connection(("127.0.0.1", port)).makefile("rw", encoding="utf-8")
        self.asked.connect(self._answer, Qt.ConnectionType.QueuedConnection)
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._line:
            self.asked.emit(json.loads(line))

    def _answer(self, expression: str) -> None:
        application = QApplication.instance()
        if application is not None and HEARD.parent() is None:
            HEARD.setParent(application)
            application.installEventFilter(HEARD)
        try:
            answer = {"value": eval(expression, names())}  # the test's own words
        except Exception as error:  # noqa: BLE001 - told to the test, whatever it is
            answer = {"error": f"{type(error).__name__}: {error}"}
        self._line.write(json.dumps(answer, default=plain) + "\n")
        self._line.flush()


def names() -> dict[str, Any]:
    """Return what an expression may speak of."""
    from napari_rsgraph.window import _windows

    window = next(iter(_windows), None)
    viewer = window.viewer if window is not None else napari.current_viewer()
    app = QApplication.instance()
    return {
        **{"window": window, "viewer": viewer, "app": app, "np": np, "ticks": ticks},
        **{"place": place, "find": find, "heard": HEARD, "focus": QApplication.focusWidget()},
    }


def place(widget: QWidget) -> list[int]:
    """Return left, top, width and height of a widget on the screen, in pixels of Qt."""
    corner = widget.mapToGlobal(QPoint(0, 0))
    return [corner.x(), corner.y(), widget.width(), widget.height()]


def find(kind: str, text: str) -> QWidget:
    """Return the first widget in sight with a type of that name and that text, title or accessible name."""
    for widget in QApplication.allWidgets():
        if kind in {each.__name__ for each in type(widget).__mro__} and widget.isVisible():
            told = [widget.accessibleName(), widget.windowTitle()]
            told += [str(widget.property(name) or "") for name in ("text", "title", "placeholderText")]
            if any(text in each for each in told):
                return widget
    raise LookupError(f"no {kind} with '{text}' can be seen")


def plain(value: Any) -> Any:
    """Return what JSON can write: of arrays their lists, of anything else its text."""
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else str(value)


if __name__ == "__main__":
    answers = Answers(int(sys.argv[1]))
    if sys.argv[2:]:
        sys.argv = ["rsgraph", "label", *sys.argv[2:]]
        main()
    else:
        napari.Viewer()
        napari.run()
