"""Tasks beside the window."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from napari_rsgraph.qt_work import QtWork
from rsgraph.errors import NotThere, RsgraphError
from rsgraph.protocols import Progress


@pytest.fixture
def work(qtbot: QtBot) -> Any:
    made = QtWork()
    yield made
    made.close()


def add(a: int, b: int, progress: Progress) -> tuple[int, int]:
    progress(1, 1)
    return a + b, os.getpid()


def fail(progress: Progress) -> None:
    raise NotThere("there is no such layer")


def die(progress: Progress) -> None:
    os._exit(9)


def sleep(progress: Progress) -> None:
    for step in range(600):
        progress(step, 600)
        time.sleep(0.1)


@pytest.mark.parametrize("lane", ["journal", "background", "process"])
def test_work_gives_the_result_on_the_windows_thread(work: QtWork, lane: Any) -> None:
    found: list[Any] = []
    work.start(
        "add", partial(add, 2, 3), lambda result: found.append((result, threading.current_thread())), lane=lane
    )
    assert work.wait(60_000)
    (result, process), thread = found[0]
    assert result == 5
    assert thread is threading.main_thread()
    assert (process == os.getpid()) == (lane != "process")


@pytest.mark.parametrize("lane", ["background", "process"])
def test_work_tells_errors_of_the_users(work: QtWork, lane: Any) -> None:
    said: list[RsgraphError] = []
    work.start("fail", fail, lambda _: None, lane=lane, failed=said.append)
    assert work.wait(60_000)
    assert isinstance(said[0], NotThere)
    assert str(said[0]) == "there is no such layer"


def test_work_tells_that_a_process_died(work: QtWork) -> None:
    said: list[RsgraphError] = []
    work.start("die", die, lambda _: None, lane="process", failed=said.append)
    assert work.wait(60_000)
    assert "ended early" in str(said[0])


def test_work_hands_on_what_is_no_error_of_the_users(work: QtWork, qtbot: QtBot) -> None:
    with qtbot.waitSignal(work.crashed) as heard:
        work.start("divide", lambda progress: 1 // 0, lambda _: None)
    assert isinstance(heard.args[0], ZeroDivisionError)


@pytest.mark.parametrize("lane", ["background", "process"])
def test_work_shows_and_cancels_what_takes_long(work: QtWork, qtbot: QtBot, lane: Any) -> None:
    done: list[Any] = []
    with qtbot.waitSignal(work.progressed, timeout=60_000), qtbot.waitSignal(work.started, timeout=60_000) as started:
        work.start("sleep", sleep, done.append, lane=lane)
    number, title = started.args
    assert title == "sleep"
    with qtbot.waitSignal(work.ended, timeout=30_000) as ended:
        work.cancel(number)
    assert ended.args == [number]
    assert not done
    assert not work.busy


def test_work_keeps_the_order_of_the_journal(work: QtWork) -> None:
    seen: list[int] = []
    for number in range(20):
        work.start("write", lambda progress, number=number: seen.append(number), lambda _: None, lane="journal")
    assert work.wait()
    assert seen == list(range(20))


def test_work_close_waits_for_the_journal(qtbot: QtBot) -> None:
    made, written = QtWork(), []

    def write(progress: Progress) -> None:
        time.sleep(0.3)
        written.append(True)

    made.start("write", write, lambda _: None, lane="journal")
    made.close()
    assert written == [True]


@pytest.mark.parametrize("lane", ["background", "process"])
def test_work_says_that_a_cancelled_task_ended(work: QtWork, qtbot: QtBot, lane: Any) -> None:
    ended: list[bool] = []
    with qtbot.waitSignal(work.started, timeout=60_000) as started:
        work.start("sleep", sleep, lambda _: None, lane=lane, ended=lambda: ended.append(True))
    work.cancel(started.args[0])
    qtbot.waitUntil(lambda: ended == [True], timeout=30_000)
