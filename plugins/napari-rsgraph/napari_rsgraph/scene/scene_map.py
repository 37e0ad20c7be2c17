"""The scene map: the whole scene in napari's canvas, its labels and the selection on it, linked with the session."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_rsgraph.scene.camera import SceneCamera
from napari_rsgraph.scene.candidate import COLOURS as CANDIDATE_COLOURS
from napari_rsgraph.scene.candidate import Candidate
from napari_rsgraph.scene.cover import PictureGrays, gray_colours
from napari_rsgraph.scene.grid import SceneGrid
from napari_rsgraph.scene.lazy_layers import (
    CASING,
    CLEAR,
    EDGE,
    FIRST_GRAY,
    HIDDEN,
    HIDDEN_CASING,
    MAGNIFIED,
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
from napari_rsgraph.scene.places import NONE, Pixel, ScenePlaces
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.tables import Mask, Rows
from napari_rsgraph.widgets.refresh import ticks
from rsgraph.brushing.dimming import CASING as CASING_RGB
from rsgraph.brushing.dimming import OUTLINE as OUTLINE_RGB
from rsgraph.brushing.shapes import Mode, combine
from rsgraph.types import Window
from rsgraph.view.view import View

if TYPE_CHECKING:
    import napari

_ROOM = 1.6
"""How much larger than the segments the part of the scene is that ``go_to`` shows."""
_SMALLEST = 40
"""Pixels of the scene that ``go_to`` shows at least."""

_BRIGHT: Colour = (OUTLINE_RGB[0] / 255, OUTLINE_RGB[1] / 255, OUTLINE_RGB[2] / 255, 1.0)
_DARK: Colour = (CASING_RGB[0] / 255, CASING_RGB[1] / 255, CASING_RGB[2] / 255, 0.9)
_SELECTION_COLOURS: list[Colour] = [
    {
        EDGE: _BRIGHT,
        CASING: _DARK,
        HIDDEN: (0.06, 0.06, 0.06, 0.75),
        HIDDEN_CASING: _DARK,
    }.get(code, CLEAR)
    for code in range(1, FIRST_GRAY)
] + gray_colours()
_WHITE, _BLACK = (1.0, 1.0, 1.0, 1.0), (0.05, 0.05, 0.05, 1.0)


class SceneMap:
    """Shows one scene of a session in a viewer, and takes selections from it.

    Parameters
    ----------
    viewer
        Its canvas is used; layers of the user's own may lie beside.
    session
        Open.
    """

    scene_changed = Signal(int)
    hovered = Signal(int)
    """Row of the segment under the pointer, or NONE."""

    def __init__(self, viewer: napari.Viewer, session: Session) -> None:
        self.viewer, self.session = viewer, session
        self.selected, self.tables = session.selection, session.tables
        self.view: View | None = None
        self.scene = 0
        self.layers: list[Image | Labels] = []
        self._hovered = NONE
        self._stroke: Mask | None = None
        self._before: Mask | None = None
        self._stale: set[str] = set()
        self._cover = Selected()
        self._candidate = Candidate(self.tables)
        self.camera = SceneCamera(viewer)
        self._listen(connect=True)

    def _listen(self, *, connect: bool) -> None:
        selection, labels = self.selected, self.session.labels
        for signal, slot in (
            (selection.changed, self._selection_changed),
            (labels.changed, self._labels_changed),
            (labels.classes_changed, self._classes_changed),
            (selection.level_changed, self._level_changed),
            (selection.visible_changed, self._visible_changed),
            (selection.chips_chosen, self._visible_changed),
            (self.session.search.changed, self._candidate_changed),
        ):
            if connect:
                signal.connect(slot)
            else:
                signal.disconnect(slot, missing_ok=True)

    def close(self) -> None:
        """Take away the layers and give the mouse back."""
        self._listen(connect=False)
        ticks().drop(self._redraw)
        self._remove_layers()
        self.camera.close()

    # what is shown

    @property
    def shown(self) -> bool:
        """Whether there is a scene on the screen."""
        return bool(self.layers)

    @property
    def grid(self) -> SceneGrid:
        """Where the pixels of the scene that is shown lie."""
        return self.places.grid

    @property
    def scenes(self) -> list[str]:
        """Names of the scenes, of which one is shown at a time."""
        return [scene.name for scene in self.tables.scenes]

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
        self.places = ScenePlaces(self.tables, self.session.labels, self.view, scene)
        levels = self.view.levels(scene)
        self._fill([rgb for rgb, _ in levels], [ids for _, ids in levels])
        self.camera.orient(self.grid)
        self.show_whole()
        self.scene_changed.emit(scene)

    def _fill(self, pictures: list[NDArray[np.uint8]], ids: list[NDArray[np.uint32]]) -> None:
        """Make the layers, or give them another scene: napari takes seconds to remove some and add others."""
        plain, fine = self._world(1), self._world(MAGNIFIED[0])
        self._classes = Classes(self._codes())
        self._cover.grays = PictureGrays(pictures)
        self._cover.choose(self.selected.target_lookup(), self._visible())
        code = np.uint8 if len(self.session.labels.names) < 255 else np.uint16
        codes = make_levels(ids, code, self._classes)
        lines = partial(make_levels, ids, np.uint8, magnified=MAGNIFIED)
        self._candidate.follow(self.session.search)
        self._cover.uncover(self._candidate.lit)
        drawn = [lines(each) for each in (self._cover, Outlines(self._width()), self._chip_edges(), self._candidate)]
        if not self.shown:
            self._make_layers(pictures, codes, drawn, plain, fine)
            return
        self.picture.give(pictures, plain)
        self.labels.give(codes, plain)
        finer = (self.selection, self.segments, self.chips, self.candidate)
        for layer, levels in zip(finer, drawn, strict=True):
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
        selected, outlines, edges, candidate = drawn
        self.picture = Image(pictures, plain, name=self._title())
        self.labels = Labels(codes, plain, name="Labels", colours=self._colours(), opacity=0.55)
        self.selection = Labels(selected, fine, name="Selection", colours=_SELECTION_COLOURS)
        self.segments = Labels(outlines, fine, name="Segments", colours=[_WHITE], opacity=0.35)
        self.chips = Labels(edges, fine, name="Chips", colours=[_BLACK], opacity=0.6)
        self.candidate = Labels(candidate, fine, name="Candidate", colours=CANDIDATE_COLOURS)
        self.chips.visible = self.selected.level == "chips"
        self.candidate.visible = self._candidate.any
        self.layers = [self.picture, self.labels, self.selection, self.segments, self.chips, self.candidate]
        for layer in self.layers:
            self.viewer.add_layer(layer)
        # the picture's controls are the fewest, and hold nothing that could be painted on by mistake
        self.viewer.layers.selection.active = self.picture

    def _title(self) -> str:
        assert self.view is not None
        return f"Scene ({self.view.description.partition(':')[0]})"

    def _world(self, magnified: int) -> World:
        return World(self.grid.affine_of(magnified), "m" if self.grid.metric else "pixel", self.describe)

    def _width(self) -> float:
        """Return pixels along a usual segment."""
        area = self.tables.segments["area_px"].to_numpy()
        return float(np.sqrt(area.mean())) if len(area) else 1.0

    def _chip_edges(self) -> Grid:
        chips = self.tables.chips[self.tables.scene_of_chip == self.scene]
        return Grid(chips["row_offset"].unique().astype(np.int64), chips["column_offset"].unique().astype(np.int64))

    def _remove_layers(self) -> None:
        layers, self.layers = self.layers, []
        for layer in layers:
            if layer in self.viewer.layers:
                self.viewer.layers.remove(layer)

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
        return self.session.labels.codes_by_id().astype(np.uint16)

    def _colours(self) -> list[Colour]:
        palette = (self.session.labels.palette()[1:] / 255).tolist()
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
        self._visible_changed()

    def _visible_changed(self) -> None:
        self._draw_soon("finished selection")

    def _candidate_changed(self) -> None:
        self._draw_soon("candidate")

    def _visible(self) -> Mask | None:
        """Return (largest id + 1,) which segments may be selected now; None for all."""
        visible, tables = self.selected.visible(), self.tables
        if visible is None:
            return None
        found = np.zeros(tables.max_id + 1, dtype=bool)
        found[tables.ids] = visible if self.selected.level == "segments" else tables.segments_of(visible)
        return found

    def _draw_soon(self, what: str) -> None:
        """Draw at the next tick, together with the other views of the session."""
        self._stale.add(what)
        if self.shown:
            ticks().ask(self._redraw)

    def _redraw(self) -> None:
        stale, self._stale = self._stale, set()
        if not self.shown:
            return
        if "classes" in stale:
            self.labels.recolour(self._colours())
        if "labels" in stale:
            self._classes.codes_by_id = self._codes()
            self.labels.repaint(thumbnail=True)
        if "candidate" in stale:
            self._candidate.follow(self.session.search)
            self.candidate.visible = self._candidate.any
            self.candidate.repaint(thumbnail=False)
        if stale & {"selection", "finished selection", "candidate"}:
            self._cover.choose(self.selected.target_lookup(), self._visible())
            self._cover.uncover(self._candidate.lit)
            self.selection.repaint(thumbnail="finished selection" in stale)

    # the camera

    def show_whole(self) -> None:
        """Show the whole scene."""
        if self.shown:
            self.camera.show_whole(self.grid)

    def go_to(self, rows: Rows) -> None:
        """Show these segments, in their scene, with some room around."""
        rows = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        if len(rows) == 0 or not self.shown:
            return
        tables = self.tables
        scenes = tables.scene_of_chip[tables.chip_of[rows]]
        scene = int(np.bincount(scenes).argmax())
        self._turn_to(scene)
        rows = rows[scenes == scene]
        half = np.sqrt(tables.segments["area_px"].to_numpy()[rows])[:, np.newaxis]
        low, high = (tables.centroids[rows] - half).min(axis=0), (tables.centroids[rows] + half).max(axis=0)
        size = np.maximum(high - low, _SMALLEST)
        row, column = (low + high - size) / 2
        self.camera.show(self.grid, (float(row), float(column)), (float(size[0]), float(size[1])), room=_ROOM)

    def go_to_chip(self, chip: int) -> None:
        """Show one chip."""
        if self.shown:
            self._turn_to(int(self.tables.scene_of_chip[chip]))
            row, column, rows, columns = self.tables.window_of(chip)
            self.camera.show(self.grid, (row, column), (rows, columns), room=1.1)

    def _turn_to(self, scene: int) -> None:
        if scene != self.scene:
            self.show_scene(scene)

    def window_in_view(self) -> tuple[int, Window] | None:
        """Return which scene is shown and which of its pixels; None where no scene is shown."""
        return (self.scene, self.camera.window(self.grid)) if self.shown else None

    # what lies where

    def pixel_at(self, position: Sequence[float]) -> Pixel:
        """Return row and column at a place in the viewer's world; whole numbers are the middles of pixels."""
        if not self.shown:
            return (-1.0, -1.0)
        row, column = self.grid.to_pixel(np.asarray([position[-2:]], dtype=np.float64))[0]
        return float(row), float(column)

    def row_at(self, pixel: Pixel) -> int:
        """Return the segment at a pixel as its row in the table, or NONE."""
        return self.places.row_at(pixel) if self.shown else NONE

    def chip_at(self, pixel: Pixel) -> int:
        """Return the chip at a pixel, or NONE."""
        return self.places.chip_at(pixel) if self.shown else NONE

    def hover(self, pixel: Pixel) -> None:
        """Say which segment is under the pointer now."""
        row = self.row_at(pixel)
        if row != self._hovered:
            self._hovered = row
            self.hovered.emit(row)

    def describe(self, place: tuple[float, float]) -> str:
        """Return the line for the status bar."""
        return self.places.describe(place) if self.shown else ""

    # selecting

    def begin_stroke(self) -> None:
        """Forget what an earlier stroke touched."""
        self._stroke = np.zeros_like(self.selected.mask)

    def begin_shape(self) -> None:
        """Keep what is selected now: a box or a lasso that becomes smaller again gives back what it had taken."""
        self._before = self.selected.mask.copy()

    def select_at(self, path: Sequence[Pixel], radius: float, mode: Mode, *, final: bool) -> None:
        """Select what a circle touches along a line, with all that this stroke touched before."""
        rows = self.places.near(path, radius, self.selected.level)
        if self._stroke is not None:
            self._stroke[rows] = True
            rows = np.flatnonzero(self._stroke)
        self._select(rows, mode, final=final)

    def select_within(self, one: Pixel, other: Pixel, mode: Mode, *, final: bool) -> None:
        """Select what has its centroid in a rectangle; segments and chips that it only cuts stay out."""
        self._cover.rectangle = None if final else (*np.minimum(one, other), *np.maximum(one, other))
        self._select(self.places.within(one, other, self.selected.level), mode, final=final)

    def select_inside(self, trail: Sequence[Pixel], mode: Mode, *, final: bool) -> None:
        """Select what has its centroid in a lasso along a trail."""
        self._select(self.places.inside(trail, self.selected.level), mode, final=final)

    def _select(self, rows: Rows, mode: Mode, *, final: bool) -> None:
        """Only what may be seen may be selected."""
        found, visible = len(rows), self.selected.visible()
        if visible is not None:
            rows = rows[visible[rows]]
        nothing = len(rows) == 0
        if self._before is not None:
            rows, mode = np.flatnonzero(combine(self._before, rows, mode)), "replace"
        if final:
            self._stroke = self._before = None
            if found and nothing:
                self.session.tasks.say(
                    "nothing there can be selected now: the filter or the choice of chips leaves it out"
                )
        self.selected.select_at_level(rows, mode, final=final)
