"""What the mouse does on the scene: click, paint, draw a rectangle, or leave it to napari's camera.

Shift adds, Alt (or Ctrl) takes away, both together keep what is in both; without them a stroke selects anew.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.point_map.brush import mode_of
from napari_rsgraph.session.tables import Mask, Rows
from rsgraph.brushing.shapes import Mode

if TYPE_CHECKING:
    import napari

    from napari_rsgraph.scene.scene_map import SceneMap

SceneTool = Literal["click", "paint", "rectangle", "pan"]
SCENE_TOOLS: tuple[SceneTool, ...] = ("click", "paint", "rectangle", "pan")

Drag = Generator[None, None, None]
Pixel = tuple[float, float]

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

    def __init__(self, viewer: napari.Viewer, scene_map: SceneMap) -> None:
        self.viewer, self.scene_map = viewer, scene_map
        self._taken: list[tuple[Any, int, Any]] = []
        viewer.mouse_drag_callbacks.append(self._dragged)
        viewer.mouse_move_callbacks.append(self._moved)
        viewer.mouse_wheel_callbacks.append(self._wheeled)
        viewer.mouse_double_click_callbacks.append(self._double_clicked)

    def close(self) -> None:
        """Leave the mouse to napari."""
        self.give_back()
        for callbacks, own in (
            (self.viewer.mouse_drag_callbacks, self._dragged),
            (self.viewer.mouse_move_callbacks, self._moved),
            (self.viewer.mouse_wheel_callbacks, self._wheeled),
            (self.viewer.mouse_double_click_callbacks, self._double_clicked),
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

    # the mouse

    def _idle(self) -> bool:
        """Whether the mouse is not ours: another layer is being drawn on, or nothing is shown."""
        active = self.viewer.layers.selection.active
        foreign = active is not None and active not in self.scene_map.layers and active.mode != "pan_zoom"
        return foreign or not self.scene_map.shown or self.viewer.dims.ndisplay != 2

    def _moved(self, viewer: napari.Viewer, event: Any) -> None:
        self.scene_map.hover(self.scene_map.pixel_at(event.position))

    def _wheeled(self, viewer: napari.Viewer, event: Any) -> None:
        if "Shift" in event.modifiers and self.scene_map.tool == "paint" and not self._idle():
            # with Shift some systems scroll sideways
            up = sum(event.delta) > 0
            self.scene_map.radius *= _GROW if up else 1 / _GROW

    def _double_clicked(self, viewer: napari.Viewer, event: Any) -> None:
        if self.scene_map.tool != "pan" and not self._idle():
            self.scene_map.take_apart(self.scene_map.pixel_at(event.position))

    def _dragged(self, viewer: napari.Viewer, event: Any) -> Drag | None:
        if self._idle():
            return None
        if event.button == 3:
            return self._pan(event)
        if event.button != 1 or self.scene_map.tool == "pan":
            return None
        return {"click": self._click, "paint": self._paint, "rectangle": self._rectangle}[self.scene_map.tool](event)

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
        self.scene_map.select_at([before], self.scene_map.radius, mode, final=False)
        yield
        while event.type == "mouse_move":
            event.handled = True
            here = self.scene_map.pixel_at(event.position)
            self.scene_map.select_at([before, here], self.scene_map.radius, mode, final=False)
            before = here
            yield
        event.handled = True
        here = self.scene_map.pixel_at(event.position)
        self.scene_map.select_at([before, here], self.scene_map.radius, mode, final=True)

    def _rectangle(self, event: Any) -> Drag:
        """Select by centroid what lies in the rectangle, as it grows."""
        mode, start = _mode(event), self.scene_map.pixel_at(event.position)
        event.handled = True
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


def _mode(event: Any) -> Mode:
    held = event.modifiers
    return mode_of(shift="Shift" in held, remove="Alt" in held or "Control" in held, default="replace")


def ids_near(ids: NDArray[np.uint32], path: Sequence[Pixel], radius: float, largest: int) -> NDArray[np.int64]:
    """Return the segments that a circle touches on its way along a line.

    Parameters
    ----------
    ids
        (rows, columns) segment of each pixel; 0 is nodata.
    path
        One place or two, (row, column); whole numbers are the middles of pixels.
    radius
        In pixels. The pixel under the path is always touched.
    largest
        The largest id.

    Returns
    -------
    ids
        In ascending order, without 0.
    """
    points = np.asarray(path, dtype=np.float64)
    low = np.maximum(np.floor(points.min(axis=0) - radius + 0.5).astype(int), 0)
    high = np.minimum(np.ceil(points.max(axis=0) + radius + 0.5).astype(int), ids.shape)
    if (low >= high).any():
        return np.zeros(0, dtype=np.int64)
    rows, columns = np.ogrid[low[0] : high[0], low[1] : high[1]]
    touched = np.zeros(largest + 1, dtype=bool)
    touched[ids[low[0] : high[0], low[1] : high[1]][_near(rows, columns, points, max(radius, 0.5))]] = True
    touched[0] = False
    return np.flatnonzero(touched).astype(np.int64)


def _near(rows: NDArray[Any], columns: NDArray[Any], points: NDArray[np.float64], radius: float) -> Mask:
    """Return which pixels have their middle at most ``radius`` from the line, or hold an end of it."""
    start, step = points[0], points[-1] - points[0]
    length = max(float(step @ step), 1e-12)
    along = np.clip(((rows - start[0]) * step[0] + (columns - start[1]) * step[1]) / length, 0, 1)
    near = (rows - start[0] - along * step[0]) ** 2 + (columns - start[1] - along * step[1]) ** 2 <= radius**2
    for row, column in np.floor(points + 0.5):
        near |= (rows == row) & (columns == column)
    return np.asarray(near)


def centroids_within(places: NDArray[np.float32], one: Pixel, other: Pixel) -> Rows:
    """Return the rows of (n, 2) places that lie in the rectangle with these corners, its border included."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    inside = (places[:, 0] >= low[0]) & (places[:, 0] <= high[0])
    inside &= (places[:, 1] >= low[1]) & (places[:, 1] <= high[1])
    return np.flatnonzero(inside)
