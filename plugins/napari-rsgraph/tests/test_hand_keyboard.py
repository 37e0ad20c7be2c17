"""The whole work by the keyboard: walk, enlarge, label, undo, search; and a name for every control."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand import at_window
from numpy.typing import NDArray

pytestmark = pytest.mark.slow

CHOSEN = "window.session.selection.rows.tolist()"
PLACES = "window.session.tables.centroids[window.session.selection.rows].tolist()"
LABELLED = "np.flatnonzero(window.session.labels.codes).tolist()"
AREAS = "[type(focus).__name__, focus.accessibleName()]"

NAMELESS = """[
    (type(each).__name__, each.toolTip())
    for holder in (window.left, window.right, window.bar)
    for each in holder.findChildren(QWidget)
    if each.window() is window.main and type(each.parent()).__name__ != 'QSpinBox'
    and each.focusPolicy() != Qt.FocusPolicy.NoFocus and type(each).__name__ in CONTROLS
    and not QAccessible.queryAccessibleInterface(each).text(QAccessible.Text.Name).strip()
]"""
"""Controls that a screen reader could not name."""


def test_neighbours_labels_undo_and_search_without_a_mouse(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.key("Tab", "Right", "Right")
        (one,) = hand.ask(CHOSEN)
        point = hand.ask(f"window.session.map.points[{one}].tolist()")
        assert hand.ask("window.overview.points.hasFocus()")
        hand.key("Left")
        (other,) = hand.ask(CHOSEN)
        assert hand.ask(f"window.session.map.points[{other}].tolist()")[0] < point[0]
        hand.key("F6", "F6")
        assert hand.ask("focus is window.drawn.parentWidget()"), "the scene"
        hand.key("Escape", "Right")
        before = hand.ask(PLACES)[0]
        hand.key("Right")
        (after,) = hand.ask(PLACES)
        assert after[1] > before[1]
        hand.key("shift+Down")
        assert len(hand.ask(CHOSEN)) == 2
        hand.key("period")
        ring = hand.ask(CHOSEN)
        assert len(ring) > 4
        hand.save(tmp_path / "ring.png")
        hand.key("shift+n")
        hand.write("water")
        hand.key("Return")
        hand.wait("window.session.labels.names == ['water']")
        hand.key("1")
        hand.wait(f"{LABELLED} == {ring}")
        hand.key("ctrl+z")
        hand.wait(f"{LABELLED} == []")
        hand.key("Escape", "Left", "f")
        hand.wait("window.session.search.results is not None")
        (example,) = hand.ask("window.session.search.results.examples.tolist()")
        hand.key("a", "j", "shift+s")
        accepted = hand.ask("window.session.search.results.accepted().tolist()")
        assert hand.ask(CHOSEN) == sorted([example, *accepted])
        hand.key("1")
        hand.wait(f"{LABELLED} == {sorted([example, *accepted])}")


def test_a_brush_is_placed_moved_and_resized_by_keys(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.key("Tab", "Return")
        hand.wait("window.overview.points.brush is not None")
        x, radius = hand.ask("[window.overview.points.brush.x, window.overview.points.brush.radius]")
        hand.key("Right", "bracketright")
        hand.wait(f"window.overview.points.brush.x > {x} and window.overview.points.brush.radius > {radius}")
        hand.key("shift+Escape")
        hand.wait("window.overview.points.brush is None")


def test_every_part_is_reached_and_every_control_has_a_name(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        first = hand.ask(AREAS)
        seen = []
        for _ in range(12):
            hand.key("F6")
            seen.append(hand.ask(AREAS))
            if seen[-1] == first:
                break
        assert len(seen) == len({tuple(each) for each in seen}) == 6
        hand.key("F6", "F6", "F6")
        assert hand.ask(AREAS)[0] == "QTabBar"
        hand.key("Right")
        assert hand.ask("window.tabs.tabText(window.tabs.currentIndex())") == "Search"
        hand.key("Tab")
        assert hand.ask("window.right.isAncestorOf(focus)")
        assert hand.ask(_with_qt(NAMELESS)) == []


def _with_qt(expression: str) -> str:
    """Let an expression speak of Qt."""
    controls = (
        "('QPushButton', 'QToolButton', 'IconButton', 'QComboBox', 'QLineEdit', 'NameEdit', 'QSpinBox', 'QCheckBox', "
        "'QDoubleSpinBox', 'QSlider', 'QTabBar', 'QTableView', 'QListView', 'CandidateList', 'Tiles', 'PointMap')"
    )
    return (
        "(lambda QWidget, Qt, QAccessible, CONTROLS, window: " + expression + ")("
        "*(getattr(__import__(f'qtpy.Qt{room}', fromlist=['x']), name) for room, name in "
        "(('Widgets', 'QWidget'), ('Core', 'Qt'), ('Gui', 'QAccessible'))), " + controls + ", window)"
    )


def framed(picture: NDArray[np.uint8]) -> bool:
    """Say whether all four sides of a picture are blue."""
    sides = (picture[0], picture[-1], picture[:, 0], picture[:, -1])
    return all((np.abs(side.astype(int) - [86, 180, 233]).max(axis=1) < 40).mean() > 0.9 for side in sides)


def test_the_picture_shows_where_the_keyboard_is(workspace: Path, tmp_path: Path) -> None:
    with at_window(workspace, tmp_path / "screen") as hand:
        parts = ("window.overview.points", "window.drawn.parentWidget()")
        assert [framed(hand.part(part)) for part in parts] == [True, False]
        hand.key("F6")
        assert [framed(hand.part(part)) for part in parts] == [False, False], "the gallery has it"
        hand.key("F6")
        assert [framed(hand.part(part)) for part in parts] == [False, True]
        hand.save(tmp_path / "frame.png")
