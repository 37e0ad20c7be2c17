"""Tools of the mouse on the scene: click, paint, draw a box or a lasso, or leave it to napari's camera.

Shift adds, Alt (or Ctrl) takes away, both together keep what is in both; without them a stroke selects anew.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from psygnal import Signal

from napari_rsgraph.scene.scene_map import SceneMap
from napari_rsgraph.session.selection import mode_of
from rsgraph.brushing.shapes import Mode

if TYPE_CHECKING:
    import napari

SceneTool = Literal["click", "paint", "rectangle", "lasso", "pan"]
SCENE_TOOLS: tuple[SceneTool, ...] = ("click", "paint", "rectangle", "lasso", "pan")

Drag = Generator[None, None, None]

_OWN_GESTURES = ("double_click_to_zoom", "drag_to_zoom")
"""napari's own: two quick clicks would zoom, and Alt would draw a box instead of taking away."""
_GROW = 1.2
LARGEST = 500.0


class SceneTools:
    """Turns the mouse's way over the scene into selections.

    Parameters
    ----------
    viewer
        Its callbacks are used; they are taken back by ``close``.
    scene_map
        Knows which segment lies where.
    """

    tool_changed = Signal(str)
    radius_changed = Signal(float)
    """Of the brush, in pixels of the scene."""
    drawn = Signal(object)
    """Places of the canvas along the lasso that is being drawn; none of them once it is done."""

    def __init__(self, viewer: napari.Viewer, scene_map: SceneMap) -> None:
        self.viewer, self.scene_map = viewer, scene_map
        self._tool: SceneTool = "click"
        self._radius = 8.0
        self.space = False
        """Whether the key is down that makes any tool take hold of the scene."""
        self._taken: list[tuple[Any, int, Any]] = []
        viewer.mouse_drag_callbacks.append(self._dragged)
        viewer.mouse_double_click_callbacks.append(self._clicked_again)
        viewer.mouse_move_callbacks.append(self._moved)
        viewer.mouse_wheel_callbacks.append(self._wheeled)
        scene_map.scene_changed.connect(self._take_up)
        self._take_up()

    def close(self) -> None:
        """Leave the mouse to napari."""
        self.scene_map.scene_changed.disconnect(self._take_up, missing_ok=True)
        self.give_back()
        for callbacks, own in (
            (self.viewer.mouse_drag_callbacks, self._dragged),
            (self.viewer.mouse_double_click_callbacks, self._clicked_again),
            (self.viewer.mouse_move_callbacks, self._moved),
            (self.viewer.mouse_wheel_callbacks, self._wheeled),
        ):
            if own in callbacks:
                callbacks.remove(own)

    def take_over(self) -> None:
        """Put away those of napari's gestures that would run beside a tool."""
        if self._taken:
            return
        for callbacks in (self.viewer.mouse_drag_callbacks, self.viewer.mouse_double_click_callbacks):
            for place, found in reversed(list(enumerate(callbacks))):
                if getattr(found, "__name__", "") in _OWN_GESTURES:
                    self._taken.append((callbacks, place, found))
                    callbacks.remove(found)

    def give_back(self) -> None:
        """Bring them back."""
        for callbacks, place, found in reversed(self._taken):
            callbacks.insert(place, found)
        self._taken = []

    # which one is used

    @property
    def tool(self) -> SceneTool:
        """What the left button does: click, paint, rectangle, or pan."""
        return self._tool

    @tool.setter
    def tool(self, tool: SceneTool) -> None:
        if tool != self._tool:
            self._tool = tool
            self._take_up()
            self.tool_changed.emit(tool)

    @property
    def radius(self) -> float:
        """Of the brush that paints, in pixels of the scene."""
        return self._radius

    @radius.setter
    def radius(self, radius: float) -> None:
        self._radius = float(np.clip(radius, 0.5, LARGEST))
        self._take_up()
        self.radius_changed.emit(self._radius)

    def _take_up(self) -> None:
        """Show the tool at the pointer: a circle as large as the brush, a cross, or napari's own."""
        if self._tool == "pan":
            self.give_back()
        else:
            self.take_over()
        style = {
            "click": "pointing",
            "paint": "circle",
            "rectangle": "crosshair",
            "lasso": "crosshair",
            "pan": "standard",
        }[self._tool]
        size = 2 * self._radius * (self.scene_map.grid.pixel_size if self.scene_map.shown else 1.0)
        for layer in self.scene_map.layers:
            layer.cursor_size = size
            layer.cursor = style
        self.viewer.cursor.size = size
        self.viewer.cursor.style = style

    def calls(self) -> Mapping[str, Callable[[], object]]:
        """Return what can be done with the scene, under the names of the table of actions."""
        scene_map = self.scene_map
        return {
            **{f"scene_{tool}": partial(setattr, self, "tool", tool) for tool in SCENE_TOOLS},
            "scene_smaller": partial(self.resize, 1 / _GROW),
            "scene_larger": partial(self.resize, _GROW),
            "scene_whole": scene_map.show_whole,
            "overlay": scene_map.toggle_labels,
            "outlines": scene_map.toggle_outlines,
            "cover": scene_map.toggle_selection,
        }

    def resize(self, factor: float) -> None:
        """Make the brush that paints larger or smaller."""
        self.radius *= factor

    # the mouse

    def idle(self) -> bool:
        """Whether the mouse is not ours: another layer is being drawn on, or nothing is shown."""
        active = self.viewer.layers.selection.active
        foreign = active is not None and active not in self.scene_map.layers and active.mode != "pan_zoom"
        return foreign or not self.scene_map.shown or self.viewer.dims.ndisplay != 2

    def _moved(self, viewer: napari.Viewer, event: Any) -> None:
        self.scene_map.hover(self.scene_map.pixel_at(event.position))

    def _wheeled(self, viewer: napari.Viewer, event: Any) -> None:
        if "Shift" in event.modifiers and self.tool == "paint" and not self.idle():
            # with Shift some systems scroll sideways
            up = sum(event.delta) > 0
            self.resize(_GROW if up else 1 / _GROW)

    def _dragged(self, viewer: napari.Viewer, event: Any) -> Drag | None:
        if self.idle():
            return None
        if event.button == 3 or (event.button == 1 and self.space):
            return self._pan(event)
        if event.button != 1 or self.tool == "pan":
            return None
        strokes = {"click": self._click, "paint": self._paint, "rectangle": self._rectangle, "lasso": self._lasso}
        return strokes[self.tool](event)

    def _clicked_again(self, viewer: napari.Viewer, event: Any) -> None:
        """Take the second of two quick presses, of which napari hears as a double click, for a click of its own."""
        if self.idle() or event.button != 1 or self.space or self.tool == "pan":
            return
        event.handled = True
        radius = self.radius if self.tool == "paint" else 0.0
        if self.tool == "paint":
            self.scene_map.begin_stroke()
        self.scene_map.select_at([self.scene_map.pixel_at(event.position)], radius, _mode(event), final=True)

    def _pan(self, event: Any) -> Drag:
        """Hold the place under the pointer; its place in the world is asked for after each step."""
        held = np.asarray(event.position[-2:])
        camera = self.viewer.scene.camera
        event.handled = True
        yield
        while event.type == "mouse_move":
            event.handled = True
            camera.center = tuple(np.asarray(camera.center[-2:]) + held - np.asarray(event.position[-2:]))
            yield

    def _click(self, event: Any) -> Drag:
        """Select where the button went down; a click that moves is still a click."""
        pixel, mode = self.scene_map.pixel_at(event.position), _mode(event)
        event.handled = True
        self.scene_map.select_at([pixel], 0.0, mode, final=True)
        yield
        while event.type == "mouse_move":
            event.handled = True
            yield
        event.handled = True

    def _paint(self, event: Any) -> Drag:
        """Gather what the circle touches until the button goes up."""
        mode, before = _mode(event), self.scene_map.pixel_at(event.position)
        event.handled = True
        self.scene_map.begin_stroke()
        self.scene_map.select_at([before], self.radius, mode, final=False)
        yield
        while event.type == "mouse_move":
            event.handled = True
            here = self.scene_map.pixel_at(event.position)
            self.scene_map.select_at([before, here], self.radius, mode, final=False)
            before = here
            yield
        event.handled = True
        here = self.scene_map.pixel_at(event.position)
        self.scene_map.select_at([before, here], self.radius, mode, final=True)

    def _rectangle(self, event: Any) -> Drag:
        """Select by centroid what lies in the rectangle, as it grows."""
        mode, start = _mode(event), self.scene_map.pixel_at(event.position)
        event.handled = True
        self.scene_map.begin_shape()
        yield
        while event.type == "mouse_move":
            event.handled = True
            here = self.scene_map.pixel_at(event.position)
            self.scene_map.select_within(start, here, mode, final=False)
            yield
        event.handled = True
        here = self.scene_map.pixel_at(event.position)
        if here != start:
            self.scene_map.select_within(start, here, mode, final=True)
        else:
            self.scene_map.select_at([start], 0.0, mode, final=True)

    def _lasso(self, event: Any) -> Drag:
        """Select by centroid what lies in the lasso, as it is drawn."""
        mode, trail, line = _mode(event), [self.scene_map.pixel_at(event.position)], [tuple(event.pos)]
        event.handled = True
        self.scene_map.begin_shape()
        yield
        while event.type == "mouse_move":
            event.handled = True
            trail.append(self.scene_map.pixel_at(event.position))
            line.append(tuple(event.pos))
            self.drawn.emit(line)
            if len(trail) > 2:
                self.scene_map.select_inside(trail, mode, final=False)
            yield
        event.handled = True
        self.drawn.emit([])
        if len(trail) > 2:
            self.scene_map.select_inside(trail, mode, final=True)
        else:
            self.scene_map.select_at(trail[:1], 0.0, mode, final=True)


def _mode(event: Any) -> Mode:
    held = event.modifiers
    return mode_of(shift="Shift" in held, remove="Alt" in held or "Control" in held, default="replace")
