"""Tasks of a session: it says what to do, the window says where it runs, and the user reads what came of it.

A task has a lane. Tasks of one lane run one after the other, in the order in which they were started:
``journal`` for everything that writes labels, ``background`` for what may be cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol

from psygnal import Signal

from rsgraph.errors import RsgraphError
from rsgraph.protocols import Progress

Lane = Literal["journal", "background", "process"]
"""``process``: the function and its result travel to another process, so that compiled code cannot hold up the
window and cancelling is immediate."""

Severity = Literal["status", "info", "warning", "error"]


class Cancelled(Exception):
    """Raised inside a task by its progress callback after the user cancelled it."""


class Work(Protocol):
    """Runs tasks."""

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
        """Run ``function(progress)``, then call ``done(result)`` on the window's thread.

        Parameters
        ----------
        title
            What the user reads while it runs.
        function
            Its RsgraphErrors reach the user. It calls progress(done, total), which raises Cancelled once the
            user has cancelled.
        done
            Called with the result, unless the task failed or was cancelled.
        lane
            Where it runs.
        failed
            Called with an RsgraphError.
        ended
            Called last in any case: done, failed, cancelled or crashed.
        """
        ...


class Immediate:
    """Runs every task at once, in the caller's thread: for scripts and tests without a window."""

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
        """Run now. Without ``failed`` an RsgraphError is raised."""
        try:
            result = function(_ignore)
        except RsgraphError as error:
            if failed is None:
                raise
            failed(error)
        else:
            done(result)
        finally:
            if ended is not None:
                ended()


def _ignore(done: int, total: int) -> None:
    pass


class Tasks:
    """Runs what takes time and gives the user sentences, for all parts of a session.

    Parameters
    ----------
    work
        Where it runs.
    """

    message = Signal(str, str)
    """Severity and a sentence for the user; status is said in passing."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def say(self, text: str, severity: Severity = "info") -> None:
        """Give the user a sentence."""
        self.message.emit(severity, text)

    def run(
        self,
        title: str,
        function: Callable[[Progress], Any],
        done: Callable[[Any], None],
        *,
        lane: Lane = "background",
        failed: Callable[[RsgraphError], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Run ``function(progress)`` as ``Work.start`` does; the user reads its errors before ``failed`` hears."""

        def report(error: RsgraphError) -> None:
            self.say(str(error), "error")
            if failed is not None:
                failed(error)

        self.work.start(title, function, done, lane=lane, failed=report, ended=ended)
