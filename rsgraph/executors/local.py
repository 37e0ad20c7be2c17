"""Blocks on this machine: in worker processes, or in threads of this one where there is little to do."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from rsgraph.blocks import WORKER, Threads, cores, in_child
from rsgraph.errors import ConfigError
from rsgraph.protocols import Executor, Workers

if TYPE_CHECKING:
    from rsgraph.executors.processes import Processes

Item = TypeVar("Item")
Result = TypeVar("Result")


class Local(Executor):
    """Worker processes on this machine; little work stays in this one.

    The first blocks of a phase are done by threads of this process, two per worker; the second half of them is timed.
    Where the rest would take ``patience`` seconds or less, it stays here: small scenes never pay for the start of
    workers, each of which imports numpy, numba, scikit-image and, where it encodes, torch. Else processes do it; they
    are started once per stage and end with it. A point of a sweep, which is a process beside others, keeps its blocks
    to itself, in one thread.

    Parameters
    ----------
    workers
        Processes, each of one thread; null: one per core that this process may use.
    patience
        Seconds of work that stay in this process: about what the start of workers takes. 0: none does.

    Notes
    -----
    A worker that dies (killed, out of memory) is replaced and its block done again; the third death over one block
    ends the run with a sentence. Where memory is short, fewer workers help.

    Raises
    ------
    ConfigError
        ``workers`` is below 1 or ``patience`` below 0.
    """

    def __init__(self, workers: int | None = None, patience: float = 10.0) -> None:
        if workers is not None and workers < 1:
            raise ConfigError(
                f"executor.workers must be at least 1, or null for one per core. Got {workers} instead."
            )
        if patience < 0:
            raise ConfigError(f"executor.patience must be at least 0 seconds. Got {patience} instead.")
        self.workers = workers
        self.patience = patience

    def open(self, shared: Sequence[Path] = ()) -> LocalWorkers:
        """Make the workers ready; processes start when they are first needed. All files are seen by all of them.

        Raises ConfigError in a worker: it would run the script again that started it.
        """
        if multiprocessing.current_process().name == WORKER:
            raise ConfigError('a script that runs rsgraph must do so below `if __name__ == "__main__":`')
        return LocalWorkers(1 if in_child() else self.workers or cores(), self.patience)


class LocalWorkers(Workers):
    """Threads for little work, processes for more.

    Parameters
    ----------
    workers
        Of either.
    patience
        Seconds of work that threads do.
    """

    def __init__(self, workers: int, patience: float) -> None:
        self.patience = patience
        self._threads = Threads(workers)
        self._started: Processes | None = None

    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield ``task(item)`` in the order of the items."""
        if self._threads.workers == 1:
            return self._threads.run(task, items)
        if self.patience == 0:
            return self._processes().run(task, items)
        return self._tried(task, items)

    def _processes(self) -> Processes:
        from rsgraph.executors.processes import Processes  # not where little is to be done

        if self._started is None:
            self._started = Processes(self._threads.workers)
        return self._started

    def _tried(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Begin in threads, and go on where the pace says. What is loaded or compiled first is not timed."""
        workers = self._threads.workers
        first, second, rest = items[:workers], items[workers : 2 * workers], items[2 * workers :]
        yield from self._threads.run(task, first)
        started = time.monotonic()
        yield from list(self._threads.run(task, second))
        seconds = (time.monotonic() - started) * len(rest) / workers
        yield from (self._processes() if seconds > self.patience else self._threads).run(task, rest)

    def release(self) -> None:
        """End the processes; the next stage starts its own. Two with an encoder hold 4 GB that matching needs."""
        if self._started is not None:
            self._started.close()
