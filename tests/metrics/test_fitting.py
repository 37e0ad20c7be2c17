"""A fitted metric."""

from __future__ import annotations

import numpy as np
import pytest

from rsgraph import build
from rsgraph.metrics.fitting import Fitted, fit_metric, rms_length

RNG = np.random.default_rng(0)
FEATURES = np.concatenate([RNG.normal(size=(300, 3)) * [1.0, 20.0, 0.1], np.full((300, 1), 7.0)], axis=1)
PAIRS = np.stack([np.arange(299), np.arange(1, 300)])


def test_vectors_are_about_one_long() -> None:
    vectors = fit_metric(build("metric", name="touching"), FEATURES, PAIRS, seed=0).apply(FEATURES)
    assert rms_length(vectors) == pytest.approx(1.0)
    assert rms_length(np.zeros((3, 2))) == 1.0


def test_constant_features_count_for_nothing() -> None:
    fitted = fit_metric(build("metric", name="touching"), FEATURES, PAIRS, seed=0)
    other = FEATURES.copy()
    other[:, 3] = 70.0
    np.testing.assert_array_equal(fitted.apply(other), fitted.apply(FEATURES))


def test_the_unit_of_a_feature_does_not_matter() -> None:
    metric = build("metric", name="touching")
    scaled = FEATURES * [1.0, 1000.0, 0.01, 1.0]
    one, two = (fit_metric(metric, each, PAIRS, seed=0).apply(each) for each in (FEATURES, scaled))
    np.testing.assert_allclose(one, two, atol=1e-6)


def test_arrays_give_the_same_metric_back() -> None:
    fitted = fit_metric(build("metric", name="none"), FEATURES, PAIRS, seed=0)
    arrays = fitted.arrays("own+gnn1")
    assert set(arrays) == {"own+gnn1.mean", "own+gnn1.weight", "own+gnn1.matrix"}
    np.testing.assert_array_equal(Fitted.of_arrays(arrays, "own+gnn1").apply(FEATURES), fitted.apply(FEATURES))


def test_all_equal_segments_are_at_no_distance() -> None:
    same = np.ones((4, 2))
    vectors = fit_metric(build("metric", name="touching"), same, PAIRS[:, :3], seed=0).apply(same)
    np.testing.assert_array_equal(vectors, 0.0)
