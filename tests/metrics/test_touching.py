"""The metric learnt from touching segments."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph import build
from rsgraph.errors import ConfigError
from rsgraph.metrics.touching import within_cover


def two_covers(n: int = 400) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A strip of segments, half of each cover: feature 0 tells them apart, feature 1 is loud noise, 2 quiet noise."""
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(n, 3)) * [0.1, 3.0, 0.1]
    noise[n // 2 :, 0] += 1.0
    return noise, np.stack([np.arange(n - 1), np.arange(1, n)])


def test_touching_makes_little_of_what_differs_between_neighbours() -> None:
    features, pairs = two_covers()
    vectors = features @ build("metric", name="touching").fit(features, pairs)
    within = vectors[:200].std(axis=0).mean()
    between = np.abs(vectors[:200].mean(axis=0) - vectors[200:].mean(axis=0)).max()
    assert between > 5 * within
    raw = features[:200].std(axis=0).max()
    assert np.abs(features[:200].mean(axis=0) - features[200:].mean(axis=0)).max() < raw, "hidden before"


def test_touching_is_the_inverse_root_of_the_covariance_within_covers() -> None:
    features, pairs = two_covers()
    matrix = build("metric", name="touching", ridge=0.05).fit(features, pairs)
    within = within_cover(features[pairs[0]] - features[pairs[1]], rounds=3, kept=0.5, ridge=0.05)
    np.testing.assert_allclose(np.linalg.inv(matrix @ matrix), within + 0.05 * np.eye(3), atol=1e-9)
    assert np.trace(within) == pytest.approx(3.0)


def test_pairs_across_a_border_drop_out() -> None:
    rng = np.random.default_rng(1)
    inside, across = rng.normal(size=(300, 2)) * [0.1, 1.0], rng.normal(size=(60, 2)) * 0.1 + [5.0, 0.0]
    found = within_cover(np.concatenate([inside, across]), rounds=3, kept=0.5, ridge=0.02)
    assert found[0, 0] < 0.1 < found[1, 1]
    of_all = within_cover(np.concatenate([inside, across]), rounds=0, kept=0.5, ridge=0.02)
    assert of_all[0, 0] > 1.0


def test_rounds_end_when_they_choose_the_same_again() -> None:
    differences = np.random.default_rng(2).normal(size=(50, 2))
    once, ever = (within_cover(differences, rounds=rounds, kept=0.5, ridge=0.02) for rounds in (200, 10**9))
    np.testing.assert_array_equal(once, ever)


def test_without_pairs_every_feature_counts_as_it_is() -> None:
    matrix = build("metric", name="touching").fit(np.ones((1, 4)), np.empty((2, 0), dtype=np.int64))
    np.testing.assert_array_equal(matrix, np.eye(4))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounds": -1}, "`rounds` must be"),
        ({"kept": 0.0}, "`kept` must be"),
        ({"ridge": 0.0}, "`ridge` must be"),
        ({"ridge": np.inf}, "`ridge` must be"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        build("metric", name="touching", **options)
