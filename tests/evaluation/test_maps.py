from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness as peer

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.maps import continuity, trustworthiness
from rsgraph.evaluation.ranks import Metric


def space(n: int = 150, d: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors, and a map that keeps two of their dimensions and some noise."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(1, 1, (n, d)).astype(np.float32)
    return vectors, (vectors[:, :2] + rng.normal(0, 0.3, (n, 2))).astype(np.float32)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 15, 74])
def test_trustworthiness_and_continuity_are_scikit_learns(metric: Metric, k: int) -> None:
    vectors, points = (part.astype(np.float64) for part in space())
    found = trustworthiness(vectors, points, k=k, metric=metric)
    assert found.value == pytest.approx(peer(vectors, points, n_neighbors=k, metric=metric), abs=1e-9)
    distances = cdist(vectors, vectors, metric)
    swapped = _continuity(distances, cdist(points, points), k)
    assert continuity(vectors, points, k=k, metric=metric).value == pytest.approx(swapped, abs=1e-9)
    assert found.error == 0
    assert found.k == k


def _continuity(space: np.ndarray, on_map: np.ndarray, k: int) -> float:
    """By the formula, with all ranks sorted."""
    n, lost = len(space), 0
    for row in range(n):
        order, there = (np.argsort(np.where(np.arange(n) == row, np.inf, each[row])) for each in (space, on_map))
        lost += sum(max(0, list(there).index(other) + 1 - k) for other in order[:k])
    return 1 - 2 * lost / (n * k * (2 * n - 3 * k - 1))


def test_continuity_is_trustworthiness_with_the_spaces_exchanged() -> None:
    vectors, points = space()
    found = continuity(vectors, points, metric="euclidean").value
    assert found == trustworthiness(points, vectors, metric="euclidean").value
    assert found != trustworthiness(vectors, points, metric="euclidean").value


def test_distances_give_the_same_as_their_vectors() -> None:
    vectors, points = space()
    distances = cdist(vectors, vectors, "cosine")
    for measure in (trustworthiness, continuity):
        assert measure(distances, points, metric="precomputed") == measure(vectors, points)


def test_a_faithful_map_has_one_and_a_shuffled_one_about_a_half() -> None:
    _, points = space(400)
    shuffled = np.random.default_rng(1).permutation(points)
    for measure in (trustworthiness, continuity):
        assert measure(points, points * 3 + 1, metric="euclidean").value == 1
        assert measure(points, shuffled, metric="euclidean").value == pytest.approx(0.5, abs=0.03)


def test_cutting_a_ring_loses_continuity_and_not_trust_and_folding_it_the_contrary() -> None:
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    cut = np.stack([angle, 0 * angle], axis=1)
    folded = np.stack([ring[:, 0], 0 * angle], axis=1)
    assert trustworthiness(ring, cut, k=10).value > continuity(ring, cut, k=10).value
    assert trustworthiness(ring, folded, k=10).value < continuity(ring, folded, k=10).value


def test_a_sample_is_within_its_error_of_the_whole_and_the_same_for_the_same_seed() -> None:
    vectors, points = space(600)
    whole = trustworthiness(vectors, points)
    drawn = [trustworthiness(vectors, points, sample=100, seed=seed) for seed in range(40)]
    assert drawn[0] == trustworthiness(vectors, points, sample=100, seed=0) != drawn[1]
    values = np.array([each.value for each in drawn])
    errors = np.array([each.error for each in drawn])
    assert np.mean(np.abs(values - whole.value) < 2 * errors) > 0.85
    assert values.std(ddof=1) == pytest.approx(errors.mean(), rel=0.4)
    assert trustworthiness(vectors, points, sample=600) == whole


def test_small_maps_take_fewer_neighbours() -> None:
    vectors, points = space(8)
    found = trustworthiness(vectors, points)
    assert found.k == 3
    assert found.value == pytest.approx(peer(vectors, points, n_neighbors=3, metric="cosine"), abs=1e-9)


def test_what_does_not_fit_is_said() -> None:
    vectors, points = space(20)
    with pytest.raises(ConfigError, match="one per vector"):
        trustworthiness(vectors, points[:5])
    with pytest.raises(ConfigError, match="`k` must be at least 1"):
        continuity(vectors, points, k=0)
    with pytest.raises(ConfigError, match="`sample` must be at least 1"):
        continuity(vectors, points, sample=0)
    with pytest.raises(NotUsable, match="a map of 2 points"):
        trustworthiness(vectors[:2], points[:2])
