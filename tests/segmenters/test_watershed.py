from __future__ import annotations

import numpy as np
import pytest
from skimage.segmentation import watershed

from rsgraph.errors import ConfigError
from rsgraph.segmenters.preparation import standardise
from rsgraph.segmenters.watershed import Watershed, gradient, markers, watershed_basins
from tests.segmenters.test_segmenters import masks, patches


def test_gradient_of_a_ramp_is_its_slope() -> None:
    image = np.stack([3.0 * np.arange(8)[:, None] + np.zeros(9), np.zeros((8, 9)) + 4.0 * np.arange(9)])
    found = gradient(image.astype(np.float32), np.ones((8, 9), dtype=bool))
    np.testing.assert_allclose(found[1:-1, 1:-1], 5.0, rtol=1e-6)


def test_markers_lie_on_the_lowest_valid_pixel_of_each_cell() -> None:
    height = np.array([[5, 1, 9, 2], [3, 4, 0, 8]], dtype=np.float32)
    valid = np.array([[1, 1, 1, 1], [1, 1, 0, 1]], dtype=bool)
    assert markers(height, valid, 2).tolist() == [[0, 1, 0, 2], [0, 0, 0, 0]]
    valid[:, 2:] = False
    assert markers(height, valid, 2).tolist() == [[0, 1, 0, 0], [0, 0, 0, 0]]


def test_basins_equal_scikit_image_before_merging() -> None:
    values, valid = patches(48, 48, 3, seed=0), masks(48, 48, "all")
    height = gradient(standardise(values, valid), valid)
    theirs = watershed(height, markers(height, valid, 30))
    ours, n = watershed_basins(values, valid, 30, compactness=0.0, sigma=0.0, min_size=1)
    assert n == len(np.unique(theirs))
    pairs = np.unique(np.stack([ours.ravel(), theirs.ravel()]), axis=1)
    assert pairs.shape[1] == n  # the same partition, numbered otherwise


def test_boundary_runs_along_the_ridge() -> None:
    values = np.zeros((1, 12, 24), dtype=np.float32)
    values[:, :, 10:] = 1.0
    found = Watershed(n_segments=2).segment(values, np.ones((12, 24), dtype=bool), chip_pixels=288)
    assert found.n_segments == 2
    assert (found.labels[:, :9] == 1).all()
    assert (found.labels[:, 11:] == 2).all()


def test_options_out_of_range_are_refused() -> None:
    for options in ({"compactness": -1}, {"sigma": -1}):
        with pytest.raises(ConfigError, match="must be at least 0"):
            Watershed(**options)
