"""Runs a session's tasks beside the window: threads, and processes for compiled code; with progress and cancel."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

from qtpy.QtCore import QEventLoop, QObject, QTimer, Signal

from napari_rsgraph.session.work import Cancelled, Lane
from rsgraph.errors import RsgraphError
from rsgraph.protocols import Progress
from rsgraph.safe_paths import safe_children

_SHOWN_AFTER = 300
"""Milliseconds after which a task is shown: what is quicker needs no bar."""

_EVERY = 0.05
"""Seconds between two reports of progress."""


@dataclass
class Task:
    """Something that runs.

    Parameters
    ----------
    number, title
        For the user.
    done, failed, ended
        What to call on the window's thread.
    """

    number: int
    title: str
    done: Callable[[Any], None]
    failed: Callable[[RsgraphError], None] | None
    ended: Callable[[], None] | None
    stop: threading.Event = field(default_factory=threading.Event)
    shown: bool = False
    future: Future[Any] | None = None


class QtWork(QObject):
    """Runs tasks; implements ``napari_rsgraph.session.work.Work``.

    Signals
    -------
    started(number, title), progressed(number, done, total), ended(number)
        Of tasks that take longer than a moment.
    crashed(error)
        A defect of ours: not an RsgraphError.
    idle()
        The last task ended.
    """

    started = Signal(int, str)
    progressed = Signal(int, object, object)
    ended = Signal(int)
    crashed = Signal(object)
    idle = Signal()
    _finished = Signal(int)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = itertools.count(1)
        self._tasks: dict[int, Task] = {}
        background = ThreadPoolExecutor(2, thread_name_prefix="rsgraph")
        self._lanes = {
            "journal": ThreadPoolExecutor(1, thread_name_prefix="rsgraph-journal"),
            "background": background,
            "process": background,
        }
        self._finished.connect(self._finish)

    def start(
        self,
        title: str,
        function: Callable[[Progress], Any],
        done: Callable[[Any], None],
        *,
        lane: Lane = "background",
        failed: Callable[[RsgraphError], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Run ``function(progress)`` in a lane, then ``done(result)`` on this thread."""
        task = Task(next(self._numbers), title, done, failed, ended)
        self._tasks[task.number] = task
        call = partial(_in_process, function, task.stop) if lane == "process" else function
        task.future = self._lanes[lane].submit(call, self._report(task))
        task.future.add_done_callback(lambda _: self._finished.emit(task.number))
        QTimer.singleShot(_SHOWN_AFTER, partial(self._show, task.number))

    def cancel(self, number: int) -> None:
        """Stop a task; what it had written is whole."""
        task = self._tasks.get(number)
        if task is not None and task.future is not None:
            task.stop.set()
            task.future.cancel()

    @property
    def busy(self) -> bool:
        """Whether anything runs or waits."""
        return bool(self._tasks)

    def wait(self, milliseconds: int = 60_000) -> bool:
        """Let the window live until nothing runs; return whether that came about in time."""
        if not self.busy:
            return True
        loop = QEventLoop()
        self.idle.connect(loop.quit)
        timer = QTimer(singleShot=True)
        timer.timeout.connect(loop.quit)
        timer.start(milliseconds)
        loop.exec_() if hasattr(loop, "exec_") else loop.exec()
        timer.stop()
        self.idle.disconnect(loop.quit)
        return not self.busy

    def close(self) -> None:
        """Cancel what may be cancelled; wait for the journal, so that no label is lost."""
        for task in list(self._tasks.values()):
            task.stop.set()
        self._lanes["background"].shutdown(wait=True, cancel_futures=True)
        self._lanes["journal"].shutdown(wait=True)

    def _report(self, task: Task) -> Progress:
        last = 0.0

        def report(done: int, total: int) -> None:
            nonlocal last
            if task.stop.is_set():
                raise Cancelled
            now = time.monotonic()
            if task.shown and (now - last > _EVERY or done == total):
                last = now
                self.progressed.emit(task.number, int(done), int(total))

        return report

    def _show(self, number: int) -> None:
        task = self._tasks.get(number)
        if task is not None:
            task.shown = True
            self.started.emit(number, task.title)

    def _finish(self, number: int) -> None:
        """Tell the outcome, on the window's thread."""
        task = self._tasks.pop(number)
        if task.shown:
            self.ended.emit(number)
        try:
            self._tell(task)
        finally:
            if task.ended is not None:
                task.ended()
            if not self._tasks:
                self.idle.emit()

    def _tell(self, task: Task) -> None:
        future = task.future
        if future is None or future.cancelled():
            return
        error = future.exception()
        if error is None:
            task.done(future.result())
        elif isinstance(error, RsgraphError) and task.failed is not None:
            task.failed(error)
        elif not isinstance(error, Cancelled):
            self.crashed.emit(error)


def _in_process(function: Callable[[Progress], Any], stop: threading.Event, report: Progress) -> Any:
    """Run in another process; cancelling ends it at once."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(function, there), daemon=True)
    with safe_children():
        process.start()
    there.close()
    try:
        while True:
            if stop.is_set():
                raise Cancelled
            if not here.poll(0.1):
                if process.is_alive() or here.poll(0):
                    continue
                raise RsgraphError(f"the process that computed ended with {process.exitcode}; memory may be short")
            kind, value = here.recv()
            if kind == "progress":
                report(*value)
            elif kind == "failed":
                raise value
            else:
                return value
    except EOFError as error:
        process.join(5)
        raise RsgraphError(
            f"the process that computed ended early (exit code {process.exitcode}); memory may be short: close other "
            "programs or select fewer segments"
        ) from error
    finally:
        process.terminate()
        process.join()
        here.close()


def _serve(function: Callable[[Progress], Any], connection: Connection) -> None:
    """Run a function for the window and send what comes of it."""

    def progress(done: int, total: int) -> None:
        connection.send(("progress", (done, total)))

    try:
        connection.send(("done", function(progress)))
    except RsgraphError as error:
        connection.send(("failed", error))
