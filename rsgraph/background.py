"""A run in a process of its own, watched by the program that started it: ``rsgraph label`` trains in one.

The process writes what the user should read to the same terminal, and events (``rsgraph.events``) as lines of JSON
into a pipe. It ends when it is asked to, and when the program that started it is gone: its standard input is a pipe
that ends then. From the moment at which the workspace can be labelled it has low priority, so that the window has the
processor whenever it needs it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from rsgraph.cli import INTERRUPTED, INTERRUPTED_CODE
from rsgraph.cli import main as main_of_rsgraph
from rsgraph.console import fail, say
from rsgraph.events import listening

_NICENESS = 15
"""Of training while somebody labels: it takes what the window leaves."""

_AUTOGROUP = Path("/proc/self/autogroup")

_EVERY = 0.2
"""Seconds between two events of progress."""

_PATIENCE = 5.0
"""Seconds that a process may take to end in order before it is killed; nothing is lost by that either."""

_MODULE = "rsgraph.background"


class BackgroundRun:
    """``rsgraph run`` in a process of its own.

    Parameters
    ----------
    words
        Path and overrides of the run, as on the command line.
    heard
        Called with each event, by a thread of its own; last with ``{"ended": exit code}``.
    """

    def __init__(self, words: Sequence[str], heard: Callable[[Mapping[str, Any]], None] | None = None) -> None:
        self.heard = heard
        self.workspace: Path | None = None
        self._ready, self._asked_to_stop = threading.Event(), False
        reading, writing = os.pipe()
        with os.fdopen(writing, "wb", closefd=True):
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(writing), *words],
                stdin=subprocess.PIPE,
                pass_fds=(writing,),
                start_new_session=True,  # Ctrl-C in the terminal is for the program that watches: it ends both
            )
        self._reader = threading.Thread(target=self._read, args=(os.fdopen(reading, "rb"),), daemon=True)
        self._reader.start()

    def wait_until_ready(self) -> Path | None:
        """Return the workspace as soon as it can be labelled; None where the run has ended before."""
        while not self._ready.wait(0.1):  # in short steps, so that Ctrl-C is heard
            pass
        return self.workspace

    @property
    def group(self) -> int:
        """Number of the group of processes that it and its workers are."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def ask_to_stop(self) -> None:
        """Ask it to end, and return at once: what is finished is kept, and the next run goes on."""
        self._asked_to_stop |= self.running
        self._close_its_input()

    def _close_its_input(self) -> None:
        with suppress(BrokenPipeError):
            if self._process.stdin is not None:
                self._process.stdin.close()

    def stop(self, patience: float = _PATIENCE) -> int:
        """End it, in order if it does so within ``patience`` seconds; return its code, 130 if killed."""
        self.ask_to_stop()
        try:
            code = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.group, signal.SIGKILL)
            code = self._process.wait()
        self._reader.join()
        return self._of_the_watcher(code)

    def _of_the_watcher(self, code: int) -> int:
        """Return the code, 130 of a run that was killed since it did not end when it was asked to."""
        return INTERRUPTED_CODE if self._asked_to_stop and code == -signal.SIGKILL else code

    def _read(self, events: IO[bytes]) -> None:
        """Hand events on until the process, and all that it started, have closed the pipe."""
        with events:
            for line in events:
                event = json.loads(line)
                if "ready" in event:
                    self.workspace = Path(event["ready"])
                    self._ready.set()
                self._tell(event)
        code = self._process.wait()
        self._close_its_input()
        self._ready.set()
        self._tell({"ended": self._of_the_watcher(code)})

    def _tell(self, event: Mapping[str, Any]) -> None:
        if self.heard is not None:
            self.heard(event)


def main(arguments: Sequence[str] | None = None) -> None:
    """Be the process: the number of the pipe's end, then what ``rsgraph run`` takes."""
    number, *words = sys.argv[1:] if arguments is None else arguments
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that starts things behind it ignores SIGINT
    os.set_inheritable(int(number), False)  # workers must not keep the pipe open
    threading.Thread(target=_end_with_the_watcher, args=(threading.get_ident(),), daemon=True).start()
    with os.fdopen(int(number), "wb", buffering=0) as pipe:
        writer = _Writer(pipe)
        with listening(writer):
            main_of_rsgraph(["run", *words], interrupted=writer.say_that_it_goes_on)


class _Writer:
    """Writes events as lines of JSON, progress not too often; lowers the priority once labelling can begin."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe, self._last, self._ready = pipe, -_EVERY, False

    def __call__(self, event: Mapping[str, Any]) -> None:
        if "ready" in event:
            self._ready = True
            yield_to_others()
        now = time.monotonic()
        if "done" in event:
            if now - self._last < _EVERY and event["done"] < event["total"]:
                return
            self._last = now
        with suppress(BrokenPipeError):  # the watcher is gone: the run ends in a moment
            self._pipe.write(json.dumps(event).encode() + b"\n")

    def say_that_it_goes_on(self) -> None:
        """Say what a stop means: whoever closes a window has not interrupted anything."""
        if self._ready:
            say("training stopped; the next `rsgraph label` or `rsgraph run` goes on where it stopped")
        else:
            fail(INTERRUPTED)


def yield_to_others() -> None:
    """Give all threads and workers of this process group low priority.

    Linux shares the processor among sessions first, and only within one by niceness (``sched_autogroup``): the group
    of the session is made nice as well, where there is one.
    """
    if os.getpriority(os.PRIO_PGRP, 0) < _NICENESS:  # one that is lower already may not be raised
        os.setpriority(os.PRIO_PGRP, 0, _NICENESS)
    with suppress(OSError):
        _AUTOGROUP.write_text(str(_NICENESS))


def _end_with_the_watcher(main_thread: int) -> None:
    """Wait until standard input ends, then interrupt the run as Ctrl-C does; insist where it is not heard."""
    while os.read(0, 1):
        pass
    signal.pthread_kill(main_thread, signal.SIGINT)  # also where it waits for others: only a signal wakes it
    time.sleep(2 * _PATIENCE)  # whoever waits for its end kills it before
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
