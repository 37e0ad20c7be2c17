"""Scale, offset and fill of tiny files, after Sentinel-2's rule of 10 000 counts per unit of reflectance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from rsgraph.io.counts import COUNTS_NOTE, Decision, all_windows, band_medians, corners_and_centre, decide
from rsgraph.io.header import header
from rsgraph.io.overrides import Overrides, overrides
from tests.io.rasters import write_tiff


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
    places = list(corners_and_centre(found))
    assert [place[:2] for place in places] == [(row, column) for row in (0, 3, 6) for column in (0, 68, 136)]
    assert {place[2:] for place in places} == {(64, 64)}
    seen = np.zeros((70, 200), dtype=int)
    for row, column, rows, columns in all_windows(found, side=60):
        seen[row : row + rows, column : column + columns] += 1
        assert max(rows, columns) <= 60
    assert (seen == 1).all()
