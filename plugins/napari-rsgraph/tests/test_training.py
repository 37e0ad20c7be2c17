"""A run that goes on beside a window: in the strip of tasks, stopped by its button, its maps taken up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_rsgraph.training import Training
from napari_rsgraph.window import Window, open_workspace
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

    def open_one(*options: str) -> Window:
        training = Training([f"workspace={workspace}", "tracking.uri=none", *options])
        started.append(training)
        assert training.wait_until_ready() == workspace
        viewer = make_napari_viewer_proxy(show=True)
        window = open_workspace(viewer, workspace, training=training)
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
    qtbot.waitUntil(lambda: "step" in strip.lines[0].title.text(), timeout=60_000)
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
    qtbot.waitUntil(lambda: "encoder" in line.title.text(), timeout=60_000)
    qtbot.mouseClick(line.cancel, Qt.MouseButton.LeftButton)
    assert line.cancel.text() == "Stopping"
    qtbot.waitUntil(lambda: not window.tasks.lines, timeout=30_000)
    assert window.training is not None
    assert not window.training.running
    assert "encoder" in window.session.workspace.unfinished
    window.session.labels.define("water")
    assert window.work.wait()


@pytest.mark.slow
def test_closing_the_window_stops_training(opener: Opener, qtbot: Any) -> None:
    window = opener("training.encoder.max_epochs=400", "overwrite=true")
    training = window.training
    assert training is not None
    window.close()
    qtbot.waitUntil(lambda: not training.running, timeout=30_000)
    assert training.stop() == 130


@pytest.mark.slow
def test_a_run_that_fails_says_why_in_the_window(opener: Opener, qtbot: Any, workspace: Path) -> None:
    said: list[str] = []
    window = opener("training.encoder.max_epochs=400", "overwrite=true")
    window._say = lambda severity, text: said.append(f"{severity}: {text}")  # type: ignore[method-assign]
    assert window.training is not None
    window.training._run._process.kill()
    qtbot.waitUntil(lambda: bool(said), timeout=30_000)
    assert said == [
        "warning: training stopped: it ended with -9; memory may be short. Label on: the next start goes on"
    ]
    assert not window.tasks.isVisible()


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
    assert said == ["own+gnn1: trained, and drawn. Choose it above the map; the map that is shown stays"]
    assert changes == [1]
    assert "strongest membership" in session.colouring.choices("segments")
    assert session.colouring.by == "class", "colours do not change by themselves"
    assert session.selection.rows.tolist() == [*range(3)] or session.selection.level == "chips"
    session.close()
