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
    assert is_companion(Path("x/a_SCL.tif"), scenes)
    assert is_companion(Path("x/b.cloud_mask.tif"), scenes)
    for name in ("a.tif", "aSCL.tif", "c_SCL.tif", "a_SCL.txt", "a_B02.tif", "._a_SCL.tif"):
        assert not is_companion(Path("x") / name, scenes)


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
