"""Bands are brought to one scale as numpy would."""

from __future__ import annotations

import numpy as np
import pytest

from rsgraph.segmenters.one_scale import moments, scale_bands


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_moments_are_those_of_numpy_pixel_after_pixel(share: float) -> None:
    rng = np.random.default_rng(0)
    values, valid = rng.normal(3, 2, (4, 30, 41)).astype(np.float32), rng.random((30, 41)) < share
    pixels = values[:, valid].astype(np.float64)  # pixel after pixel in memory: numpy adds them up in this order
    mean, deviation = moments(values, valid)
    np.testing.assert_array_equal(mean, pixels.mean(axis=1))
    np.testing.assert_array_equal(deviation, pixels.std(axis=1))


def test_bands_are_scaled_cut_and_silent_where_they_are_not_valid() -> None:
    values = np.array([[[1.0, 5.0, np.nan, 900.0]], [[7.0, 7.0, np.nan, 7.0]]], dtype=np.float32)
    valid, image = np.isfinite(values[0]), np.empty((2, 1, 4), dtype=np.float32)
    scale_bands(values, valid, np.array([1.0, 7.0]), np.array([2.0, np.inf]), 4.0, image)
    np.testing.assert_array_equal(image, [[[0, 2, 0, 4]], [[0, 0, 0, 0]]])
