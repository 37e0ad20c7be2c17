"""The generated coast without its reader: straight lines far away, scipy's distances near by, the sensor's blur."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import convolve, distance_transform_edt

from rsgraph.io.synthetic.coast import (
    CLOUD,
    CLOUD_TOP,
    SNOW_TOP,
    TINT,
    WATER,
    Layout,
    classes,
    cloud_cover,
    plan,
    reflectance,
    river,
    shore,
    surface,
)

SIZE = 128
BANDS = 2
planned = partial(plan, seed=3, rows=SIZE, columns=SIZE, clouds=0.0, bands=BANDS, varied=False)


@pytest.fixture(scope="module")
def clear() -> Layout:
    """One river and no cloud."""
    return planned()


@pytest.fixture(scope="module")
def shores(clear: Layout) -> NDArray[np.float64]:
    """Distance to the coast of all pixels' centres."""
    return np.array([[shore(row + 0.5, column + 0.5, clear) for column in range(SIZE)] for row in range(SIZE)])


def test_plan_has_a_river_for_every_36_kilometres() -> None:
    assert [planned(columns=columns).rivers for columns in (64, 3600, 5500, 10_980)] == [1, 1, 2, 3]
    large = planned(rows=1600, columns=1600, varied=True)
    assert (large.cell, large.sites.shape, large.coast, large.varied) == (380.0, (5, 5, 5), 0.8, 1.0)
    assert planned().cell == 96.0


def test_shore_is_straight_far_from_the_coast_and_a_distance_near_it(
    clear: Layout, shores: NDArray[np.float64]
) -> None:
    for y, x in ((-500.0, 0.0), (-500.0, 100.0), (900.0, 64.0)):  # a tenth of a row per column, 66 % of the rows down
        straight = (0.66 * SIZE - y + 0.1 * (x - SIZE / 2)) / np.hypot(1, 0.1)
        assert shore(y, x, clear) == pytest.approx(straight)
    land = shores > 0
    away = np.where(land, distance_transform_edt(land) - 0.5, 0.5 - distance_transform_edt(~land))
    near = np.abs(away) < 6
    assert 0.3 < land.mean() < 0.9
    assert np.median(np.abs(shores - away)[near]) < 1


def test_river_has_places_in_its_west_and_east_and_water_along_its_axis(clear: Layout) -> None:
    layout = planned(rows=400, columns=7200)
    for strip in (0, 1):
        (west, first), (east, second) = (river(50.0, 3600.0 * strip + x, layout) for x in (10.0, 3590.0))
        assert (first, second) == (strip, strip)
        assert west < -300
        assert east > 300
    above = range(int(clear.mouths[0]))
    middle = [
        (row, column) for row in above for column in range(SIZE) if abs(river(row + 0.5, column + 0.5, clear)[0]) < 2
    ]
    assert len(middle) >= len(above)
    codes = classes(0, 0, SIZE, SIZE, clear)
    assert all(codes[place] == WATER for place in middle)  # a river is at least five pixels wide


def test_classes_are_water_beyond_the_shore_and_cloud_under_clouds(
    clear: Layout, shores: NDArray[np.float64]
) -> None:
    codes = classes(0, 0, SIZE, SIZE, clear)
    assert (codes[shores < 0] == WATER).all()
    assert (codes[shores > 30] != WATER).mean() > 0.8
    assert not (codes == CLOUD).any()
    covered = classes(0, 0, SIZE, SIZE, planned(clouds=0.3))
    assert (covered == CLOUD).mean() == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(covered[covered != CLOUD], codes[covered != CLOUD])


def test_reflectance_shows_clouds_by_their_cover() -> None:
    layout = planned(clouds=0.3)
    spectra = np.zeros((SNOW_TOP + 1, BANDS), dtype=np.float32)
    spectra[CLOUD_TOP] = 1
    seen = reflectance(0, 0, SIZE, SIZE, spectra, 0.0, layout)[:, ::8, ::8]
    cover = [
        [cloud_cover(float(row), float(column), layout) for column in range(0, SIZE, 8)] for row in range(0, SIZE, 8)
    ]
    assert 0.1 < np.mean(cover) < 0.5
    for band in seen:
        np.testing.assert_allclose(band, np.maximum(cover, 0.0001), atol=1e-6)


def test_reflectance_is_the_surface_blurred_by_the_sensor(clear: Layout) -> None:
    spectra = np.full((SNOW_TOP + 1, BANDS), 0.25, dtype=np.float32)
    everything, place = np.uint8(7), np.zeros(TINT)
    light = np.array(
        [
            [surface(row + 0.5, column + 0.5, everything, place, clear)[4] for column in range(59, 81)]
            for row in range(69, 91)
        ]
    )
    blur = np.outer([0.2, 0.6, 0.2], [0.2, 0.6, 0.2])
    expected = convolve(0.25 * light, blur)[1:-1, 1:-1]
    seen = reflectance(70, 60, 20, 20, spectra, 0.0, clear)
    assert np.ptp(expected) > 0.02
    for band in seen:
        np.testing.assert_allclose(band, np.clip(expected, 0.0001, 1), atol=1e-6)
