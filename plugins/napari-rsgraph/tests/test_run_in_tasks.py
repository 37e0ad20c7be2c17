from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtCore import QObject, Qt, Signal

from napari_rsgraph.panels.tasks import TaskStrip
from napari_rsgraph.run_in_tasks import RunInTasks


class Run(QObject):
    """Says what a run of two stages says, when it is asked to."""

    progressed = Signal(str, object, object, str)
    finished = Signal(str)
    ended = Signal(str)
    running, asked = True, 0

    def steps(self) -> list[str]:
        return ["encoder", "gnn"]

    def listen(self) -> None:
        pass

    def ask_to_stop(self) -> None:
        self.asked += 1


@pytest.fixture
def follow(qtbot: Any) -> Callable[..., tuple[RunInTasks, TaskStrip, list[str]]]:
    def make() -> tuple[RunInTasks, TaskStrip, list[str]]:
        strip, said = TaskStrip(), list[str]()
        qtbot.addWidget(strip)
        return (
            RunInTasks(strip, lambda: said.append("look"), lambda *words: said.append(": ".join(words))),
            strip,
            said,
        )

    return make


def test_a_run_is_shown_step_by_step_until_its_end(follow: Any) -> None:
    shown, strip, said = follow()
    run: Any = Run()
    shown.go_on_with(run)
    title = strip.lines[0].title
    assert title.text().endswith("step 1 of 2")
    run.progressed.emit("encoder", 3, 10, "about 20 s left")
    assert title.text().endswith("step 1 of 2, about 20 s left")
    run.finished.emit("encoder")
    assert title.text().endswith("step 2 of 2")
    assert said == ["look"]
    run.ended.emit("the disk is full")
    assert not strip.lines
    assert said == ["look", "look", "warning: training stopped: the disk is full"]


def test_its_button_stops_it_and_a_second_run_is_not_begun(follow: Any, qtbot: Any) -> None:
    shown, strip, _ = follow()
    run, second = Run(), Run()
    shown.go_on_with(run)
    shown.go_on_with(second)
    assert (shown.training, run.asked, second.asked) == (run, 0, 1)
    qtbot.mouseClick(strip.lines[0].cancel, Qt.MouseButton.LeftButton)
    assert run.asked == 1
    shown.stop()
    assert run.asked == 2


def test_a_run_that_is_left_goes_on_for_another_window(follow: Any) -> None:
    shown, _, said = follow()
    run: Any = Run()
    assert shown.leave() is None
    shown.go_on_with(run)
    assert shown.leave() is run
    run.ended.emit("the disk is full")
    shown.stop()
    assert (said, run.asked) == ([], 0)
