from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from rsgraph.segmenters.preparation import (
    cells,
    expected_segments,
    smallest_segment,
    standardise,
    valid_box,
)


def test_expected_segments_follow_the_valid_share() -> None:
    valid = np.zeros((256, 256), dtype=bool)
    valid[0, 0] = True
    assert expected_segments(500, valid, 65_536) == 1
    valid[:128] = True
    assert expected_segments(500, valid, 65_536) == 250
    assert expected_segments(100_000, valid[:2, :5], 10) == 10  # no more than there are pixels


def test_smallest_segment_is_a_quarter_of_the_mean() -> None:
    assert smallest_segment(500, 65_536) == 32
    assert smallest_segment(500, 100) == 1


def test_valid_box() -> None:
    valid = np.zeros((5, 6), dtype=bool)
    valid[1, 4] = valid[3, 2] = True
    assert valid_box(valid) == (slice(1, 4), slice(2, 5))


@settings(deadline=None)
@given(st.integers(1, 80), st.integers(1, 80), st.integers(1, 100))
def test_cells_are_rectangles_of_nearly_equal_size(rows: int, columns: int, n_cells: int) -> None:
    found = cells((rows, columns), n_cells)
    numbers, counts = np.unique(found, return_counts=True)
    assert numbers.tolist() == list(range(1, len(numbers) + 1))
    for number in numbers:
        inside = np.argwhere(found == number)
        assert np.prod(np.ptp(inside, axis=0) + 1) == len(inside)
    assert counts.max() <= 4 * counts.min()


def test_cells_of_a_chip_come_close_to_500() -> None:
    assert cells((256, 256), 500).max() == 506


def test_standardise_makes_distances_a_root_mean_square_over_bands() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal([[[0.1]], [[5.0]], [[300.0]]], [[[0.01]], [[2.0]], [[50.0]]], (3, 60, 60))
    valid = np.ones((60, 60), dtype=bool)
    image = standardise(values.astype(np.float32), valid)
    np.testing.assert_allclose(image.mean(axis=(1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(image.std(axis=(1, 2)), 1 / np.sqrt(3), rtol=1e-2)


def test_standardise_cuts_outliers_and_silences_constant_bands() -> None:
    values = np.random.default_rng(0).normal(0, 1, (2, 50, 50)).astype(np.float32)
    values[0, 3, 3] = 1e6
    values[1] = 0.1
    image = standardise(values, np.ones((50, 50), dtype=bool))
    assert np.abs(image).max() == pytest.approx(4 / np.sqrt(2))
    assert not image[1].any()


def test_smoothing_takes_nothing_from_nodata() -> None:
    valid = np.ones((20, 20), dtype=bool)
    valid[:, 10:] = False
    values = np.where(valid, 1.0 + np.arange(20)[:, None], np.nan)[None].astype(np.float32)
    image = standardise(values, valid, sigma=2.0)[0]
    expected = gaussian_filter(1.0 + np.arange(20.0), 2.0)
    expected = (expected - expected.mean()) / expected.std()
    np.testing.assert_allclose(image[:, 9], expected, atol=1e-5)
    assert not image[:, 10:].any()
