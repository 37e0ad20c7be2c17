"""Tasks that workers of other processes can import."""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from rsgraph.errors import NotUsable
from rsgraph.protocols import Arrays
from rsgraph.types import Floats


def blas_threads() -> list[int]:
    """Return how many threads each BLAS library of this process has."""
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


@dataclass(frozen=True)
class Number:
    """Gives a number back, with the process that it came to and some noise that it seeds."""

    pause: float = 0.0

    def __call__(self, number: int) -> Arrays:
        time.sleep(self.pause)
        return {
            "number": np.array(number),
            "process": np.array(os.getpid()),
            "threads": np.array(int(os.environ.get("OMP_NUM_THREADS", "0"))),
            "blas_threads": np.array(blas_threads()),
            "noise": np.random.default_rng(number).normal(size=1000),
        }


@dataclass(frozen=True, eq=False)
class Product:
    """Multiplies a few rows with a matrix that travels with the task."""

    matrix: Floats

    def __call__(self, number: int) -> Arrays:
        return {
            "aligned": np.array(self.matrix.flags.aligned),
            "product": self.matrix[number : number + 16] @ self.matrix.T,
        }


@dataclass(frozen=True)
class Deadly:
    """Kills the process that does one of the blocks, every time or some times."""

    at: int
    log: Path
    times: int = 1000

    def __call__(self, number: int) -> Arrays:
        if number == self.at and (not self.log.exists() or len(self.log.read_text().split()) < self.times):
            with self.log.open("a") as file:
                file.write("died\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return {"number": np.array(number)}


@dataclass(frozen=True)
class Torn:
    """Answers block 1 with more than a pipe holds; the first process that does so is killed while it tells it.

    ``log`` gets the number of that process.
    """

    log: Path
    go: Path

    def __call__(self, number: int) -> Arrays:
        if number == 1 and not self.log.exists():
            while not self.go.exists():
                time.sleep(0.01)
            self.log.write_text(str(os.getpid()))
            threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return {"number": np.array(number), "much": np.zeros(number * 10_000_000, dtype=np.uint8)}


@dataclass(frozen=True)
class Failing:
    """Fails at one of the blocks: an error of the user, or a defect."""

    at: int
    usable: bool = False

    def __call__(self, number: int) -> Arrays:
        if number == self.at and not self.usable:
            raise NotUsable(f"block {number} is not usable")
        return {"number": np.array(1 // (number - self.at) if self.usable else number)}


def is_alive(process: int) -> bool:
    """Tell whether a process runs; one that ended and was not waited for does not."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False
