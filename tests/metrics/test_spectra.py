"""Shape and brightness of spectra."""

from __future__ import annotations

import numpy as np

from rsgraph.metrics.spectra import scale_of, shape_and_brightness, standardised


def test_light_changes_only_the_brightness() -> None:
    spectrum = np.array([[0.1, 0.2, 0.4]], dtype=np.float32)
    found = shape_and_brightness(np.concatenate([spectrum, 3 * spectrum]))
    np.testing.assert_allclose(found[0, :3], found[1, :3], atol=1e-7)
    np.testing.assert_allclose(np.linalg.norm(found[:, :3], axis=1), 1.0)
    np.testing.assert_allclose(found[1, 3] - found[0, 3], np.log(3), atol=1e-6)


def test_a_black_segment_stays_finite() -> None:
    assert np.isfinite(shape_and_brightness(np.zeros((2, 4)))).all()


def test_features_are_standardised_and_constant_ones_count_for_nothing() -> None:
    features = np.array([[1.0, 5.0], [3.0, 5.0]])
    np.testing.assert_array_equal(standardised(features, scale_of(features)), [[-1.0, 0.0], [1.0, 0.0]])
