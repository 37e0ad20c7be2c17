"""One clock for everything that follows the brush: what changes together is painted together.

Beside an OpenGL canvas every painting composes the whole window anew, tens of milliseconds where OpenGL is software.
Widgets that each refresh by a timer of their own would pay that several times for one motion of the brush.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import monotonic
from typing import Any

from psygnal import SignalInstance
from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication, QWidget

_EVERY = 0.04
"""Seconds between two refreshes while something moves; the first after a rest comes at once."""


_AT_ONCE = 0.03
"""Seconds after which no further function is called in the same tick. All that follow a brush over a million segments
need 10 to 20 ms together; one that is left for the next tick has the window composed once more, 8 to 13 ms."""


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

    def take_along(self) -> None:
        """Call those that wait now, unless the last tick was just before: the caller paints anyway.

        What changes within one event is composed into the window once; a tick of its own would compose it again.
        """
        if self._waiting and monotonic() - self._last >= _EVERY / 2:
            self._timer.stop()
            self._run()

    @property
    def waiting(self) -> bool:
        """Whether something is still to be called."""
        return bool(self._waiting)

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
                if owner is None or isalive(owner):  # type: ignore[no-untyped-call]  # qtpy has no types here
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


def listen(widget: QWidget, signal: SignalInstance, slot: Callable[..., Any]) -> None:
    """Connect a session's signal for as long as the widget lives."""
    signal.connect(slot)

    def leave() -> None:
        signal.disconnect(slot, missing_ok=True)

    widget.destroyed.connect(leave)


class Refresh(QObject):
    """Calls a function once however often it is asked to, and only while the widget can be seen.

    Parameters
    ----------
    widget
        Whose content is refreshed; a hidden one is refreshed when it is shown.
    function
        Does it.
    milliseconds
        To gather requests; 0: until the events that wait are handled.
    """

    def __init__(self, widget: QWidget, function: Callable[[], object], milliseconds: int = 0) -> None:
        super().__init__(widget)
        self._widget, self._function = widget, function
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(milliseconds)
        self._timer.timeout.connect(self._run)
        self._stale = True
        widget.installEventFilter(self)

    def ask(self, *_: object) -> None:
        """Refresh soon."""
        self._stale = True
        if self._widget.isVisible():
            self._soon()

    def _soon(self) -> None:
        """By the clock that all share, or later where requests are gathered for longer."""
        if not self._timer.interval():
            ticks().ask(self._run, self)
        elif not self._timer.isActive():
            self._timer.start()

    def now(self) -> None:
        """Refresh at once if anything has changed."""
        self._timer.stop()
        ticks().drop(self._run)
        if self._stale:
            self._run()

    def _run(self) -> None:
        self._stale = False
        self._function()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Refresh what is stale when it comes into view: by the clock, as an error in here would end the process."""
        if event.type() == QEvent.Type.Show and self._stale:
            self._soon()
        return False
