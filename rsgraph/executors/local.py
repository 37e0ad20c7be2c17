"""Blocks on this machine: in worker processes, or in threads of this one where there is little to do."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from rsgraph.blocks import Threads, cores, in_child
from rsgraph.errors import ConfigError
from rsgraph.executors.processes import NAME, Processes
from rsgraph.protocols import Executor, Workers

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
        if multiprocessing.current_process().name == NAME:
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
        self._processes = Processes(workers) if workers > 1 else None

    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield ``task(item)`` in the order of the items."""
        if self._processes is None:
            return self._threads.run(task, items)
        if self.patience == 0:
            return self._processes.run(task, items)
        return self._tried(self._processes, task, items)

    def _tried(self, processes: Processes, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Begin in threads, and go on where the pace says. What is loaded or compiled first is not timed."""
        workers = self._threads.workers
        first, second, rest = items[:workers], items[workers : 2 * workers], items[2 * workers :]
        yield from self._threads.run(task, first)
        started = time.monotonic()
        yield from list(self._threads.run(task, second))
        seconds = (time.monotonic() - started) * len(rest) / workers
        yield from (processes if seconds > self.patience else self._threads).run(task, rest)

    def release(self) -> None:
        """End the processes; the next stage starts its own. Two with an encoder hold 4 GB that matching needs."""
        if self._processes is not None:
            self._processes.close()
