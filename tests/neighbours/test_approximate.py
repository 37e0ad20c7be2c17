from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from rsgraph.neighbours import approximate
from rsgraph.neighbours.approximate import approximate_nearest


def clouds(n: int, dimensions: int = 16) -> np.ndarray:
    """Segments of some kinds, each varying along a few directions, as embeddings do."""
    rng = np.random.default_rng(0)
    centres, axes = rng.normal(size=(12, dimensions)), rng.normal(size=(12, 4, dimensions))
    kind = rng.integers(0, 12, n)
    along = np.einsum("nk,nkd->nd", rng.normal(size=(n, 4)), axes[kind])
    return (centres[kind] * 3 + along + 0.05 * rng.normal(size=(n, dimensions))).astype(np.float32)


def test_approximate_nearest_equal_scikit_learns() -> None:
    points = clouds(700)
    rows, distances = approximate_nearest(points, 6, seed=0)
    expected, places = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(points).kneighbors(points)
    np.testing.assert_array_equal(rows, places[:, 1:])
    np.testing.assert_allclose(distances, expected[:, 1:], rtol=1e-3)


def test_many_rows_find_nearly_all_neighbours_by_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    points = clouds(6000)
    exact, _ = approximate_nearest(points, 8, seed=0)
    monkeypatch.setattr(approximate, "EXACT", 1000)
    monkeypatch.setattr(approximate, "_LEAF", 100)
    found, distances = approximate_nearest(points, 8, seed=0)
    recall = np.mean([len(set(a) & set(b)) / 8 for a, b in zip(exact, found, strict=True)])
    assert recall > 0.95
    assert not np.any(found == np.arange(len(points))[:, None])
    assert np.all(np.diff(distances, axis=1) >= 0)
    np.testing.assert_array_equal(found, approximate_nearest(points, 8, seed=0)[0])


def test_trees_find_k_others_even_where_all_rows_are_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "EXACT", 100)
    monkeypatch.setattr(approximate, "_LEAF", 20)
    rows, distances = approximate_nearest(np.zeros((400, 3), dtype=np.float32), 12, seed=0)
    assert all(len(set(found)) == 12 for found in rows.tolist())
    assert not np.any(rows == np.arange(400)[:, None])
    np.testing.assert_array_equal(distances, 0)


def test_progress_counts_rows_and_may_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approximate, "EXACT", 1000)
    calls: list[tuple[int, int]] = []
    approximate_nearest(clouds(2000), 3, seed=0, progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, 2000 * 8)
    assert calls[-1] == (2000 * 8, 2000 * 8)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_the_search_can_be_cancelled_at_any_step(monkeypatch: pytest.MonkeyPatch) -> None:
    points = clouds(600)

    def cancel(done: int, total: int) -> None:
        if done > 0:
            raise InterruptedError

    for most in (10_000, 100):
        monkeypatch.setattr(approximate, "EXACT", most)
        with pytest.raises(InterruptedError):
            approximate_nearest(points, 3, seed=0, progress=cancel)
