"""Blocks in worker processes: order, errors, deaths. Workers are real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from rsgraph.blocks import ResumableBlocks
from rsgraph.errors import ConfigError, NotUsable, WorkerLost
from rsgraph.executors.local import Local, LocalWorkers
from tests.executors.tasks import Deadly, Failing, Number, Torn


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalWorkers]:
    """Two processes that all tests of this file share."""
    with Local(workers=2, patience=0).open() as opened:
        yield opened


def test_blocks_of_processes_come_in_order_and_from_several(workers: LocalWorkers) -> None:
    found = list(ResumableBlocks(workers).map("phase", Number(pause=0.02), range(30)))
    assert [int(arrays["number"]) for arrays in found] == list(range(30))
    processes = {int(arrays["process"]) for arrays in found}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_workers_compute_with_one_thread_each(workers: LocalWorkers) -> None:
    (found,) = ResumableBlocks(workers).map("phase", Number(), [0])
    assert int(found["threads"]) == 1
    assert set(found["blas_threads"].tolist()) == {1}


def test_processes_are_kept_from_phase_to_phase(workers: LocalWorkers) -> None:
    first, second = (
        {int(arrays["process"]) for arrays in ResumableBlocks(workers).map("phase", Number(pause=0.02), range(8))}
        for _ in range(2)
    )
    assert first == second


def test_released_processes_are_gone_and_others_go_on(workers: LocalWorkers) -> None:
    before = {int(arrays["process"]) for arrays in workers.run(Number(pause=0.02), range(8))}
    workers.release()
    assert not any(psutil.pid_exists(process) for process in before)
    after = [(int(arrays["number"]), int(arrays["process"])) for arrays in workers.run(Number(), range(8))]
    assert [number for number, _ in after] == list(range(8))
    assert before.isdisjoint(process for _, process in after)


@pytest.mark.parametrize(("patience", "here"), [(600.0, 30), (0.001, 4)])
def test_work_that_is_soon_done_stays_in_this_process(patience: float, here: int) -> None:
    with Local(workers=2, patience=patience).open() as opened:
        found = list(opened.run(Number(pause=0.01), range(30)))
    assert [int(arrays["number"]) for arrays in found] == list(range(30))
    assert [int(arrays["process"]) == os.getpid() for arrays in found] == [True] * here + [False] * (30 - here)


def test_a_worker_that_is_killed_loses_only_its_block(workers: LocalWorkers, tmp_path: Path) -> None:
    done = []
    for arrays in ResumableBlocks(workers, tmp_path).map("phase", Number(pause=0.05), range(12)):
        if not done:
            os.kill(int(arrays["process"]), signal.SIGKILL)
        done.append(int(arrays["number"]))
    assert done == list(range(12))


def test_a_block_that_kills_its_workers_ends_the_run_with_a_sentence(workers: LocalWorkers, tmp_path: Path) -> None:
    blocks = ResumableBlocks(workers, tmp_path)
    with pytest.raises(WorkerLost, match=r"3 worker processes died .* block 3 of 4 .*killed by signal 9.*workers=1"):
        list(blocks.map("phase", Deadly(at=2, log=tmp_path / "log"), range(4)))
    assert (tmp_path / "log").read_text() == "died\n" * 3
    assert [int(arrays["number"]) for arrays in blocks.map("phase", Number(), range(4))] == [0, 1, 2, 3]


def test_a_block_that_kills_one_worker_is_done_again(workers: LocalWorkers, tmp_path: Path) -> None:
    found = list(workers.run(Deadly(at=1, log=tmp_path / "log", times=2), range(4)))
    assert [int(arrays["number"]) for arrays in found] == [0, 1, 2, 3]
    assert (tmp_path / "log").read_text() == "died\n" * 2


def test_a_worker_that_is_killed_while_it_tells_its_result_is_replaced(workers: LocalWorkers, tmp_path: Path) -> None:
    task = Torn(log=tmp_path / "log", go=tmp_path / "go")
    found = workers.run(task, range(2))
    next(found)
    task.go.touch()
    while not task.log.exists() or _alive(int(task.log.read_text() or os.getpid())):
        time.sleep(0.02)
    assert int(next(found)["number"]) == 1


class Once:
    """Workers that are given one run: a second beside it would wait for answers to the first for ever."""

    def __init__(self, workers: LocalWorkers) -> None:
        self.workers = workers
        self.runs = 0

    def run(self, task: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        self.runs += 1
        assert self.runs == 1
        return self.workers.run(task, items)


def test_a_damaged_block_is_computed_while_workers_have_others(workers: LocalWorkers, tmp_path: Path) -> None:
    list(ResumableBlocks(folder=tmp_path).map("phase", Number(), range(6)))
    first, second, *others = sorted((tmp_path / "phase").iterdir())
    damaged = bytearray(second.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    second.write_bytes(damaged)
    for path in (first, *others):
        path.unlink()
    found = list(ResumableBlocks(Once(workers), tmp_path).map("phase", Number(pause=0.1), range(6)))
    assert [int(arrays["number"]) for arrays in found] == list(range(6))
    assert [int(arrays["process"]) == os.getpid() for arrays in found] == [False, True, *[False] * 4]


def test_an_error_of_the_user_arrives_as_it_is(workers: LocalWorkers) -> None:
    with pytest.raises(NotUsable, match="block 3 is not usable"):
        list(workers.run(Failing(at=3), range(8)))


def test_a_defect_arrives_with_the_worker_s_traceback(workers: LocalWorkers) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*tasks\.py.*ZeroDivisionError"):
        list(workers.run(Failing(at=1, usable=True), range(3)))


def test_workers_end_with_the_process_that_is_killed(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from rsgraph.executors.local import Local
from tests.executors.tasks import Number
if __name__ == "__main__":
    with Local(workers=2, patience=0).open() as workers:
        for arrays in workers.run(Number(pause=0.5), range(1000)):
            with Path({str(tmp_path / "log")!r}).open("a") as file:
                file.write(f"{{int(arrays['process'])}}\\n")
"""
    (tmp_path / "script.py").write_text(script)
    running = subprocess.Popen([sys.executable, str(tmp_path / "script.py")], env={**os.environ, "PYTHONPATH": "."})
    while not (tmp_path / "log").exists() or len(set((tmp_path / "log").read_text().split())) < 2:
        assert running.poll() is None
        time.sleep(0.05)
    processes = {int(word) for word in (tmp_path / "log").read_text().split()}
    running.kill()
    running.wait()
    patience = time.monotonic() + 60
    while any(_alive(process) for process in processes):
        assert time.monotonic() < patience, "workers outlive their run"
        time.sleep(0.05)


def _alive(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_script_without_a_guard_gets_advice(tmp_path: Path) -> None:
    script = """
from rsgraph.errors import WorkerLost
from rsgraph.executors.local import Local
from tests.executors.tasks import Number
with Local(workers=2, patience=0).open() as workers:
    try:
        list(workers.run(Number(), range(3)))
    except WorkerLost as error:
        print(error)
"""
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")],
        env={**os.environ, "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "worker processes do not start (the last ended with 1): a script that runs rsgraph must" in done.stdout


def test_results_are_those_of_threads(workers: LocalWorkers) -> None:
    with Local(workers=1).open() as local:
        here = list(local.run(Number(), range(5)))
    there = list(workers.run(Number(), range(5)))
    for one, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(one["noise"], other["noise"])


@pytest.mark.parametrize(("option", "value"), [("workers", 0), ("patience", -1)])
def test_options_out_of_range_are_refused(option: str, value: int) -> None:
    with pytest.raises(ConfigError, match=f"executor.{option} must be at least"):
        Local(**{option: value})
