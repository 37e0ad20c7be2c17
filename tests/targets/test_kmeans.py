from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.special import softmax

from rsgraph.errors import ConfigError, ModelMismatch, NotUsable
from rsgraph.targets.kmeans import KMeans, soft_assignment, squared_distances
from tests.targets.test_fuzzy_c_means import BANDS, TRUE, three_materials


def test_fit_finds_the_materials_darkest_first() -> None:
    pixels = three_materials()
    model = KMeans(3).fit(pixels, bands=BANDS, seed=0)
    np.testing.assert_allclose(model["centres"], TRUE, atol=1e-3)
    assert model["temperature"] == pytest.approx(3 * 0.004**2, rel=0.1)  # three bands of variance 0.004^2


def test_fit_same_seed_same_bits() -> None:
    one, two = (KMeans(5).fit(three_materials(), bands=BANDS, seed=9) for _ in range(2))
    assert one["centres"].tobytes() == two["centres"].tobytes()


def test_predict_equals_softmax_of_scipys_distances() -> None:
    pixels = three_materials(90)
    expected = softmax(-(cdist(pixels, TRUE) ** 2) / 0.01, axis=1)
    np.testing.assert_allclose(soft_assignment(pixels, TRUE, 0.01), expected, atol=1e-6)
    np.testing.assert_allclose(squared_distances(pixels, TRUE), cdist(pixels, TRUE) ** 2, atol=1e-12)


def test_predict_known_value() -> None:
    got = soft_assignment(np.array([[1.0]], dtype=np.float32), np.array([[0.0], [3.0]]), 3.0)
    np.testing.assert_allclose(got[0, 0] / got[0, 1], np.e, rtol=1e-6)  # squared distances 1 and 4


def test_softness_moves_memberships_towards_the_middle() -> None:
    pixels = np.random.default_rng(0).random((300, 3), dtype=np.float32)
    strongest = []
    for softness in (0.1, 1.0, 100.0):
        target = KMeans(3, softness=softness)
        strongest.append(target.predict(pixels, target.fit(pixels, bands=BANDS, seed=0)).max(axis=1).mean())
    assert strongest[0] > strongest[1] > strongest[2]


def test_as_many_different_pixels_as_clusters_gives_hard_memberships() -> None:
    pixels = np.repeat(TRUE, 5, axis=0).astype(np.float32)
    target = KMeans(3)
    got = target.predict(pixels[::5], target.fit(pixels, bands=BANDS, seed=0))
    np.testing.assert_array_equal(got, np.eye(3))


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(1, 13), st.floats(1e-6, 10), st.integers(0, 10_000))
def test_memberships_sum_to_one(n_clusters: int, bands: int, temperature: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    pixels = generator.random((20, bands)).astype(np.float32)
    got = soft_assignment(pixels, generator.random((n_clusters, bands)), temperature)
    assert ((got >= 0) & (got <= 1)).all()
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-5)


def test_bad_input_and_options_are_refused() -> None:
    with pytest.raises(NotUsable, match="different pixels"):
        KMeans(3).fit(np.zeros((9, 3), dtype=np.float32), bands=BANDS, seed=0)
    with pytest.raises(ConfigError, match="softness` must be above 0"):
        KMeans(softness=0)
    with pytest.raises(ConfigError, match="restarts` must be at least 1"):
        KMeans(restarts=0)
    model = {"centres": TRUE, "temperature": np.array(1.0)}
    with pytest.raises(ModelMismatch, match="has 3 bands"):
        KMeans(3).predict(np.zeros((4, 2), dtype=np.float32), model)
