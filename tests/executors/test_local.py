"""Little work in threads, more in worker processes that end with this one. Workers are real processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from rsgraph.errors import ConfigError
from rsgraph.executors.local import Local, LocalWorkers
from tests.executors.tasks import Number, is_alive


@pytest.fixture(scope="module")
def workers() -> Iterator[LocalWorkers]:
    """Two processes that all tests of this file share."""
    with Local(workers=2, patience=0).open() as opened:
        yield opened


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
    while any(is_alive(process) for process in processes):
        assert time.monotonic() < patience, "workers outlive their run"
        time.sleep(0.05)


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
