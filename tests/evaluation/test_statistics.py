"""Colour and texture statistics: known values, scikit-image's patterns, and what rotation must not change."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.feature import local_binary_pattern

from rsgraph.evaluation.statistics import block_means, image_statistics, n_statistics, pattern_histograms
from rsgraph.types import Floats


def _noise(n: int, bands: int, side: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).random((n, bands, side, side), dtype=np.float32)


def test_statistics_of_an_even_image_are_its_levels_and_no_texture() -> None:
    image = np.empty((1, 2, 16, 16), dtype=np.float32)
    image[:, 0], image[:, 1] = 0.3, 0.1
    (found,) = image_statistics(image)
    means, deviations, percentiles = found[:2], found[2:4], found[4:14]
    np.testing.assert_allclose(means, [0.3, 0.1], rtol=1e-6)
    np.testing.assert_allclose(deviations, 0, atol=1e-7)
    np.testing.assert_allclose(percentiles, np.repeat([0.3, 0.1], 5), rtol=1e-6)
    np.testing.assert_allclose(found[14:18], 0, atol=1e-7)  # gradients
    np.testing.assert_allclose(found[18:20], [0.5, 0], atol=1e-6)  # (0.3 - 0.1) / 0.4
    np.testing.assert_allclose(found[20:23], 0, atol=1e-7)  # coarseness
    even = [0] * 8 + [1, 0]  # all eight neighbours are no darker
    np.testing.assert_allclose(found[23:], even * 2, atol=1e-7)


def test_gradient_of_a_ramp_is_its_slope() -> None:
    ramp = np.broadcast_to(np.arange(16, dtype=np.float32) * 0.01, (1, 1, 16, 16))
    (found,) = image_statistics(ramp)
    np.testing.assert_allclose(found[7:9], [0.01, 0], atol=1e-6)


def test_statistics_agree_with_numpy_on_each_image_and_band() -> None:
    images = _noise(3, 2, 12)
    found = image_statistics(images)
    pixels = images.reshape(3, 2, -1)
    np.testing.assert_allclose(found[:, :2], pixels.mean(2), rtol=1e-5)
    np.testing.assert_allclose(found[:, 2:4], pixels.std(2), rtol=1e-5)
    for i in range(3):
        for band in range(2):
            expected = np.percentile(pixels[i, band], (5, 25, 50, 75, 95))
            np.testing.assert_allclose(found[i, 4 + 5 * band : 9 + 5 * band], expected, rtol=1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_pattern_histograms_are_those_of_scikit_image_off_the_border(seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 1_000_000, (20, 23))
    codes = local_binary_pattern(image, P=8, R=1, method="uniform")[1:-1, 1:-1].astype(int)
    expected = np.bincount(codes.ravel(), minlength=10) / codes.size
    np.testing.assert_allclose(pattern_histograms(image[None].astype(np.float32))[0], expected, atol=1e-6)


def test_statistics_do_not_change_when_an_image_is_rotated_but_for_the_gradient() -> None:
    images = _noise(4, 3, 16)
    found, rotated = image_statistics(images), image_statistics(np.rot90(images, axes=(2, 3)))
    same = np.r_[0:21, 27:56]
    np.testing.assert_allclose(found[:, same], rotated[:, same], atol=1e-5)


def test_block_means_drop_what_is_left_over() -> None:
    image = np.arange(15, dtype=np.float32).reshape(3, 5)
    np.testing.assert_array_equal(block_means(image, 2), [[3, 5]])


def test_coarse_texture_differs_from_fine() -> None:
    rows, columns = np.indices((16, 16))
    fine, coarse = (rows + columns) % 2, (rows // 8 + columns // 8) % 2
    found = image_statistics(np.stack([fine, coarse]).astype(np.float32)[:, None])
    np.testing.assert_allclose(found[0, 9:12], 0, atol=1e-6)
    np.testing.assert_allclose(found[1, 9:12], 0.5, atol=1e-6)


@pytest.mark.parametrize("bands", [1, 3, 13])
def test_number_of_statistics_is_as_said_even_without_images(bands: int) -> None:
    assert image_statistics(_noise(2, bands, 8)).shape == (2, n_statistics(bands))
    assert image_statistics(_noise(0, bands, 8)).shape == (0, n_statistics(bands))
    assert image_statistics(_noise(2, bands, 8)).dtype == np.float32


def test_many_images_are_described_as_each_by_itself() -> None:
    images = _noise(300, 1, 8)
    np.testing.assert_allclose(image_statistics(images)[257], image_statistics(images[257:258])[0], rtol=1e-5)


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 3, 7, 16)])
def test_images_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^`images` must have shape \(n, bands, rows, columns\) with at least 8"):
        image_statistics(np.zeros(shape, dtype=np.float32))
