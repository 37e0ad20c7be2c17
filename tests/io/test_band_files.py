"""Folders of band files as other programs and providers leave them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from rasterio import Affine

from rsgraph.io.auto import Auto
from rsgraph.io.band_files import band_files
from rsgraph.io.bands import Bands
from rsgraph.types import Scene
from tests.io.rasters import counts, write_tiff

LANDSAT_8 = "LC08_L1TP_201024_20200412_20200822_02_T1"


def folder(path: Path, names: Sequence[str]) -> Path:
    for i, name in enumerate(names):
        write_tiff(path / name, counts(1, seed=i))
    return path


def opened(path: Path, **options: object) -> Scene:
    (scene,) = Auto(**options).open(path)  # type: ignore[arg-type]  # tests pass any option
    return scene


def test_landsats_bands_are_called_by_their_colours_and_heat_is_left_out(tmp_path: Path) -> None:
    names = [f"{LANDSAT_8}_B{i}.TIF" for i in range(1, 12)]
    scene = opened(folder(tmp_path / "x", [*names, f"{LANDSAT_8}_QA_PIXEL.TIF"]))
    assert scene.bands == ("coastal", "blue", "green", "red", "nir08", "cirrus", "swir16", "swir22")
    assert scene.assumed is None
    assert any("pan, lwir11, lwir12: left out" in note for note in scene.notes)
    assert opened(tmp_path / "x", bands=["red", "pan"]).bands == ("red", "pan")


def test_harmonised_landsat_is_not_sentinel_2(tmp_path: Path) -> None:
    path = folder(tmp_path / "x", [f"HLS.L30.T17SLU.2020209T155956.v2.0.B{i:02}.tif" for i in (2, 3, 4, 5)])
    assert opened(path).bands == ("blue", "green", "red", "nir08")
    path = folder(tmp_path / "y", [f"HLS.S30.T17SLU.2020209T155956.v2.0.B{i:02}.tif" for i in (2, 3, 4, 5)])
    assert opened(path).bands == ("B02", "B03", "B04", "B05")


def test_files_that_are_only_counted_have_no_names_until_the_user_gives_them(tmp_path: Path) -> None:
    path = folder(tmp_path / "x", [f"scene_band{i}.tif" for i in range(1, 11)])
    scene = opened(path)
    assert scene.bands == tuple(f"band{i}" for i in range(1, 11))  # and not band1, band10, band2
    assert scene.assumed == scene.identity["assumed"] == "bands by their place in the file"
    named = [f"B{i:02}" for i in range(2, 12)]
    scene = opened(path, bands=named)
    assert (scene.bands, scene.assumed) == (tuple(named), None)
    assert scene.files[-1].name == "scene_band10.tif"


def test_files_may_be_named_after_colours(tmp_path: Path) -> None:
    colours = ["red", "green", "blue", "nir", "nir08", "swir16", "swir22", "coastal", "rededge1"]
    scene = opened(folder(tmp_path / "x", [f"{colour}.tif" for colour in (*colours, "scl", "visual")]))
    expected = ("coastal", "blue", "green", "red", "rededge1", "nir", "nir08", "swir16", "swir22")
    assert scene.bands == expected
    assert "scl.tif, visual.tif: left out" in scene.notes[0]


@pytest.mark.parametrize("names", [["river_red.tif", "river_blue.tif"], ["red.tif", "green.tif", "lake.tif"]])
def test_scenes_with_a_colour_in_their_names_stay_scenes(tmp_path: Path, names: list[str]) -> None:
    path = folder(tmp_path / "x", names)
    assert not Bands().accepts(path)
    assert len(Auto().open(path)) == len(names)


def test_of_two_corrections_that_for_slopes_is_taken(tmp_path: Path) -> None:
    start = "SENTINEL2A_20200101-105855-000_L2A_T31TCJ_C_V2-2"
    path = folder(tmp_path / "x", [f"{start}_{kind}_B{i}.tif" for kind in ("SRE", "FRE") for i in (2, 3, 4, 8)])
    scene = opened(path)
    assert scene.bands == ("B02", "B03", "B04", "B08")
    assert all("_FRE_" in file.name for file in scene.files)
    assert any("_SRE_B2.tif" in note and "corrected for slopes" in note for note in scene.notes)


def test_a_word_that_all_files_have_is_no_colour(tmp_path: Path) -> None:
    path = folder(tmp_path / "x", [f"green_valley_B0{i}.tif" for i in (2, 3, 4, 8)])
    assert opened(path).bands == ("B02", "B03", "B04", "B08")


def test_folders_of_resolutions_are_one_scene(tmp_path: Path) -> None:
    for metres, size, bands in ((10, 60, ("B02", "B04")), (20, 30, ("B02", "B05")), (60, 10, ("B01",))):
        for band in bands:
            grid = Affine(metres, 0, 500000, 0, -metres, 4100000)
            write_tiff(tmp_path / f"R{metres}m" / f"T31_{band}_{metres}m.tif", counts(1, size, size), transform=grid)
    scene = opened(tmp_path)
    assert (scene.bands, scene.rows) == (("B01", "B02", "B04", "B05"), 60)
    assert scene.files[1].name == "T31_B02_10m.tif"


def test_where_the_sensor_is_not_named_the_reading_taken_is_said(tmp_path: Path) -> None:
    found = band_files(folder(tmp_path / "x", [f"B{i}.tif" for i in (1, 2, 3, 4, 5, 7)]))
    assert [*found.files] == ["blue", "green", "red", "nir08", "swir16", "swir22"]
    assert found.assumed == "bands of Landsat 4, 5 or 7"
    assert band_files(folder(tmp_path / "S2A_2020", [f"B{i}.tif" for i in (2, 3, 4, 5)])).assumed is None


def test_rules_of_before_take_any_number_as_sentinel_2s(tmp_path: Path) -> None:
    path = folder(tmp_path / "x", [f"{LANDSAT_8}_B{i}.TIF" for i in (2, 3, 4, 10)])
    assert opened(path, rules=1).bands == ("B02", "B03", "B04", "B10")
    assert [*band_files(path, rules=1).files] == ["B10", "B02", "B03", "B04"]
