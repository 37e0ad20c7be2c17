"""The clock that all views share."""

from __future__ import annotations

import time
from typing import Any

import pytest
from pytestqt.exceptions import capture_exceptions
from qtpy.QtCore import QObject

from napari_rsgraph.widgets.refresh import Ticks


@pytest.fixture
def clock(qtbot: Any) -> Ticks:
    return Ticks(None)


def test_ticks_call_each_function_once_however_often_asked(clock: Ticks, qtbot: Any) -> None:
    seen: list[int] = []

    def one() -> None:
        seen.append(1)

    for _ in range(5):
        clock.ask(one)
    assert seen == []
    qtbot.waitUntil(lambda: bool(seen))
    qtbot.wait(100)
    assert seen == [1]


def test_ticks_leave_for_later_what_would_make_a_tick_long(clock: Ticks, qtbot: Any) -> None:
    seen: list[tuple[str, float]] = []

    def slow() -> None:
        time.sleep(0.05)
        seen.append(("slow", time.monotonic()))

    def quick() -> None:
        seen.append(("quick", time.monotonic()))

    clock.ask(slow)
    clock.ask(quick)
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert [name for name, _ in seen] == ["slow", "quick"]
    assert seen[1][1] - seen[0][1] > 0.02


def test_who_paints_anyway_takes_along_what_waits(clock: Ticks) -> None:
    seen: list[str] = []
    clock.ask(lambda: seen.append("first"))
    clock.take_along()
    assert seen == ["first"]
    assert not clock.waiting
    clock.ask(lambda: seen.append("second"))
    clock.take_along()  # the tick before has just been
    assert seen == ["first"]
    time.sleep(0.03)
    clock.take_along()
    assert seen == ["first", "second"]


def test_ticks_go_on_after_an_error(clock: Ticks, qtbot: Any) -> None:
    seen: list[int] = []

    def fail() -> None:
        raise ZeroDivisionError

    with capture_exceptions() as caught:
        clock.ask(fail)
        clock.ask(lambda: seen.append(1))
        qtbot.waitUntil(lambda: bool(seen))
    assert [kind for kind, _, _ in caught] == [ZeroDivisionError]


def test_ticks_forget_what_was_dropped_or_has_no_owner_any_more(clock: Ticks, qtbot: Any) -> None:
    seen: list[str] = []
    owner = QObject()

    def dropped() -> None:
        seen.append("dropped")

    clock.ask(dropped)
    clock.drop(dropped)
    clock.ask(lambda: seen.append("of the owner"), owner)
    owner.deleteLater()
    qtbot.wait(20)
    clock.ask(lambda: seen.append("kept"))
    qtbot.waitUntil(lambda: bool(seen))
    qtbot.wait(80)
    assert seen == ["kept"]
