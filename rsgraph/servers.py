"""A server that may be gone: a thread of its own talks to it, and waiting for it has an end."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any, TypeVar

from rsgraph.errors import in_short

Result = TypeVar("Result")

PATIENCE, AT_FIRST = 10.0, 6.0
"""Seconds that a run waits for a server in all, and of these before its first stage."""


def innermost(error: BaseException) -> str:
    """Return why a connection failed, of all that libraries wrap round it: ``Connection refused``."""
    while (within := error.__cause__ or error.__context__) is not None:
        error = within
    return getattr(error, "strerror", None) or in_short(error)


class ServerGone(Exception):
    """A server does not answer, or not in time. Never shown to a user: the local store takes its place."""


class Courier:
    """Takes things to a server, one by one, in a thread of its own: a server that hangs holds up nothing else."""

    def __init__(self) -> None:
        self.gone: str | None = None
        """Why nothing more is taken there."""
        self.refused: Exception | None = None
        """What the server, which is there, did not accept first."""
        self._left = PATIENCE
        self._errands: queue.Queue[tuple[Callable[[], Any], Future[Any]] | None] = queue.Queue()
        threading.Thread(target=self._run, name="mlflow", daemon=True).start()

    def _run(self) -> None:
        while (errand := self._errands.get()) is not None:
            work, outcome = errand
            if self.gone is not None:
                outcome.cancel()
            if not outcome.set_running_or_notify_cancel():
                continue
            try:
                outcome.set_result(work())
            except BaseException as error:  # noqa: BLE001  # handed to who waits, or looked at below
                outcome.set_exception(error)

    def wait(self, work: Callable[[], Result], *, most: float = PATIENCE) -> Result:
        """Have something done, and wait for it.

        Raises
        ------
        ServerGone
            There is no answer, or none in the time that is left.
        Exception
            What the server, which is there, does not accept.
        """
        outcome: Future[Result] = Future()
        began = time.monotonic()
        self._errands.put((work, outcome))
        try:
            return outcome.result(min(self._left, most))
        except TimeoutError:
            self.gone = self.gone or f"not within {min(self._left, most):.0f} s"
        except CancelledError:
            self.gone = self.gone or "it is gone"
        except Exception as error:
            if not is_absence(error):
                raise
            self.gone = innermost(error)
        finally:
            self._left = max(0.0, self._left - (time.monotonic() - began))
        raise ServerGone(self.gone)

    def send(self, work: Callable[[], object]) -> None:
        """Have something done, and go on."""
        outcome: Future[Any] = Future()
        outcome.add_done_callback(self._look)
        self._errands.put((work, outcome))

    def _look(self, outcome: Future[Any]) -> None:
        error = None if outcome.cancelled() else outcome.exception()
        if error is not None and is_absence(error):
            self.gone = self.gone or innermost(error)
        elif isinstance(error, Exception):
            self.refused = self.refused or error

    def finish(self) -> None:
        """Wait until all that was sent is there, as long as patience lasts."""
        if self.gone is None:
            with suppress(ServerGone):  # `gone` says so
                self.wait(lambda: None)

    def leave(self) -> None:
        """End, now or when the errand in hand comes back; what is still waiting is dropped."""
        self.gone = self.gone or "done"
        self._errands.put(None)


def is_absence(error: BaseException | None) -> bool:
    """Tell a server that does not answer, or is broken, from one that answers that it will not do this."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, MlflowException) and error.get_http_status_code() >= 500 and "API request" in str(error):
        return True
    while error is not None:
        if isinstance(error, RequestException | ConnectionError | TimeoutError | DBAPIError):
            return True
        error = error.__cause__ or error.__context__
    return False
