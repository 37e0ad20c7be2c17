"""Heights on which seams run: against the gradient of the watershed, and where they are high."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from rsgraph.segmenters.preparation import standardise
from rsgraph.segmenters.ridges import ridges
from rsgraph.segmenters.watershed import gradient
from rsgraph.types import Floats


def hills(bands: int = 4) -> Floats:
    noise = np.random.default_rng(0).normal(size=(bands, 50, 41))
    return gaussian_filter(noise, (0, 2, 2)).astype(np.float32) + np.float32(0.3)


@pytest.mark.parametrize("share", [1.0, 0.8])
def test_ridges_are_the_logarithm_of_the_watershed_s_gradient(share: float) -> None:
    valid = np.random.default_rng(1).random((50, 41)) <= share
    values = np.where(valid, hills(), 0).astype(np.float32)
    values[:, 10, 10] = 9.0 if valid[10, 10] else 0.0  # cut at four deviations
    expected = (np.log10(np.maximum(gradient(standardise(values, valid), valid), 1e-12)) + 4) * 51
    np.testing.assert_allclose(ridges(values, valid), np.floor(np.clip(expected, 0, 255)), atol=1)


def test_ridges_are_high_where_the_image_changes() -> None:
    values = np.zeros((2, 20, 20), dtype=np.float32)
    values[:, :, 10:] = 1.0
    values += np.random.default_rng(0).normal(0, 1e-3, values.shape).astype(np.float32)
    heights = ridges(values, np.ones((20, 20), dtype=bool))
    assert heights[:, 9:11].min() > heights[:, [0, 5, 15, 19]].max() + 40


def test_ridges_are_flat_where_there_is_nothing_to_see() -> None:
    assert not ridges(hills(), np.zeros((50, 41), dtype=bool)).any()
    assert not ridges(np.full((3, 9, 9), 0.1, np.float32), np.ones((9, 9), dtype=bool)).any()
