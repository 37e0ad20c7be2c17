"""The memory of a window for a workspace: map, colours, zoom, filter and layout, in ``view/window.json``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast, get_args

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QTabWidget

from napari_rsgraph.overview import Overview
from napari_rsgraph.placing import place_of
from napari_rsgraph.scene.scene_map import SceneMap
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.tables import Level
from rsgraph.brushing.shapes import Rectangle
from rsgraph.errors import OutputError, WorkspaceError
from rsgraph.files import write_json
from rsgraph.own_files.window import (
    NAME,
    FilterChoice,
    Layout,
    MapChoice,
    SceneChoice,
    ScreenPlace,
    Shown,
    Tab,
    read_shown,
)
from rsgraph.types import Window

_LEFT, _RIGHT = (0.34, 360, 640), (0.26, 345, 440)
"""Widths of the columns: share of the window, least, most."""
_GALLERY, _FOR_MAP, _ROW = 0.37, 350, 110
"""The gallery's share of the left column; pixels that the map, its bar and its legend have first; a row of tiles."""


@dataclass(frozen=True)
class Frame:
    """The parts of napari's window that hold ours.

    Parameters
    ----------
    main
        The whole.
    left, right
        The columns.
    tabs
        The panels in the right one.
    own
        Whether the window was opened for this session only, and stands where the session wants it.
    """

    main: QMainWindow
    left: QDockWidget
    right: QDockWidget
    tabs: QTabWidget
    own: bool


class Memory:
    """Knows what was shown, brings it back, and writes what is shown now.

    Parameters
    ----------
    session
        Open; one that is read-only writes nothing.
    overview, scene
        Show the 2-D map and the scene.
    frame
        Holds them.
    """

    def __init__(self, session: Session, overview: Overview, scene: SceneMap, frame: Frame) -> None:
        self.session, self.overview, self.scene, self.frame = session, overview, scene, frame
        self.path = session.workspace.path(*NAME)
        self.last = Shown()
        self.known = False
        self._written: Shown | None = None
        self._seen: Shown | None = None
        self._failed = False
        self._part: Rectangle | None = None
        self._scene_waits = False
        self.zoomed = False

    # what was shown

    def recall(self, shown: Shown | None = None) -> None:
        """Take up what was shown: as given, else as it was written; one sentence where that is damaged."""
        if shown is None and self.path.exists():
            try:
                shown = self._written = read_shown(self.path)
            except WorkspaceError as error:
                self.session.tasks.say(str(error), "warning")
        self.known = shown is not None
        self.last = shown or Shown()
        self._part = None if self.last.part is None else Rectangle(*self.last.part)
        self._scene_waits = self.last.scene is not None
        self._recall_maps()
        self._recall_filter(self.last.filter)
        colour = self.last.colour
        if colour is not None and colour in self.session.colouring.choices(self.last.level):
            self.session.colouring.choose(colour)
        self.session.map_changed.connect(self._map_changed)

    def forget(self) -> None:
        """Hear of no more maps."""
        self.session.map_changed.disconnect(self._map_changed, missing_ok=True)

    def _recall_maps(self) -> None:
        """At first the first map that the manifest lists: it shows segments."""
        maps = self.session.maps
        self.session.selection.set_level(self.last.level)
        if self.last.segments is None:
            maps.show_first()
        levels: tuple[Level, ...] = get_args(Level)
        for level in levels:
            choice = self.last.chips if level == "chips" else self.last.segments
            if choice is not None and choice.projector in maps.offered(level):
                maps.reopen(level, choice.layer, choice.projector)

    def _recall_filter(self, choice: FilterChoice) -> None:
        session, names = self.session, ["", *self.session.labels.names]
        classes = None if choice.classes is None else frozenset(map(names.index, {*choice.classes} & {*names}))
        window = None
        if choice.within is not None and choice.scene in self.scene.scenes:
            window = (self.scene.scenes.index(choice.scene), Window(*choice.within))
        clear = choice.clear and session.tables.cloudy is not None
        if classes or window is not None or clear:
            session.selection.set_filter(classes=classes or None, window=window, clear=clear)

    def lay_out(self) -> None:
        """Divide the window as it was divided, else by its size; call it once the window has its size."""
        frame, layout = self.frame, self.last.layout
        width = frame.main.width()
        docks = (frame.left, frame.right)
        sizes = [_width(width, *_LEFT), _width(width, *_RIGHT)]
        heights = _heights(self.overview.splitter.height())
        if layout is not None:
            heights = [layout.map, layout.gallery]
            for number, (dock, size) in enumerate(zip(docks, (layout.left, layout.right), strict=True)):
                dock.setVisible(size > 0)
                sizes[number] = min(size, round(0.6 * width)) if size else sizes[number]
        frame.main.resizeDocks(list(docks), sizes, Qt.Orientation.Horizontal)
        if any(heights):
            self.overview.splitter.setSizes(heights)
        tab = "Label" if layout is None else layout.tab
        for index in range(frame.tabs.count()):
            if frame.tabs.tabText(index) == tab:
                frame.tabs.setCurrentIndex(index)

    def zoom(self) -> None:
        """Show the parts of map and scene that were in view, as far as they are there; others when they come."""
        self._zoom_map()
        self.zoom_scene()

    def zoom_scene(self) -> None:
        """Show the part of the scene that was in view, once; ``zoomed`` says whether it is there."""
        choice = self.last.scene
        if not self._scene_waits or choice is None or not self.scene.shown:
            return
        self._scene_waits = False
        if choice.name not in self.scene.scenes:
            return
        number = self.scene.scenes.index(choice.name)
        if number != self.scene.scene:
            self.scene.show_scene(number)
        if choice.centre is not None:
            self.zoomed = self.scene.camera.show_place(self.scene.grid, choice.centre, choice.zoom)

    def _map_changed(self) -> None:
        if self._part is not None and self.overview.isVisible():
            self._zoom_map()

    def _zoom_map(self) -> None:
        """A part was of one map: wait until it is there."""
        level, shown = self.session.selection.level, self.session.map
        choice = self.last.chips if level == "chips" else self.last.segments
        same = choice is not None and (choice.layer, choice.projector) == (shown.layer, shown.projector)
        if self._part is not None and same and level == self.last.level and not shown.subset:
            part, self._part = self._part, None
            self.overview.points.show_part(part)

    # what is shown now

    def now(self) -> Shown:
        """Return what is shown."""
        session, points = self.session, self.overview.points
        shown, window = session.map, points.map_window()
        part = (window.x, window.y, window.half_width, window.half_height)
        return Shown(
            level=session.selection.level,
            chips=self._map("chips"),
            segments=self._map("segments"),
            part=None if points.whole or shown.subset else part,
            colour=session.colouring.chosen,
            filter=self._filter(),
            scene=self._scene(),
            layout=self._layout(),
            place=self._place(),
        )

    def _map(self, level: Level) -> MapChoice:
        shown = self.session.maps.current[level]
        return MapChoice(shown.layer, shown.projector)

    def _filter(self) -> FilterChoice:
        chosen, names = self.session.selection.filter, ["", *self.session.labels.names]
        codes = None if chosen.classes is None else sorted(code for code in chosen.classes if code < len(names))
        found = FilterChoice(None if codes is None else tuple(names[code] for code in codes), chosen.clear)
        if chosen.window is None:
            return found
        scene, window = chosen.window
        within = (int(window.row), int(window.column), int(window.rows), int(window.columns))
        return replace(found, scene=self.scene.scenes[scene], within=within)

    def _scene(self) -> SceneChoice | None:
        if not self.scene.shown:
            return self.last.scene
        name, camera = self.scene.scenes[self.scene.scene], self.scene.camera
        return SceneChoice(name) if camera.whole else SceneChoice(name, *camera.place)

    def _layout(self) -> Layout:
        frame, last = self.frame, self.last.layout
        left, right = (0 if dock.isHidden() else dock.width() for dock in (frame.left, frame.right))
        heights = self.overview.splitter.sizes()
        if not any(heights) and last is not None:
            heights = [last.map, last.gallery]
        text = frame.tabs.tabText(frame.tabs.currentIndex())
        tab = cast(Tab, text if text in get_args(Tab) else "Label")
        return Layout(left, right, heights[0], heights[1], tab)

    def _place(self) -> ScreenPlace | None:
        return place_of(self.frame.main) if self.frame.own else self.last.place

    # the file

    def look(self) -> None:
        """Write what is shown if it has changed, and has not since the last look: nobody waits for a disk."""
        shown = self.now()
        if shown == self._seen:
            self.keep(shown)
        self._seen = shown

    def keep(self, shown: Shown | None = None) -> None:
        """Write what is shown, unless it is written, or the session only looks."""
        shown = self.now() if shown is None else shown
        if shown == self._written or self.session.labels.read_only:
            return
        self._written = shown
        try:
            write_json(self.path, shown.as_json())
        except OutputError as error:
            if not self._failed:
                self.session.tasks.say(f"what is shown will not be remembered: {error}", "status")
            self._failed = True


def _heights(whole: int) -> list[int]:
    """Return the heights of map and gallery in a column."""
    gallery = max(min(round(_GALLERY * whole), whole - _FOR_MAP), _ROW)
    return [max(whole - gallery, 1), gallery]


def _width(window: int, share: float, least: int, most: int) -> int:
    return min(max(round(share * window), least), most)
