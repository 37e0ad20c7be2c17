from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import pairwise_distances

from rsgraph.neighbours import examples as module
from rsgraph.neighbours.examples import Reduce, nearest_chips, nearest_rows
from rsgraph.neighbours.rows import Metric
from rsgraph.types import Similarity


def vectors(n: int, seed: int = 0, width: int = 7) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(1, 1, (n, width)).astype(np.float32)


def ranked(
    given: NDArray[np.float32], examples: NDArray[np.int64], metric: Metric, reduce: Reduce
) -> tuple[list[int], NDArray[np.float64]]:
    """Rank all rows by scikit-learn's distances in double precision."""
    distances = pairwise_distances(given.astype(np.float64), given[examples].astype(np.float64), metric=metric)
    distance = distances.min(axis=1) if reduce == "best" else distances.mean(axis=1)
    order = [row for row in np.argsort(distance, kind="stable").tolist() if row not in set(examples.tolist())]
    return order, (1 - distance if metric == "cosine" else distance)[order]


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
@pytest.mark.parametrize("reduce", ["best", "mean"])
@pytest.mark.parametrize("m", [1, 3, 40])
def test_ranks_equal_scikit_learn(monkeypatch: pytest.MonkeyPatch, metric: Metric, reduce: Reduce, m: int) -> None:
    monkeypatch.setattr(module, "BLOCK", 100)
    given = vectors(1_234)
    examples = np.random.default_rng(m).choice(1_234, m, replace=False)
    rows, scores = nearest_rows(given, examples, k=50, metric=metric, reduce=reduce)
    expected_rows, expected_scores = ranked(given, examples, metric, reduce)
    assert rows.tolist() == expected_rows[:50]
    np.testing.assert_allclose(scores, expected_scores[:50], rtol=1e-6, atol=1e-6)


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 10_000), st.sampled_from(["cosine", "euclidean"]))
def test_blocks_change_nothing_and_equals_stand_by_row(n: int, k: int, seed: int, metric: Metric) -> None:
    generator = np.random.default_rng(seed)
    given = generator.integers(-1, 2, (n, 3)).astype(np.float32)  # many equal vectors, and zeros
    examples = np.array([int(generator.integers(n))])
    rows, scores = nearest_rows(given, examples, k=k, metric=metric)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", 4)
        in_blocks = nearest_rows(given, examples, k=k, metric=metric)
    np.testing.assert_array_equal(rows, in_blocks[0])
    np.testing.assert_array_equal(scores, in_blocks[1])
    assert len(rows) == min(k, n - 1)
    assert sorted(set(rows.tolist())) == sorted(rows.tolist())
    better = scores if metric == "euclidean" else -scores
    pairs = list(zip(better.tolist(), rows.tolist(), strict=True))
    assert pairs == sorted(pairs)


def test_equal_vectors_score_alike_wherever_they_stand() -> None:
    given = vectors(1_001, width=64)
    given[[3, 77, 500, 999]] = given[0]
    rows, scores = nearest_rows(given, np.array([0]), k=4)
    assert rows.tolist() == [3, 77, 500, 999]
    assert len(set(scores.tolist())) == 1
    assert scores[0] == pytest.approx(1, abs=1e-12)
    rows, scores = nearest_rows(given, np.array([0]), k=4, metric="euclidean")
    assert rows.tolist() == [3, 77, 500, 999]
    assert scores.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("exclude", [np.array([2, 0]), np.array([True, False, True, False, False])])
def test_excluded_rows_and_examples_are_not_found(exclude: NDArray[Any]) -> None:
    given = np.array([[1, 0], [1, 0], [1, 0.1], [0, 1], [1, 1]], dtype=np.float32)
    assert nearest_rows(given, np.array([1]), k=9, exclude=exclude)[0].tolist() == [4, 3]
    assert nearest_rows(given, np.array([1]), k=9)[0].tolist() == [0, 2, 4, 3]
    assert nearest_rows(given, np.array([1]), k=0)[0].tolist() == []


def test_vectors_of_zeros_and_not_finite() -> None:
    given = np.array([[1, 0], [0, 0], [np.nan, 1], [np.inf, 0], [-1, 0], [3e38, 3e38]], dtype=np.float32)
    rows, scores = nearest_rows(given, np.array([0]), k=9)
    assert rows.tolist() == [5, 1, 4]
    np.testing.assert_allclose(scores, [np.sqrt(0.5), 0, -1])
    rows, scores = nearest_rows(given, np.array([0]), k=9, metric="euclidean")
    assert rows.tolist() == [1, 4, 5]
    np.testing.assert_allclose(scores, [1, 2, 3e38 * np.sqrt(2)])
    assert nearest_rows(given, np.array([1]), k=2)[1].tolist() == [0, 0]  # an example of zeros


def test_a_memory_map_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = vectors(1_000)
    np.save(tmp_path / "gnn2.npy", given)
    mapped = np.load(tmp_path / "gnn2.npy", mmap_mode="r")
    monkeypatch.setattr(module, "BLOCK", 300)
    seen: list[tuple[int, int]] = []
    found = nearest_rows(mapped, np.array([5]), k=7, progress=lambda done, total: seen.append((done, total)))
    np.testing.assert_array_equal(found[0], nearest_rows(given, np.array([5]), k=7)[0])
    assert seen == [(300, 1_000), (600, 1_000), (900, 1_000), (1_000, 1_000)]


def test_progress_may_stop_the_search() -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        nearest_rows(vectors(10), np.array([0]), k=1, progress=stop)


def test_what_cannot_be_searched_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one example"):
        nearest_rows(vectors(3), np.array([], dtype=np.int64), k=1)
    with pytest.raises(ValueError, match=r"`examples` must lie in 0 \.\.\. 2. Got 0 \.\.\. 3"):
        nearest_rows(vectors(3), np.array([0, 3]), k=1)
    with pytest.raises(ValueError, match=r"`metric` must be one of cosine, euclidean. Got 'l1'"):
        nearest_rows(vectors(3), np.array([0]), k=1, metric="l1")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`examples` must be finite"):
        nearest_rows(np.full((2, 2), np.nan, dtype=np.float32), np.array([0]), k=1)


MATRIX = np.array([[1, 0.9, 0.2, 0.4], [0.9, 1, 0.3, 0.4], [0.2, 0.3, 1, 0.8], [0.4, 0.4, 0.8, 1]], dtype=np.float32)


def similarity(k: int, matrix: NDArray[np.float32] | None) -> Similarity:
    others = MATRIX - 2 * np.eye(4, dtype=np.float32)
    indices = np.argsort(-others, axis=1, kind="stable")[:, :k]
    return Similarity(indices, np.take_along_axis(MATRIX, indices, 1), np.zeros((4, k), np.float32), matrix, 0)


def test_chips_by_the_whole_matrix() -> None:
    chips, scores = nearest_chips(similarity(1, MATRIX), np.array([0]), k=3)
    assert chips.tolist() == [1, 3, 2]
    np.testing.assert_allclose(scores, [0.9, 0.4, 0.2])
    assert nearest_chips(similarity(1, MATRIX), np.array([0, 2]), k=1)[0].tolist() == [1]
    assert nearest_chips(similarity(1, MATRIX), np.array([0, 1, 2, 3]), k=3)[0].tolist() == []


def test_chips_by_stored_neighbours_in_both_directions() -> None:
    assert similarity(1, None).indices[:, 0].tolist() == [1, 0, 3, 2]
    assert nearest_chips(similarity(1, None), np.array([0]), k=3)[0].tolist() == [1]
    known = similarity(2, None)
    assert known.indices.tolist() == [[1, 3], [0, 3], [3, 1], [2, 0]]
    chips, scores = nearest_chips(known, np.array([1]), k=3)  # chip 2 names chip 1, not the reverse
    assert chips.tolist() == [0, 3, 2]
    np.testing.assert_allclose(scores, [0.9, 0.4, 0.3])


def test_equal_chips_stand_by_number() -> None:
    even = Similarity(np.empty((3, 0), np.int64), *[np.empty((3, 0), np.float32)] * 2, np.ones((3, 3), np.float32), 0)
    assert nearest_chips(even, np.array([1]), k=2)[0].tolist() == [0, 2]
    with pytest.raises(ValueError, match=r"`examples` must lie in 0 \.\.\. 2"):
        nearest_chips(even, np.array([-1]), k=2)
