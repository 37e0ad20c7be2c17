"""Whitening."""

from __future__ import annotations

import numpy as np
import pytest

from rsgraph import build
from rsgraph.errors import ConfigError


def test_whitening_makes_features_uncorrelated_and_equally_loud() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(2000, 3)) @ np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 0.5], [0.0, 0.0, 0.3]])
    matrix = build("metric", name="whitening", ridge=1e-9).fit(features, np.empty((2, 0), dtype=np.int64))
    covariance = np.cov((features @ matrix).T, bias=True)
    np.testing.assert_allclose(covariance / covariance[0, 0], np.eye(3), atol=1e-6)


@pytest.mark.parametrize("ridge", [-1.0, np.inf])
def test_an_impossible_ridge_is_refused(ridge: float) -> None:
    with pytest.raises(ConfigError, match="`ridge` must be above 0, and finite"):
        build("metric", name="whitening", ridge=ridge)
