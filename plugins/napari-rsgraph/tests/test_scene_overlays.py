"""Layers of the user's in napari's canvas, on a screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from scene_screen import Screen

from napari_rsgraph.scene.overlays import SceneOverlays


def test_layer_lies_between_picture_and_labels_and_follows_both_lists(screen: Screen, tmp_path: Path) -> None:
    session, viewer = screen.session, screen.viewer.__wrapped__
    shown = SceneOverlays(viewer, screen.map, session.overlays)
    scene = session.tables.scenes[0]
    about = {"driver": "GTiff", "count": 3, "height": scene.rows, "width": scene.columns, "dtype": "uint8"}
    grid = {"transform": Affine(*scene.transform[:6]), "crs": scene.crs, "photometric": "RGB"}
    with rasterio.open(tmp_path / "red.tif", "w", **about, **grid) as file:
        file.write(np.stack([np.full((scene.rows, scene.columns), value, np.uint8) for value in (255, 0, 0)]))
    session.overlays.add([tmp_path / "red.tif"])
    names = [layer.name for layer in viewer.layers]
    assert names.index("red.tif") == names.index("Labels") - 1
    assert viewer.layers.selection.active is screen.map.picture
    session.overlays.restyle(session.overlays.layers[0], opacity=1.0)
    screen.map.segments.visible = screen.map.chips.visible = False
    middle = viewer.screenshot(canvas_only=True, flash=False)
    rows, columns, _ = middle.shape
    assert middle[rows // 2, columns // 2, :3].tolist() == [255, 0, 0]
    layer = viewer.layers["red.tif"]
    layer.opacity = 0.5
    assert session.overlays.layers[0].opacity == 0.5
    viewer.layers.remove(layer)
    assert session.overlays.layers == []
    session.overlays.add([tmp_path / "red.tif"])
    session.overlays.remove(session.overlays.layers[0])
    assert "red.tif" not in viewer.layers
    shown.close()
