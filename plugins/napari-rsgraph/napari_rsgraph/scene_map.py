"""The scene map: the whole scene in napari's canvas, its labels and the selection on it, linked with the session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal
from qtpy.QtCore import QTimer

from napari_rsgraph.lazy_layers import (
    CASING,
    CLEAR,
    EDGE,
    MAGNIFIED,
    REST,
    Classes,
    Colour,
    Grid,
    Image,
    Labels,
    Level,
    Outlines,
    Selected,
    World,
    make_levels,
)
from napari_rsgraph.scene_grid import SceneGrid
from napari_rsgraph.scene_tools import LARGEST, Pixel, SceneTool, SceneTools, centroids_within, ids_near
from napari_rsgraph.session import Session
from napari_rsgraph.tables import Mask, Rows
from rsgraph.brushing.shapes import Mode
from rsgraph.brushing.tinting import BLUE
from rsgraph.pipeline.viewing import View
from rsgraph.types import Window

if TYPE_CHECKING:
    import napari

NONE = -1
"""What ``hovered`` says where there is no segment."""

_TURN = 0.03
"""Seconds between two redraws while a brush moves."""
_ROOM = 1.6
"""How much larger than the segments the part of the scene is that ``go_to`` shows."""
_SMALLEST = 40
"""Pixels of the scene that ``go_to`` shows at least."""

_COVER = (*(part / 255 for part in BLUE), 0.5)
_YELLOW, _DARK = (1.0, 0.9, 0.1, 1.0), (0.0, 0.05, 0.2, 0.9)
_SELECTION_COLOURS = [{REST: _COVER, EDGE: _YELLOW, CASING: _DARK}.get(code, CLEAR) for code in range(1, EDGE + 1)]
_WHITE, _BLACK = (1.0, 1.0, 1.0, 1.0), (0.05, 0.05, 0.05, 1.0)

Action = tuple[str, str, str, Callable[[], None]]


class SceneMap:
    """Shows one scene of a session in a viewer, and takes selections from it.

    Parameters
    ----------
    viewer
        Its canvas is used; layers of the user's own may lie beside.
    session
        Open.
    """

    tool_changed = Signal(str)
    radius_changed = Signal(float)
    """Of the brush, in pixels of the scene."""
    scene_changed = Signal(int)
    hovered = Signal(int)
    """Row of the segment under the pointer, or NONE."""

    def __init__(self, viewer: napari.Viewer, session: Session) -> None:
        self.viewer, self.session = viewer, session
        self.view: View | None = None
        self.scene = 0
        self.layers: list[Image | Labels] = []
        self._tool: SceneTool = "click"
        self._radius = 8.0
        self._hovered = NONE
        self._stroke: Mask | None = None
        self._stale: set[str] = set()
        self._drawn = 0.0
        self._orientation = viewer.scene.camera.orientation2d
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._redraw)
        self.tools = SceneTools(viewer, self)
        self._listen(connect=True)
        self._tool_taken()

    def _listen(self, *, connect: bool) -> None:
        session = self.session
        for signal, slot in (
            (session.selection_changed, self._selection_changed),
            (session.labels_changed, self._labels_changed),
            (session.classes_changed, self._classes_changed),
            (session.level_changed, self._level_changed),
        ):
            if connect:
                signal.connect(slot)
            else:
                signal.disconnect(slot, missing_ok=True)

    def close(self) -> None:
        """Take away the layers and give the mouse back."""
        self._listen(connect=False)
        self._timer.stop()
        self.tools.close()
        self._remove_layers()
        self.viewer.scene.camera.orientation2d = self._orientation

    # what is shown

    @property
    def shown(self) -> bool:
        """Whether there is a scene on the screen."""
        return bool(self.layers)

    @property
    def scenes(self) -> list[str]:
        """Names of the scenes, of which one is shown at a time."""
        return [scene.name for scene in self.session.tables.scenes]

    def set_view(self, view: View | None, scene: int = 0) -> None:
        """Take pictures and ids, or none, and show one scene."""
        self.view = view
        if view is None:
            self._remove_layers()
        else:
            self.show_scene(scene)

    def show_scene(self, scene: int) -> None:
        """Show another scene of a collection, whole."""
        if self.view is None:
            return
        self.scene = scene
        self.grid = SceneGrid(self.session.tables.scenes[scene])
        levels = self.view.levels(scene)
        self._ids = levels[0][1]
        self._fill([rgb for rgb, _ in levels], [ids for _, ids in levels])
        self._orient()
        self.show_whole()
        self.scene_changed.emit(scene)

    def _fill(self, pictures: list[NDArray[np.uint8]], ids: list[NDArray[np.uint32]]) -> None:
        """Make the layers, or give them another scene: napari takes seconds to remove some and add others."""
        plain, fine = self._world(1), self._world(MAGNIFIED[0])
        self._classes, self._selected = Classes(self._codes()), Selected(self.session.target_lookup())
        code = np.uint8 if len(self.session.labelling.names) < 255 else np.uint16
        codes = make_levels(ids, code, self._classes)
        lines = partial(make_levels, ids, np.uint8, magnified=MAGNIFIED)
        drawn = [lines(self._selected), lines(Outlines(self._width())), lines(self._chip_edges())]
        if not self.shown:
            self._make_layers(pictures, codes, drawn, plain, fine)
            return
        self.picture.give(pictures, plain)
        self.labels.give(codes, plain)
        for layer, levels in zip((self.selection, self.segments, self.chips), drawn, strict=True):
            layer.give(levels, fine)
        self.picture.name = self._title()

    def _make_layers(
        self,
        pictures: list[NDArray[np.uint8]],
        codes: list[Level],
        drawn: list[list[Level]],
        plain: World,
        fine: World,
    ) -> None:
        selected, outlines, edges = drawn
        self.picture = Image(pictures, plain, name=self._title())
        self.labels = Labels(codes, plain, name="Labels", colours=self._colours(), opacity=0.55)
        self.selection = Labels(selected, fine, name="Selection", colours=_SELECTION_COLOURS)
        self.segments = Labels(outlines, fine, name="Segments", colours=[_WHITE], opacity=0.35)
        self.chips = Labels(edges, fine, name="Chips", colours=[_BLACK], opacity=0.6)
        self.chips.visible = self.session.level == "chips"
        self.layers = [self.picture, self.labels, self.selection, self.segments, self.chips]
        for layer in self.layers:
            self.viewer.add_layer(layer)
        # the picture's controls are the fewest, and hold nothing that could be painted on by mistake
        self.viewer.layers.selection.active = self.picture
        self._tool_taken()

    def _title(self) -> str:
        assert self.view is not None
        return f"Scene ({self.view.description.partition(':')[0]})"

    def _world(self, magnified: int) -> World:
        return World(self.grid.affine_of(magnified), "m" if self.grid.metric else "pixel", self.describe)

    def _width(self) -> float:
        """Return pixels along a usual segment."""
        area = self.session.tables.segments["area_px"].to_numpy()
        return float(np.sqrt(area.mean())) if len(area) else 1.0

    def _chip_edges(self) -> Grid:
        chips = self.session.tables.chips[self.session.tables.scene_of_chip == self.scene]
        return Grid(chips["row_offset"].unique().astype(np.int64), chips["column_offset"].unique().astype(np.int64))

    def _remove_layers(self) -> None:
        layers, self.layers = self.layers, []
        for layer in layers:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)

    def _orient(self) -> None:
        camera = self.viewer.scene.camera
        camera.orientation2d = ("up", "right") if self.grid.north_up else ("down", "right")
        bar = self.viewer.canvas.overlays.scale_bar
        bar.visible = self.grid.metric
        bar.box = True

    def toggle_labels(self) -> None:
        """Show or hide the labels."""
        if self.shown:
            self.labels.visible = not self.labels.visible

    def toggle_outlines(self) -> None:
        """Show or hide the outlines of the segments."""
        if self.shown:
            self.segments.visible = not self.segments.visible

    def toggle_selection(self) -> None:
        """Show or hide what covers the rest of the scene while something is selected."""
        if self.shown:
            self.selection.visible = not self.selection.visible

    # redrawing

    def _codes(self) -> NDArray[np.uint16]:
        return self.session.labelling.codes_by_id().astype(np.uint16)

    def _colours(self) -> list[Colour]:
        palette = (self.session.labelling.palette()[1:] / 255).tolist()
        return [(red, green, blue, 1.0) for red, green, blue in palette] or [CLEAR]

    def _selection_changed(self, final: bool) -> None:
        self._draw_soon("finished selection" if final else "selection")

    def _labels_changed(self) -> None:
        self._draw_soon("labels")

    def _classes_changed(self) -> None:
        self._draw_soon("classes")

    def _level_changed(self, level: str) -> None:
        if self.shown:
            self.chips.visible = level == "chips"

    def _draw_soon(self, what: str) -> None:
        """Draw at the end of this turn of the event loop, but not sooner than a moment after the last time."""
        self._stale.add(what)
        if self.shown and not self._timer.isActive():
            left = self._drawn + _TURN - monotonic()
            self._timer.start(max(0, round(left * 1000)))

    def _redraw(self) -> None:
        stale, self._stale = self._stale, set()
        if not self.shown:
            return
        if "classes" in stale:
            self.labels.recolour(self._colours())
        if "labels" in stale:
            self._classes.codes_by_id = self._codes()
            self.labels.repaint(thumbnail=True)
        if stale & {"selection", "finished selection"}:
            self._selected.choose(self.session.target_lookup())
            self.selection.repaint(thumbnail="finished selection" in stale)
        self._drawn = monotonic()

    # the camera

    def show_whole(self) -> None:
        """Show the whole scene."""
        if self.shown:
            scene = self.grid.scene
            self._show_part(0, 0, scene.rows, scene.columns, room=1.05)

    def _show_part(self, row: float, column: float, rows: float, columns: float, *, room: float = _ROOM) -> None:
        """Fit some pixels of the scene into the canvas."""
        corners = np.array(
            [[row, column], [row, column + columns], [row + rows, column], [row + rows, column + columns]]
        )
        places = self.grid.to_world(corners - 0.5)
        low, high = places.min(axis=0), places.max(axis=0)
        camera = self.viewer.scene.camera
        camera.center = tuple((low + high) / 2)
        size = np.asarray(self.viewer.canvas.size, dtype=np.float64)
        camera.zoom = float((size / np.maximum((high - low) * room, 1e-12)).min())

    def go_to(self, rows: Rows) -> None:
        """Show these segments, in their scene, with some room around."""
        rows = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        if len(rows) == 0 or not self.shown:
            return
        tables = self.session.tables
        scenes = tables.scene_of_chip[tables.chip_of[rows]]
        scene = int(np.bincount(scenes).argmax())
        if scene != self.scene:
            self.show_scene(scene)
        rows = rows[scenes == scene]
        half = np.sqrt(tables.segments["area_px"].to_numpy()[rows])[:, np.newaxis]
        low, high = (tables.centroids[rows] - half).min(axis=0), (tables.centroids[rows] + half).max(axis=0)
        middle, size = (low + high) / 2, np.maximum(high - low, _SMALLEST)
        self._show_part(*(middle - size / 2), *size)

    def go_to_chip(self, chip: int) -> None:
        """Show one chip."""
        if not self.shown:
            return
        scene = int(self.session.tables.scene_of_chip[chip])
        if scene != self.scene:
            self.show_scene(scene)
        self._show_part(*self.session.tables.window_of(chip), room=1.1)

    def window_in_view(self) -> tuple[int, Window] | None:
        """Return which scene is shown and which of its pixels; None where no scene is shown."""
        if not self.shown:
            return None
        camera = self.viewer.scene.camera
        half = np.asarray(self.viewer.canvas.size, dtype=np.float64) / camera.zoom / 2
        signs = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]])
        pixels = self.grid.to_pixel(np.asarray(camera.center[-2:]) + signs * half) + 0.5
        limits = np.array([self.grid.scene.rows, self.grid.scene.columns])
        low = np.clip(np.floor(pixels.min(axis=0)), 0, limits).astype(int)
        high = np.clip(np.ceil(pixels.max(axis=0)), 0, limits).astype(int)
        return self.scene, Window(*(int(value) for value in (*low, *(high - low))))

    # what lies where

    def pixel_at(self, position: Sequence[float]) -> Pixel:
        """Return row and column at a place in the viewer's world; whole numbers are the middles of pixels."""
        if not self.shown:
            return (-1.0, -1.0)
        row, column = self.grid.to_pixel(np.asarray([position[-2:]], dtype=np.float64))[0]
        return float(row), float(column)

    def row_at(self, pixel: Pixel) -> int:
        """Return the segment at a pixel as its row in the table, or NONE."""
        row, column = round(pixel[0]), round(pixel[1])
        if not self.shown or not (0 <= row < self._ids.shape[0] and 0 <= column < self._ids.shape[1]):
            return NONE
        found = int(self._ids[row, column])
        return int(self.session.tables.row_of_id[found]) if found else NONE

    def chip_at(self, pixel: Pixel) -> int:
        """Return the chip at a pixel, or NONE."""
        if self.view is None:
            return NONE
        first, size = self.view.windows[:, :2], self.view.windows[:, 2:]
        inside = ((first - 0.5 <= pixel) & (pixel < first + size - 0.5)).all(axis=1)
        found = np.flatnonzero(inside & (self.view.of_scene == self.scene))
        return int(found[0]) if len(found) else NONE

    def hover(self, pixel: Pixel) -> None:
        """Say which segment is under the pointer now."""
        row = self.row_at(pixel)
        if row != self._hovered:
            self._hovered = row
            self.hovered.emit(row)

    def describe(self, place: tuple[float, float]) -> str:
        """Return the line for the status bar: coordinates, pixel, chip, segment and label."""
        if not self.shown:
            return ""
        pixel, tables = self.pixel_at(place), self.session.tables
        told = [self.grid.told(place)]
        row = self.row_at(pixel)
        if row == NONE:
            return f"{told[0]}  ·  no data"
        if self.grid.crs is not None:
            told.append(f"pixel {round(pixel[0])}, {round(pixel[1])}")
        code = int(self.session.labelling.codes[row])
        label = self.session.labelling.names[code - 1] if code else "unlabelled"
        told += [f"chip {tables.chips['chip_id'].iloc[tables.chip_of[row]]}", f"segment {tables.ids[row]}", label]
        return "  ·  ".join(told)

    # selecting

    def begin_stroke(self) -> None:
        """Forget what an earlier stroke touched."""
        self._stroke = np.zeros(self._count(), dtype=bool)

    def select_at(self, path: Sequence[Pixel], radius: float, mode: Mode, *, final: bool) -> None:
        """Select what a circle touches along a line, with all that this stroke touched before."""
        rows = self._rows_near(path, radius)
        if self._stroke is not None:
            self._stroke[rows] = True
            rows = np.flatnonzero(self._stroke)
        self._select(rows, mode, final=final)

    def select_within(self, one: Pixel, other: Pixel, mode: Mode, *, final: bool) -> None:
        """Select what has its centroid in a rectangle; segments and chips that it only cuts stay out."""
        rows = centroids_within(self._places(), one, other)
        rows = rows[self._in_scene(rows)]
        self._selected.rectangle = None if final else (*np.minimum(one, other), *np.maximum(one, other))
        self._select(rows, mode, final=final)

    def _places(self) -> NDArray[np.float32]:
        """Return rows and columns of the middles of what can be selected at this level."""
        if self.session.level == "segments" or self.view is None:
            return self.session.tables.centroids
        return (self.view.windows[:, :2] + (self.view.windows[:, 2:] - 1) / 2).astype(np.float32)

    def _in_scene(self, rows: Rows) -> Mask:
        """Return which rows of this level lie in the scene that is shown."""
        tables = self.session.tables
        chips = rows if self.session.level == "chips" else tables.chip_of[rows]
        return np.asarray(tables.scene_of_chip[chips] == self.scene)

    def take_apart(self, pixel: Pixel) -> None:
        """Show the segments of the chip at a pixel, where chips are shown."""
        chip = self.chip_at(pixel)
        if self.session.level == "chips" and chip != NONE:
            chosen = np.zeros(self.session.tables.n_chips, dtype=bool)
            chosen[chip] = True
            self.session.take_apart(chosen)

    def _count(self) -> int:
        tables = self.session.tables
        return tables.n_chips if self.session.level == "chips" else tables.n_segments

    def _rows_near(self, path: Sequence[Pixel], radius: float) -> Rows:
        tables = self.session.tables
        rows = tables.row_of_id[ids_near(self._ids, path, radius, tables.max_id)]
        rows = rows[rows >= 0]
        if self.session.level == "chips":
            return np.unique(tables.chip_of[rows])
        return rows

    def _select(self, rows: Rows, mode: Mode, *, final: bool) -> None:
        """Only what may be seen may be selected."""
        session = self.session
        visible = session.visible()
        if visible is not None:
            rows = rows[visible[rows]]
        if final:
            self._stroke = None
        if session.level == "chips":
            session.select_chips(rows, mode, final=final)
        else:
            session.select(rows, mode, final=final)

    # tools

    @property
    def tool(self) -> SceneTool:
        """What the left button does: click, paint, rectangle, or pan."""
        return self._tool

    @tool.setter
    def tool(self, tool: SceneTool) -> None:
        if tool != self._tool:
            self._tool = tool
            self._tool_taken()
            self.tool_changed.emit(tool)

    @property
    def radius(self) -> float:
        """Of the brush that paints, in pixels of the scene."""
        return self._radius

    @radius.setter
    def radius(self, radius: float) -> None:
        self._radius = float(np.clip(radius, 0.5, LARGEST))
        self._tool_taken()
        self.radius_changed.emit(self._radius)

    def _tool_taken(self) -> None:
        """Show the tool at the pointer: a circle as large as the brush, a cross, or napari's own."""
        if self._tool == "pan":
            self.tools.give_back()
        else:
            self.tools.take_over()
        style = {"click": "pointing", "paint": "circle", "rectangle": "crosshair", "pan": "standard"}[self._tool]
        size = 2 * self._radius * (self.grid.pixel_size if self.shown else 1.0)
        for layer in self.layers:
            layer.cursor_size = size
            layer.cursor = style
        self.viewer.cursor.size = size
        self.viewer.cursor.style = style

    def actions(self) -> list[Action]:
        """Return what can be done here: text, tooltip, shortcut, function."""

        def choose(tool: SceneTool) -> Callable[[], None]:
            return lambda: setattr(self, "tool", tool)

        def grow(factor: float) -> Callable[[], None]:
            return lambda: setattr(self, "radius", self.radius * factor)

        held = "Shift adds, Alt takes away"
        return [
            ("Click in the scene", f"Click segments or chips; {held}", "Shift+C", choose("click")),
            (
                "Paint in the scene",
                f"Drag a circle over them; {held}, Shift+scroll resizes",
                "Shift+B",
                choose("paint"),
            ),
            ("Rectangle in the scene", f"Take those whose middle lies in it; {held}", "Shift+R", choose("rectangle")),
            ("Move the scene", "Drag to move; with any tool: the middle button", "Shift+H", choose("pan")),
            ("Larger brush in the scene", "Grow the circle (or Shift+scroll)", "Shift+]", grow(1.2)),
            ("Smaller brush in the scene", "Shrink the circle (or Shift+scroll)", "Shift+[", grow(1 / 1.2)),
            ("Whole scene", "Zoom so that the whole scene is in view", "Shift+Home", self.show_whole),
            ("Show labels", "Show or hide the labels in the scene", "O", self.toggle_labels),
            ("Show outlines", "Show or hide the outlines of the segments", "Shift+O", self.toggle_outlines),
            ("Show cover", "Show or hide the blue over what is not selected", "Shift+V", self.toggle_selection),
        ]
