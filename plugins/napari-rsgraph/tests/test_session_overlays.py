"""Layers of the user's in a session without a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from napari_rsgraph.session.overlays import Overlays, grid_key
from napari_rsgraph.session.tables import Tables
from napari_rsgraph.session.work import Immediate, Tasks

GRID = Affine(10.0, 0.0, 4e5, 0.0, -10.0, 5.6e6)


def raster(path: Path, *, grid: Affine = GRID) -> Path:
    about = {"driver": "GTiff", "count": 3, "height": 10, "width": 20, "dtype": "uint8", "crs": "EPSG:32630"}
    with rasterio.open(path, "w", transform=grid, photometric="RGB", **about) as file:
        file.write(np.full((3, 10, 20), 200, dtype=np.uint8))
    return path


@pytest.fixture
def overlays(tables: Tables) -> Any:
    made = Overlays(tables, Tasks(Immediate()))
    made.said = []  # type: ignore[attr-defined]  # what the user would read
    made.tasks.message.connect(lambda severity, text: made.said.append((severity, text)))
    yield made
    made.close()


def test_file_lies_over_the_scene_until_it_is_taken_away(overlays: Any, tmp_path: Path) -> None:
    overlays.add([raster(tmp_path / "a.tif")])
    (laid,) = overlays.layers
    picture = laid.over(overlays.shown_scene)
    assert laid.name == "a.tif"
    assert picture.levels[0][:, :].tolist() == np.full((10, 20, 4), [200, 200, 200, 255]).tolist()
    overlays.remove(laid)
    assert overlays.layers == []
    assert (tmp_path / "a.tif").exists()


def test_file_elsewhere_is_one_sentence(overlays: Any, tmp_path: Path) -> None:
    overlays.add([raster(tmp_path / "a.tif", grid=GRID @ Affine.translation(500, 0))])
    assert overlays.layers == []
    ((severity, text),) = overlays.said
    assert severity == "error"
    assert text == (
        f"{tmp_path / 'a.tif'} lies beside scene 's': nothing of it would be seen, so check its CRS, or take another "
        "file."
    )


def test_file_that_nobody_knows_is_offered_to_others_first(overlays: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    path.write_bytes(b"\0\1\2")
    offered: list[Path] = []
    overlays.otherwise = lambda each: offered.append(each) is None
    overlays.add([path])
    assert offered == [path]
    assert overlays.said == []
    overlays.otherwise = lambda each: False
    overlays.add([path])
    assert "neither as a raster nor as vector data" in overlays.said[0][1]


def test_opacity_and_visibility_are_told_once(overlays: Any, tmp_path: Path) -> None:
    overlays.add([raster(tmp_path / "a.tif")])
    (laid,) = overlays.layers
    told: list[object] = []
    overlays.restyled.connect(told.append)
    overlays.restyle(laid, opacity=0.25)
    overlays.restyle(laid, opacity=0.25)
    overlays.toggle()
    assert (laid.opacity, laid.visible, told) == (0.25, False, [laid, laid])
    overlays.toggle()
    assert laid.visible


def test_scenes_on_one_grid_share_a_picture(overlays: Any, tmp_path: Path) -> None:
    from dataclasses import replace

    scene = overlays.shown_scene
    overlays.tables.scenes = [scene, replace(scene, name="later"), replace(scene, name="elsewhere", rows=5)]
    overlays.add([raster(tmp_path / "a.tif")])
    (laid,) = overlays.layers
    first = laid.over(scene)
    overlays.lay_over(1)
    assert laid.over(overlays.shown_scene) is first
    overlays.lay_over(2)
    assert laid.over(overlays.shown_scene).levels[0].shape == (5, 20, 4)
    assert grid_key(overlays.tables.scenes[0]) == grid_key(overlays.tables.scenes[1])


def test_file_that_goes_away_is_said_once_while_it_is_looked_at(overlays: Any, tmp_path: Path) -> None:
    path = raster(tmp_path / "a.tif", grid=GRID @ Affine.scale(0.25))
    overlays.add([path])
    picture = overlays.layers[0].over(overlays.shown_scene)
    assert picture.magnified == 4
    path.unlink()
    overlays.said.clear()
    assert not picture.levels[0][0:10, 0:10].any()
    assert not picture.levels[0][0:10, 0:10].any()
    assert len(overlays.said) == 1
