"""Memory, reads and writes of a command and all its processes, recorded stage by stage.

A sample is taken every half second. The processes are the command and its descendants. Memory is counted in two
ways: the sum of resident sets (pages that processes share count once for each) and the sum of proportional sets
(shared pages count once in all). What was read and written is what went through the system calls, from the page
cache too; files that are mapped into memory do not show in it.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

from rsgraph.run.scenes import Reopened
from rsgraph.stages.plan import STAGES, plan_of, stages_of

EVERY = 0.5


@dataclass(frozen=True)
class Sample:
    """One look at all processes.

    Parameters
    ----------
    seconds
        Since the start.
    stage
        The stage at work.
    processes
        How many there were.
    resident, proportional
        Sums of resident and proportional set sizes, in bytes.
    read, written
        Bytes read and written by all processes since the start, ended ones as last seen.
    """

    seconds: float
    stage: str
    processes: int
    resident: int
    proportional: int
    read: int
    written: int


@dataclass(frozen=True)
class Watched:
    """What came of a command.

    Parameters
    ----------
    code
        Its exit code.
    seconds
        Wall time.
    largest
        Largest resident set that any single process ever had, in bytes, as the kernel counts it.
    samples
        In order of time; never empty.
    """

    code: int
    seconds: float
    largest: int
    samples: tuple[Sample, ...]

    def of(self, stage: str) -> tuple[Sample, ...]:
        """Return the samples of one stage: empty for one that was shorter than the time between two samples."""
        return tuple(sample for sample in self.samples if sample.stage == stage)


def watch(command: Sequence[str], workspace: Path, log: Path) -> Watched:
    """Run a command that fills a workspace to its end.

    Parameters
    ----------
    command
        Program and arguments.
    workspace
        Its manifest tells which stages are finished.
    log
        What the command prints is appended to this file.
    """
    started = time.perf_counter()
    samples: list[Sample] = []
    seen: dict[int, Counters] = {}
    with log.open("ab") as printed:
        process = subprocess.Popen(list(command), stdout=printed, stderr=subprocess.STDOUT)
        while process.poll() is None:
            samples.append(look(process.pid, current(workspace), time.perf_counter() - started, seen))
            time.sleep(EVERY)
    largest = max((counters.largest for counters in seen.values()), default=0)
    return Watched(process.returncode, time.perf_counter() - started, largest, tuple(samples))


class Counters(NamedTuple):
    """What the kernel counts for one process in bytes: read, written, largest resident set so far."""

    read: int
    written: int
    largest: int


def look(pid: int, stage: str, seconds: float, seen: dict[int, Counters]) -> Sample:
    """Take one sample; ``seen`` keeps the counters of each process, for when it has ended."""
    resident = proportional = count = 0
    for process in family(pid):
        try:
            memory, now = process.memory_full_info(), counters(process)
        except (psutil.NoSuchProcess, ProcessLookupError, FileNotFoundError):
            continue
        before = seen.get(process.pid, now)  # one that is ending has no high-water mark any more
        seen[process.pid] = now._replace(largest=max(before.largest, now.largest))
        count, resident, proportional = count + 1, resident + memory.rss, proportional + memory.pss
    read, written = sum(each.read for each in seen.values()), sum(each.written for each in seen.values())
    return Sample(seconds, stage, count, resident, proportional, read, written)


def counters(process: psutil.Process) -> Counters:
    """Read a process's counters. VmHWM, since ru_maxrss of a child counts its parent's memory when it was forked."""
    moved = process.io_counters()
    status = Path(f"/proc/{process.pid}/status").read_text()
    high = next((line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")), "0")
    return Counters(moved.read_chars, moved.write_chars, 1024 * int(high))


def family(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants; empty when it has ended."""
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def current(workspace: Path) -> str:
    """Return the stage at work: the first that the manifest does not hold, ``done`` when it holds all."""
    done = finished(workspace)
    return next((name for name in walked(workspace) if name not in done), "done")


def walked(workspace: Path) -> tuple[str, ...]:
    """Return the stages of the run that fills a workspace, in its order; all there are before it said its options."""
    try:
        return _walked(workspace, (workspace / "config.yaml").stat().st_mtime_ns)
    except FileNotFoundError:
        return tuple(stage.name for stage in STAGES)


@cache
def _walked(workspace: Path, written: int) -> tuple[str, ...]:
    return tuple(stage.name for stage in stages_of(plan_of(Reopened(workspace).options, "", None, None)))


def finished(workspace: Path) -> dict[str, dict[str, object]]:
    """Return the manifest's record of each finished stage; empty before there is a manifest."""
    try:
        stages: dict[str, dict[str, object]] = json.loads((workspace / "manifest.json").read_text())["stages"]
    except (FileNotFoundError, KeyError):
        return {}
    return stages
