"""Numbers that cannot be reflectance as they were read, on spectra of plants, soil and water."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from rsgraph.io.auto import Auto
from rsgraph.io.plausible import agreeing
from rsgraph.types import Floats, Scene
from tests.io.rasters import write_tiff
from tests.io.spectra import NAMES, PLANTS, SOIL, WATER, pixels


def picture(reflectance: Floats) -> NDArray[np.float64]:
    return reflectance.reshape(len(reflectance), 40, 50).astype(np.float64)


def opened(path: Path, **options: object) -> Scene:
    (scene,) = Auto(**options).open(path)  # type: ignore[arg-type]  # tests pass any option
    return scene


def brightness(scene: Scene) -> float:
    raster = scene.source.read(scene.window)
    return float(np.median(raster.values[:, raster.valid]))


@pytest.mark.parametrize("spectra", [(PLANTS,), (PLANTS, SOIL), (PLANTS, WATER, WATER), (SOIL,)])
@pytest.mark.parametrize(
    ("dtype", "per_unit"), [("uint16", 1000), ("int16", 1000), ("float32", 1000), ("float32", 100)]
)
def test_a_scale_that_makes_plants_or_land_black_is_replaced(
    tmp_path: Path, spectra: tuple[tuple[float, ...], ...], dtype: str, per_unit: int
) -> None:
    real = picture(pixels(*spectra, n=2000) if len(spectra) < 3 else pixels(*spectra, n=2001)[:, :2000])
    path = write_tiff(tmp_path / "a.tif", np.round(real * per_unit).clip(1).astype(dtype), names=NAMES)
    scene = opened(path)
    assert scene.identity["scale"] == pytest.approx([1 / per_unit] * 5)
    assert brightness(scene) == pytest.approx(np.median(real), abs=0.01)
    (said,) = [note for note in scene.notes if "Numbers" in note]
    assert f"reflectance x {per_unit}, not x 10000" in said
    assert "reader.scale=0.0001" in said
    assert opened(path, scale=0.0001).identity["scale"] == [0.0001] * 5
    assert opened(path, rules=1).identity["scale"] == [0.0001] * 5


@pytest.mark.parametrize(
    "spectra",
    [(PLANTS,), (SOIL,), (WATER,), (WATER, PLANTS), (tuple(x / 3 for x in PLANTS),), (tuple(x * 3 for x in SOIL),)],
)
def test_counts_that_can_be_reflectance_stay_as_they_were(
    spectra: tuple[tuple[float, ...], ...], tmp_path: Path
) -> None:
    real = picture(pixels(*spectra))
    scene = opened(write_tiff(tmp_path / "a.tif", np.round(real * 10000).astype(np.uint16), names=NAMES))
    assert scene.identity["scale"] == [0.0001] * 5
    assert scene.reflectance


def test_a_declared_scale_is_not_questioned(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", np.round(picture(pixels(PLANTS)) * 1000).astype(np.uint16), names=NAMES)
    with rasterio.open(path, "r+") as target:
        target.scales = (1e-4,) * 5
    assert opened(path).identity["scale"] == [1e-4] * 5


def test_folders_of_bands_are_looked_at_as_a_whole(tmp_path: Path) -> None:
    real = picture(pixels(PLANTS, SOIL))
    for name, band in zip(NAMES, real, strict=True):
        write_tiff(tmp_path / f"{name}.tif", np.round(band[None] * 1000).astype(np.uint16))
    assert opened(tmp_path).identity["scale"] == pytest.approx([0.001] * 5)


def test_eight_bits_in_a_wider_type_are_a_picture(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(20, 256, (5, 40, 50)).astype(np.uint16)
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, names=NAMES))
    assert (scene.identity["scale"], scene.reflectance) == ([1 / 255] * 5, False)
    assert any("display stretch" in note for note in scene.notes)


def test_sixteen_bits_that_are_filled_are_a_picture(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(15000, 65536, (5, 40, 50)).astype(np.uint16)
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, names=NAMES))
    assert (scene.identity["scale"], scene.reflectance) == ([1 / 65535] * 5, False)


def test_per_cent_with_much_water_is_no_reflectance(tmp_path: Path) -> None:
    real = picture(pixels(WATER, WATER, WATER, PLANTS))  # the median is below 2
    scene = opened(write_tiff(tmp_path / "a.tif", (real * 100).astype(np.float32), names=NAMES))
    assert scene.identity["scale"] == pytest.approx([0.01] * 5)


def test_landsats_collection_2_has_a_scale_of_its_own(tmp_path: Path) -> None:
    real = picture(pixels(PLANTS, SOIL))
    numbers = np.round((real + 0.2) / 0.0000275).astype(np.uint16)
    names = ["SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6"]
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, names=names))
    assert (scene.identity["scale"], scene.identity["offset"]) == ([0.0000275] * 5, [-0.2] * 5)
    assert brightness(scene) == pytest.approx(np.median(real), abs=0.001)
    plain = opened(write_tiff(tmp_path / "b.tif", numbers, names=NAMES))
    assert plain.identity["scale"] == [1e-4] * 5
    assert any("reader.scale=0.0000275 reader.offset=-0.2" in note for note in plain.notes)
    overruled = opened(tmp_path / "a.tif", offset=0.0)
    assert overruled.identity["offset"] == [0.0] * 5


@pytest.mark.parametrize(
    ("name", "added", "says"),
    [
        ("scene_20231217.tif", 0.1, "2023-12-17"),
        ("S2A_MSIL2A_20190101T101031_N0500_R022.tif", 0.1, "baseline 05.00"),
        ("scene_20231217.tif", 0.0, None),  # another program has removed it
        ("scene_20210527.tif", 0.1, None),
        ("S2A_MSIL2A_20230101T101031_N0301_R022.tif", 0.1, None),
    ],
)
def test_counts_that_newer_products_carry_are_left_in_and_said(
    tmp_path: Path, name: str, added: float, says: str | None
) -> None:
    real = picture(pixels(PLANTS, WATER)) + added
    path = write_tiff(tmp_path / name, np.round(real * 10000).astype(np.uint16), names=NAMES)
    said = [note for note in opened(path).notes if "1000 counts more" in note]
    assert len(said) == (says is not None)
    assert says is None or (says in said[0] and "reader.offset=-0.1" in said[0])
    assert opened(path).identity["offset"] == [0.0] * 5
    assert not [note for note in opened(path, offset=-0.1).notes if "1000 counts more" in note]


@pytest.mark.real
def test_real_scenes_are_read_by_their_own_scale(real_data: Path) -> None:
    assert opened(real_data / "aber" / "sen2_20210527_aber.tif").identity["scale"] == [0.001] * 10
    turb = opened(real_data / "turb_20231217_l2a_10m.tif")
    assert turb.identity["scale"] == [1e-4] * 11
    assert any("reader.offset=-0.1" in note for note in turb.notes)
    for name in (
        "t33uub_20170527_l1c_10m",
        "t18svg_20160112_l1c_20m",
        "site_637U_59R_1_3_l2a_10m",
        "clouds_sentinel2",
    ):
        assert {*opened(real_data / f"{name}.tif").identity["scale"]} == {1e-4}  # type: ignore[misc]  # a list of floats


def test_scenes_of_a_collection_are_scaled_alike(tmp_path: Path) -> None:
    for name, spectrum in (("land", PLANTS), ("sea", WATER)):
        numbers = np.round(picture(pixels(spectrum)) * 1000).clip(1).astype(np.uint16)
        write_tiff(tmp_path / f"{name}.tif", numbers, names=NAMES)
    land, sea = agreeing(Auto().open(tmp_path))
    assert land.identity["scale"] == sea.identity["scale"] == pytest.approx([0.001] * 5)
    assert brightness(sea) == pytest.approx(0.03, abs=0.01)
    assert any("as in other scenes beside it" in note for note in sea.notes)
    (by_itself,) = agreeing([opened(tmp_path / "sea.tif")])
    assert by_itself.identity["scale"] == [1e-4] * 5


@pytest.mark.parametrize(
    ("scale", "offset", "said"),
    [
        (1e-4, -1000.0, "The declared offset of -1000 is taken as counts, as -0.1"),
        (10000.0, 0.0, "The declared scale of 10000 is taken as counts per unit: divided by it"),
        (10000.0, -1000.0, "The declared scale of 10000 and offset of -1000 are taken as counts"),
    ],
)
def test_declared_numbers_of_other_units_are_read_as_what_they_are(
    tmp_path: Path, scale: float, offset: float, said: str
) -> None:
    real = picture(pixels(PLANTS, SOIL))
    path = write_tiff(
        tmp_path / "a.tif", np.round(real * 10000 + (1000 if offset else 0)).astype(np.uint16), names=NAMES
    )
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (scale,) * 5, (offset,) * 5
    scene = opened(path)
    assert brightness(scene) == pytest.approx(np.median(real), abs=0.001)
    assert any(said in note for note in scene.notes)
    assert opened(path, rules=1).identity["scale"] == [scale] * 5


def test_a_declared_scale_of_0_is_none(tmp_path: Path) -> None:
    real = picture(pixels(PLANTS, SOIL))
    path = write_tiff(tmp_path / "a.tif", np.round(real * 10000).astype(np.uint16), names=NAMES)
    with rasterio.open(path, "r+") as target:
        target.scales = (0.0,) * 5
    assert brightness(opened(path)) == pytest.approx(np.median(real), abs=0.001)


def test_a_dim_picture_in_a_wider_type_is_told_from_counts(tmp_path: Path) -> None:
    real = picture(pixels(PLANTS, SOIL))
    numbers = np.round(real * 255).clip(1).astype(np.uint16)
    numbers[:, :3, :3] = np.arange(212, 221).reshape(3, 3)  # a roof
    scene = opened(write_tiff(tmp_path / "a.tif", numbers, names=NAMES))
    assert not scene.reflectance
    assert scene.identity["scale"] == [1 / 255] * 5


def test_heights_among_bands_do_not_change_how_these_are_read(tmp_path: Path) -> None:
    real = picture(pixels(PLANTS, SOIL))
    layers = np.concatenate([real, np.full((1, 40, 50), 312.0)]).astype(np.float32)
    scene = opened(write_tiff(tmp_path / "a.tif", layers, names=[*NAMES, "elevation"]))
    assert scene.identity["scale"] == [1.0] * 6
    (said,) = [note for note in scene.notes if "elevation" in note]
    assert "reader.bands=[B02,B03,B04,B08,B11]" in said
    assert opened(tmp_path / "a.tif", bands=list(NAMES)).bands == NAMES


def test_declared_decibels_are_told(tmp_path: Path) -> None:
    numbers = np.round(np.log10(picture(pixels(PLANTS, SOIL))) * 1000).astype(np.int16)
    path = write_tiff(tmp_path / "a.tif", numbers)
    with rasterio.open(path, "r+") as target:
        target.scales = (0.01,) * 5
    assert any("below 0" in note for note in opened(path).notes)
