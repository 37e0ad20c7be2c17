from __future__ import annotations

from math import pi

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.evaluation.descriptors import Descriptors, MeasureOptions, describe_chip
from rsgraph.evaluation.pairs import MEASURES, measure_pairs
from tests.evaluation.scikit_image_loop import Images, loop

LOW, HIGH = np.full(3, 0.1, dtype=np.float32), np.full(3, 0.6, dtype=np.float32)


def mosaic(seed: int, size: int = 72, n: int = 40, nodata: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Random textures of unequal roughness, in irregular segments with a hole of nodata and two of odd shapes."""
    rng = np.random.default_rng(seed)
    seeds = rng.integers(0, size, (n, 2))
    place = np.stack(np.mgrid[:size, :size], axis=-1)[:, :, None]
    labels = (np.abs(place - seeds) ** 1.3).sum(axis=-1).argmin(axis=2) + 1
    labels[30, 10:22], labels[50, 50] = n + 1, n + 2  # one row, one pixel
    if nodata:
        labels[8:20, 30:38] = 0
    labels = np.unique(labels, return_inverse=True)[1].reshape(size, size) + (0 if nodata else 1)
    rough = rng.uniform(0.01, 0.3, labels.max() + 1)[labels]
    level = rng.uniform(0.1, 0.6, (3, labels.max() + 1))[:, labels]
    values = np.clip(level + rng.normal(size=(3, size, size)) * rough, 0, 1).astype(np.float32)
    return np.where(labels > 0, values, 0).astype(np.float32), labels.astype(np.int32)


def described(values: np.ndarray, labels: np.ndarray, options: MeasureOptions) -> Descriptors:
    return describe_chip(values, labels, int(labels.max()), low=LOW, high=HIGH, options=options)


def drawn(n: int, m: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, n, (m, 2))


@pytest.mark.parametrize(
    "options",
    [
        MeasureOptions(),
        MeasureOptions(
            glcm_property="dissimilarity",
            glcm_levels=256,
            glcm_distances=(1, 3),
            lbp_comparison="intersection",
            ssim_pixels="scaled",
            ssim_outside="zero",
            sam_pixels="reflectance",
        ),
        MeasureOptions(
            glcm_property="homogeneity",
            glcm_levels=32,
            glcm_angles=(0.3, 2.0, 4.0),
            lbp_points=16,
            lbp_radius=2.3,
            lbp_comparison="cosine",
            ssim_side=16,
            ssim_window=7,
        ),
        MeasureOptions(lbp_method="default", lbp_comparison="bhattacharyya", ssim_side=8, ssim_window=7),
    ],
    ids=["default", "other", "wide", "plain"],
)
@pytest.mark.parametrize("nodata", [False, True])
def test_measures_equal_the_loop_over_scikit_image(options: MeasureOptions, nodata: bool) -> None:
    values, labels = mosaic(1, nodata=nodata)
    n = int(labels.max())
    pairs = np.concatenate([drawn(n, 40), np.stack([np.arange(n), np.roll(np.arange(n), 1)], axis=1)])
    found = measure_pairs(described(values, labels, options), pairs, options)
    expected = loop(Images(values, labels, LOW, HIGH, options), pairs)
    for name, column in zip(MEASURES, expected.T, strict=True):
        np.testing.assert_allclose(found[name], column, atol=1e-6, rtol=0, err_msg=name)
    assert all(np.ptp(values) > 0.05 for values in found.values())  # the equality says something


def test_constant_segments_of_any_shape_are_alike_in_all_measures() -> None:
    values, labels = mosaic(2, nodata=False)
    values[:] = np.array([0.2, 0.3, 0.4])[:, None, None]
    found = measure_pairs(described(values, labels, MeasureOptions()), drawn(labels.max(), 50), MeasureOptions())
    np.testing.assert_array_equal(found["glcm"], 0)
    np.testing.assert_allclose(found["ssim"], 1, atol=1e-12)
    np.testing.assert_array_equal(found["sam"], 0)


def test_a_segment_is_as_similar_to_itself_as_can_be_and_so_is_its_copy() -> None:
    values, labels = mosaic(3)
    n, options = int(labels.max()), MeasureOptions()
    one = described(values, labels, options)
    twice = Descriptors.joined([one, described(values, labels, options)])
    assert len(twice) == 2 * n
    for pairs in (np.stack([np.arange(n)] * 2, axis=1), np.stack([np.arange(n), np.arange(n, 2 * n)], axis=1)):
        found = measure_pairs(twice, pairs, options)
        for name, best in {"glcm": 0, "lbp": 1, "ssim": 1, "sam": 0}.items():
            np.testing.assert_allclose(found[name], best, atol=1e-12)


def test_measures_are_symmetric_and_do_not_depend_on_the_order_of_pairs() -> None:
    values, labels = mosaic(4)
    options = MeasureOptions()
    descriptors, pairs = described(values, labels, options), drawn(labels.max(), 80)
    order = np.random.default_rng(1).permutation(80)
    found = measure_pairs(descriptors, pairs, options)
    turned = measure_pairs(descriptors, pairs[order, ::-1], options)
    for name in MEASURES:
        np.testing.assert_allclose(turned[name], found[name][order], atol=1e-12)


def test_measures_do_not_depend_on_the_numbers_of_segments() -> None:
    values, labels = mosaic(5)
    n, options = int(labels.max()), MeasureOptions()
    renamed = np.random.default_rng(2).permutation(n)
    other = np.concatenate([[0], renamed + 1]).astype(np.int32)[labels]
    pairs = drawn(n, 60)
    found = measure_pairs(described(values, labels, options), pairs, options)
    again = measure_pairs(described(values, other, options), renamed[pairs], options)
    for name in MEASURES:
        np.testing.assert_array_equal(again[name], found[name])


def test_content_is_the_segment_and_texture_is_the_box() -> None:
    labels = np.ones((10, 10), dtype=np.int32)
    labels[3:7, 3:7] = 2
    labels[0, 0] = 3
    rng = np.random.default_rng(0)
    values = np.full((3, 10, 10), 0.3, dtype=np.float32)
    other = values.copy()
    other[:, labels == 2] += rng.random((3, 16), dtype=np.float32) / 4
    options = MeasureOptions()
    both = Descriptors.joined([described(given, labels, options) for given in (values, other)])
    found = measure_pairs(both, np.array([[0, 3], [1, 4], [2, 5]]), options)
    assert found["glcm"][0] > 1  # the hole is in the box of the first
    assert found["lbp"][0] < 0.99
    assert (found["ssim"][0], found["sam"][0]) == pytest.approx((1, 0), abs=1e-12)
    assert found["ssim"][1] < 0.99
    assert found["sam"][1] > 0.01
    assert [found[name][2] for name in MEASURES] == pytest.approx([0, 1, 1, 0], abs=1e-12)


def test_glcm_of_stripes_is_known() -> None:
    labels = np.repeat([[1] * 6 + [2] * 6], 6, axis=0).astype(np.int32)
    values = np.full((1, 6, 12), 0.25, dtype=np.float32)
    values[:, :, 1:6:2] = 0.75  # stripes in the first: every step along a row changes by 0.5
    options = MeasureOptions(glcm_levels=128)
    low, high = np.zeros(1, dtype=np.float32), np.ones(1, dtype=np.float32)
    chip = describe_chip(values, labels, 2, low=low, high=high, options=options)
    np.testing.assert_allclose(chip.glcm, [[64**2, 64**2, 0, 64**2], [0, 0, 0, 0]])
    assert measure_pairs(chip, np.array([[0, 1]]), options)["glcm"] == pytest.approx([64**2 * 3 / 4])


def test_spectra_of_zeros_have_no_direction() -> None:
    labels = np.array([[1, 2, 3, 4]], dtype=np.int32)
    values = np.array([[[0, 0, 0.2, 0]], [[0, 0, 0, 0.7]]], dtype=np.float32)
    options = MeasureOptions(sam_pixels="reflectance")
    low, high = np.zeros(2, dtype=np.float32), np.ones(2, dtype=np.float32)
    chip = describe_chip(values, labels, 4, low=low, high=high, options=options)
    found = measure_pairs(chip, np.array([[0, 1], [0, 2], [2, 3], [2, 2]]), options)["sam"]
    np.testing.assert_allclose(found, [0, pi / 2, pi / 2, 0], atol=1e-12)


def test_small_angles_are_exact() -> None:
    labels = np.array([[1, 2]], dtype=np.int32)
    values = np.array([[[1, 1]], [[0, 1e-6]]], dtype=np.float32)
    options = MeasureOptions(sam_pixels="reflectance")
    chip = describe_chip(values, labels, 2, low=LOW[:2], high=HIGH[:2], options=options)
    assert measure_pairs(chip, np.array([[0, 1]]), options)["sam"] == pytest.approx([1e-6], rel=1e-6)


def test_flat_histograms_are_alike_only_if_they_are_equal() -> None:
    options = MeasureOptions(lbp_points=1, lbp_method="default")  # two bins
    lbp = np.array([[0.5, 0.5], [0.5, 0.5], [1, 0], [0, 1], [0, 0]], dtype=np.float32)
    chip = Descriptors(np.zeros((5, 1)), lbp, np.zeros((5, 11, 11), np.float32), np.zeros((5, 2), np.float32))
    pairs = np.array([[0, 1], [0, 2], [2, 3], [2, 4], [4, 4]])
    np.testing.assert_allclose(measure_pairs(chip, pairs, options)["lbp"], [1, 0, -1, 0, 1])


def test_no_pairs_have_no_measures_and_what_does_not_fit_is_said() -> None:
    values, labels = mosaic(6)
    chip = described(values, labels, MeasureOptions())
    found = measure_pairs(chip, np.zeros((0, 2), dtype=np.int64), MeasureOptions())
    assert {name: measured.shape for name, measured in found.items()} == dict.fromkeys(MEASURES, (0,))
    with pytest.raises(ConfigError, match=r"shape \(pairs, 2\)"):
        measure_pairs(chip, np.zeros((4, 3), dtype=np.int64), MeasureOptions())
    for wrong in (-1, len(chip)):
        with pytest.raises(ConfigError, match="indices of the"):
            measure_pairs(chip, np.array([[0, wrong]]), MeasureOptions())
