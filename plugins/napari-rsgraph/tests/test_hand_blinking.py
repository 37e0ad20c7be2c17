"""Two scenes of one place that blink, under a person's keys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hand import at_window

from conftest import TINY
from rsgraph.cli import main

pytestmark = pytest.mark.slow

CANVAS = "viewer.window._qt_viewer.canvas.native"
BANDS = ("B02", "B03", "B04", "B08")


def scene(path: Path, flooded: int) -> None:
    """Write land, with water in the first columns."""
    land, water = (900, 1100, 1500, 3000), (800, 700, 400, 200)
    noise = np.random.default_rng(0).integers(-60, 60, (4, 192, 192))
    columns = np.arange(192) < flooded
    pixels = np.where(columns, np.reshape(water, (4, 1, 1)), np.reshape(land, (4, 1, 1))) + noise
    grid = Affine(10, 0, 300_000, 0, -10, 5_000_000)
    about = {"driver": "GTiff", "count": 4, "height": 192, "width": 192, "dtype": "uint16", "crs": "EPSG:32633"}
    with rasterio.open(path, "w", transform=grid, **about) as file:
        file.write(pixels.astype(np.uint16))
        file.descriptions = BANDS


def test_scenes_of_one_place_blink_with_one_key_and_the_view_stays(tmp_path: Path) -> None:
    scenes, made = tmp_path / "scenes", tmp_path / "w"
    scenes.mkdir()
    scene(scenes / "april.tif", 40)
    scene(scenes / "may.tif", 130)
    main(["run", str(scenes), *(word for word in TINY if not word.startswith("reader")), f"workspace={made}"])
    with at_window(made, tmp_path / "screen") as hand:
        hand.wheel(hand.centre(CANVAS), 2)
        hand.at_rest()
        first, zoom = hand.part(CANVAS), hand.ask("viewer.scene.camera.zoom")
        hand.save(tmp_path / "april.png")
        hand.key("semicolon")
        hand.wait("'may' in viewer.status and '2 of 2' in viewer.status")
        hand.at_rest()
        second = hand.part(CANVAS)
        hand.save(tmp_path / "may.png")
        changed = (np.abs(first.astype(int) - second).max(axis=2) > 30).mean()
        assert changed > 0.15, "the water of May is to be seen"
        assert hand.ask("viewer.scene.camera.zoom") == zoom
        hand.key("semicolon")
        hand.wait("'april' in viewer.status and '1 of 2' in viewer.status")
        hand.at_rest()
        assert (np.abs(first.astype(int) - hand.part(CANVAS)).max(axis=2) > 8).mean() < 0.01
