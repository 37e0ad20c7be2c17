from __future__ import annotations

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

from rsgraph.errors import ConfigError, ModelMismatch, NotUsable
from rsgraph.targets.unmixing import Unmixing, abundances, endmembers

BANDS = ("B02", "B03", "B8A", "B11")
TRUE = np.array([[0.03, 0.02, 0.01, 0.01], [0.05, 0.08, 0.45, 0.2], [0.25, 0.28, 0.30, 0.40]])


def mixtures(n: int, spectra: NDArray[np.float64], seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Make n mixtures and, at the end, one pure pixel of each spectrum."""
    shares = np.random.default_rng(seed).dirichlet(np.ones(len(spectra)), n)
    shares = np.concatenate([shares, np.eye(len(spectra))])
    return (shares @ spectra).astype(np.float32), shares


def penalised_nnls(pixel: NDArray[np.float64], spectra: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve by scipy's non-negative least squares with a heavy row for the sum."""
    weight = 1e4
    system = np.vstack([spectra.T, np.full(len(spectra), weight)])
    solution: NDArray[np.float64] = nnls(system, np.append(pixel, weight))[0]
    return solution


def test_endmembers_are_exact_where_pure_pixels_exist() -> None:
    pixels, _ = mixtures(500, TRUE)
    found = endmembers(pixels, 3, average_over=1)
    np.testing.assert_allclose(found[np.argsort(found.mean(axis=1))], TRUE, atol=1e-6)


def test_endmembers_one_more_than_bands() -> None:
    corners = np.array([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9]])
    pixels, _ = mixtures(500, corners)
    found = endmembers(pixels, 3, average_over=1)
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(corners, axis=0), atol=1e-6)


def test_averaging_withstands_a_wild_pixel() -> None:
    pure = np.repeat(TRUE, 20, axis=0).astype(np.float32)
    pixels = np.concatenate([mixtures(500, TRUE)[0], pure, np.full((1, 4), 1.5, dtype=np.float32)])
    found = Unmixing(3, average_over=9).fit(pixels, bands=BANDS, seed=0)["centres"]
    np.testing.assert_allclose(found, TRUE, atol=0.03)


def test_fit_orders_by_brightness_and_predict_recovers_the_shares() -> None:
    pixels, shares = mixtures(500, TRUE)
    target = Unmixing(3, average_over=1)
    model = target.fit(pixels, bands=BANDS, seed=0)
    np.testing.assert_allclose(model["centres"], TRUE, atol=1e-6)
    np.testing.assert_allclose(target.predict(pixels, model), shares, atol=1e-4)


def test_abundances_known_value() -> None:
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    pixels = np.array([[0.25, 0.25], [2.0, 0.0], [1.0, 1.0], [-1.0, 0.5]], dtype=np.float32)
    expected = [[0.5, 0.25, 0.25], [0, 1, 0], [0, 0.5, 0.5], [0.5, 0, 0.5]]
    np.testing.assert_allclose(abundances(pixels, corners), expected, atol=1e-7)


@settings(deadline=None)
@given(st.integers(2, 8), st.integers(0, 10_000))
def test_abundances_equal_scipys_nnls(n_endmembers: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    spectra = generator.random((n_endmembers, 12))
    pixels = (generator.random((5, 12)) * 1.5 - 0.25).astype(np.float32)
    expected = [penalised_nnls(pixel.astype(np.float64), spectra) for pixel in pixels]
    np.testing.assert_allclose(abundances(pixels, spectra), expected, atol=1e-5)


def test_abundances_equal_scipys_slsqp() -> None:
    generator = np.random.default_rng(1)
    spectra = generator.random((5, 6))
    for pixel in (generator.random((20, 6)) * 1.5).astype(np.float32):
        expected = minimize(
            lambda shares, pixel=pixel: ((pixel - shares @ spectra) ** 2).sum(),
            np.full(5, 0.2),
            bounds=[(0, 1)] * 5,
            constraints={"type": "eq", "fun": lambda shares: shares.sum() - 1},
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        np.testing.assert_allclose(abundances(pixel[None], spectra)[0], expected.x, atol=1e-4)


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(1, 13), st.integers(0, 10_000), st.booleans())
def test_abundances_are_shares_also_for_dependent_endmembers(
    n_endmembers: int, bands: int, seed: int, repeated: bool
) -> None:
    generator = np.random.default_rng(seed)
    spectra = generator.random((n_endmembers, bands))
    if repeated:
        spectra[-1] = spectra[0]
    pixels = (generator.random((10, bands)) * 2 - 0.5).astype(np.float32)
    got = abundances(pixels, spectra)
    assert ((got >= 0) & (got <= 1 + 1e-6)).all()
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-5)


def test_abundances_of_black_and_zero_endmembers_are_finite() -> None:
    got = abundances(np.zeros((2, 3), dtype=np.float32), np.array([[0.0, 0, 0], [0.1, 0.2, 0.3]]))
    np.testing.assert_allclose(got, [[1, 0], [1, 0]], atol=1e-6)


def test_what_cannot_be_unmixed_is_refused() -> None:
    pixels, _ = mixtures(200, TRUE)
    with pytest.raises(NotUsable, match=r"4 bands can tell at most 5 endmembers apart. Got target.n_clusters=8"):
        Unmixing(8).fit(pixels, bands=BANDS, seed=0)
    with pytest.raises(NotUsable, match=r"spans 3 endmembers, fewer than target.n_clusters=4"):
        Unmixing(4, average_over=1).fit(pixels, bands=BANDS, seed=0)
    with pytest.raises(NotUsable, match="NaN"):
        Unmixing(3).fit(np.full((9, 4), np.nan, dtype=np.float32), bands=BANDS, seed=0)
    with pytest.raises(ConfigError, match="average_over"):
        Unmixing(average_over=0)
    with pytest.raises(ModelMismatch, match="has 4 bands"):
        Unmixing(3).predict(np.zeros((4, 2), dtype=np.float32), {"centres": TRUE})


@pytest.mark.real
def test_real_scene_is_explained_by_its_endmembers(real_data) -> None:  # type: ignore[no-untyped-def]
    with rasterio.open(real_data / "t18svg_20160112_l1c_20m.tif") as file:
        pixels = file.read().reshape(6, -1).T[::224].astype(np.float32) / 10_000
    target = Unmixing(6)
    model = target.fit(pixels, bands=[f"band{i}" for i in range(6)], seed=0)
    rest = pixels - target.predict(pixels, model) @ model["centres"]
    assert np.sqrt((rest**2).mean()) < 0.015
