"""A run in a process of its own: what it tells, how it ends, and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from experiments.benchmarks.interruption import differing
from rsgraph import background
from rsgraph.background import BackgroundRun
from rsgraph.run.runner import run as run_all
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


def until(true: Callable[[], bool], seconds: float = 240) -> bool:
    """Wait: a run of low priority gets what others leave of the machine."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_a_run_that_cannot_begin_ends_with_2_and_tells_why(tmp_path: Path) -> None:
    heard: list[Mapping[str, Any]] = []
    run = BackgroundRun([str(tmp_path / "nowhere.tif"), f"workspace={tmp_path / 'w'}"], heard.append)
    assert run.wait_until_ready() is None
    assert run.stop() == 2
    assert "nowhere.tif" in heard[0]["failed"]
    assert heard[-1] == {"ended": 2}
    assert not run.running


DEAF = "import time; time.sleep(60)"

WAITING = """
import os, sys, threading
from rsgraph import background

def wait(words, *, interrupted):
    try:
        print("waiting", flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        interrupted()
        sys.exit(130)

background.main_of_rsgraph = wait
background.main([str(os.open(os.devnull, os.O_WRONLY)), "scene.tif"])
"""


@pytest.fixture
def deaf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[BackgroundRun, list[Mapping[str, Any]]]]:
    """A run that does not end when it is asked to, and what was heard of it."""
    (tmp_path / "deaf_run.py").write_text(DEAF)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.setattr(background, "_MODULE", "deaf_run")
    heard: list[Mapping[str, Any]] = []
    started = BackgroundRun([], heard.append)
    yield started, heard
    started.stop(0)


def test_a_run_that_is_killed_since_it_did_not_stop_counts_as_stopped(
    deaf: tuple[BackgroundRun, list[Mapping[str, Any]]],
) -> None:
    run, heard = deaf
    run.ask_to_stop()
    os.killpg(run.group, signal.SIGKILL)  # as it does itself, some seconds later
    assert until(lambda: bool(heard))
    assert heard == [{"ended": 130}]
    assert run.stop() == 130


def test_a_run_that_somebody_else_killed_does_not_count_as_stopped(
    deaf: tuple[BackgroundRun, list[Mapping[str, Any]]],
) -> None:
    run, heard = deaf
    os.killpg(run.group, signal.SIGKILL)
    assert until(lambda: bool(heard))
    assert heard == [{"ended": -signal.SIGKILL}]
    assert run.stop() == -signal.SIGKILL


def test_a_run_whose_main_thread_waits_for_others_is_interrupted_at_once() -> None:
    command = [sys.executable, "-c", WAITING]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"waiting\n"
        _, said = process.communicate(timeout=60)  # closes its input
    assert process.returncode == 130, "else it has killed itself, after some seconds"
    assert b"interrupted; nothing is lost" in said


def test_priority_is_lowered_within_the_session_and_among_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lowered: list[tuple[int, int, int]] = []
    monkeypatch.setattr(background, "_AUTOGROUP", tmp_path / "autogroup")
    monkeypatch.setattr(os, "setpriority", lambda *given: lowered.append(given))
    monkeypatch.setattr(os, "getpriority", lambda which, who: 0)
    background.yield_to_others()
    assert lowered == [(os.PRIO_PGRP, 0, 15)]
    assert (tmp_path / "autogroup").read_text() == "15"


def test_a_priority_that_is_lower_already_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only root may raise one: `nice -n 19 rsgraph label scene.tif` would fail."""
    monkeypatch.setattr(background, "_AUTOGROUP", tmp_path / "no such folder" / "autogroup")
    monkeypatch.setattr(os, "setpriority", lambda *given: pytest.fail("it was raised"))
    monkeypatch.setattr(os, "getpriority", lambda which, who: 19)
    background.yield_to_others()


@pytest.mark.slow
def test_a_run_is_watched_stopped_while_it_trains_and_goes_on_to_the_same_files(tmp_path: Path) -> None:
    options = [*TINY, "training.encoder.max_epochs=12"]
    heard: list[Mapping[str, Any]] = []
    watched = BackgroundRun([*options, f"workspace={tmp_path / 'w'}"], heard.append)
    folder = watched.wait_until_ready()
    assert folder == tmp_path / "w"
    workspace = Workspace(folder)
    assert workspace.ready
    assert "encoder" in workspace.unfinished
    assert until(lambda: any(event.get("stage") == "encoder" and event["done"] > 2 for event in heard))
    assert psutil.Process(watched.group).nice() > 0
    autogroup = Path(f"/proc/{watched.group}/autogroup")
    assert not autogroup.exists() or autogroup.read_text().split()[-1] == "15"
    assert watched.stop() == 130
    assert heard[-1] == {"ended": 130}
    assert "encoder" in workspace.unfinished
    run_all(composed(*options, f"workspace={folder}"))
    assert Workspace(folder).unfinished == []
    alone = run_all(composed(*options, f"workspace={tmp_path / 'alone' / 'w'}"))
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
    killed = BackgroundRun(words, heard.append)
    assert killed.wait_until_ready() is not None
    os.killpg(killed.group, signal.SIGKILL)
    assert until(lambda: heard[-1] == {"ended": -signal.SIGKILL})
    following = BackgroundRun([f"workspace={tmp_path / 'w'}", "tracking.uri=none"], heard.append)
    assert until(lambda: heard[-1] == {"ended": 0}, 120)
    assert following.stop() == 0
    assert Workspace(tmp_path / "w").unfinished == []
