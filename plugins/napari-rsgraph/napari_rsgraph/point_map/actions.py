"""The actions of the 2-D map, for menus and toolbars; each has a text, a tooltip and a shortcut."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QActionGroup, QKeySequence

if TYPE_CHECKING:
    from napari_rsgraph.point_map.brush import Tool
    from napari_rsgraph.point_map.point_map import PointMap

TOOLS: dict[Tool, tuple[str, str, str]] = {
    "circle": ("Circle brush", "C", "Drag a circle across the map; scroll to resize it"),
    "rectangle": (
        "Rectangle brush",
        "R",
        "Drag a rectangle across the map; scroll resizes, Shift+scroll stretches it",
    ),
    "lasso": ("Lasso", "L", "Draw round the points; drag the closed lasso to move it"),
    "pan": ("Move the map", "H", "Drag to move the map, scroll to zoom (with any tool: Space or the right button)"),
}

_ZOOM = 1.3
_GROW = 1.12


def make_actions(point_map: PointMap) -> list[QAction]:
    """Return the actions of a map: its tools, then the view, then the brush."""
    return [*_tools(point_map), *_others(point_map)]


def _tools(point_map: PointMap) -> list[QAction]:
    """The tools are exclusive and follow the map, whoever changes its tool."""
    group = QActionGroup(point_map)
    actions = []
    for tool, (text, key, tip) in TOOLS.items():
        action = _action(point_map, text, [key], tip, partial(setattr, point_map, "tool", tool))
        action.setCheckable(True)
        action.setChecked(point_map.tool == tool)
        point_map.tool_changed.connect(lambda name, tool=tool, action=action: action.setChecked(name == tool))
        group.addAction(action)
        actions.append(action)
    return actions


def _others(point_map: PointMap) -> list[QAction]:
    rows: list[tuple[str, list[str], str, Callable[[], None]]] = [
        ("Show all points", ["F", "Home"], "Zoom so that all points are in view (or double-click)", point_map.fit),
        ("Zoom in", ["+", "="], "Magnify the map (or Ctrl+scroll)", lambda: point_map.zoom(_ZOOM)),
        ("Zoom out", ["-"], "Show more of the map (or Ctrl+scroll)", lambda: point_map.zoom(1 / _ZOOM)),
        ("Larger brush", ["]"], "Grow the brush (or scroll)", lambda: point_map.grow_brush(_GROW)),
        ("Smaller brush", ["["], "Shrink the brush (or scroll)", lambda: point_map.grow_brush(1 / _GROW)),
        ("Put the brush away", ["Esc"], "Remove the brush; once more: select nothing", point_map.escape),
    ]
    return [_action(point_map, *row) for row in rows]


def _action(point_map: PointMap, text: str, keys: list[str], tip: str, triggered: Callable[[], object]) -> QAction:
    action = QAction(text, point_map)
    action.setShortcuts([QKeySequence(key) for key in keys])
    action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    action.setToolTip(f"{tip} ({', '.join(keys)})")
    action.setStatusTip(tip)
    action.triggered.connect(lambda: triggered())
    return action
