"""Layers of the user's, dragged onto the window by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hand import at_window
from hand_files import file_on
from rasterio.warp import transform_bounds

from rsgraph import Workspace

pytestmark = pytest.mark.slow

CANVAS = "viewer.window._qt_viewer.canvas.native"


def red_raster(workspace: Path, path: Path) -> Path:
    """Write a raster of longitudes and latitudes that is red all over the scene of a workspace."""
    scene = Workspace(workspace).scenes[0]
    a, _, left, _, e, top = scene.transform[:6]
    bounds = (left, top + e * scene.rows, left + a * scene.columns, top)
    west, south, east, north = transform_bounds(scene.crs, "EPSG:4326", *bounds)
    across, down = (east - west) / 100, (north - south) / 100
    grid = Affine(1.2 * across, 0, west - 10 * across, 0, -1.2 * down, north + 10 * down)
    about = {"driver": "GTiff", "count": 3, "height": 100, "width": 100, "dtype": "uint8", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=grid, photometric="RGB", **about) as file:
        file.write(np.stack([np.full((100, 100), value, np.uint8) for value in (255, 0, 0)]))
    return path


def redness(part: np.ndarray) -> float:
    """How much redder than green and blue the middle of a picture is, 0 ... 255."""
    rows, columns, _ = part.shape
    middle = part[rows * 2 // 5 : rows * 3 // 5, columns * 2 // 5 : columns * 3 // 5].astype(float)
    return float((middle[..., 0] - middle[..., 1:].max(axis=-1)).mean())


def test_raster_dragged_onto_the_map_lies_over_the_scene_and_goes_again(workspace: Path, tmp_path: Path) -> None:
    path = red_raster(workspace, tmp_path / "red.tif")
    with at_window(workspace, tmp_path / "screen") as hand:
        before = redness(hand.part(CANVAS))
        with file_on(hand, path) as place:
            hand.drag(place, hand.centre("window.overview.points"))
            hand.wait("len(window.session.overlays.layers) == 1")
        hand.at_rest()
        assert redness(hand.part(CANVAS)) > before + 100
        hand.save(tmp_path / "laid.png")
        hand.ask("window.open_tab('Layers')")
        hand.at_rest()
        slider = "find('QSlider', 'Opacity of red.tif')"
        at = 0.03 + 0.94 * hand.ask(f"{slider}.value()") / 100
        hand.drag(hand.spot(slider, at, 0.5), hand.spot(slider, 0.0, 0.5))
        assert hand.ask(f"{slider}.value()") == 0
        assert abs(redness(hand.part(CANVAS)) - before) < 5
        hand.drag(hand.spot(slider, 0.03, 0.5), hand.spot(slider, 1.0, 0.5))
        assert redness(hand.part(CANVAS)) > 150
        hand.click(hand.centre("find('QPushButton', 'Remove red.tif')"))
        assert abs(redness(hand.part(CANVAS)) - before) < 5
        assert hand.ask("[layer.name for layer in viewer.layers if 'red' in layer.name]") == []


def test_file_that_is_no_layer_is_told_in_a_sentence(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "notes.bin"
    path.write_bytes(b"\0\1\2 nothing")
    with at_window(workspace, tmp_path / "screen") as hand:
        hand.ask(
            "setattr(app, 'heard', []) or window.session.tasks.message.connect(lambda *a: app.heard.append(a)) and 1"
        )
        with file_on(hand, path) as place:
            hand.drag(place, hand.centre("window.side"))
            hand.wait("len(app.heard) > 0")
        severity, text = hand.ask("app.heard[-1]")
        assert severity == "error"
        assert text.startswith(f"{path} can be read neither as a raster nor as vector data; expected a GeoTIFF")
        hand.wait("find('NapariQtNotification', '') is not None")
