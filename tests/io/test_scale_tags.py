"""Scale and offset in tags: taken, told, overruled, and not taken twice."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from rsgraph.types import Scene
from tests.io.rasters import write_tiff
from tests.io.test_plausible import NAMES, PLANTS, SOIL, brightness, opened, picture, pixels

REAL = picture(pixels(PLANTS, SOIL))


def tagged(path: Path, numbers: NDArray[np.generic], *, of_bands: bool = False, **tags: object) -> Path:
    write_tiff(path, numbers, names=NAMES)
    with rasterio.open(path, "r+") as target:
        for index in range(1, 6) if of_bands else [0]:
            target.update_tags(index, **tags)
    return path


def said(scene: Scene) -> list[str]:
    return [note for note in scene.notes if "in the tags" in note]


def counts(*, per_unit: float = 10000, added: float = 1000) -> NDArray[np.uint16]:
    return np.round(REAL * per_unit + added).astype(np.uint16)


@pytest.mark.parametrize("of_bands", [False, True])
@pytest.mark.parametrize(
    ("per_unit", "offset", "tags"),
    [
        (10000, -1000, {"BOA_QUANTIFICATION_VALUE": "10000", "BOA_ADD_OFFSET": "-1000"}),
        (10000, -1000, {"QUANTIFICATION_VALUE": "10000.0", "RADIO_ADD_OFFSET": "-1000.0"}),
        (10000, -1000, {"BOA_QUANTIFICATION_VALUE": "10000", **{f"BOA_ADD_OFFSET_{i}": "-1000" for i in range(13)}}),
        (20000, 0, {"BOA_QUANTIFICATION_VALUE": "20000"}),
        (20000, 0, {"scale_factor": "5e-05", "add_offset": "0"}),
        (10000, -1000, {"scale_factor": "0.0001", "add_offset": "-0.1"}),
    ],
)
def test_numbers_are_scaled_by_what_tags_say(
    tmp_path: Path, per_unit: float, offset: float, tags: dict[str, str], of_bands: bool
) -> None:
    path = tagged(tmp_path / "a.tif", counts(per_unit=per_unit, added=-offset), of_bands=of_bands, **tags)
    scene = opened(path)
    assert brightness(scene) == pytest.approx(np.median(REAL), abs=0.001)
    assert scene.identity["scale"] == pytest.approx([1 / per_unit] * 5)
    assert scene.identity["offset"] == pytest.approx([offset / per_unit] * 5)
    (note,) = said(scene)
    assert next(iter(tags)) in note
    before = opened(path, rules=2)
    assert (before.identity["scale"], before.identity["offset"]) == ([0.0001] * 5, [0.0] * 5)
    given = opened(path, scale=0.0002, offset=0.0)
    assert (given.identity["scale"], said(given)) == ([0.0002] * 5, [])
    assert opened(path, offset=0.0).identity["offset"] == [0.0] * 5


def test_a_folder_of_bands_is_read_so_too(tmp_path: Path) -> None:
    for name, band in zip(NAMES, counts(), strict=True):
        write_tiff(tmp_path / f"{name}.tif", band[None])
        with rasterio.open(tmp_path / f"{name}.tif", "r+") as target:
            target.update_tags(BOA_QUANTIFICATION_VALUE=10000, BOA_ADD_OFFSET=-1000)
    scene = opened(tmp_path)
    assert brightness(scene) == pytest.approx(np.median(REAL), abs=0.001)
    assert len(said(scene)) == 1


def test_an_offset_that_was_taken_before_is_not_taken_again(tmp_path: Path) -> None:
    path = tagged(tmp_path / "a.tif", counts(added=0), BOA_QUANTIFICATION_VALUE="10000", BOA_ADD_OFFSET="-1000")
    scene = opened(path)
    assert brightness(scene) == pytest.approx(np.median(REAL), abs=0.001)
    (note,) = said(scene)
    assert "the offset of -0.1 is not taken, since it was taken before" in note


def test_reflectance_that_kept_its_products_tags_is_not_divided_again(tmp_path: Path) -> None:
    path = tagged(tmp_path / "a.tif", REAL.astype(np.float32), BOA_QUANTIFICATION_VALUE="10000")
    scene = opened(path)
    assert brightness(scene) == pytest.approx(np.median(REAL), abs=0.001)
    assert said(scene) == []


def test_counts_in_floats_are_divided(tmp_path: Path) -> None:
    path = tagged(
        tmp_path / "a.tif", counts().astype(np.float32), QUANTIFICATION_VALUE="10000", RADIO_ADD_OFFSET="-1000"
    )
    assert brightness(opened(path)) == pytest.approx(np.median(REAL), abs=0.001)


@pytest.mark.parametrize(
    "tags",
    [
        {"BOA_QUANTIFICATION_VALUE": "many"}, {"BOA_QUANTIFICATION_VALUE": "0"}, {"BOA_QUANTIFICATION_VALUE": "nan"},
        {"BOA_ADD_OFFSET": "-1000"}, {"scale_factor": "1"}, {"SCALE": "25000"},
        {"BOA_QUANTIFICATION_VALUE": "10000", "RADIO_QUANTIFICATION_VALUE": "1000"},
    ],
)  # fmt: skip
def test_tags_that_say_nothing_clear_change_nothing(tmp_path: Path, tags: dict[str, str]) -> None:
    scene = opened(tagged(tmp_path / "a.tif", counts(added=0), **tags))
    assert (scene.identity["scale"], said(scene)) == ([0.0001] * 5, [])


def test_what_gdal_knows_of_bands_goes_before(tmp_path: Path) -> None:
    path = tagged(tmp_path / "a.tif", counts(per_unit=20000, added=2000), BOA_QUANTIFICATION_VALUE="10000")
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (5e-5,) * 5, (-0.1,) * 5
    scene = opened(path)
    assert brightness(scene) == pytest.approx(np.median(REAL), abs=0.001)
    assert said(scene) == []
