from __future__ import annotations

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skfuzzy import cmeans_predict

from rsgraph.components import build
from rsgraph.errors import ConfigError, ModelMismatch, NotUsable
from rsgraph.targets.fuzzy_c_means import FuzzyCMeans, fuzzy_c_means, memberships, start_partitions

BANDS = ("B02", "B03", "B8A")
TRUE = np.array([[0.03, 0.02, 0.01], [0.05, 0.08, 0.45], [0.25, 0.28, 0.30]])


def three_materials(n: int = 900) -> NDArray[np.float32]:
    generator = np.random.default_rng(3)
    noise = generator.normal(0, 0.004, (n, 3))
    return (TRUE[np.arange(n) % 3] + noise).astype(np.float32)


def test_fit_finds_the_materials_darkest_first() -> None:
    model = FuzzyCMeans(3).fit(three_materials(), bands=BANDS, seed=0)
    np.testing.assert_allclose(model["centres"], TRUE, atol=2e-3)
    assert model["fuzziness"] == 2.0


def test_fit_same_seed_same_bits_and_any_seed_same_order() -> None:
    pixels = three_materials()
    first, again, other = (FuzzyCMeans(3).fit(pixels, bands=BANDS, seed=seed)["centres"] for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    np.testing.assert_allclose(other, first, atol=1e-3)


def test_fit_does_not_touch_the_global_generator() -> None:
    np.random.seed(5)  # noqa: NPY002  # the legacy generator is the one that scikit-fuzzy would touch
    before = np.random.get_state()[1].copy()  # noqa: NPY002  # as above
    FuzzyCMeans(3).fit(three_materials(300), bands=BANDS, seed=0)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002  # as above


def test_fit_reports_progress() -> None:
    seen: list[tuple[int, int]] = []
    shapeless = np.random.default_rng(0).random((300, 3), dtype=np.float32)
    FuzzyCMeans(5, max_iterations=25, tolerance=1e-12).fit(
        shapeless, bands=BANDS, seed=0, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(10, 25), (20, 25), (25, 25)]


def test_blocks_of_iterations_equal_one_call_of_scikit_fuzzy() -> None:
    from skfuzzy import cmeans

    pixels = np.random.default_rng(0).random((300, 3), dtype=np.float32)
    initial = next(start_partitions(pixels, 5, 2.0, 1, seed=4))
    ours, objective, ran = fuzzy_c_means(pixels, initial, fuzziness=2.0, max_iterations=23, tolerance=1e-15)
    theirs = cmeans(pixels.astype(np.float64).T, 5, 2.0, 0.0, 23, init=initial)
    np.testing.assert_allclose(ours, theirs[0], rtol=1e-9)
    assert objective == pytest.approx(theirs[4][-1])
    assert ran == 23


def test_given_centres_keep_their_order_and_are_only_the_start() -> None:
    prior = [[0.2, 0.3, 0.3], [0.0, 0.0, 0.0], [0.1, 0.1, 0.5]]
    model = FuzzyCMeans(3, centres=prior).fit(three_materials(), bands=BANDS, seed=0)
    np.testing.assert_allclose(model["centres"], TRUE[[2, 0, 1]], atol=2e-3)


def test_given_centres_by_band_name_equal_those_by_order() -> None:
    by_name = {"B8A": [0.3, 0.0, 0.5], "B02": [0.2, 0.0, 0.1], "B12": [9, 9, 9], "B03": [0.3, 0.0, 0.1]}
    by_order = [[0.2, 0.3, 0.3], [0.0, 0.0, 0.0], [0.1, 0.1, 0.5]]
    one, two = (
        FuzzyCMeans(3, centres=prior).fit(three_materials(), bands=BANDS, seed=0)["centres"]
        for prior in (by_name, by_order)
    )
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("centres", "message"),
    [
        ([[0.1, 0.2], [0.3, 0.4]], "one reflectance per band: B02, B03, B8A. Got 2 values"),
        ([[0.1, 0.2, 0.3], [0.3, 0.4]], "rows of numbers, all of equal length"),
        ({"B02": [0.1, 0.2], "B03": [0.1, 0.2]}, "lacks B8A"),
        ({"B02": [0.1, 0.2], "B03": [0.1], "B8A": [0.1, 0.2]}, "rows of numbers, all of equal length"),
        ([[100.0, 200.0, 300.0], [400.0, 100.0, 200.0]], "Divide digital numbers by 10000"),
        ([[0.1, float("nan"), 0.3], [0.3, 0.4, 0.1]], "must be reflectances"),
        ([[0.1, "green", 0.3], [0.3, 0.4, 0.1]], "must be rows of numbers"),
        ([0.1, 0.2], "must be rows of numbers"),
    ],
)
def test_given_centres_that_do_not_fit_are_refused(centres: object, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        FuzzyCMeans(2, centres=centres).fit(three_materials(), bands=BANDS, seed=0)  # type: ignore[arg-type]


def test_fit_refuses_nan_and_names_the_band() -> None:
    pixels = three_materials()
    pixels[7, 1] = np.nan
    with pytest.raises(NotUsable, match="NaN or infinite values in B03"):
        FuzzyCMeans(3).fit(pixels, bands=BANDS, seed=0)


def test_fit_refuses_fewer_different_pixels_than_clusters() -> None:
    pixels = np.repeat(TRUE[:2], 50, axis=0).astype(np.float32)
    with pytest.raises(NotUsable, match=r"2 different pixels, fewer than target\.n_clusters=3"):
        FuzzyCMeans(3).fit(pixels, bands=BANDS, seed=0)


def test_fit_works_with_as_many_different_pixels_as_clusters() -> None:
    pixels = np.repeat(TRUE, 50, axis=0).astype(np.float32)
    target = FuzzyCMeans(3)
    model = target.fit(pixels, bands=BANDS, seed=0)
    np.testing.assert_allclose(model["centres"], TRUE, atol=1e-6)
    np.testing.assert_allclose(target.predict(pixels[::50], model), np.eye(3), atol=1e-4)


def test_fit_finds_rare_values_that_thinning_would_miss() -> None:
    pixels = np.tile(TRUE[:1].astype(np.float32), (12_000, 1))
    pixels[[5, 7]] = TRUE[1:]
    model = FuzzyCMeans(3).fit(pixels, bands=BANDS, seed=0)
    assert np.isfinite(model["centres"]).all()


@pytest.mark.parametrize("fuzziness", [1.3, 2.0, 3.5])
def test_predict_equals_scikit_fuzzy(fuzziness: float) -> None:
    pixels = three_materials()
    expected = cmeans_predict(pixels.astype(np.float64).T, TRUE, fuzziness, 0.0, 2, init=np.ones((3, len(pixels))))[0]
    model = {"centres": TRUE, "fuzziness": np.array(fuzziness)}
    np.testing.assert_allclose(FuzzyCMeans(3).predict(pixels, model), expected.T, atol=1e-5)


def test_predict_pixel_on_a_centre_belongs_only_to_it() -> None:
    centres = TRUE.astype(np.float32).astype(np.float64)
    np.testing.assert_array_equal(memberships(centres.astype(np.float32), centres, 2.0), np.eye(3))


def test_predict_equal_centres_share_their_pixel() -> None:
    centres = np.array([[0.5, 0.5], [0.5, 0.5], [0.1, 0.1]])
    got = memberships(np.array([[0.5, 0.5]], dtype=np.float32), centres, 2.0)
    np.testing.assert_array_equal(got, [[0.5, 0.5, 0.0]])


def test_predict_known_value() -> None:
    got = memberships(np.array([[1.0]], dtype=np.float32), np.array([[0.0], [3.0]]), 2.0)
    np.testing.assert_allclose(got, [[0.8, 0.2]], rtol=1e-6)  # squared distances 1 and 4


@settings(deadline=None)
@given(st.integers(2, 9), st.integers(1, 13), st.floats(1.05, 6), st.integers(0, 10_000))
def test_predict_memberships_sum_to_one(n_clusters: int, bands: int, fuzziness: float, seed: int) -> None:
    generator = np.random.default_rng(seed)
    centres = generator.random((n_clusters, bands))
    pixels = np.concatenate([generator.random((20, bands)), centres[:1]]).astype(np.float32)
    got = memberships(pixels, centres, fuzziness)
    assert ((got >= 0) & (got <= 1)).all()
    np.testing.assert_allclose(got.sum(axis=1), 1, atol=1e-5)


def test_predict_refuses_other_bands_and_nan() -> None:
    model = {"centres": TRUE, "fuzziness": np.array(2.0)}
    with pytest.raises(ModelMismatch, match="has 3 bands"):
        FuzzyCMeans(3).predict(np.zeros((4, 2), dtype=np.float32), model)
    with pytest.raises(ValueError, match="must be finite"):
        FuzzyCMeans(3).predict(np.full((4, 3), np.nan, dtype=np.float32), model)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_clusters": 1}, r"n_clusters` must be a whole number of at least 2. Got 1"),
        ({"n_clusters": 2.5}, r"Got 2\.5"),
        ({"fuzziness": 1.0}, "fuzziness` must be above 1"),
        ({"sample_every": 0}, "sample_every"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"restarts": 0}, "restarts"),
        ({"tolerance": 0.0}, "tolerance"),
        ({"centres": [[0.1, 0.2]]}, r"must have 8 spectra, as `target.n_clusters` says. Got 1"),
        ({"centres": 7}, "centres must be a list"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build("target", name="fuzzy_c_means", **options)


@pytest.mark.real
def test_real_scene_any_seed_finds_the_same_clusters(real_data) -> None:  # type: ignore[no-untyped-def]
    with rasterio.open(real_data / "t18svg_20160112_l1c_20m.tif") as file:
        pixels = file.read().reshape(6, -1).T[::224].astype(np.float32) / 10_000
    bands = [f"band{i}" for i in range(1, 7)]
    centres = [FuzzyCMeans().fit(pixels, bands=bands, seed=seed)["centres"] for seed in (0, 1)]
    np.testing.assert_allclose(centres[0], centres[1], atol=2e-3)
    assert (np.diff(centres[0].mean(axis=1)) > 0).all()
    shares = FuzzyCMeans().predict(pixels, {"centres": centres[0], "fuzziness": np.array(2.0)}).mean(axis=0)
    assert (shares > 0.01).all()  # no empty cluster
