"""A run in a process of its own: what it tells, how it ends, and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from experiments.benchmarks.interruption import differing
from rsgraph.background import BackgroundRun
from rsgraph.run.runner import run
from rsgraph.workspace import Workspace
from tests.small_runs import TINY, composed

WATCHER = """
import sys, time
from rsgraph.background import BackgroundRun
run = BackgroundRun(sys.argv[1:])
print(run.group, flush=True)
run.wait_until_ready()
print("ready", flush=True)
time.sleep(60)
"""


def until(true: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_a_run_that_cannot_begin_ends_with_2_and_tells_why(tmp_path: Path) -> None:
    heard: list[Mapping[str, Any]] = []
    background = BackgroundRun([str(tmp_path / "nowhere.tif"), f"workspace={tmp_path / 'w'}"], heard.append)
    assert background.wait_until_ready() is None
    assert background.stop() == 2
    assert "nowhere.tif" in heard[0]["failed"]
    assert heard[-1] == {"ended": 2}
    assert not background.running


@pytest.mark.slow
def test_a_run_is_watched_stopped_while_it_trains_and_goes_on_to_the_same_files(tmp_path: Path) -> None:
    options = [*TINY, "training.encoder.max_epochs=12"]
    heard: list[Mapping[str, Any]] = []
    background = BackgroundRun([*options, f"workspace={tmp_path / 'w'}"], heard.append)
    folder = background.wait_until_ready()
    assert folder == tmp_path / "w"
    workspace = Workspace(folder)
    assert workspace.ready
    assert "encoder" in workspace.unfinished
    assert until(lambda: any(event.get("stage") == "encoder" and event["done"] > 2 for event in heard))
    assert psutil.Process(background.group).nice() > 0
    autogroup = Path(f"/proc/{background.group}/autogroup")
    assert not autogroup.exists() or autogroup.read_text().split()[-1] == "15"
    assert background.stop() == 130
    assert heard[-1] == {"ended": 130}
    assert "encoder" in workspace.unfinished
    run(composed(*options, f"workspace={folder}"))
    assert Workspace(folder).unfinished == []
    alone = run(composed(*options, f"workspace={tmp_path / 'alone' / 'w'}"))
    assert differing(alone.intact(), workspace.intact(), alone.folder, folder) == []


@pytest.mark.slow
def test_training_ends_when_its_window_is_killed(tmp_path: Path) -> None:
    words = [*TINY, "training.encoder.max_epochs=500", f"workspace={tmp_path / 'w'}"]
    command = [sys.executable, "-c", WATCHER, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        number = int(watcher.stdout.readline())
        while watcher.stdout.readline() not in ("ready\n", ""):
            pass
        assert psutil.pid_exists(number)
        os.kill(watcher.pid, signal.SIGKILL)
    assert until(lambda: not psutil.pid_exists(number))
    assert "encoder" in Workspace(tmp_path / "w").unfinished


@pytest.mark.slow
def test_a_training_process_that_is_killed_is_heard_of_and_the_next_goes_on(tmp_path: Path) -> None:
    words = [*TINY, "training.encoder.max_epochs=12", f"workspace={tmp_path / 'w'}"]
    heard: list[Mapping[str, Any]] = []
    background = BackgroundRun(words, heard.append)
    assert background.wait_until_ready() is not None
    os.killpg(background.group, signal.SIGKILL)
    assert until(lambda: heard[-1] == {"ended": -signal.SIGKILL})
    following = BackgroundRun([f"workspace={tmp_path / 'w'}", "tracking.uri=none"], heard.append)
    assert until(lambda: heard[-1] == {"ended": 0}, 120)
    assert following.stop() == 0
    assert Workspace(tmp_path / "w").unfinished == []
