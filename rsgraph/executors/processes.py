"""A few worker processes that survive the death of any of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from rsgraph.blocks import AHEAD, WORKER, end_with_parent
from rsgraph.errors import RsgraphError, WorkerLost
from rsgraph.safe_paths import safe_children

Item = TypeVar("Item")
Result = TypeVar("Result")

DEATHS = 3
"""Workers that may die over one block, or before they are ready."""

_GRACE = 5.0
"""Seconds that an idle worker gets to leave by itself."""

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(eq=False)
class _Worker:
    """One process, this end of its pipe, and the block that it computes."""

    process: BaseProcess
    connection: Connection
    ready: bool = False
    job: object = None
    block: int | None = None


@dataclass(eq=False)
class _Job:
    """One task, its items, and the state of each block."""

    task: Callable[[Any], Any]
    items: Sequence[Any]
    pending: deque[int]
    done: dict[int, Any] = field(default_factory=dict)
    deaths: Counter[int] = field(default_factory=Counter)


class Processes:
    """Worker processes, started on first use and kept until ``close``.

    Each has a pipe of its own and one block at a time, so that it is known which block a worker died over.

    Parameters
    ----------
    workers
        How many, each with one thread.

    Notes
    -----
    Workers are spawned, never forked: this process has threads (GDAL, numba, torch). They ignore Ctrl-C, which is
    this process's to answer, and end when it ends, however it does.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._alive: list[_Worker] = []
        self._failed_starts = 0

    def run(self, task: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
        """Yield ``task(item)`` in the order of the items.

        Raises
        ------
        WorkerLost
            Workers died ``DEATHS`` times over one block, or before they were ready.
        RsgraphError
            What the task raised.
        RuntimeError
            Anything else that the task raised, with its traceback as text.
        """
        job = _Job(task, items, deque(range(len(items))))
        try:
            for turn in range(len(items)):
                while turn not in job.done:
                    self._hand_out(job, turn)
                    self._collect(job)
                self._hand_out(job, turn)
                yield job.done.pop(turn)
        finally:
            if any(worker.block is not None for worker in self._alive):
                self.close()

    def close(self) -> None:
        """End all workers: those that are idle leave, those that are not are killed."""
        alive, self._alive = self._alive, []
        for worker in alive:
            worker.connection.close()
            if worker.block is not None:
                worker.process.kill()
        for worker in alive:
            worker.process.join(_GRACE)
            worker.process.kill()
            worker.process.join()
            worker.process.close()

    def _hand_out(self, job: _Job, turn: int) -> None:
        """Give idle workers the next blocks, but not those far ahead of the one that is waited for."""
        while len(self._alive) < min(self.workers, len(job.items)):
            self._alive.append(_started())
        for worker in list(self._alive):
            if worker.block is None and job.pending and job.pending[0] <= turn + AHEAD * self.workers:
                self._give(worker, job, job.pending.popleft())

    def _give(self, worker: _Worker, job: _Job, block: int) -> None:
        worker.block = block
        try:
            if worker.job is not job:
                worker.connection.send(("task", job.task))
                worker.job = job
            worker.connection.send(("item", job.items[block]))
        except (BrokenPipeError, ConnectionResetError):
            self._requeue(worker, job)

    def _collect(self, job: _Job) -> None:
        """Wait for messages of busy workers, and act on them."""
        busy = [worker for worker in self._alive if worker.block is not None]
        ready = wait([worker.connection for worker in busy])
        for worker in (worker for worker in busy if worker.connection in ready):
            try:
                kind, content = worker.connection.recv()
            except (EOFError, OSError):  # the end of the pipe; OSError where it comes in the middle of a message
                self._requeue(worker, job)
            else:
                self._take(worker, job, kind, content)

    def _take(self, worker: _Worker, job: _Job, kind: str, content: Any) -> None:
        if kind == "ready":
            worker.ready, self._failed_starts = True, 0
            return
        block, worker.block = worker.block, None
        if kind == "failed":
            raise content
        assert block is not None, "only busy workers are listened to"
        job.done[block] = content

    def _requeue(self, worker: _Worker, job: _Job) -> None:
        """Remove a dead worker and queue its block again, first. Raises WorkerLost after ``DEATHS`` deaths."""
        self._alive.remove(worker)
        worker.connection.close()
        worker.process.join()
        code = worker.process.exitcode
        assert worker.block is not None, "idle workers are noticed when they are given a block"
        job.pending.appendleft(worker.block)
        if worker.ready:
            job.deaths[worker.block] += 1
        else:
            self._failed_starts += 1
        if job.deaths[worker.block] >= DEATHS:
            raise WorkerLost(
                f"{DEATHS} worker processes died one after the other over block {worker.block + 1} of "
                f"{len(job.items)} (the last {_end_of(code)}); what was finished is kept. Where memory ran out, take "
                "fewer workers (executor.workers=1), then type the same command again."
            )
        if self._failed_starts >= DEATHS:
            raise WorkerLost(
                f"worker processes do not start (the last {_end_of(code)}): a script that runs rsgraph must do so "
                'below `if __name__ == "__main__":`, or with executor.workers=1'
            )


def _end_of(code: int | None) -> str:
    return f"was killed by signal {-code}" if code is not None and code < 0 else f"ended with {code}"


def _started() -> _Worker:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), name=WORKER, daemon=True)
    with one_thread(), safe_children():
        process.start()
    there.close()
    return _Worker(process, here)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let processes that start inside compute with one thread each: libraries read the environment when loaded."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serve(connection: Connection) -> None:
    """Compute blocks until the pipe is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    state: list[Callable[[Any], Any]] = []
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(("ready", None))
        while True:
            answer = _answer(connection, state)
            if answer is not None:
                connection.send(answer)


def _answer(connection: Connection, state: list[Callable[[Any], Any]]) -> tuple[str, Any] | None:
    """Take the next message: a task is kept in ``state``, an item is worked on and answered."""
    try:
        kind, content = connection.recv()
        if kind == "task":
            state[:] = [content]
            return None
        return "done", state[0](content)
    except (EOFError, ConnectionResetError):
        raise
    except RsgraphError as error:
        return "failed", error
    except Exception:  # noqa: BLE001  # sent to the process that asked, which raises it
        return "failed", RuntimeError(f"a worker process failed:\n{traceback.format_exc()}")
