from __future__ import annotations

from math import acos, pi

import numpy as np
import pytest

from rsgraph.evaluation.spectral import mean_spectra, spectral_angles


def test_means_are_those_of_the_segments_pixels() -> None:
    rng = np.random.default_rng(0)
    values, labels = rng.random((5, 20, 30), dtype=np.float32), rng.integers(0, 7, (20, 30), dtype=np.int32)
    expected = [values[:, labels == label].mean(axis=1, dtype=float) for label in range(1, 7)]
    np.testing.assert_allclose(mean_spectra(values, labels, 7)[:6], expected, atol=1e-7)
    np.testing.assert_array_equal(mean_spectra(values, labels, 7)[6], 0)


def test_nodata_is_not_read() -> None:
    values = np.array([[[np.nan, 0.5]]], dtype=np.float32)
    np.testing.assert_array_equal(mean_spectra(values, np.array([[0, 1]], dtype=np.int32), 1), [[0.5]])


def test_angles_are_known_and_do_not_depend_on_brightness() -> None:
    spectra = np.array([[1, 0], [0, 3], [2, 2], [0.1, 0.1], [-5, 0], [0, 0]], dtype=np.float32)
    pairs = np.array([[0, 1], [0, 2], [2, 3], [0, 4], [5, 5], [5, 0], [1, 5]])
    expected = [pi / 2, pi / 4, 0, pi, 0, pi / 2, pi / 2]
    np.testing.assert_allclose(spectral_angles(spectra, pairs), expected, atol=1e-7)


@pytest.mark.parametrize("scale", [1.0, 1e-30])
def test_angles_equal_the_arc_cosine(scale: float) -> None:
    spectra = (np.random.default_rng(1).random((40, 12)) * scale).astype(np.float32)
    wide = spectra.astype(np.float64)
    pairs = np.random.default_rng(2).integers(0, 40, (60, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    expected = [acos(wide[i] @ wide[j] / np.sqrt((wide[i] @ wide[i]) * (wide[j] @ wide[j]))) for i, j in pairs]
    np.testing.assert_allclose(spectral_angles(spectra, pairs), expected, atol=1e-9)
