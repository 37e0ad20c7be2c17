"""Quality layers among the bands and beside them: found, used as asked, and never dropped without a word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from rasterio import Affine

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.io.auto import Auto
from rsgraph.io.band_names import L2A
from rsgraph.io.quality_files import is_companion
from rsgraph.types import CLEAR, CLOUD, LOST, SHADOW, Scene
from tests.io.rasters import TRANSFORM, counts, write_tiff

SCENE = counts(12, 60, 40)
SCL = np.full((60, 40), 4, dtype=np.uint8)
SCL[:4], SCL[4:6], SCL[10:20], SCL[20:24], SCL[30:40] = 0, 1, 9, 10, 3
CODES = np.select([SCL <= 1, SCL >= 9, SCL == 3], [LOST, CLOUD, SHADOW], CLEAR)
QA60 = np.where(SCL == 9, 1024, 0).astype(np.uint16)


def opened(path: Path, **options: object) -> Scene:
    (scene,) = Auto(**options).open(path)  # type: ignore[arg-type]  # tests pass any option
    return scene


def valid(scene: Scene) -> NDArray[np.bool_]:
    return scene.source.read(scene.window).valid


@pytest.fixture
def among(tmp_path: Path) -> Path:
    """A file with SCL and QA60 behind its bands."""
    layers = np.concatenate([SCENE, QA60[None], SCL[None].astype(np.uint16)])
    return write_tiff(tmp_path / "a.tif", layers, names=[*L2A, "QA60", "SCL"])


def test_auto_takes_the_most_telling_layer_and_marks_clouds(among: Path) -> None:
    scene = opened(among)
    assert scene.bands == L2A
    np.testing.assert_array_equal(valid(scene), CODES != LOST)  # clouds and shadows stay pixels
    assert scene.marks is not None
    np.testing.assert_array_equal(scene.marks.read(scene.window), CODES)
    assert any(note.startswith("SCL: clouds and their shadows stay pixels") for note in scene.notes)
    assert "QA60: left out, since the layer is not spectral." in scene.notes
    assert scene.identity["quality"] == [["scl", [14]]]


def test_clouds_are_masked_where_that_is_asked_for(among: Path) -> None:
    scene = opened(among, clouds="mask")
    np.testing.assert_array_equal(valid(scene), CODES == CLEAR)
    assert scene.marks is None
    assert any("clouds and their shadows are masked" in note for note in scene.notes)
    assert scene.identity != opened(among).identity


@pytest.mark.parametrize("name", ["qa60", "QA60"])
def test_one_layer_may_be_asked_for(among: Path, name: str) -> None:
    scene = opened(among, mask=name)
    np.testing.assert_array_equal(valid(scene), CODES != LOST)  # SCL's no data is none, whoever tells of clouds
    assert "SCL: what it calls saturated or no data is masked." in scene.notes
    assert scene.marks is not None
    np.testing.assert_array_equal(scene.marks.read(scene.window) == CLOUD, SCL == 9)
    assert not scene.marks.knows_shadows


def test_none_marks_no_clouds_but_masks_what_is_no_data(tmp_path: Path, among: Path) -> None:
    scene = opened(among, mask="none")
    np.testing.assert_array_equal(valid(scene), CODES != LOST)
    assert scene.marks is None
    np.testing.assert_array_equal(valid(opened(among, mask="none", clouds="mask")), CODES != LOST)
    layers = np.concatenate([SCENE, SCL[None].astype(np.uint16)])
    layers[:12, 8], layers[3, 50] = 0, 65535
    found = valid(opened(write_tiff(tmp_path / "b.tif", layers, names=[*L2A, "SCL"]), mask="none"))
    assert np.flatnonzero(~found.all(axis=1)).tolist() == [0, 1, 2, 3, 4, 5, 8, 50]


def test_a_layer_that_is_not_there_is_said_with_those_that_are(among: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no QA_PIXEL, but qa60, scl; use mask=auto, or mask=none"):
        opened(among, mask="qa_pixel")
    with pytest.raises(ConfigError, match=r"`mask` must be one of: auto, scl, .* Got 'sky'"):
        Auto(mask="sky")


def test_layers_lie_beside_band_files_in_their_own_grid(tmp_path: Path) -> None:
    for number, band in enumerate(("B02", "B03", "B04")):
        write_tiff(tmp_path / f"T48_{band}_10m.tif", SCENE[number : number + 1])
    coarse = TRANSFORM @ Affine.scale(2)
    write_tiff(tmp_path / "T48_SCL_20m.tif", SCL[None, ::2, ::2], transform=coarse)
    write_tiff(tmp_path / "T48_TCI_10m.tif", counts(3, 60, 40))
    scene = opened(tmp_path)
    assert scene.marks is not None
    np.testing.assert_array_equal(scene.marks.read(scene.window), CODES[::2, ::2].repeat(2, 0).repeat(2, 1))
    assert tmp_path / "T48_SCL_20m.tif" in scene.files
    assert scene.notes[0] == "T48_TCI_10m.tif: left out, not named after one band."


def test_layers_lie_beside_a_file_under_its_name(tmp_path: Path) -> None:
    write_tiff(tmp_path / "may.tif", SCENE, names=L2A)
    write_tiff(tmp_path / "may_cloud_mask.tif", (SCL == 9).astype(np.uint8)[None] * 255, crs=None)
    write_tiff(tmp_path / "june_SCL.tif", SCL[None])
    scene = opened(tmp_path / "may.tif")
    assert scene.files == (tmp_path / "may.tif", tmp_path / "may_cloud_mask.tif")
    assert scene.marks is not None
    np.testing.assert_array_equal(scene.marks.read(scene.window) == CLOUD, SCL == 9)


def test_layers_beside_scenes_of_a_folder_are_no_scenes(tmp_path: Path) -> None:
    for name in ("may", "june"):
        write_tiff(tmp_path / f"{name}.tif", SCENE, names=L2A)
        write_tiff(tmp_path / f"{name}_SCL.tif", SCL[None])
    scenes = Auto().open(tmp_path)
    assert [scene.name for scene in scenes] == ["june", "may"]
    assert all(scene.marks is not None for scene in scenes)


@pytest.mark.parametrize(
    ("layer", "why"),
    [
        (SCENE[:1], "are not those of SCL"),
        (np.zeros((1, 60, 40), np.uint8), "calls everything no data"),
        (SCL[None, :40], "do not cover the same ground"),
    ],
)
def test_a_layer_that_cannot_be_used_is_said_and_refused_where_it_was_asked_for(
    tmp_path: Path, layer: NDArray[np.generic], why: str
) -> None:
    write_tiff(tmp_path / "a.tif", SCENE, names=L2A)
    write_tiff(tmp_path / "a_SCL.tif", layer)
    scene = opened(tmp_path / "a.tif")
    assert scene.marks is None
    assert valid(scene).all()
    assert any(note.startswith("a_SCL.tif is not used: ") and why in note for note in scene.notes)
    with pytest.raises(NotUsable, match=why):
        opened(tmp_path / "a.tif", mask="scl")


def test_landsat_has_clouds_in_one_layer_and_saturation_in_another(tmp_path: Path) -> None:
    for number in range(2, 6):
        write_tiff(tmp_path / f"LC08_L2SP_SR_B{number}.TIF", SCENE[number : number + 1])
    pixel = np.select([SCL == 0, SCL == 9, SCL == 3], [1, 22280, 23888], 21824).astype(np.uint16)
    saturated = np.zeros((60, 40), dtype=np.uint16)
    saturated[55] = 4
    write_tiff(tmp_path / "LC08_L2SP_QA_PIXEL.TIF", pixel[None])
    write_tiff(tmp_path / "LC08_L2SP_QA_RADSAT.TIF", saturated[None])
    scene = opened(tmp_path)
    np.testing.assert_array_equal(valid(scene), (SCL != 0) & (saturated == 0))
    assert scene.marks is not None
    codes = scene.marks.read(scene.window)
    np.testing.assert_array_equal(codes == CLOUD, SCL == 9)
    np.testing.assert_array_equal(codes == SHADOW, SCL == 3)
    assert "LC08_L2SP_QA_RADSAT.TIF: what it calls saturated or no data is masked." in scene.notes


def test_a_companion_is_named_after_its_file_and_after_what_it_is() -> None:
    scenes = [Path("x/a.tif"), Path("x/b.tif")]
    assert is_companion(Path("x/a_SCL.tif"), scenes, 1)
    assert is_companion(Path("x/b.cloud_mask.tif"), scenes, 1)
    for name in ("a.tif", "aSCL.tif", "c_SCL.tif", "a_SCL.txt", "a_B02.tif", "._a_SCL.tif"):
        assert not is_companion(Path("x") / name, scenes, 3)


@pytest.mark.parametrize("mask", ["auto", "none"])
def test_a_mask_of_data_in_a_file_of_its_own_masks(tmp_path: Path, mask: str) -> None:
    for number, band in enumerate(("B02", "B03", "B04")):
        write_tiff(tmp_path / f"{band}.tif", SCENE[number : number + 1])
    write_tiff(tmp_path / "dataMask.tif", (SCL != 0).astype(np.uint8)[None])
    scene = opened(tmp_path, mask=mask)
    np.testing.assert_array_equal(valid(scene), SCL != 0)
    assert scene.marks is None
    assert "dataMask.tif: what it calls saturated or no data is masked." in scene.notes


@pytest.mark.parametrize("mask", ["auto", "none"])
def test_clouds_that_nothing_shows_are_not_masked_in_silence(tmp_path: Path, mask: str) -> None:
    scene = opened(write_tiff(tmp_path / "a.tif", SCENE, names=L2A), clouds="mask", mask=mask)
    assert any(note.startswith("clouds=mask: no layer that could be read") for note in scene.notes)


def test_sentinel_hubs_probability_goes_up_to_255(tmp_path: Path) -> None:
    layer = np.where(SCL == 9, 200, 70).astype(np.uint16)
    scene = opened(write_tiff(tmp_path / "a.tif", np.concatenate([SCENE, layer[None]]), names=[*L2A, "CLP"]))
    assert scene.marks is not None
    np.testing.assert_array_equal(scene.marks.read(scene.window) == CLOUD, SCL == 9)  # 70 are 27 %, not 70
    assert opened(tmp_path / "a.tif", mask="cloud_probability").marks is not None


def test_a_layer_named_after_nothing_but_what_it_is_belongs_to_the_only_scene(tmp_path: Path) -> None:
    scene = write_tiff(tmp_path / "a.tif", SCENE, names=L2A)
    write_tiff(tmp_path / "SCL.tif", SCL[None])
    for path in (scene, tmp_path):
        found = opened(path)
        np.testing.assert_array_equal(valid(found), CODES != LOST)
        assert not any("no scenes" in note for note in found.notes)
    write_tiff(tmp_path / "b.tif", SCENE, names=L2A)
    assert valid(opened(scene)).all()  # of which of the two it is, nothing says


def planet(*, haze: bool = False) -> NDArray[np.uint8]:
    """UDM2: 60 rows; 0 ... 3 blackfill, 10 ... 19 cloud, 20 ... 24 heavy (else light) haze, 30 ... 39 shadow."""
    layers = np.zeros((8, 60, 40), dtype=np.uint8)
    layers[5, 10:20], layers[4 if haze else 3, 20:25], layers[2, 30:40], layers[1, 45:50] = 1, 1, 1, 1
    layers[0] = layers[1:6].sum(axis=0) == 0
    layers[6], layers[7, :4], layers[7, 10:20], layers[7, 50:52] = 90, 1, 2, 0b100
    layers[0, :4] = 0
    return layers


FOUR = counts(4, 60, 40)
COLOURS = ["blue", "green", "red", "nir"]


def bits(**rows: tuple[int, int, int]) -> NDArray[np.uint8]:
    """A layer of 60 rows whose rows from and up to have a number."""
    layer = np.zeros((60, 40), dtype=np.uint8)
    for first, last, number in rows.values():
        layer[first:last] = number
    return layer


UDM = bits(fill=(0, 4, 1), cloud=(10, 20, 2), missing=(50, 52, 0b1000))


@pytest.mark.parametrize(
    ("scene", "mask"),
    [
        ("20200101_103333_12_2483_3B_AnalyticMS_SR.tif", "20200101_103333_12_2483_3B_udm2.tif"),
        (
            "20200101_103333_12_2483_3B_AnalyticMS_SR_8b_harmonized_clip.tif",
            "20200101_103333_12_2483_3B_udm2_clip.tif",
        ),
        ("20200101_103333_12_2483_3B_AnalyticMS.tif", "20200101_103333_12_2483_3B_udm2.tif"),
        ("20200101_033333_ssc1_u0001_analytic_SR.tif", "20200101_033333_ssc1_u0001_udm2.tif"),
        ("composite.tif", "composite_udm2.tif"),
        ("anything.tif", "udm2.tif"),
    ],
)
@pytest.mark.parametrize("haze", [False, True])
def test_planets_usable_data_mask_tells_clouds_shadows_and_fill(
    tmp_path: Path, scene: str, mask: str, haze: bool
) -> None:
    path = write_tiff(tmp_path / scene, FOUR, names=COLOURS)
    write_tiff(tmp_path / mask, planet(haze=haze))
    found = opened(path)
    expected = np.full((60, 40), CLEAR)
    expected[10:20], expected[30:40], expected[:4], expected[50:52] = CLOUD, SHADOW, LOST, LOST
    if haze:
        expected[20:25] = CLOUD
    assert found.marks is not None
    np.testing.assert_array_equal(found.marks.read(found.window), expected)
    np.testing.assert_array_equal(valid(found), expected != LOST)
    assert any(f"{mask}, Planet's UDM2: clouds and their shadows stay pixels" in note for note in found.notes)
    before = opened(path, rules=2)
    assert before.marks is None
    assert valid(before).all(), "a workspace of before reads what it read"


def test_planets_older_mask_tells_clouds_and_what_is_missing(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a_3B_AnalyticMS_SR.tif", FOUR, names=COLOURS)
    write_tiff(tmp_path / "a_3B_AnalyticMS_DN_udm.tif", UDM[None])
    found = opened(path)
    assert found.marks is not None
    assert not found.marks.knows_shadows
    np.testing.assert_array_equal(
        found.marks.read(found.window), np.select([(UDM == 1) | (UDM == 8), UDM == 2], [LOST, CLOUD], CLEAR)
    )


def test_the_newer_of_two_masks_of_planet_tells_of_clouds(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a_3B_AnalyticMS_SR.tif", FOUR, names=COLOURS)
    write_tiff(tmp_path / "a_3B_AnalyticMS_DN_udm.tif", bits(cloud=(0, 60, 2), lost=(55, 57, 1))[None])
    write_tiff(tmp_path / "a_3B_udm2.tif", planet())
    found = opened(path)
    assert found.identity["quality"] == [["udm2", [1, 2, 3, 4, 5, 6, 7, 8]], ["udm", [1], "lost"]]
    assert not valid(found)[55:57].any()
    assert opened(path, mask="udm").identity["quality"][0] == ["udm", [1]]  # type: ignore[index]  # a list


def test_the_mask_of_another_image_of_planet_is_left_alone(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "20200101_103333_3B_AnalyticMS_SR.tif", FOUR, names=COLOURS)
    write_tiff(tmp_path / "20200101_103335_3B_AnalyticMS_SR.tif", FOUR, names=COLOURS)
    write_tiff(tmp_path / "20200101_103335_3B_udm2.tif", planet())
    assert opened(path).marks is None
    both = Auto().open(tmp_path)
    assert [scene.marks is not None for scene in both] == [False, True], "it is no scene of its own"


def test_a_file_named_as_planets_mask_with_other_numbers_is_not_used_and_said(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a_3B_AnalyticMS_SR.tif", FOUR, names=COLOURS)
    write_tiff(tmp_path / "a_3B_udm2.tif", counts(8, 60, 40))
    found = opened(path)
    assert found.marks is None
    assert any("a_3B_udm2.tif is not used: the numbers in" in note for note in found.notes)


def test_force_says_in_qai_what_is_cloud_shadow_saturated_or_no_data(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "20200101_LEVEL2_SEN2A_BOA.tif", FOUR.astype(np.int16), names=COLOURS, nodata=-9999)
    qai = np.zeros((60, 40), dtype=np.int16)
    qai[:4], qai[4:6], qai[10:12], qai[12:14], qai[14:16] = 1, -9999, 0b010, 0b100, 0b110
    qai[20:22], qai[30:32], qai[40:42] = 0b1000, 0b10_0000_0000, 0b110_0011_0000  # then snow, water, slope
    write_tiff(tmp_path / "20200101_LEVEL2_SEN2A_QAI.tif", qai[None], nodata=1)
    found = opened(path)
    expected = np.full((60, 40), CLEAR)
    expected[:6], expected[10:16], expected[20:22], expected[30:32] = LOST, CLOUD, SHADOW, LOST
    expected[40:42] = LOST  # bit 9 is set there, too
    assert found.marks is not None
    np.testing.assert_array_equal(found.marks.read(found.window), expected)


def maja(folder: Path) -> Path:
    """A product of MAJA: bands, and masks in a folder of their own."""
    name = "SENTINEL2A_20200101-105437-214_L2A_T31UDR_C_V2-2"
    (folder / name / "MASKS").mkdir(parents=True)
    for number, band in zip((2, 3, 4, 8), FOUR, strict=True):
        write_tiff(folder / name / f"{name}_FRE_B{number}.tif", band[None])
    clm = bits(any=(8, 24, 1), cloud=(10, 12, 0b11), multi=(12, 14, 0b1011), thin=(16, 18, 0b1_0000))
    clm |= bits(cast=(20, 22, 0b10_0001), outside=(22, 24, 0b100_0001), high=(30, 32, 0b1000_0000))
    mg2 = bits(cloud=(10, 14, 2), snow=(15, 16, 4), shadow=(20, 24, 8), relief=(40, 44, 0b1_0000))
    layers = {"CLM_R1": clm, "MG2_R1": mg2, "EDG_R1": bits(edge=(0, 4, 1)), "SAT_R1": bits(blue=(56, 58, 1))}
    for mask, layer in layers.items():
        write_tiff(folder / name / "MASKS" / f"{name}_{mask}.tif", layer[None])
        write_tiff(folder / name / "MASKS" / f"{name}_{mask.replace('R1', 'R2')}.tif", 0 * layer[None])
    return folder / name


def test_majas_masks_are_found_in_their_folder(tmp_path: Path) -> None:
    found = opened(maja(tmp_path))
    expected = np.full((60, 40), CLEAR)
    expected[10:14], expected[30:32], expected[20:24], expected[:4], expected[56:58] = (
        CLOUD,
        CLOUD,
        SHADOW,
        LOST,
        LOST,
    )
    assert found.marks is not None
    np.testing.assert_array_equal(found.marks.read(found.window), expected)
    np.testing.assert_array_equal(valid(found), expected != LOST)


def test_majas_geophysical_mask_serves_where_it_is_chosen(tmp_path: Path) -> None:
    found = opened(maja(tmp_path), mask="mg2", clouds="mask")
    expected = np.ones((60, 40), dtype=bool)
    expected[10:14] = expected[20:24] = expected[:4] = expected[56:58] = False
    np.testing.assert_array_equal(valid(found), expected)
    before = opened(maja(tmp_path / "b"), rules=2)
    assert before.marks is None
    assert valid(before).all(), "a workspace of before reads what it read"
