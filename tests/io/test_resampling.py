"""Upsampling in windows: against scipy, without seams, without bleeding."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from rsgraph.io.resampling import Axis, bilinear, centres, nearest, needed


def test_bilinear_agrees_with_scipy() -> None:
    values = np.random.default_rng(0).random((2, 7, 9), dtype=np.float32)
    rows, columns = centres(Axis(0.0, 1 / 6), 0, 42), centres(Axis(0.0, 1 / 3), 0, 27)
    found = bilinear(values, np.ones(values.shape, dtype=bool), rows, columns)
    grid = np.meshgrid(rows, columns, indexing="ij")
    for band in range(2):
        np.testing.assert_allclose(
            found[band], map_coordinates(values[band], grid, order=1, mode="nearest"), atol=1e-6
        )


def test_bilinear_keeps_a_constant_up_to_the_border_of_lost_pixels() -> None:
    values = np.full((1, 6, 6), 0.3, dtype=np.float32)
    usable = np.ones(values.shape, dtype=bool)
    values[0, :3], usable[0, :3] = 1e6, False
    positions = centres(Axis(0.0, 0.5), 0, 12)
    found = bilinear(values, usable, positions, positions)
    kept = nearest(usable, positions, positions)
    np.testing.assert_allclose(found[kept], 0.3, rtol=1e-6)


def test_nearest_repeats_pixels() -> None:
    mask = np.array([[True, False], [False, True]])
    positions = centres(Axis(0.0, 1 / 3), 0, 6)
    np.testing.assert_array_equal(nearest(mask, positions, positions), np.kron(mask, np.ones((3, 3))) > 0)


@given(
    start=st.floats(-0.9, 0.9),
    step=st.sampled_from([1 / 6, 1 / 2, 1 / 3, 0.7]),
    first=st.integers(0, 12),
    count=st.integers(1, 12),
)
def test_windowed_interpolation_is_a_cut_of_the_whole(start: float, step: float, first: int, count: int) -> None:
    values = np.random.default_rng(1).random((1, 10, 10), dtype=np.float32)
    usable = np.random.default_rng(2).random((1, 10, 10)) > 0.2
    axis = Axis(start, step)
    all_rows, columns = centres(axis, 0, 24), centres(Axis(0.0, 1.0), 0, 10)
    rows = centres(axis, first, count)
    low, size = needed(rows, 10)
    part = bilinear(values[:, low : low + size], usable[:, low : low + size], rows - low, columns)
    whole = bilinear(values, usable, all_rows, columns)
    np.testing.assert_allclose(part, whole[:, first : first + count], atol=1e-5)
