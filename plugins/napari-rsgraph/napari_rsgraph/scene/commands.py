"""What a person can do with the scene map, for its bar, for menus and for the sheet of shortcuts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from napari_rsgraph.scene.scene_map import SceneMap
    from napari_rsgraph.scene.tools import SceneTool

_GROW = 1.2
_HELD = "Shift adds, Alt takes away"

# name: (short text, text, tooltip, shortcut)
_TEXTS = {
    "click": ("Click", "Click in the scene", f"Click segments or chips; {_HELD}", "Shift+C"),
    "paint": ("Paint", "Paint in the scene", f"Drag a circle over segments or chips; {_HELD}", "Shift+B"),
    "rectangle": ("Box", "Box in the scene", f"Drag a box round the middles of segments; {_HELD}", "Shift+R"),
    "pan": ("Move", "Move the scene", "Drag the scene; with any tool: drag with the middle button", "Shift+H"),
    "smaller": ("-", "Smaller brush in the scene", "Shrink the circle that paints (or Shift+scroll)", "Shift+["),
    "larger": ("+", "Larger brush in the scene", "Grow the circle that paints (or Shift+scroll)", "Shift+]"),
    "whole": ("Whole", "Whole scene", "Zoom so that the whole scene is in view", "Shift+Home"),
    "labels": ("Labels", "Show labels", "Show or hide the labels in the scene", "O"),
    "outlines": ("Outlines", "Show outlines", "Show or hide the outlines of the segments", "Shift+O"),
    "cover": ("Cover", "Show cover", "Show or hide the blue over what is not selected", "Shift+V"),
}


@dataclass(frozen=True)
class SceneCommand:
    """Something that a person can do with the scene map.

    Parameters
    ----------
    name
        For programs.
    short, text
        On a button beside others of the scene, and in a menu.
    tooltip
        Without the shortcut.
    shortcut
        As Qt writes it.
    run
        Does it.
    """

    name: str
    short: str
    text: str
    tooltip: str
    shortcut: str
    run: Callable[[], None]


def commands(scene_map: SceneMap) -> list[SceneCommand]:
    """Return all that can be done, in the order of the bar."""
    runs: dict[str, Callable[[], None]] = {
        "click": partial(_use, scene_map, "click"),
        "paint": partial(_use, scene_map, "paint"),
        "rectangle": partial(_use, scene_map, "rectangle"),
        "pan": partial(_use, scene_map, "pan"),
        "smaller": partial(_grow, scene_map, 1 / _GROW),
        "larger": partial(_grow, scene_map, _GROW),
        "whole": scene_map.show_whole,
        "labels": scene_map.toggle_labels,
        "outlines": scene_map.toggle_outlines,
        "cover": scene_map.toggle_selection,
    }
    return [SceneCommand(name, *texts, runs[name]) for name, texts in _TEXTS.items()]


def _use(scene_map: SceneMap, tool: SceneTool) -> None:
    scene_map.tool = tool


def _grow(scene_map: SceneMap, factor: float) -> None:
    scene_map.radius *= factor
