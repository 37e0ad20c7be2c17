from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from rasterio.features import rasterize
from scipy.ndimage import label

from rsgraph.exporters.dissolve import Region, Strip, regions


def found_in(codes: np.ndarray, segments: np.ndarray, step: int) -> list[Region]:
    places = range(0, len(codes), step)
    return list(regions(Strip(row, codes[row : row + step], segments[row : row + step]) for row in places))


@given(st.integers(0, 10**6), st.integers(1, 30), st.integers(1, 30), st.integers(1, 12), st.integers(1, 4))
def test_regions_are_the_connected_pixels_of_each_class(
    seed: int, rows: int, columns: int, step: int, zoom: int
) -> None:
    codes = np.random.default_rng(seed).integers(0, 4, (rows, columns))
    codes = np.kron(codes, np.ones((zoom, zoom), dtype=np.int64))
    segments = np.arange(codes.size).reshape(codes.shape) // 3
    found = found_in(codes, segments, step)
    assert len(found) == sum(label(codes == code)[1] for code in (1, 2, 3))
    for region in found:
        assert region.geometry.geom_type == "Polygon"
        assert region.geometry.is_valid
        assert region.geometry.area == region.pixels
        inside = rasterize([region.geometry], out_shape=codes.shape) > 0
        assert set(codes[inside]) == {region.code}
        held, pixels = np.unique(segments[inside], return_counts=True)
        assert region.segments.tolist() == held.tolist()
        assert region.segment_pixels.tolist() == pixels.tolist()
    drawn = rasterize([(region.geometry, region.code) for region in found], out_shape=codes.shape) if found else 0
    np.testing.assert_array_equal(drawn, codes)


def test_regions_do_not_depend_on_the_strips() -> None:
    codes = np.kron(np.random.default_rng(1).integers(0, 3, (20, 17)), np.ones((4, 3), dtype=np.int64))
    segments = np.arange(codes.size).reshape(codes.shape)
    whole = {(each.code, each.pixels, each.geometry.normalize().wkt) for each in found_in(codes, segments, 80)}
    for step in (1, 7, 32):
        parts = {(each.code, each.pixels, each.geometry.normalize().wkt) for each in found_in(codes, segments, step)}
        assert parts == whole


def test_regions_have_no_points_on_straight_lines() -> None:
    codes = np.ones((100, 40), dtype=np.uint8)
    codes[40:60, 10:30] = 0
    (region,) = found_in(codes, codes.astype(int), 10)
    assert shapely.get_num_coordinates(region.geometry) == 10
    assert region.geometry.equals(shapely.box(0, 0, 40, 100) - shapely.box(10, 40, 30, 60))


def test_regions_are_given_as_soon_as_they_end() -> None:
    def strips() -> object:
        for row in range(5):
            if row == 3:
                assert [region.code for region in early] == [7]
            yield Strip(row, np.array([[7 if row < 2 else 0, 5]]), np.zeros((1, 2), dtype=int))

    early: list[Region] = []
    early.extend(regions(strips()))  # type: ignore[arg-type]
    assert [(region.code, region.pixels) for region in early] == [(7, 2), (5, 5)]


@pytest.mark.parametrize("codes", [np.zeros((6, 4), dtype=np.uint8), np.zeros((0, 4), dtype=np.uint8)])
def test_regions_of_nothing_are_none(codes: np.ndarray) -> None:
    assert found_in(codes, codes.astype(int), 2) == []
