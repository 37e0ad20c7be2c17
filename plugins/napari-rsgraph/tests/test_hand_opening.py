"""The first look at a window: the first map, what was shown before, and a window that its screen has room for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand import at_window

from rsgraph.own_files.window import read_shown

pytestmark = pytest.mark.slow

_ON_SCREEN = "place(window.main) + place(window.main.statusBar())"
_ROUNDED = 2
"""Pixels of the screen: Qt counts whole pixels of its own, of which each is two at scale 2."""
_SMALL = (
    "[(each.accessibleName() or each.toolTip(), each.width(), each.height()) for each in app.allWidgets()"
    " if each.isVisible() and {'QPushButton', 'QToolButton', 'QCheckBox'}"
    " & {of.__name__ for of in type(each).__mro__}"
    " and any(own.isAncestorOf(each) for own in (window.overview, window.tabs, window.bar))"
    " and each.parent() is not window.tabs.tabBar() and min(each.width(), each.height()) < 24]"
)
"""Controls of ours that are smaller than a finger's tip: 24 pixels, as the accessibility guidelines ask for."""


def test_it_opens_on_the_first_map_and_remembers_what_was_shown(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "first") as hand:
        assert hand.ask("window.session.selection.level") == "segments"
        assert hand.ask("window.session.map.layer") == "own"
        hand.click(hand.centre("window.overview.bar.levels['chips']"))
        hand.wheel(hand.centre("window.overview.points"), 4, keys=["ctrl"])
        hand.wheel(hand.centre("viewer.window._qt_viewer.canvas.native"), 3)
        hand.click(hand.spot("window.tabs.tabBar()", 0.3, 0.5))
        seen = hand.ask("[window.scene.camera.place[1], window.overview.points.map_window().half_width]")
        assert not hand.ask("window.scene.camera.whole or window.overview.points.whole")
        hand.wait("window.memory._written is not None and window.memory._written == window.memory.now()")
        hand.save(tmp_path / "before.png")
    kept = read_shown(workspace / "view" / "window.json")
    assert (kept.level, kept.layout.tab if kept.layout else "") == ("chips", "Search")
    with at_window(workspace, tmp_path / "second") as hand:
        assert hand.ask("window.session.selection.level") == "chips"
        assert hand.ask("window.tabs.tabText(window.tabs.currentIndex())") == "Search"
        again = hand.ask("[window.scene.camera.place[1], window.overview.points.map_window().half_width]")
        assert np.allclose(again, seen, rtol=0.05)
        hand.save(tmp_path / "after.png")


@pytest.mark.parametrize(
    ("size", "scale"), [((1280, 800), 1.0), ((1920, 1080), 1.0), ((1920, 1080), 1.5), ((1920, 1080), 2.0)]
)
def test_all_of_the_window_is_on_the_screen_and_can_be_hit(
    workspace: Path, tmp_path: Path, size: tuple[int, int], scale: float
) -> None:
    with at_window(workspace, tmp_path / "screen", size=size, scale=scale) as hand:
        left, top, width, height, _, status_top, _, status_height = (
            round(each * scale) for each in hand.ask(_ON_SCREEN)
        )
        assert left >= 0
        assert top >= 0
        assert left + width <= size[0]
        assert max(top + height, status_top + status_height) <= size[1] + _ROUNDED
        assert width > 0.85 * size[0]
        points = hand.rectangle("window.overview.points")
        legend = hand.rectangle("window.overview.legend")
        assert points[1] + points[3] <= legend[1]
        assert hand.ask("all(each.width() >= 200 for each in [window.overview, window.side])")
        assert hand.ask(_SMALL) == []
        hand.save(tmp_path / "screen.png")


def test_a_second_window_looks_only_and_leaves_what_the_first_remembers(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "first") as hand:
        hand.wait("window.memory._written is not None")
        before = (workspace / "view" / "window.json").read_bytes()
        with at_window(workspace, tmp_path / "second", words=["read_only=true"]) as other:
            other.click(other.centre("window.overview.bar.levels['chips']"))
            other.wait("window.memory._seen is not None and window.memory._seen.level == 'chips'")
        assert (workspace / "view" / "window.json").read_bytes() == before
