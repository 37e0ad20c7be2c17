"""Files of which the names of bands are proven, assumed or chosen by the user."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from rsgraph.errors import ConfigError
from rsgraph.io.band_names import L2A
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.identifying import SORTED, in_sorted_order
from rsgraph.types import Scene
from tests.io.rasters import counts, write_tiff


def opened(path: Path, **options: object) -> Scene:
    (scene,) = GeoTiff(**options).open(path)  # type: ignore[arg-type]  # tests pass any option
    return scene


def twelve(names: tuple[str, ...] = L2A, rows: int = 60, columns: int = 50) -> NDArray[np.uint16]:
    """Bands of one scene, in this order: B08 and B8A measure the same, the others something of their own."""
    rng = np.random.default_rng(1)
    infrared = rng.integers(1500, 4000, (rows, columns))
    of_band = {name: rng.integers(300, 3000, (rows, columns)) for name in L2A}
    of_band |= {name: infrared + rng.integers(-40, 40, infrared.shape) for name in ("B08", "B8A")}
    of_band["B09"] = infrared + rng.integers(-600, 600, infrared.shape)
    return np.stack([of_band[name] for name in names]).astype(np.uint16)


@pytest.mark.parametrize("order", [L2A, SORTED])
def test_twelve_layers_are_taken_in_the_order_that_the_numbers_fit(tmp_path: Path, order: tuple[str, ...]) -> None:
    assert in_sorted_order(twelve(order).reshape(12, -1).astype(float)) is (order == SORTED)
    scene = opened(write_tiff(tmp_path / "a.tif", twelve(order)))
    assert scene.bands == order
    assert scene.assumed is not None
    assert "reader.bands=[...]" in scene.notes[0]
    assert scene.identity["assumed"] == scene.assumed


def test_layers_that_are_only_counted_are_guessed_as_if_they_had_no_names(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", twelve(SORTED), names=[f"Band {i}" for i in range(1, 13)])
    assert opened(path).bands == SORTED


@pytest.mark.real
@pytest.mark.parametrize(
    "name", ["site_637U_59R_1_3_l2a_10m", "site_282D_485L_3_3_l2a_10m", "site_38D_378R_2_3_l2a_10m"]
)
def test_real_scenes_tell_their_order(real_data: Path, tmp_path: Path, name: str) -> None:
    with rasterio.open(real_data / f"{name}.tif") as source:
        numbers = source.read()
    for order in (L2A, SORTED):
        path = write_tiff(tmp_path / f"{order[-1]}.tif", numbers[[L2A.index(band) for band in order]])
        assert opened(path).bands == order


def test_bands_that_the_user_names_need_no_proof(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(4), names=[f"Band {i}" for i in range(1, 5)])
    assert opened(path).assumed == "bands by their place in the file"
    scene = opened(path, bands=["B02", "B03", "B04", "B08"])
    assert (scene.bands, scene.assumed) == (("B02", "B03", "B04", "B08"), None)
    assert not any("only count layers" in note for note in scene.notes)
    with pytest.raises(ConfigError, match="has 4: band1, band2, band3, band4"):
        opened(path, bands=["B02", "B03"])


def test_bands_may_be_chosen_by_what_the_file_calls_them(tmp_path: Path) -> None:
    numbers = counts(6)
    names = ["SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7"]
    path = write_tiff(tmp_path / "a.tif", numbers, names=names)
    assert opened(path).bands == ("blue", "green", "red", "nir08", "swir16", "swir22")
    for wanted in (["SR_B4", "SR_B3"], ["red", "green"]):
        scene = opened(path, bands=wanted, scale=1)
        assert scene.bands == tuple(wanted)
        np.testing.assert_array_equal(scene.source.read(scene.window).values, numbers[[2, 1]])


def test_heat_and_masks_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    names = ["band 1 reflectance", "band 2 reflectance", "band 6 temperature"]
    path = write_tiff(tmp_path / "LE70220491999322EDC01_stack.tif", counts(3), names=names)
    scene = opened(path)
    assert scene.bands == ("blue", "green")
    assert any("band 6 temperature: left out" in note for note in scene.notes)
    assert opened(path, bands=["blue", "lwir"]).bands == ("blue", "lwir")


def test_files_behind_a_vrt_name_its_bands(tmp_path: Path) -> None:
    for name in ("B11", "B12", "B8A"):
        write_tiff(tmp_path / f"T31_{name}_20m.tif", counts(1))
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{i}"><SimpleSource><SourceFilename relativeToVRT="1">'
        f"T31_{name}_20m.tif</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
        for i, name in enumerate(("B11", "B12", "B8A"), start=1)
    )
    (tmp_path / "stack.vrt").write_text(f'<VRTDataset rasterXSize="50" rasterYSize="70">{bands}</VRTDataset>')
    scene = opened(tmp_path / "stack.vrt")
    assert (scene.bands, scene.assumed) == (("B11", "B12", "B8A"), None)


def test_colours_that_a_file_declares_are_names(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(4), photometric="MINISBLACK")
    with rasterio.open(path, "r+") as target:
        target.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined]
    assert opened(path).bands == ("blue", "green", "red", "band4")


def test_a_fourth_band_that_gdal_calls_alpha_keeps_its_name(tmp_path: Path) -> None:
    numbers = (counts(4) // 20).astype(np.uint8)
    path = write_tiff(tmp_path / "a.tif", numbers, names=["Red", "Green", "Blue", "NIR"])
    with rasterio.open(path) as source:
        assert source.colorinterp[3] == ColorInterp.alpha  # as GDAL marks four layers of 8 bits by itself
    assert opened(path).bands == ("Red", "Green", "Blue", "NIR")


def test_rules_of_before_take_any_number_as_sentinel_2s(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(4), names=[f"Band {i}" for i in range(1, 5)])
    scene = opened(path, rules=1)
    assert (scene.bands, scene.assumed) == (("B01", "B02", "B03", "B04"), None)
    assert "assumed" not in scene.identity
    assert opened(write_tiff(tmp_path / "b.tif", twelve(SORTED)), rules=1).bands == L2A


@pytest.mark.parametrize("word", ["", "Layer_", "channel "])
@pytest.mark.parametrize("first", [0, 1])
def test_numbers_of_layers_are_no_names(tmp_path: Path, word: str, first: int) -> None:
    names = [f"{word}{i}" for i in range(first, first + 4)]
    scene = opened(write_tiff(tmp_path / "a.tif", counts(4), names=names))
    assert scene.bands == ("band1", "band2", "band3", "band4")
    assert scene.assumed == "bands by their place in the file"


def test_layers_without_a_name_of_their_own_are_told(tmp_path: Path) -> None:
    scene = opened(write_tiff(tmp_path / "a.tif", counts(4), names=["B02", "B03", "B02", ""]))
    assert scene.bands == ("band1", "B03", "band3", "band4")
    assert any(note.startswith("band1 (B02), band3 (B02), band4 (no name)") for note in scene.notes)
