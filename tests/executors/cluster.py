"""A Dask scheduler and its workers as processes of their own, as they are on a real cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_LOCAL = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "3",
    "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "null",
}
"""Workers that somebody else started: their BLAS has another number of threads and adds up in another order."""


@dataclass(frozen=True)
class Cluster:
    """Where a scheduler is, and its process. Its workers have nannies, which replace those that die."""

    address: str
    file: str
    scheduler: subprocess.Popen[bytes]


@contextmanager
def started(folder: Path, *, workers: int) -> Iterator[Cluster]:
    """Start a scheduler and workers of one thread each, and end them."""
    file = folder / "scheduler.json"
    processes = [
        _dask(
            folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", file=file
        )
    ]
    try:
        _wait_for(file, processes[0])
        processes += [
            _dask(
                folder,
                "worker",
                "--nthreads",
                "1",
                "--host",
                "127.0.0.1",
                "--dashboard-address",
                "127.0.0.1:0",
                file=file,
            )
            for _ in range(workers)
        ]
        yield Cluster(json.loads(file.read_text())["address"], str(file), processes[0])
    finally:
        _end(processes)


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """End processes and their children: nannies that miss their scheduler would take a minute to leave."""
    alive = [psutil.Process(process.pid) for process in processes if process.poll() is None]
    for each in [*(child for parent in alive for child in parent.children(recursive=True)), *alive]:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    for process in processes:
        process.wait(30)


def _dask(folder: Path, *words: str, file: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **_LOCAL, "PYTHONPATH": os.getcwd()}
    log = (folder / f"{words[0]}.log").open("ab")
    command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:], "--scheduler-file", str(file)]
    with log:
        return subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)


def _wait_for(file: Path, process: subprocess.Popen[bytes]) -> None:
    while not file.exists():
        assert process.poll() is None, "the scheduler ended"
        time.sleep(0.05)
