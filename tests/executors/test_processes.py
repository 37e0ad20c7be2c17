"""Worker processes: order, errors, deaths, and the variables that they start with. Workers are real processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from rsgraph.blocks import ResumableBlocks
from rsgraph.errors import NotUsable, WorkerLost
from rsgraph.executors.processes import Processes, one_thread
from tests.executors.tasks import Deadly, Failing, Number, Torn, is_alive


@pytest.fixture(scope="module")
def workers() -> Iterator[Processes]:
    """Two processes that all tests of this file share."""
    with closing(Processes(2)) as started:
        yield started


def test_blocks_of_processes_come_in_order_and_from_several(workers: Processes) -> None:
    found = list(ResumableBlocks(workers).map("phase", Number(pause=0.02), range(30)))
    assert [int(arrays["number"]) for arrays in found] == list(range(30))
    processes = {int(arrays["process"]) for arrays in found}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_workers_compute_with_one_thread_each(workers: Processes) -> None:
    (found,) = ResumableBlocks(workers).map("phase", Number(), [0])
    assert int(found["threads"]) == 1
    assert set(found["blas_threads"].tolist()) == {1}


def test_processes_are_kept_from_phase_to_phase(workers: Processes) -> None:
    first, second = (
        {int(arrays["process"]) for arrays in ResumableBlocks(workers).map("phase", Number(pause=0.02), range(8))}
        for _ in range(2)
    )
    assert first == second


def test_a_worker_that_is_killed_loses_only_its_block(workers: Processes, tmp_path: Path) -> None:
    done = []
    for arrays in ResumableBlocks(workers, tmp_path).map("phase", Number(pause=0.05), range(12)):
        if not done:
            os.kill(int(arrays["process"]), signal.SIGKILL)
        done.append(int(arrays["number"]))
    assert done == list(range(12))


def test_a_block_that_kills_its_workers_ends_the_run_with_a_sentence(workers: Processes, tmp_path: Path) -> None:
    blocks = ResumableBlocks(workers, tmp_path)
    with pytest.raises(WorkerLost, match=r"3 worker processes died .* block 3 of 4 .*killed by signal 9.*workers=1"):
        list(blocks.map("phase", Deadly(at=2, log=tmp_path / "log"), range(4)))
    assert (tmp_path / "log").read_text() == "died\n" * 3
    assert [int(arrays["number"]) for arrays in blocks.map("phase", Number(), range(4))] == [0, 1, 2, 3]


def test_a_block_that_kills_one_worker_is_done_again(workers: Processes, tmp_path: Path) -> None:
    found = list(workers.run(Deadly(at=1, log=tmp_path / "log", times=2), range(4)))
    assert [int(arrays["number"]) for arrays in found] == [0, 1, 2, 3]
    assert (tmp_path / "log").read_text() == "died\n" * 2


def test_a_worker_that_is_killed_while_it_tells_its_result_is_replaced(workers: Processes, tmp_path: Path) -> None:
    task = Torn(log=tmp_path / "log", go=tmp_path / "go")
    found = workers.run(task, range(2))
    next(found)
    task.go.touch()
    while not task.log.exists() or is_alive(int(task.log.read_text() or os.getpid())):
        time.sleep(0.02)
    assert int(next(found)["number"]) == 1


class Once:
    """Workers that are given one run: a second beside it would wait for answers to the first for ever."""

    def __init__(self, workers: Processes) -> None:
        self.workers = workers
        self.runs = 0

    def run(self, task: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        self.runs += 1
        assert self.runs == 1
        return self.workers.run(task, items)


def test_a_damaged_block_is_computed_while_workers_have_others(workers: Processes, tmp_path: Path) -> None:
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


def test_an_error_of_the_user_arrives_as_it_is(workers: Processes) -> None:
    with pytest.raises(NotUsable, match="block 3 is not usable"):
        list(workers.run(Failing(at=3), range(8)))


def test_a_defect_arrives_with_the_worker_s_traceback(workers: Processes) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)Traceback.*tasks\.py.*ZeroDivisionError"):
        list(workers.run(Failing(at=1, usable=True), range(3)))


def test_one_thread_holds_inside_and_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = dict(os.environ)
    with suppress(KeyboardInterrupt), one_thread():
        assert (os.environ["OMP_NUM_THREADS"], os.environ["MKL_NUM_THREADS"]) == ("1", "1")
        raise KeyboardInterrupt
    assert dict(os.environ) == before
