"""Scale, offset and fill of tiny files, after Sentinel-2's rule of 10 000 counts per unit of reflectance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from rsgraph.io.counts import COUNTS_NOTE, Decision, all_windows, band_medians, decide, without_lone_fill
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.header import header
from rsgraph.io.overrides import Overrides, overrides
from rsgraph.io.windows import corners_and_centre
from tests.io.rasters import counts, write_tiff


def decision(path: Path, numbers: NDArray[np.generic], given: Overrides | None = None, **options: object) -> Decision:
    return decide(header(str(write_tiff(path / "a.tif", numbers, **options))), given or Overrides())


@pytest.mark.parametrize(
    ("dtype", "number", "scale", "reflectance"),
    [
        ("uint16", 3000, 1e-4, True),
        ("int16", 3000, 1e-4, True),
        ("float32", 3000, 1e-4, True),
        ("float32", 0.3, 1.0, True),
        ("float32", 2.0, 1.0, True),  # a bright cloud is no count
        ("uint8", 30, 1 / 255, False),
    ],
)
def test_decide_tells_counts_from_reflectance_by_type_and_size(
    tmp_path: Path, dtype: str, number: float, scale: float, reflectance: bool
) -> None:
    found = decision(tmp_path, np.full((2, 32, 32), number, dtype=dtype))
    assert found.radiometry.scale == (scale, scale)
    assert found.radiometry.offset == (0.0, 0.0)
    assert found.reflectance is reflectance


def test_decide_believes_the_user_before_the_file_and_the_file_before_the_rule(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", np.full((1, 32, 32), 3000, dtype=np.uint16), nodata=7)
    with rasterio.open(path, "r+") as target:
        target.scales, target.offsets = (0.002,), (0.5,)
    declared = decide(header(str(path)), Overrides()).radiometry
    assert (declared.scale, declared.offset, declared.nodata, declared.fill) == ((0.002,), (0.5,), (7.0,), None)
    given = decide(header(str(path)), overrides(scale=1e-4, offset=-0.1, nodata=9)).radiometry
    assert (given.scale, given.offset, given.nodata) == ((1e-4,), (-0.1,), (9.0,))


def test_decide_takes_zero_in_all_bands_as_fill_of_counts(tmp_path: Path) -> None:
    numbers = np.full((2, 32, 32), 3000, dtype=np.uint16)
    assert decision(tmp_path, numbers).notes == (COUNTS_NOTE,)
    numbers[:, 0, 0] = 0
    found = decision(tmp_path, numbers)
    assert found.radiometry.fill == 0.0
    assert "0 in all bands are taken as nodata" in found.notes[1]


@pytest.mark.parametrize(("columns", "fill"), [(6, None), (7, 255.0)])
def test_decide_takes_white_as_fill_from_a_tenth_of_the_border_on(
    tmp_path: Path, columns: int, fill: float | None
) -> None:
    numbers = np.full((3, 20, 20), 90, dtype=np.uint8)
    numbers[:, 0, :columns] = 255  # four sides are 80 pixels; the corner lies in two of them
    assert decision(tmp_path, numbers, photometric="MINISBLACK").radiometry.fill == fill


def test_band_medians_leave_zeros_out(tmp_path: Path) -> None:
    numbers = np.zeros((2, 3, 3), dtype=np.uint16)
    numbers[0] = [[0, 1, 2], [0, 3, 4], [0, 0, 100]]
    path = write_tiff(tmp_path / "a.tif", numbers)
    assert band_medians(header(str(path))) == [3.0, 0.0]


def test_windows_are_those_of_the_corners_edges_and_middle(tmp_path: Path) -> None:
    found = header(str(write_tiff(tmp_path / "a.tif", np.ones((1, 70, 200), dtype=np.uint16))))
    places = list(corners_and_centre(found.rows, found.columns))
    assert [place[:2] for place in places] == [(row, column) for row in (0, 3, 6) for column in (0, 68, 136)]
    assert {place[2:] for place in places} == {(64, 64)}
    seen = np.zeros((70, 200), dtype=int)
    for row, column, rows, columns in all_windows(found, side=60):
        seen[row : row + rows, column : column + columns] += 1
        assert max(rows, columns) <= 60
    assert (seen == 1).all()


LOOKING = overrides(mask="none")


def scene_with(number: float, dtype: str, where: NDArray[np.bool_], bands: int = 4) -> NDArray[np.generic]:
    numbers = counts(bands, 64, 64).astype(dtype)
    numbers[:, where] = number
    return numbers


def corner(side: int = 20) -> NDArray[np.bool_]:
    found = np.zeros((64, 64), dtype=bool)
    found[:side, :side] = True
    return found


@pytest.mark.parametrize(
    ("dtype", "number"),
    [("uint16", 65535), ("uint16", 1), ("int16", -9999), ("int16", -32768), ("int16", 32767), ("int16", -1),
     ("float32", -9999.0), ("float32", np.finfo(np.float32).min), ("float32", 1e20), ("float32", 99999.0)],
)  # fmt: skip
def test_decide_finds_the_fill_of_a_border_that_nobody_declared(tmp_path: Path, dtype: str, number: float) -> None:
    found = decision(tmp_path, scene_with(number, dtype, corner()), LOOKING)
    path = str(tmp_path / "a.tif")
    with rasterio.open(path) as source:
        pixels = found.radiometry.pixels(source.read())
    lost = pixels.nodata.any(axis=0) | pixels.filled.all(axis=0)
    lost |= pixels.implausible.any(axis=0) if pixels.implausible is not None else False
    np.testing.assert_array_equal(lost, corner())
    assert any("in all bands fills the border" in note and "reader.nodata=nan" in note for note in found.notes)
    assert found.radiometry.scale == (1e-4,) * 4  # the fill does not decide whether numbers are counts


def test_decide_takes_codes_far_from_all_numbers_as_lost_in_any_band(tmp_path: Path) -> None:
    numbers = (counts(3, 64, 64) / 10000).astype(np.float32)
    numbers[1, 30:35, 30:35] = -1.0
    found = decision(tmp_path, numbers, LOOKING)
    assert found.radiometry.never[-1] == -1.0
    assert any(note.startswith("-1: far outside all other numbers") for note in found.notes)
    assert decide(header(str(tmp_path / "a.tif")), overrides(nodata=np.nan, mask="none")).radiometry.never == ()


def test_decide_leaves_dark_water_bright_clouds_and_other_bands_alone(tmp_path: Path) -> None:
    numbers = counts(6, 64, 64).astype(np.int16)
    numbers[4:, :32, :32] = 0  # water has no light left in the infrared
    numbers[:, 40:50, 40:50] = 11000  # a cloud
    numbers[5] = np.linspace(-9000, 9000, 64 * 64).reshape(64, 64)  # an index among the bands
    found = decision(tmp_path, numbers, LOOKING)
    pixels = found.radiometry.pixels(numbers)
    assert pixels.implausible is None
    assert not pixels.filled.all(axis=0).any()
    assert found.radiometry.bounded == (True,) * 6


def test_decide_looks_for_nothing_where_only_what_is_declared_counts(tmp_path: Path) -> None:
    found = decision(tmp_path, scene_with(65535, "uint16", corner()))
    assert (found.radiometry.never, found.radiometry.fills, found.radiometry.bounded) == ((), (), ())


def test_fill_of_single_bands_counts_only_where_all_bands_have_one(tmp_path: Path) -> None:
    decisions = {}
    for name in ("B02", "B03", "B04"):
        decisions[name] = decision(tmp_path, scene_with(7, "uint16", corner(), 1), LOOKING)
    assert [each.radiometry.fills for each in without_lone_fill(decisions).values()] == [(7.0,)] * 3
    decisions["B05"] = decision(tmp_path, counts(1, 64, 64), LOOKING)
    without = without_lone_fill(decisions)
    assert [each.radiometry.fills for each in without.values()] == [()] * 4
    assert not any("fills the border" in note for each in without.values() for note in each.notes)


@pytest.mark.parametrize(("declared", "fill"), [(65535, 0), (0, 1000), (65535, 1000)])
def test_fill_along_the_border_is_found_beside_another_declared_value(
    tmp_path: Path, declared: int, fill: int
) -> None:
    numbers = counts(6)
    numbers[:, :30, :30] = fill
    path = write_tiff(tmp_path / "a.tif", numbers, nodata=declared)
    (scene,) = GeoTiff().open(path)
    assert np.count_nonzero(~scene.source.read(scene.window).valid) == 900
    assert any(f"{fill} in all bands fills the border" in note for note in scene.notes)
    for reader in (GeoTiff(nodata=np.nan), GeoTiff(nodata=20000), GeoTiff(mask="declared", nodata=np.nan)):
        (scene,) = reader.open(path)
        assert scene.source.read(scene.window).valid.all()
