"""Blocks on this machine: in worker processes, or in threads of this one where there is little to do."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from rsgraph.blocks import Threads, cores, in_child
from rsgraph.errors import ConfigError
from rsgraph.executors.processes import NAME, Processes

Item = TypeVar("Item")
Result = TypeVar("Result")


class Local:
    """Worker processes on this machine; little work stays in this one.

    A phase of at most ``few`` blocks is done by threads of this process. Scenes of up to 16 blocks (a fixture, a
    crop, 16 chips of 256 x 256) so never pay for the start of workers, which takes seconds: each imports numpy,
    numba, scikit-image and, where it encodes, torch. Above that, processes are started once per run and end with it.
    A point of a sweep, which is a process beside others, keeps its blocks to itself, in one thread.

    Parameters
    ----------
    workers
        Processes, each of one thread; null: one per core that this process may use.
    few
        Up to this many blocks stay in this process. 0: none do.

    Notes
    -----
    A worker that dies (killed, out of memory) is replaced and its block done again; the third death over one block
    ends the run with a sentence. Where memory is short, fewer workers help.

    Raises
    ------
    ConfigError
        ``workers`` is below 1 or ``few`` below 0.
    """

    def __init__(self, workers: int | None = None, few: int = 16) -> None:
        if workers is not None and workers < 1:
            raise ConfigError(
                f"executor.workers must be at least 1, or null for one per core. Got {workers} instead."
            )
        if few < 0:
            raise ConfigError(f"executor.few must be at least 0. Got {few} instead.")
        self.workers = workers
        self.few = few

    def open(self, shared: Sequence[Path] = ()) -> LocalWorkers:
        """Make the workers ready; processes start when they are first needed. All files are seen by all of them.

        Raises ConfigError in a worker: it would run the script again that started it.
        """
        if multiprocessing.current_process().name == NAME:
            raise ConfigError('a script that runs rsgraph must do so below `if __name__ == "__main__":`')
        return LocalWorkers(1 if in_child() else self.workers or cores(), self.few)


class LocalWorkers:
    """Threads for little work, processes for more.

    Parameters
    ----------
    workers
        Of either.
    few
        Blocks up to which threads do.
    """

    own_devices = False

    def __init__(self, workers: int, few: int) -> None:
        self.few = few
        self._threads = Threads(workers)
        self._processes = Processes(workers) if workers > 1 else None

    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield ``task(item)`` in the order of the items."""
        if self._processes is None or len(items) <= self.few:
            return self._threads.run(task, items)
        return self._processes.run(task, items)

    def __enter__(self) -> LocalWorkers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._processes is not None:
            self._processes.close()
