"""The run that goes on while the window is open: what it tells, for the window's thread."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from qtpy.QtCore import QObject, QTimer, Signal

from rsgraph.background import BackgroundRun
from rsgraph.cli import INTERRUPTED_CODE
from rsgraph.console import fail
from rsgraph.workspace import Workspace

_LOOK = 100
"""Milliseconds between two looks for events of the run."""


class Training(QObject):
    """A run in a process of its own.

    Parameters
    ----------
    words
        Path and overrides, as ``rsgraph run`` takes them.

    Signals
    -------
    progressed(stage, done, total, left)
        How far a stage is, and the time that is left in words, where it can be said.
    finished(stage)
        What it makes is in the workspace.
    ended(sentence)
        Nothing more will be made: all is there, or the sentence says why not.
    """

    progressed = Signal(str, object, object, str)
    finished = Signal(str)
    ended = Signal(str)

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__()
        self._events: SimpleQueue[Mapping[str, Any]] = SimpleQueue()
        self._failure = ""
        self._run = BackgroundRun(words, self._events.put)
        self._timer: QTimer | None = None

    def wait_until_ready(self, there: Path | None = None) -> Path:
        """Return the workspace as soon as it can be labelled.

        Parameters
        ----------
        there
            A workspace that the run goes on with: if its maps are there already, it can be labelled also where the
            run cannot go on, since its scene has gone, for instance.

        Raises
        ------
        SystemExit
            The run has ended, and said why, before there was anything to label.
        """
        found = self._run.wait_until_ready()
        if found is not None:
            return found
        code = self._run.stop()
        if there is not None and code != INTERRUPTED_CODE and Workspace(there).ready:
            return there
        if code < 0:
            fail(f"the run {_unknown(code)}. The same command goes on where it stopped")
        sys.exit(code)

    @property
    def ready(self) -> bool:
        """Whether the run has said that its workspace can be labelled."""
        return self._run.workspace is not None

    def steps(self) -> list[str]:
        """Return the stages that are still to be made."""
        return [] if self._run.workspace is None else Workspace(self._run.workspace).unfinished

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._run.running

    def listen(self) -> None:
        """Begin to emit signals: of all events so far, and of those to come. A second call does nothing."""
        if self._timer is not None:
            return
        self._timer = QTimer(self, interval=_LOOK)
        self._timer.timeout.connect(self._hear)
        self._timer.start()

    def ask_to_stop(self) -> None:
        """Let it end; ``ended`` tells when it has."""
        self._run.ask_to_stop()

    def stop(self) -> int:
        """End it, and wait for that; return its exit code."""
        if self._timer is not None:
            self._timer.stop()
        return self._run.stop()

    def _hear(self) -> None:
        """Emit events; of several reports of progress the last is enough, none of a stage that has ended since."""
        latest: Mapping[str, Any] | None = None
        try:
            while True:
                event = self._events.get_nowait()
                if "done" in event:
                    latest = event
                else:
                    latest = None if "finished" in event else latest
                    self._emit(event)
        except Empty:
            pass
        if latest is not None:
            self.progressed.emit(latest["stage"], latest["done"], latest["total"], latest["left"])

    def _emit(self, event: Mapping[str, Any]) -> None:
        if "failed" in event:
            self._failure = event["failed"]
        elif "finished" in event:
            self.finished.emit(event["finished"])
        elif "ended" in event:
            stopped = event["ended"] == INTERRUPTED_CODE
            unknown = f"it {_unknown(event['ended'])}. Label on: the next start goes on"
            failed = event["ended"] != 0 and not stopped
            self.ended.emit((self._failure or unknown) if failed else "")


def _unknown(code: int) -> str:
    """Say how a run ended that did not say why: killed by a signal, or by a defect of ours."""
    return f"ended with {code}; {'memory may be short' if code < 0 else 'the terminal shows why'}"
