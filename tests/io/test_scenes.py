"""A folder of scenes is distinguished from a folder of bands, and a damaged scene is never left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import NotReadable
from rsgraph.io.auto import Auto
from rsgraph.io.scenes import Scenes
from tests.io.rasters import counts, write_tiff
from tests.io.safe_product import write_safe, zipped

NAMES = ("B02", "B03", "B04")


def test_scenes_opens_files_products_and_band_folders_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    write_tiff(folder / "b.tif", counts(3, 40, 50), names=NAMES)
    write_tiff(folder / "a.tif", counts(3, 30, 20), names=NAMES, crs="EPSG:32631")
    for name in NAMES:
        write_tiff(folder / "c" / f"{name}.tif", counts(1, 60, 70))
    zipped(write_safe(folder, level="2A")).rename(folder / "d.zip")
    (folder / "readme.txt").write_text("hello")
    scenes = Auto(bands=NAMES).open(folder)
    assert [scene.name for scene in scenes[:3]] == ["a", "b", "c"]
    assert len(scenes) == 5  # the product is there as a folder and as a .zip
    assert [(scene.rows, scene.columns) for scene in scenes[:3]] == [(30, 20), (40, 50), (60, 70)]
    assert {scene.bands for scene in scenes} == {NAMES}
    assert all("readme.txt left out" in scene.notes[0] for scene in scenes)
    assert scenes[0].crs != scenes[1].crs


def test_scenes_are_distinguished_from_bands_and_from_one_product(tmp_path: Path) -> None:
    write_tiff(tmp_path / "bands" / "x_B02.tif", counts(1))
    write_tiff(tmp_path / "bands" / "x_B03.tif", counts(1))
    write_tiff(tmp_path / "scenes" / "x.tif", counts(2))
    write_safe(tmp_path / "one", level="2A")
    write_safe(tmp_path / "beside", level="2A")
    write_tiff(tmp_path / "beside" / "z.tif", counts(12))
    taken = {name: Scenes().accepts(tmp_path / name) for name in ("bands", "scenes", "one", "beside")}
    assert taken == {"bands": False, "scenes": True, "one": False, "beside": True}
    assert [len(Auto().open(tmp_path / name)) for name in taken] == [1, 1, 1, 2]


def test_scenes_named_like_eurosat_are_whole_scenes(tmp_path: Path) -> None:
    for number, rows in ((1, 300), (2, 40)):
        write_tiff(tmp_path / "bay" / f"bay_{number}.tif", counts(3, rows, 50), names=NAMES)
    assert [scene.rows for scene in Auto().open(tmp_path / "bay")] == [300, 40]


@pytest.mark.parametrize("name", ["b.tif", "b.zip", "b.SAFE"])
def test_scenes_names_what_is_damaged(tmp_path: Path, name: str) -> None:
    for good in ("a.tif", "c.tif"):
        write_tiff(tmp_path / good, counts(3), names=NAMES)
    if name == "b.SAFE":
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).write_bytes(b"II*\0 cut off")
    with pytest.raises(NotReadable, match=rf"{tmp_path}/{name} "):
        Auto().open(tmp_path)


def test_scenes_needs_scenes(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", counts(3))
    with pytest.raises(NotReadable, match="is no folder"):
        Scenes().open(tmp_path / "a.tif")
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotReadable, match="holds no scenes"):
        Scenes().open(tmp_path / "empty")


def test_scenes_read_their_own_pixels(tmp_path: Path) -> None:
    numbers = {name: counts(3, seed=seed) for seed, name in enumerate(("a", "b"))}
    for name, values in numbers.items():
        write_tiff(tmp_path / f"{name}.tif", values, names=NAMES)
    for scene in Scenes().open(tmp_path):
        found = scene.source.read(scene.window).values
        np.testing.assert_allclose(found, numbers[scene.name] / 10000, rtol=1e-6)
