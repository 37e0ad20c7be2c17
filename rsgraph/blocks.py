"""Blocks of work: run in the threads of this process, kept when they are finished.

``rsgraph.executors`` runs the same blocks in other processes or on a cluster. What is here is all that a script
needs, and what small scenes are done with.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import socket
import threading
import zipfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from rsgraph.errors import WorkspaceError
from rsgraph.files import NO_ARRAY, make_folder, output_error, read_arrays
from rsgraph.protocols import Arrays, Progress

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Blocks per worker that are started before the first of them is taken: bounds what waits in memory."""


class Runner(Protocol):
    """Calls one function on many items, in threads, processes or a cluster."""

    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield the results in the order of the items; what is not wanted any more is dropped on close."""


class ResumableBlocks:
    """Runs blocks by a runner; with a folder, finished blocks are kept there and not computed again.

    It fits ``rsgraph.protocols.Blocks``. Every finished block is one ``<folder>/<name>/<number>-of-<blocks>.npz``,
    written by the worker that computed it, so that results of an interrupted run count even where nobody was left
    to take them.

    Parameters
    ----------
    runner
        Where blocks are computed; None: in threads of this process.
    folder
        Where finished blocks are kept; None: nowhere. Whoever gives it sees to it that it belongs to these inputs
        and options only, and removes it in the end.
    """

    def __init__(self, runner: Runner | None = None, folder: Path | None = None) -> None:
        self.runner = runner or Threads()
        self.folder = folder
        self.resumed = 0
        """Blocks that an interrupted run had left, of all phases so far."""

    def map(
        self, name: str, task: Callable[[Item], Arrays], items: Sequence[Item], progress: Progress | None = None
    ) -> Iterator[Arrays]:
        """Yield ``task(item)`` for all items in their order.

        Parameters
        ----------
        name
            Of this phase of the work, one word; no two phases of a stage share one.
        task
            Picklable, the same result for the same item wherever it runs. Its arrays hold no objects. It computes
            with one BLAS thread, and so does this thread in between: more of them add up in another order, and blocks
            run side by side already. Two maps of one process must not overlap: the end of the first lifts that limit.
        items
            Small and picklable; their number and order depend on nothing but the inputs and options (not on the
            number of workers), because a kept block is known by its number.
        progress
            Called with (blocks done, blocks in all).

        Raises
        ------
        OutputError
            The disk is full.
        WorkspaceError
            A worker does not see the folder.
        """
        folder = None if self.folder is None else make_folder(self.folder / name)
        paths = [folder / f"{number:05d}-of-{len(items):05d}.npz" for number in range(len(items))] if folder else []
        whole = [zipfile.is_zipfile(path) for path in paths]
        results = self._kept(paths, whole, task, items) if folder else self.runner.run(task, items)
        there = whole.index(False) if False in whole else 0  # these take no time, and say nothing of the pace
        with one_blas_thread():
            for done, arrays in enumerate(results, start=1):
                if progress is not None and done > there:
                    progress(done, len(items))
                yield arrays

    def _kept(
        self, paths: Sequence[Path], whole: Sequence[bool], task: Callable[[Item], Arrays], items: Sequence[Item]
    ) -> Iterator[Arrays]:
        """Read what is kept; have the rest computed, kept, and read it then."""
        to_do = [(item, path) for item, path, there in zip(items, paths, whole, strict=True) if not there]
        self.resumed += sum(whole)
        running = iter(self.runner.run(Keeping(task), to_do))
        for item, path, there in zip(items, paths, whole, strict=True):
            if not there:
                next(running)
            found = _read(path)
            yield self._again(task, item, path) if found is None else found

    def _again(self, task: Callable[[Item], Arrays], item: Item, path: Path) -> Arrays:
        """Compute a kept block that turned out to be damaged: here, as workers have others of its phase in hand."""
        Keeping(task)((item, path))
        found = _read(path)
        if found is None:
            raise WorkspaceError(f"{path} cannot be read back right after it was written; check this disk")
        return found


@dataclass(frozen=True)
class Keeping:
    """Computes a block and writes it to its file.

    Parameters
    ----------
    task
        What computes it.
    """

    task: Callable[[Any], Arrays]

    def __call__(self, item: tuple[Any, Path]) -> None:
        """Compute and keep one block, given with its path. Raises WorkspaceError where its folder is not seen."""
        block, path = item
        if not path.parent.is_dir():
            raise WorkspaceError(
                f"the worker on {socket.gethostname()} does not see {path.parent}; workers must see the files of the "
                "run under the same paths: put workspace and cache.path on a file system that all share, or use "
                "executor=local"
            )
        _write(path, self.task(block))


def _write(path: Path, arrays: Arrays) -> None:
    """Write a block whole or not at all.

    There is no fsync: the file outlives the process in any case, and after a power failure its check sums tell.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.{os.urandom(4).hex()}.npz")
    try:
        np.savez(temporary, allow_pickle=False, **arrays)
        os.replace(temporary, path)
    except OSError as error:
        raise output_error(path, error, temporary=temporary) from error
    finally:
        temporary.unlink(missing_ok=True)


def _read(path: Path) -> Arrays | None:
    """Read a block; None where the file is not what was written."""
    try:
        return read_arrays(path)
    except NO_ARRAY:
        return None


def one_blas_thread() -> threadpool_limits:
    """Limit this process's BLAS to one thread: until the end of a ``with`` block, else for good.

    The limit is the process's, not the thread's: of two ``with`` blocks that overlap, the first lifts it.
    """
    return threadpool_limits(1, user_api="blas")


REMARKS = r"The given matrix is equal to Affine\.identity|Dataset has no geotransform|One of the clusters is empty"
"""Warnings that are no news to the user, ignored from before threads begin until they have ended: a filter that is
added meanwhile is lost where a library in another thread puts back the list of filters that it found."""


class Threads:
    """Runs blocks in threads of this process: compiled code works side by side, all else in turns.

    Parameters
    ----------
    workers
        Threads; None: as many as cores, but one in a child process, whose siblings have the other cores. One: the
        blocks are computed when they are asked for, in the caller's thread.
    """

    def __init__(self, workers: int | None = None) -> None:
        self.workers = workers or (1 if in_child() else cores())

    def run(
        self, task: Callable[[Item], Result], items: Sequence[Item], *, stop: Callable[[], None] | None = None
    ) -> Iterator[Result]:
        """Yield the results in the order of the items; at most a few wait at any time.

        Where this ends early (an interrupt, a task that fails), ``stop`` is called before threads are waited for.
        """
        if self.workers == 1 or len(items) <= 1:
            yield from map(task, items)
            return
        from rsgraph.warning_filters import ignored

        with ignored(REMARKS):
            yield from self._pooled(task, items, stop)

    def _pooled(
        self, task: Callable[[Item], Result], items: Sequence[Item], stop: Callable[[], None] | None
    ) -> Iterator[Result]:
        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="blocks")
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(task, item))
                if len(waiting) > AHEAD * self.workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BaseException:
            if stop is not None:
                stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def cores() -> int:
    """Return the number of cores that this process may use: those that it sees, or what its container grants it."""
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    granted = granted_cores()
    return seen if granted is None else max(1, min(seen, math.ceil(granted)))


def granted_cores(groups: Path = Path("/sys/fs/cgroup"), own: Path = Path("/proc/self/cgroup")) -> float | None:
    """Return the time of processors that a container or batch job grants, in cores; None: no limit is known.

    Parameters
    ----------
    groups, own
        Where Linux tells of control groups (version 2), and in which this process is.
    """
    try:
        name = next(line[3:] for line in own.read_text(encoding="utf-8").splitlines() if line.startswith("0::"))
    except (OSError, StopIteration):
        return None
    place = groups / name.strip("/")
    found = [_quota(folder / "cpu.max") for folder in (place, *place.parents) if folder.is_relative_to(groups)]
    return min((quota for quota in found if quota is not None), default=None)


def _quota(path: Path) -> float | None:
    """Read ``200000 100000``: so many microseconds in each period of so many; ``max``: no limit."""
    try:
        quota, period = path.read_text(encoding="utf-8").split()
        return float(quota) / float(period)
    except (OSError, ValueError):
        return None


WORKER = "rsgraph-worker"
"""Name of the processes that compute blocks."""


def in_child() -> bool:
    """Tell whether this process was started by another one that works beside it (a point of a sweep, a worker)."""
    return multiprocessing.current_process().name != "MainProcess"


def end_with_parent() -> None:
    """Let this child process end when the one that started it is gone, even in the middle of its work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)
