"""One clock for everything that follows the brush: what changes together is painted together.

Beside an OpenGL canvas every painting composes the whole window anew, tens of milliseconds where OpenGL is software.
Widgets that each refresh by a timer of their own would pay that several times for one motion of the brush.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import monotonic

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import QApplication

_EVERY = 0.04
"""Seconds between two refreshes while something moves; the first after a rest comes at once."""


_AT_ONCE = 0.006
"""Seconds after which no further function is called in the same tick: each painting stays short."""


class Ticks(QObject):
    """Calls functions soon, together, each once however often it is asked for.

    Parameters
    ----------
    parent
        The application.
    """

    def __init__(self, parent: QObject | None) -> None:
        super().__init__(parent)
        self._waiting: dict[Callable[[], object], QObject | None] = {}
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._run)

    def ask(self, function: Callable[[], object], owner: QObject | None = None) -> None:
        """Call a function at the next tick, unless its owner is gone by then."""
        self._waiting.setdefault(function, owner)
        self._start()

    def drop(self, function: Callable[[], object]) -> None:
        """Do not call it after all."""
        self._waiting.pop(function, None)

    def _start(self) -> None:
        if self._waiting and not self._timer.isActive():
            left = self._last + _EVERY - monotonic()
            self._timer.start(max(0, round(left * 1000)))

    def _run(self) -> None:
        """Call those that wait, as many as fit; after an error in one the others wait for the next tick."""
        waiting, self._waiting = self._waiting, {}
        start = monotonic()
        try:
            while waiting and monotonic() - start < _AT_ONCE:
                function, owner = next(iter(waiting.items()))
                del waiting[function]
                if owner is None or isalive(owner):  # type: ignore[no-untyped-call]
                    function()
        finally:
            self._waiting = {**waiting, **self._waiting}
            self._last = monotonic()
            self._start()


@cache
def _of(application: QApplication | None) -> Ticks:
    return Ticks(application)


def ticks() -> Ticks:
    """Return the application's clock."""
    return _of(QApplication.instance())
