"""Layers of the user's over the scene, in napari's canvas: between the picture and the labels."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from napari_rsgraph.scene.lazy_layers import Image, World
from napari_rsgraph.scene.scene_map import SceneMap
from napari_rsgraph.session.overlays import LaidOver, Overlays

if TYPE_CHECKING:
    import napari

    from rsgraph.view.overlay_levels import Overlay


class SceneOverlays:
    """Shows what is laid over the scene, and follows both the session and napari's own controls.

    Parameters
    ----------
    viewer
        Gets the layers.
    scene_map
        Says which scene is shown, and where its pixels lie.
    overlays
        What is laid over it.
    """

    def __init__(self, viewer: napari.Viewer, scene_map: SceneMap, overlays: Overlays) -> None:
        self.viewer, self.scene_map, self.overlays = viewer, scene_map, overlays
        self.layers: dict[LaidOver, Image] = {}
        self._shown: dict[LaidOver, Overlay] = {}
        overlays.changed.connect(self._show)
        overlays.restyled.connect(self._restyle)
        scene_map.scene_changed.connect(overlays.lay_over)
        viewer.layers.events.removed.connect(self._removed)

    def close(self) -> None:
        """Take the layers away."""
        self.overlays.changed.disconnect(self._show, missing_ok=True)
        self.overlays.restyled.disconnect(self._restyle, missing_ok=True)
        self.scene_map.scene_changed.disconnect(self.overlays.lay_over, missing_ok=True)
        self.viewer.layers.events.removed.disconnect(self._removed)
        for laid in list(self.layers):
            self._take_away(laid)

    def _show(self) -> None:
        """Add, renew and remove layers until they are those of the session over the scene that is shown."""
        if not self.scene_map.shown:
            return
        scene = self.overlays.shown_scene
        for laid in [each for each in self.layers if each not in self.overlays.layers or each.over(scene) is None]:
            self._take_away(laid)
        for laid in self.overlays.layers:
            picture = laid.over(scene)
            if picture is not None and self._shown.get(laid) is not picture:
                self._give(laid, picture)

    def _give(self, laid: LaidOver, picture: Overlay) -> None:
        """Show a picture in the layer that is there, or in a new one: removing one and adding another takes long."""
        grid = self.scene_map.grid
        world = World(grid.affine_of(picture.magnified), "m" if grid.metric else "pixel", self.scene_map.describe)
        self._shown[laid] = picture
        levels: Any = picture.levels  # they look like arrays
        if laid in self.layers:
            self.layers[laid].give(levels, world)
            return
        layer = Image(levels, world, name=laid.name)
        layer.opacity, layer.visible = laid.opacity, laid.visible
        layer.events.opacity.connect(partial(self._followed, laid))
        layer.events.visible.connect(partial(self._followed, laid))
        self.layers[laid] = layer
        layers, labels = self.viewer.layers, self.scene_map.labels
        layers.insert(layers.index(labels) if labels in layers else len(layers), layer)
        if self.scene_map.picture in layers:
            layers.selection.active = self.scene_map.picture

    def _take_away(self, laid: LaidOver) -> None:
        layer = self.layers.pop(laid)
        self._shown.pop(laid, None)
        if layer in self.viewer.layers:
            self.viewer.layers.remove(layer)

    def _restyle(self, laid: LaidOver) -> None:
        layer = self.layers.get(laid)
        if layer is not None:
            layer.opacity, layer.visible = laid.opacity, laid.visible

    def _followed(self, laid: LaidOver, event: Any = None) -> None:
        """Take over what napari's own controls say."""
        layer = self.layers.get(laid)
        if layer is not None:
            self.overlays.restyle(laid, opacity=layer.opacity, visible=layer.visible)

    def _removed(self, event: Any) -> None:
        """Forget what was removed by napari's own list."""
        for laid, layer in list(self.layers.items()):
            if layer is event.value:
                self.layers.pop(laid)
                self._shown.pop(laid, None)
                self.overlays.remove(laid)
