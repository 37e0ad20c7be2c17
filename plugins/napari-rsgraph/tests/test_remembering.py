"""The memory of a window for a workspace, and a file of it that is damaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget
from waiting import shown

from napari_rsgraph.overview import Overview
from napari_rsgraph.remembering import Frame, Memory, _heights
from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.session.work import Immediate
from rsgraph.brushing.shapes import Rectangle
from rsgraph.files import write_json
from rsgraph.own_files.window import FilterChoice, Layout, MapChoice, SceneChoice, Shown, read_shown
from rsgraph.types import Window


class Camera:
    """A camera that remembers where it was put."""

    def __init__(self) -> None:
        self.whole, self.place = True, ((0.0, 0.0), 1.0)

    def show_place(self, grid: object, centre: tuple[float, float], zoom: float) -> bool:
        self.whole, self.place = False, (centre, zoom)
        return True


Opener = Callable[..., Memory]


@pytest.fixture
def opener(qtbot: Any) -> Iterator[Opener]:
    """Opens what a window has around its memory, in one of Qt's own windows."""
    opened: list[Session] = []

    def open_one(workspace: Path, *, read_only: bool = False) -> Memory:
        session = open_session(workspace, Immediate(), read_only=read_only)
        opened.append(session)
        main, tabs = QMainWindow(), QTabWidget()
        qtbot.addWidget(main)
        for name in ("Label", "Search"):
            tabs.addTab(QWidget(), name)
        main.setCentralWidget(QWidget())
        docks = [QDockWidget(), QDockWidget()]
        overview = Overview(session)
        areas = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)
        for dock, widget, area in zip(docks, (overview, tabs), areas, strict=True):
            dock.setWidget(widget)
            main.addDockWidget(area, dock)
        main.resize(1280, 780)
        names = [scene.name for scene in session.tables.scenes]
        scene: Any = SimpleNamespace(shown=True, scenes=names, scene=0, camera=Camera(), grid=None)
        return Memory(session, overview, scene, Frame(main, docks[0], docks[1], tabs, own=True))

    yield open_one
    for session in opened:
        session.close()


def said(memory: Memory) -> list[tuple[str, str]]:
    heard: list[tuple[str, str]] = []
    memory.session.tasks.message.connect(lambda severity, text: heard.append((severity, text)))
    return heard


def test_at_first_the_first_map_of_the_manifest_is_shown(opener: Opener, workspace: Path) -> None:
    memory = opener(workspace)
    memory.recall()
    session = memory.session
    first = session.workspace.maps[0]
    assert not memory.known
    assert session.selection.level == "segments"
    assert (session.map.layer, session.map.projector) == (first["layer"], first["projector"])


def test_maps_that_were_put_in_another_order_open_in_that_order(opener: Opener, workspace: Path) -> None:
    import json

    path = workspace / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["maps"] = manifest["maps"][::-1]
    write_json(path, manifest)
    first = manifest["maps"][0]
    assert first["path"] != "segments.parquet"
    memory = opener(workspace)
    memory.recall()
    assert memory.session.map.layer == first["layer"]
    assert memory.overview.bar.layer.itemData(0) is None or memory.session.maps.layers[0] == first["layer"]


def test_what_was_shown_is_shown_again(opener: Opener, workspace: Path, qtbot: Any) -> None:
    memory = opener(workspace)
    memory.recall()
    session = memory.session
    shown(qtbot, memory.frame.main)
    memory.lay_out()
    session.labels.define("water")
    session.selection.set_level("chips")
    session.colouring.choose("chip")
    session.selection.set_filter(classes=frozenset({0, 1}), window=(0, Window(0, 0, 90, 100)))
    window, (x, y) = memory.overview.points.map_window(), session.map.points[0].tolist()
    memory.overview.points.show_part(Rectangle(x, y, window.half_width / 3, window.half_height / 3))
    memory.scene.camera.show_place(None, (12.0, 34.0), 2.5)
    memory.frame.tabs.setCurrentIndex(1)
    before = memory.now()
    memory.keep(before)
    memory.session.close()

    again = opener(workspace)
    again.recall()
    shown(qtbot, again.frame.main)
    again.lay_out()
    again.zoom()
    after = again.now()
    assert again.known
    assert (after.level, after.chips, after.colour, after.scene) == (
        "chips",
        before.chips,
        "chip",
        SceneChoice(session.tables.scenes[0].name, (12.0, 34.0), 2.5),
    )
    assert after.filter == FilterChoice(
        ("", "water"), False, before.scene.name if before.scene else "", (0, 0, 90, 100)
    )
    assert again.frame.tabs.currentIndex() == 1
    assert before.part is not None
    assert after.part is not None
    assert np.allclose(after.part, before.part, rtol=0.2)
    assert not again.overview.points.whole


def test_a_map_that_is_gone_is_not_made_anew(opener: Opener, workspace: Path) -> None:
    choice = Shown(segments=MapChoice("bands", "tsne"), chips=MapChoice("gone", "umap"))
    write_json(workspace / "view" / "window.json", choice.as_json())
    memory = opener(workspace)
    heard = said(memory)
    memory.recall()
    assert memory.session.map.layer == memory.session.workspace.default_layer
    assert not (workspace / "projections" / "bands-tsne.parquet").exists()
    assert heard == []


@pytest.mark.parametrize("text", ["{", '{"level": "pixels"}', '{"level": "segments", "part": [1, 2, 3, -1]}'])
def test_a_damaged_file_is_one_sentence_and_the_window_opens_as_at_first(
    opener: Opener, workspace: Path, text: str
) -> None:
    path = workspace / "view" / "window.json"
    path.write_text(text)
    memory = opener(workspace)
    heard = said(memory)
    memory.recall()
    assert memory.session.selection.level == "segments"
    assert [severity for severity, _ in heard] == ["warning"]
    assert "window.json is damaged" in heard[0][1]
    memory.keep()
    assert read_shown(path).level == "segments"


def test_classes_and_scenes_that_are_gone_are_left_out(opener: Opener, workspace: Path) -> None:
    choice = Shown(
        filter=FilterChoice(("gone",), False, "gone", (0, 0, 5, 5)), scene=SceneChoice("gone", (1.0, 1.0), 1.0)
    )
    write_json(workspace / "view" / "window.json", choice.as_json())
    memory = opener(workspace)
    memory.recall()
    memory.zoom()
    assert not memory.session.selection.filter.active
    assert memory.scene.camera.whole


def test_a_window_that_only_looks_reads_and_never_writes(opener: Opener, workspace: Path) -> None:
    path = workspace / "view" / "window.json"
    first = opener(workspace)
    first.recall()
    first.session.selection.set_level("chips")
    first.keep()
    before = path.read_bytes()
    second = opener(workspace, read_only=True)
    second.recall()
    assert second.session.selection.level == "chips"
    second.session.selection.set_level("segments")
    second.look()
    second.look()
    second.keep()
    assert path.read_bytes() == before


def test_it_is_written_once_what_is_shown_has_come_to_rest(opener: Opener, workspace: Path) -> None:
    path = workspace / "view" / "window.json"
    memory = opener(workspace)
    memory.recall()
    memory.look()
    assert not path.exists()
    memory.look()
    assert read_shown(path).level == "segments"
    state = path.stat().st_mtime_ns
    memory.look()
    assert path.stat().st_mtime_ns == state


def test_a_folder_that_cannot_be_written_is_one_sentence(opener: Opener, workspace: Path) -> None:
    memory = opener(workspace)
    memory.recall()
    heard = said(memory)
    (workspace / "view").rename(workspace / "elsewhere")
    (workspace / "view").write_text("a file where the folder was")
    memory.keep()
    memory.session.selection.set_level("chips")
    memory.keep()
    assert len(heard) == 1
    assert heard[0][0] == "status"
    assert "will not be remembered" in heard[0][1]


def test_a_column_that_was_closed_stays_closed(opener: Opener, workspace: Path, qtbot: Any) -> None:
    layout = Layout(left=420, right=0, map=300, gallery=200, tab="Search")
    write_json(workspace / "view" / "window.json", Shown(layout=layout).as_json())
    memory = opener(workspace)
    memory.recall()
    shown(qtbot, memory.frame.main)
    memory.lay_out()
    assert memory.frame.right.isHidden()
    assert memory.now().layout is not None
    assert memory.now().layout.right == 0


def test_in_a_low_column_the_map_comes_before_the_gallery() -> None:
    assert _heights(440) == [330, 110]
    assert _heights(600) == [378, 222]
    assert _heights(1000) == [630, 370]
