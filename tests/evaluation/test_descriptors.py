from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.evaluation.descriptors import (
    Descriptors,
    MeasureOptions,
    describe_chip,
    grey_image,
    grey_levels,
    scaled_bands,
)

LOW, HIGH = np.zeros(2, dtype=np.float32), np.ones(2, dtype=np.float32)


def chip(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.repeat(np.arange(9, dtype=np.int32).reshape(3, 3), 6, axis=0), 5, axis=1)  # 0 ... 8
    return rng.random((2, 18, 15), dtype=np.float32), labels


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"glcm_property": "energy"}, "`glcm_property` must be one of: contrast, dissimilarity, homogeneity"),
        ({"glcm_levels": 257}, "from 2 to 256. Got 257"),
        ({"glcm_levels": 64.0}, "`glcm_levels` must be a whole number"),
        ({"glcm_distances": ()}, "at least one distance"),
        ({"glcm_angles": []}, "at least one distance and one angle"),
        ({"glcm_distances": (1, 0)}, "`glcm_distances` must be a whole number from 1"),
        ({"glcm_angles": (float("nan"),)}, "`glcm_angles` must be finite"),
        ({"lbp_points": 25}, "from 1 to 24"),
        ({"lbp_points": 16, "lbp_method": "default"}, "from 1 to 12"),
        ({"lbp_radius": 0}, "`lbp_radius` must be a number above 0"),
        ({"lbp_radius": float("inf")}, "at most 32"),
        ({"lbp_method": "ror"}, "`lbp_method` must be one of: uniform, default"),
        ({"lbp_comparison": "chi2"}, "`lbp_comparison` must be one of"),
        ({"ssim_side": 2}, "`ssim_side` must be a whole number from 3 to 64"),
        ({"ssim_window": 13}, "`ssim_window` must be a whole number from 3 to 11"),
        ({"ssim_window": 4}, "`ssim_window` must be odd"),
        ({"ssim_k2": -1.0}, "`ssim_k2`"),
        ({"ssim_outside": "edge"}, "`ssim_outside` must be one of: zero, mean"),
        ({"ssim_pixels": "grey"}, "`ssim_pixels` must be one of: reflectance, scaled"),
        ({"sam_pixels": True}, "`sam_pixels` must be one of"),
    ],
)
def test_options_that_do_not_fit_are_said(change: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        MeasureOptions(**change)


def test_every_option_changes_what_is_described_or_compared() -> None:
    values, labels = chip()
    base = describe_chip(values, labels, 8, low=LOW, high=HIGH * 0.8, options=MeasureOptions())
    changes = {
        "glcm": [
            {"glcm_property": "dissimilarity"},
            {"glcm_levels": 64},
            {"glcm_distances": (2,)},
            {"glcm_angles": (1.0,)},
        ],
        "lbp": [{"lbp_points": 7}, {"lbp_radius": 1.5}, {"lbp_method": "default"}],
        "ssim": [{"ssim_pixels": "scaled"}, {"ssim_side": 9}],
        "sam": [{"sam_pixels": "reflectance"}],
    }
    for name, options in changes.items():
        for change in options:
            other = describe_chip(values, labels, 8, low=LOW, high=HIGH * 0.8, options=MeasureOptions(**change))
            for field in ("glcm", "lbp", "ssim", "sam"):
                same = np.array_equal(getattr(base, field), getattr(other, field))
                assert same == (field != name), (field, change)


def test_bands_are_stretched_and_cut() -> None:
    values = np.array([[[0.1, 0.2, 0.3, 0.9]], [[0.5, 0.5, 0.5, np.nan]]], dtype=np.float32)
    valid = np.array([[True, True, True, False]])
    low, high = np.array([0.15, 0.5], dtype=np.float32), np.array([0.25, 0.5], dtype=np.float32)
    found = scaled_bands(values, valid, low, high)
    np.testing.assert_allclose(found, [[[0, 0.5, 1, 0]], [[0, 0, 0, 0]]], atol=1e-6)
    np.testing.assert_allclose(grey_image(found, valid), [[0, 0.25, 0.5, 0]], atol=1e-6)


def test_grey_levels_are_equal_steps() -> None:
    grey = np.array([[0, 0.2499, 0.25, 0.5, 0.75, 1]], dtype=np.float32)
    np.testing.assert_array_equal(grey_levels(grey, 4), [[0, 0, 1, 2, 3, 3]])
    np.testing.assert_array_equal(grey_levels(grey, 256), [[0, 63, 64, 128, 192, 255]])


def test_shapes_dtypes_and_bytes_are_as_documented() -> None:
    values, labels = chip()
    found = describe_chip(
        np.repeat(values, 6, axis=0), labels, 8, low=np.zeros(12), high=np.ones(12), options=MeasureOptions()
    )
    assert [array.shape for array in (found.glcm, found.lbp, found.ssim, found.sam)] == [
        (8, 4),
        (8, 10),
        (8, 11, 11),
        (8, 12),
    ]
    assert sum(array.nbytes for array in (found.glcm, found.lbp, found.ssim, found.sam)) == 8 * 604
    assert len(found) == 8


def test_a_segment_is_described_alike_in_any_chip() -> None:
    values, labels = chip()
    whole = describe_chip(values, labels, 8, low=LOW, high=HIGH, options=MeasureOptions())
    part = describe_chip(
        values[:, 6:12], labels[6:12] - 2 * (labels[6:12] > 0), 3, low=LOW, high=HIGH, options=MeasureOptions()
    )
    for name in ("glcm", "lbp", "ssim", "sam"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[2:5])


def test_what_is_not_data_is_not_read_and_input_stays_as_it_was() -> None:
    values, labels = chip()
    values[:, labels == 0] = np.nan
    before = values.copy(), labels.copy()
    found = describe_chip(values, labels, 8, low=LOW, high=HIGH, options=MeasureOptions())
    assert all(np.isfinite(array).all() for array in (found.glcm, found.lbp, found.ssim, found.sam))
    np.testing.assert_array_equal(values, before[0])
    np.testing.assert_array_equal(labels, before[1])


def test_a_chip_without_segments_has_no_rows() -> None:
    nothing = describe_chip(
        np.zeros((2, 4, 4), np.float32), np.zeros((4, 4), np.int32), 0, low=LOW, high=HIGH, options=MeasureOptions()
    )
    values, labels = chip()
    some = describe_chip(values, labels, 8, low=LOW, high=HIGH, options=MeasureOptions())
    assert len(nothing) == 0
    assert len(Descriptors.joined([nothing, some, nothing])) == 8


def test_chips_that_do_not_fit_are_said() -> None:
    values, labels = chip()
    options = MeasureOptions()
    with pytest.raises(ConfigError, match=r"must have shape \(bands, "):
        describe_chip(values[0], labels, 8, low=LOW, high=HIGH, options=options)
    with pytest.raises(ConfigError, match=r"must lie in 0 \.\.\. 7. Got 0 \.\.\. 8"):
        describe_chip(values, labels, 7, low=LOW, high=HIGH, options=options)
    with pytest.raises(ConfigError, match="`low` must hold one finite number for each of the 2 bands"):
        describe_chip(values, labels, 8, low=LOW[:1], high=HIGH, options=options)
    with pytest.raises(ConfigError, match="`high`"):
        describe_chip(values, labels, 8, low=LOW, high=HIGH * np.nan, options=options)
    with pytest.raises(ConfigError, match="at least one chip"):
        Descriptors.joined([])
