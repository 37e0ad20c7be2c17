"""The whole window, with real widgets on a virtual screen: brush, label, undo, search, export, reopen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from qtpy.QtCore import QPoint, Qt
from qtpy.QtGui import QAction

from napari_rsgraph.actions import ACTIONS
from napari_rsgraph.window import Window, open_workspace
from rsgraph import Workspace

Opener = Callable[..., Window]


@pytest.fixture
def opener(workspace: Path, make_napari_viewer_proxy: Callable[..., Any], qtbot: Any) -> Iterator[Opener]:
    """Opens windows on the workspace, active and drawn."""
    opened: list[Window] = []

    def open_one(folder: Path = workspace, *, read_only: bool = False) -> Window:
        viewer = make_napari_viewer_proxy(show=True)
        window = open_workspace(viewer, folder, read_only=read_only)
        opened.append(window)
        viewer.window.resize(1280, 800)
        assert window.work.wait(120_000)
        window.main.activateWindow()
        qtbot.waitUntil(window.main.isActiveWindow)
        qtbot.wait(50)
        return window

    yield open_one
    while opened:
        opened.pop().close()


def add_class(qtbot: Any, window: Window, name: str) -> str:
    """Type a class into the panel; return the key it got."""
    window.labels.new_name.setText(name)
    qtbot.keyClick(window.labels.new_name, Qt.Key.Key_Return)
    assert window.work.wait()
    classes = window.session.labels.classes.set_index("name")
    return str(classes.loc[name, "key"])


def drag(
    qtbot: Any, window: Window, start: QPoint, end: QPoint, modifier: Any = Qt.KeyboardModifier.NoModifier
) -> None:
    points = window.overview.points
    qtbot.mousePress(points, Qt.MouseButton.LeftButton, modifier, start)
    qtbot.mouseMove(points, (start + end) / 2)
    qtbot.wait(20)
    qtbot.mouseMove(points, end)
    qtbot.wait(20)
    qtbot.mouseRelease(points, Qt.MouseButton.LeftButton, modifier, end)
    qtbot.wait(20)


def on_screen(window: Window, point: int) -> QPoint:
    """Where a point of the 2-D map is in its widget."""
    left, top = np.ravel(window.overview.points.to_screen(window.session.map.points[[point]]))
    return QPoint(round(float(left)), round(float(top)))


def test_window_brush_label_undo_redo_and_reopen(opener: Opener, qtbot: Any, workspace: Path) -> None:
    window = opener()
    key = add_class(qtbot, window, "water")
    end = on_screen(window, 10)
    drag(qtbot, window, end + QPoint(30, 30), end)
    brushed = np.flatnonzero(window.session.selection.segments)
    assert 10 in brushed
    chips = set(window.session.tables.chip_of[brushed])
    qtbot.waitUntil(lambda: set(window.overview.gallery.tiles.shown.chips) == chips)
    qtbot.keyClick(window.overview.points, key)
    assert window.work.wait()
    assert np.flatnonzero(window.session.labels.codes).tolist() == brushed.tolist()
    with Workspace(workspace).path("labels.sqlite").open("rb") as file:
        assert file.read(6) == b"SQLite"
    qtbot.keyClick(window.overview.points, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.work.wait()
    assert not window.session.labels.codes.any()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window.overview.points, Qt.Key.Key_Z, both)
    assert window.work.wait()
    assert np.flatnonzero(window.session.labels.codes).tolist() == brushed.tolist()
    window.close()
    again = opener()
    assert np.flatnonzero(again.session.labels.codes).tolist() == brushed.tolist()
    again.commands.run("undo")
    assert again.work.wait()
    assert not again.session.labels.codes.any()


def test_window_selection_on_the_scene_lights_up_points_and_gallery(opener: Opener, qtbot: Any) -> None:
    window = opener()
    window.session.selection.select(np.array([5, 6]))
    assert np.flatnonzero(window.session.map_selection()).tolist() == [5, 6]
    assert window.overview.points.selection.tolist() == [5, 6]
    chips = sorted(set(window.session.tables.chip_of[[5, 6]]))
    qtbot.waitUntil(lambda: window.overview.gallery.tiles.shown.chips.tolist() == chips)


def test_window_every_action_of_the_table_does_something_and_has_a_tooltip(opener: Opener) -> None:
    window = opener()
    assert list(window.commands.actions) == [row.name for row in ACTIONS]
    for row in ACTIONS:
        action = window.commands.actions[row.name]
        assert action.text() == row.text
        assert action.toolTip().startswith(row.tooltip)
        assert [keys.toString() for keys in action.shortcuts()] == list(row.keys)


def test_window_no_other_action_has_one_of_our_keys(opener: Opener) -> None:
    window = opener()
    ours = set(window.commands.actions.values())
    taken = {keys.toString() for action in ours for keys in action.shortcuts()}
    for action in window.main.findChildren(QAction):
        if action not in ours:
            assert not taken & {keys.toString() for keys in action.shortcuts()}, action.text()


def test_window_second_on_the_same_workspace_is_read_only_and_says_so(opener: Opener, qtbot: Any) -> None:
    first = opener()
    second = opener()
    assert second.session.labels.read_only
    assert not second.labels.new_name.isEnabled()
    add_class(qtbot, first, "water")
    second.session.labels.refresh()
    assert second.session.labels.names == ["water"]


def test_window_of_a_scene_that_is_gone_shows_mean_colours_and_labels_go_on(
    opener: Opener, workspace: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from rsgraph.errors import NotReadable
    from rsgraph.run.scenes import Reopened

    shutil.rmtree(workspace / "view")

    def gone(self: Reopened) -> Any:
        raise NotReadable("scene.tif does not exist")

    monkeypatch.setattr(Reopened, "opened", gone)
    window = opener()
    assert window.overview.view is not None
    assert "mean" in window.overview.view.description
    add_class(qtbot, window, "water")
    window.session.selection.set_level("segments")
    window.session.selection.select(np.array([0]))
    window.session.label("water")
    assert window.work.wait()
    assert window.session.labels.counts()[1] == 1


def test_window_search_accept_and_label(opener: Opener, qtbot: Any) -> None:
    window = opener()
    add_class(qtbot, window, "water")
    window.session.selection.set_level("segments")
    window.session.selection.select(np.array([3]))
    window.commands.run("find")
    assert window.work.wait()
    assert window.tabs.tabText(window.tabs.currentIndex()) == "Search"
    window.commands.run("accept")
    window.commands.run("reject")
    window.commands.run("accept")
    results = window.session.search.results
    assert results is not None
    accepted = {int(row) for at in (0, 2) for row in (results.rows[at], *results.near[at])}
    window.session.search.label_accepted("water")
    assert window.work.wait()
    assert np.flatnonzero(window.session.labels.codes).tolist() == sorted(accepted)


def test_window_reprojects_in_the_background_and_comes_back(opener: Opener, qtbot: Any) -> None:
    window = opener()
    window.session.selection.set_level("segments")
    window.session.selection.select(np.arange(30))
    window.commands.run("reproject")
    assert window.work.wait(120_000)
    assert window.session.map.subset
    assert window.overview.points.n_points == 30
    window.commands.run("whole")
    assert window.overview.points.n_points == window.session.tables.n_segments


def test_window_export_of_human_labels_and_of_the_selection(opener: Opener, qtbot: Any, tmp_path: Path) -> None:
    window = opener()
    add_class(qtbot, window, "water")
    window.session.selection.set_level("segments")
    window.session.selection.select(np.array([0, 1, 2]))
    window.session.label("water")
    assert window.work.wait()
    window.session.selection.select(np.array([1]))
    written: list[Path] = []
    window.session.exports.start("geotiff", scope="selection", folder=tmp_path / "part", done=written.extend)
    assert window.work.wait()
    path = next(each for each in written if "classes" in each.name)
    with rasterio.open(path) as file:
        painted = np.count_nonzero(file.read(1))
    assert painted == window.session.tables.segments["area_px"].iloc[1]


def test_window_full_disk_during_export_reaches_the_user_and_the_window_lives(
    opener: Opener, qtbot: Any, tmp_path: Path
) -> None:
    window = opener()
    said: list[tuple[str, str]] = []
    window.session.tasks.message.connect(lambda severity, text: said.append((severity, text)))
    target = tmp_path / "file"
    target.write_text("in the way")
    window.session.exports.start("geotiff", folder=target)
    assert window.work.wait()
    assert said[-1][0] == "error"
    assert str(target) in said[-1][1]
    add_class(qtbot, window, "water")
    assert window.session.labels.names == ["water"]


def test_window_hovering_over_the_scene_rings_the_point(opener: Opener) -> None:
    window = opener()
    window.session.selection.set_level("segments")
    before = window.overview.points.screenshot()
    window.scene.hovered.emit(7)
    after = window.overview.points.screenshot()
    assert before != after
    window.scene.hovered.emit(-1)
    assert window.overview.points.screenshot() == before


def test_window_tests_are_those_that_are_marked_as_slow(request: pytest.FixtureRequest, opener: Opener) -> None:
    items = [item for item in request.session.items if item.path == request.path]
    assert request.node in items
    assert all(item.get_closest_marker("slow") for item in items)
