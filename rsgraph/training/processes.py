"""Several processes on this machine that do one work together, each its part.

They send messages to the process that started them. They are started by rsgraph rather than by Lightning, whose
``ddp`` runs the command line again in every process (all stages with it) and whose ``ddp_spawn`` keeps what callbacks
say to itself. Nothing listens on a network: processes meet through a file, and talk over the loopback device.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

from torch import distributed

from rsgraph.blocks import end_with_parent
from rsgraph.errors import RsgraphError, WorkerLost
from rsgraph.safe_paths import safe_children

Tell = Callable[[Any], None]
_LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


@dataclass(frozen=True)
class Place:
    """The rank of one of several processes, and the means by which they meet.

    Parameters
    ----------
    rank, count
        Its number, from 0, and how many there are.
    backend
        How they talk: ``gloo`` (CPU) or ``nccl`` (CUDA).
    meeting
        The file through which they find each other.
    """

    rank: int
    count: int
    backend: str
    meeting: Path


Work = Callable[[Place, Tell], None]
"""Picklable; called in every process with its place and a function that tells the caller anything picklable."""


def run_together(work: Work, *, count: int, backend: str, tell: Tell) -> None:
    """Run a function in ``count`` new processes that form one group of ``torch.distributed``; return when all end.

    Parameters
    ----------
    work
        Its part is chosen by its place.
    count
        Number of processes.
    backend
        ``gloo`` or ``nccl``.
    tell
        Called here with the messages of the processes.

    Raises
    ------
    RsgraphError
        What one of them raised; the others are ended.
    WorkerLost
        One was killed.
    RuntimeError
        One failed otherwise; it has printed its traceback.
    """
    # pickled by itself: multiprocessing would hand tensors over as shared memory, in which all would train at once
    payload = pickle.dumps(work)
    context = get_context("spawn")
    processes: dict[Connection, SpawnProcess] = {}
    with tempfile.TemporaryDirectory(prefix="rsgraph-") as folder:
        try:
            for rank in range(count):
                place = Place(rank, count, backend, Path(folder) / "meeting")
                receiver, sender = context.Pipe(duplex=False)
                process = context.Process(target=_enter, args=(payload, place, sender), daemon=True)
                with _interrupts_later(), safe_children():
                    process.start()
                processes[receiver] = process
                sender.close()
            _listen(processes, tell)
        finally:
            for process in processes.values():
                process.kill()
            for process in processes.values():
                process.join()


def _listen(processes: dict[Connection, SpawnProcess], tell: Tell) -> None:
    """Hand on the processes' messages until all are done. Raises what went wrong in one of them."""
    talking = dict(processes)
    while talking:
        for receiver in wait(list(talking)):
            assert isinstance(receiver, Connection)
            try:
                message = receiver.recv()
            except EOFError:
                _check_end(talking.pop(receiver), len(processes))
                continue
            if isinstance(message, RsgraphError):
                raise message
            tell(message)


def _check_end(process: SpawnProcess, count: int) -> None:
    process.join()
    code = process.exitcode or 0
    if code < 0:
        raise WorkerLost(
            f"one of {count} training processes was killed (signal {-code}, perhaps for memory); the same command "
            "goes on after the last whole epoch. Where memory is short, fewer devices or a smaller batch need less, "
            "but with them training starts anew"
        )
    if code > 0:
        raise RuntimeError("a training process failed; its traceback stands above")


def _enter(payload: bytes, place: Place, sender: Connection) -> None:
    """Run one of the processes. It ignores Ctrl-C and ends with its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    work: Work = pickle.loads(payload)  # noqa: S301 - made by our parent, in memory
    os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = _LOOPBACK
    distributed.init_process_group(
        place.backend, init_method=f"file://{place.meeting}", rank=place.rank, world_size=place.count
    )
    try:
        work(place, sender.send)
    except RsgraphError as error:
        sender.send(error)
    distributed.destroy_process_group()


@contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold Ctrl-C back while a process is started: it inherits that, so that its imports are not interrupted."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
