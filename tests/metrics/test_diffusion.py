"""Diffusion over touching segments."""

from __future__ import annotations

import numpy as np

from rsgraph.metrics.diffusion import diffused, median_distance


def test_diffusion_runs_within_a_cover_and_stops_at_its_border() -> None:
    vectors = np.array([[0.0], [0.2], [0.1], [9.0], [9.2]])
    pairs = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])
    found = diffused(vectors, pairs, median=median_distance(vectors, pairs), rounds=3)
    assert np.ptp(found[:3]) < 0.1 < np.ptp(vectors[:3])
    assert found[2] < 0.2
    assert found[3] > 9.0


def test_one_round_is_the_weighted_mean_of_the_formula() -> None:
    vectors = np.array([[0.0], [3.0]])
    weight = np.exp(-((3 / 1.5) ** 2))
    found = diffused(vectors, np.array([[0], [1]]), median=1.0, rounds=1)
    np.testing.assert_allclose(found[:, 0], [3 * weight / (1 + weight), 3 / (1 + weight)])


def test_without_pairs_nothing_moves() -> None:
    vectors, none = np.ones((3, 2)), np.empty((2, 0), dtype=np.int64)
    np.testing.assert_array_equal(diffused(vectors, none, median=1.0, rounds=3), vectors)
    assert median_distance(vectors, none) == 1.0
