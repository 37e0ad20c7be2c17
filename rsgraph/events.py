"""Events of a run, for a program that watches it: a window that trains in the background, for instance.

::

    {"stage": "encoder", "done": 3, "total": 12, "left": "about 2 min left"}     how far a stage is
    {"finished": "encoder"}                          its outputs are in the workspace
    {"ready": "/home/me/workspaces/plymouth"}        the workspace can be labelled
    {"failed": "the sentence that the user read"}    nothing more will be done
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rsgraph.progress import TimeLeft
from rsgraph.protocols import Progress

Listener = Callable[[Mapping[str, Any]], None]

_listeners: list[Listener] = []


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Call a listener with every event of this process, until left."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def tell(**event: object) -> None:
    """Tell an event to whoever listens."""
    for listener in _listeners:
        listener(event)


def telling(stage: str, report: Progress, time_left: TimeLeft) -> Progress:
    """Return what reports progress as ``report`` does, and tells it, with the words of ``time_left``."""

    def reported(done: int, total: int) -> None:
        report(done, total)
        tell(stage=stage, done=int(done), total=int(total), left=time_left.words)

    return reported
