"""A run that goes on beside a window: in the strip of tasks, stopped by its button, its maps taken up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_rsgraph.training import Training
from napari_rsgraph.widgets.naming import stage_title
from napari_rsgraph.window import Window, _windows, open_workspace
from rsgraph import Workspace

LATE = ("encoder", "encode", "gnn", "join", "trained_maps", "pictures")
"""Stages after which a workspace can be labelled already."""

Opener = Callable[..., Window]


@pytest.fixture
def opener(workspace: Path, make_napari_viewer_proxy: Callable[..., Any], qtbot: Any) -> Iterator[Opener]:
    """Opens windows on a workspace whose run was interrupted in the encoder, and goes on with it."""
    Workspace(workspace).forget(LATE)
    started: list[Training] = []
    opened: list[Window] = []

    def open_one(*options: str, read_only: bool = False) -> Window:
        training = Training([f"workspace={workspace}", "tracking.uri=none", *options])
        started.append(training)
        assert training.wait_until_ready() == workspace
        viewer = make_napari_viewer_proxy(show=True)
        window = open_workspace(viewer, workspace, training=training, read_only=read_only)
        opened.append(window)
        viewer.window.resize(1280, 800)
        assert window.work.wait(120_000)
        return window

    yield open_one
    for window in opened:
        window.close()
    for training in started:
        training.stop()


@pytest.mark.slow
def test_trained_maps_appear_while_selection_and_labels_stay(opener: Opener, qtbot: Any) -> None:
    window = opener()
    session, strip = window.session, window.tasks
    qtbot.waitUntil(strip.isVisible)
    qtbot.waitUntil(lambda: "step" in strip.lines[0].title.text(), timeout=240_000)
    assert session.maps.layers == ["own", "surroundings", "bands", "target"]
    session.selection.set_level("segments")
    session.brush(np.arange(7), "replace", True)
    session.labels.define("water")
    session.label("water")
    assert window.work.wait()
    qtbot.waitUntil(lambda: not strip.lines, timeout=120_000)
    assert session.workspace.unfinished == []
    bar = window.overview.bar
    qtbot.waitUntil(lambda: bar.layer.findData("own+gnn1") == 2)
    assert session.map.layer == "own", "what is shown stays"
    assert session.selection.rows.tolist() == [*range(7)]
    assert np.flatnonzero(session.labels.codes).tolist() == [*range(7)]
    session.maps.show("segments", layer="own+gnn1")
    assert window.work.wait()
    assert session.map.layer == "own+gnn1"


@pytest.mark.slow
def test_the_button_stops_training_and_the_window_goes_on(opener: Opener, qtbot: Any) -> None:
    window = opener("training.encoder.max_epochs=400", "overwrite=true")
    line = window.tasks.lines[0]
    assert line.cancel.text() == "Stop"
    qtbot.waitUntil(lambda: stage_title("encoder") in line.title.text(), timeout=240_000)
    qtbot.mouseClick(line.cancel, Qt.MouseButton.LeftButton)
    assert line.cancel.text() == "Stopping"
    qtbot.waitUntil(lambda: not window.tasks.lines, timeout=120_000)
    assert window.run.training is not None
    assert not window.run.training.running
    assert "encoder" in window.session.workspace.unfinished
    window.session.labels.define("water")
    assert window.work.wait()


@pytest.mark.slow
def test_closing_the_window_stops_training(opener: Opener, qtbot: Any) -> None:
    window = opener("training.encoder.max_epochs=400", "overwrite=true")
    training = window.run.training
    assert training is not None
    window.close()
    qtbot.waitUntil(lambda: not training.running, timeout=120_000)
    assert training.stop() == 130


@pytest.mark.slow
def test_a_run_that_fails_says_why_in_the_window(opener: Opener, qtbot: Any, workspace: Path) -> None:
    said: list[str] = []
    window = opener("training.encoder.max_epochs=400", "overwrite=true")
    window.run._say = lambda severity, text: said.append(f"{severity}: {text}")
    assert window.run.training is not None
    window.run.training._run._process.kill()
    qtbot.waitUntil(lambda: bool(said), timeout=120_000)
    assert said == [
        "warning: training stopped: it ended with -9; memory may be short. Label on: the next start goes on"
    ]
    assert not window.tasks.isVisible()


def test_a_workspace_with_maps_is_labelled_also_where_its_run_cannot_go_on(
    workspace: Path, qtbot: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    Workspace(workspace).forget(LATE)
    words = [f"workspace={workspace}", "tracking.uri=none", "training.budget=0"]
    training = Training(words)
    assert training.wait_until_ready(workspace) == workspace
    assert (training.ready, training.running, training.steps()) == (False, False, [])
    said: list[str] = []
    training.ended.connect(said.append)
    training.listen()
    training.listen()
    qtbot.waitUntil(lambda: bool(said), timeout=5000)
    why = "training.budget must be at least 1 pass of a chip, or full. Got 0; 500 is usual."
    assert said == [why]
    Workspace(workspace).forget(["project"])
    for there in (workspace, None):
        with pytest.raises(SystemExit) as end:
            Training(words).wait_until_ready(there)
        assert end.value.code == 2
    assert capfd.readouterr().err == 3 * f"error: {why}\n"


def _emitted(training: Training, *events: dict[str, Any]) -> list[str]:
    said: list[str] = []
    training.ended.connect(said.append)
    for event in events:
        training._emit(event)
    return said


def test_how_a_run_ended_is_said_where_it_did_not_say_so(workspace: Path, qtbot: Any) -> None:
    training = Training(["nowhere.tif"])
    training.stop()
    assert _emitted(training, {"ended": 0}, {"ended": 130}) == ["", ""]
    (killed,) = _emitted(training, {"ended": -9})[-1:]
    assert killed == "it ended with -9; memory may be short. Label on: the next start goes on"
    (broken,) = _emitted(training, {"ended": 1})[-1:]
    assert broken == "it ended with 1; the terminal shows why. Label on: the next start goes on"


def test_of_a_stage_that_has_ended_no_progress_is_shown(workspace: Path, qtbot: Any) -> None:
    training = Training(["nowhere.tif"])
    training.stop()
    seen: list[Any] = []
    training.progressed.connect(lambda stage, done, total, left: seen.append((stage, done, total, left)))
    training.finished.connect(seen.append)
    report = {"stage": "target", "total": 9, "left": "about 1 s left"}
    for event in ({**report, "done": 4}, {**report, "done": 9}, {"finished": "target"}):
        training._events.put(event)
    training._hear()
    assert seen == ["target"]
    for done in (1, 2):
        training._events.put({**report, "stage": "encoder", "done": done})
    training._hear()
    assert seen == ["target", ("encoder", 2, 9, "about 1 s left")]


@pytest.mark.slow
def test_a_second_run_of_a_workspace_that_is_open_is_stopped(opener: Opener, workspace: Path, qtbot: Any) -> None:
    window = opener("training.encoder.max_epochs=400", "overwrite=true")
    second = Training([f"workspace={workspace}", "tracking.uri=none"])
    assert open_workspace(window.viewer, workspace, training=second) is window
    qtbot.waitUntil(lambda: not second.running, timeout=120_000)
    assert window.run.training is not second
    assert window.run.training is not None
    assert window.run.training.running


@pytest.mark.slow
def test_a_window_that_is_opened_again_to_write_takes_the_run_over(opener: Opener, qtbot: Any) -> None:
    window = opener("training.encoder.max_epochs=400", "overwrite=true", read_only=True)
    viewer, training = window.viewer, window.run.training
    assert training is not None
    window.reopen()
    (new,) = [each for each in _windows if each.viewer is viewer]
    assert new is not window
    assert new.run.training is training
    assert training.running
    seen: list[str] = []
    window._look_again = lambda: seen.append("the old one")  # type: ignore[method-assign]
    new._look_again = lambda: seen.append("the new one")  # type: ignore[method-assign]
    training._events.put({"finished": "gnn"})
    qtbot.waitUntil(lambda: bool(seen), timeout=5000)
    assert {*seen} == {"the new one"}
    qtbot.waitUntil(lambda: stage_title("encoder") in new.tasks.lines[0].title.text(), timeout=240_000)
    new.close()
    qtbot.waitUntil(lambda: not training.running, timeout=120_000)


def test_a_session_takes_up_what_another_process_has_added(workspace: Path) -> None:
    from napari_rsgraph.session.session import open_session
    from napari_rsgraph.session.work import Immediate

    made = Workspace(workspace)
    whole = made.manifest
    made.write_manifest(
        {
            **whole,
            "layers": ["bands", "own", "surroundings"],
            "maps": [each for each in whole["maps"] if each["layer"] != "own+gnn1"],
        }
    )
    session = open_session(workspace, Immediate())
    said: list[str] = []
    changes: list[int] = []
    session.tasks.message.connect(lambda severity, text: said.append(text))
    session.maps.offered_changed.connect(lambda: changes.append(1))
    session.brush(np.arange(3), "replace", True)
    session.look_again()
    assert (said, changes) == ([], []), "nothing has changed"
    assert "strongest membership" not in session.colouring.choices("segments")
    made.write_manifest(whole)
    session.look_again()
    assert session.maps.layers[:3] == ["own", "surroundings", "own+gnn1"]
    assert said == ["trained further: a map of it is drawn. Choose it above the map; the map that is shown stays"]
    assert changes == [1]
    assert "strongest membership" in session.colouring.choices("segments")
    assert session.colouring.by == "class", "colours do not change by themselves"
    assert session.selection.rows.tolist() == [*range(3)] or session.selection.level == "chips"
    session.close()


def test_a_session_takes_up_chips_that_another_process_has_laid_out_anew(workspace: Path) -> None:
    from napari_rsgraph.session.session import open_session
    from napari_rsgraph.session.work import Immediate
    from rsgraph.stages.project import write_located

    session = open_session(workspace, Immediate())
    said: list[str] = []
    shown: list[str] = []
    session.tasks.message.connect(lambda severity, text: said.append(text))
    session.maps.changed.connect(shown.append)
    session.selection.set_level("chips")
    session.selection.select_chips(np.array([1]))
    session.look_again()
    assert (said, shown) == ([], []), "nothing has changed"
    table = workspace / "chips.parquet"
    points = np.random.default_rng(0).normal(size=(len(session.tables.chips), 2)).astype(np.float32)
    write_located(table, table, points)
    session.look_again()
    session.look_again()
    np.testing.assert_array_equal(session.maps.current["chips"].points, points)
    assert (len(said), shown) == (1, ["chips"])
    assert "matched" in said[0]
    assert np.flatnonzero(session.selection.chips).tolist() == [1]
    session.close()
