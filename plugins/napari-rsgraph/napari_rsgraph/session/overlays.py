"""Files of the user's over the scene: opened beside the window, shown more or less strongly, taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_rsgraph.session.tables import Tables
from napari_rsgraph.session.work import Tasks
from rsgraph.errors import NotUsable, RsgraphError
from rsgraph.protocols import Progress
from rsgraph.workspace import SceneInfo

if TYPE_CHECKING:  # GDAL is loaded with the first file, not with the window
    from rsgraph.view.overlay_files import NoLayer, Opened
    from rsgraph.view.overlay_levels import Overlay

_RECENT = 4
"""Pictures of scenes on other grids that are kept of each, for going back and forth."""

RASTER_OPACITY = 0.7
"""At first: what lies below shows through."""


@dataclass(eq=False)
class LaidOver:
    """One layer of the user's.

    Parameters
    ----------
    opened
        Its name, file and source.
    opacity
        0-1.
    visible
        Whether it is shown.
    pictures
        By the grid of the scene that it lies over.
    """

    opened: Opened
    opacity: float = 1.0
    visible: bool = True
    pictures: dict[str, Overlay] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For the user."""
        return self.opened.name

    @property
    def description(self) -> str:
        """Where it comes from and what its colours mean."""
        return f"{self.opened.path}: {self.opened.source.description}"

    def over(self, scene: SceneInfo) -> Overlay | None:
        """Return its picture over a scene; None where none is made (yet)."""
        return self.pictures.get(grid_key(scene))

    def close(self) -> None:
        """Remove its temporary files."""
        for picture in self.pictures.values():
            picture.close()
        self.pictures = {}


class Overlays:
    """Lays files over the scene that is shown, and takes them away.

    Parameters
    ----------
    tables
        Know the scenes.
    tasks
        Reads files beside the window.
    """

    changed = Signal()
    """Another layer is there, gone, or has its picture of the scene."""
    restyled = Signal(object)
    """A ``LaidOver`` has another opacity, or is shown or hidden."""

    def __init__(self, tables: Tables, tasks: Tasks) -> None:
        self.tables, self.tasks = tables, tasks
        self.scene = 0
        self.layers: list[LaidOver] = []
        self.otherwise: Callable[[Path], bool] | None = None
        """Opens a file that is neither a raster nor vector data, where anyone can; returns whether it did."""
        self._said: set[tuple[Path, str]] = set()

    def close(self) -> None:
        """Remove all temporary files."""
        for layer in self.layers:
            layer.close()

    @property
    def shown_scene(self) -> SceneInfo:
        """The scene that layers lie over."""
        return self.tables.scenes[self.scene]

    def add(self, paths: Sequence[Path]) -> None:
        """Lay files over the scene, each in a task of its own; what cannot be laid over it is said."""
        for path in paths:
            scene = self.shown_scene
            job = partial(self._open, path, scene, len(self.layers))
            self.tasks.run(f"lay {path.name} over the scene", job, partial(self._opened, path, scene))

    def _open(self, path: Path, scene: SceneInfo, number: int, progress: Progress) -> list[LaidOver] | NoLayer:
        """Open a file and paint its coarse pictures."""
        from rsgraph.view.overlay_files import NoLayer, open_overlays
        from rsgraph.view.overlay_rasters import RasterOverlay

        try:
            found = open_overlays(path, number=number)
        except NoLayer as error:
            return error
        covering = [each for each in found if each.source.covers(scene)]
        if not covering:
            several = len(self.tables.scenes) > 1
            advice = "show the scene that it belongs to first" if several else "check its CRS, or take another file"
            raise NotUsable(f"{path} lies beside scene '{scene.name}': nothing of it would be seen, so {advice}.")
        made = []
        for each in covering:
            opacity = RASTER_OPACITY if isinstance(each.source, RasterOverlay) else 1.0
            made.append(LaidOver(each, opacity, pictures={grid_key(scene): self._painted(each, scene, progress)}))
        return made

    def _painted(self, opened: Opened, scene: SceneInfo, progress: Progress) -> Overlay:
        from rsgraph.view.overlay_levels import Overlay

        return Overlay(opened.source, scene, failed=partial(self._failed, opened.path), progress=progress)

    def _opened(self, path: Path, scene: SceneInfo, found: list[LaidOver] | NoLayer) -> None:
        if not isinstance(found, list):
            if self.otherwise is None or not self.otherwise(path):
                self.tasks.say(str(found), "error")
            return
        self.layers += found
        self.changed.emit()
        self.lay_over(self.scene)  # another scene may be shown by now
        self.tasks.say(f"{path.name} lies over the scene; the tab Layers has its opacity", "status")

    def _failed(self, path: Path, error: RsgraphError) -> None:
        """Say once what went wrong while a window was painted."""
        if (path, str(error)) not in self._said:
            self._said.add((path, str(error)))
            self.tasks.say(str(error), "error")

    def lay_over(self, scene: int) -> None:
        """Lay all layers over another scene; those that do not reach it are not seen there."""
        self.scene = scene
        shown, key = self.shown_scene, grid_key(self.shown_scene)
        for layer in self.layers:
            if key not in layer.pictures:
                job = partial(self._paint_again, layer, shown)
                self.tasks.run(f"lay {layer.name} over the scene", job, partial(self._keep, layer, key))
        self.changed.emit()

    def _paint_again(self, layer: LaidOver, scene: SceneInfo, progress: Progress) -> Overlay | None:
        if not layer.opened.source.covers(scene):
            return None
        return self._painted(layer.opened, scene, progress)

    def _keep(self, layer: LaidOver, key: str, picture: Overlay | None) -> None:
        if picture is None:
            return
        if layer not in self.layers or key in layer.pictures:  # it was taken away meanwhile, or asked for twice
            picture.close()
            return
        layer.pictures[key] = picture
        while len(layer.pictures) > _RECENT:
            layer.pictures.pop(next(iter(layer.pictures))).close()
        self.changed.emit()

    def remove(self, layer: LaidOver) -> None:
        """Take a layer away; its file stays as it is."""
        if layer in self.layers:
            self.layers.remove(layer)
            self.changed.emit()
            layer.close()

    def restyle(self, layer: LaidOver, *, opacity: float | None = None, visible: bool | None = None) -> None:
        """Show a layer more or less strongly, or hide it."""
        before = (layer.opacity, layer.visible)
        layer.opacity = layer.opacity if opacity is None else float(opacity)
        layer.visible = layer.visible if visible is None else visible
        if (layer.opacity, layer.visible) != before:
            self.restyled.emit(layer)

    def toggle(self) -> None:
        """Hide all layers, or show all where none is shown; say so where there are none."""
        if not self.layers:
            self.tasks.say("nothing lies over the scene: drag a raster or a vector file onto the window", "status")
            return
        visible = not any(layer.visible for layer in self.layers)
        for layer in self.layers:
            self.restyle(layer, visible=visible)


def grid_key(scene: SceneInfo) -> str:
    """Return what scenes on one grid have in common."""
    return repr((scene.crs, tuple(scene.transform) if scene.crs else None, scene.rows, scene.columns))
