from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.prediction import suggestion
from rsgraph.prediction.suggestion import least_certain, margins, most_different

PROBABILITIES = np.array(
    [[0.5, 0.5, 0], [1, 0, 0], [0.6, 0.3, 0.1], [0, 0, 0], [0.3, 0.4, 0.3], [0, 1, 0]], np.float32
)


def naive(vectors: np.ndarray, codes: np.ndarray, limit: int) -> np.ndarray:
    points = vectors.astype(np.float64)
    distance = ((points[:, None] - points[codes > 0]) ** 2).sum(axis=-1).min(axis=1)
    distance[codes > 0] = -1
    queue = []
    for _ in range(min(limit, int((codes == 0).sum()))):
        queue.append(int(distance.argmax()))
        distance = np.minimum(distance, ((points - points[queue[-1]]) ** 2).sum(axis=1))
        distance[queue] = -1
    return np.array(queue)


def test_least_certain_orders_by_margin_ties_stable_and_leaves_out_labels() -> None:
    np.testing.assert_array_equal(least_certain(PROBABILITIES, np.array([0, 0, 0, 0, 0, 0])), [0, 3, 4, 2, 1, 5])
    np.testing.assert_array_equal(least_certain(PROBABILITIES, np.array([0, 1, 0, 2, 0, 0])), [0, 4, 2, 5])


def test_margin_of_a_single_class_is_its_probability() -> None:
    np.testing.assert_array_equal(margins(np.array([[1], [0]], np.float32)), [1, 0])


@pytest.mark.parametrize("n_labelled", [1, 40, 700])
@pytest.mark.parametrize("pool", [60, 16_384])
def test_most_different_is_the_naive_queue(monkeypatch: pytest.MonkeyPatch, n_labelled: int, pool: int) -> None:
    monkeypatch.setattr(suggestion, "_POOL", pool)
    monkeypatch.setattr(suggestion, "_SKETCH", 16)
    monkeypatch.setattr(suggestion, "_SAMPLE", 64)
    rng = np.random.default_rng(n_labelled)
    vectors = (rng.normal(size=(1500, 6)) + 4 * rng.integers(0, 4, 1500)[:, None] + 1000).astype(np.float32)
    codes = np.zeros(1500, dtype=np.int16)
    codes[rng.choice(1500, n_labelled, replace=False)] = rng.integers(1, 4, n_labelled)
    found = most_different(vectors, codes, limit=80)
    np.testing.assert_array_equal(found, naive(vectors, codes, 80))


def test_a_class_that_nobody_labelled_comes_first() -> None:
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 600)
    vectors = (rng.normal(size=(600, 5)) + 20 * np.eye(3)[kind] @ np.ones((3, 5)) * kind[:, None]).astype(np.float32)
    codes = np.where((kind < 2) & (np.arange(600) < 300), kind + 1, 0)
    assert kind[most_different(vectors, codes, limit=1)[0]] == 2


def test_without_labels_the_first_is_drawn_and_the_rest_are_farthest() -> None:
    vectors = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    codes = np.zeros(200, dtype=np.int64)
    found = most_different(vectors, codes, limit=20, seed=5)
    np.testing.assert_array_equal(found, most_different(vectors, codes, limit=20, seed=5))
    codes[found[0]] = 1
    np.testing.assert_array_equal(found[1:], naive(vectors, codes, 19))


def test_the_queue_has_every_unlabelled_row_once_even_where_all_are_copies() -> None:
    codes = np.array([1, 0, 0, 2, 0])
    assert sorted(most_different(np.ones((5, 2), np.float32), codes, limit=99).tolist()) == [1, 2, 4]
    assert len(most_different(np.ones((2, 2), np.float32), np.array([1, 1]), limit=5)) == 0
    assert sorted(most_different(np.ones((3, 2), np.float32), np.zeros(3, int), limit=9).tolist()) == [0, 1, 2]


def test_progress_counts_the_queue_and_may_cancel() -> None:
    vectors, codes = np.random.default_rng(0).normal(size=(90, 3)).astype(np.float32), np.ones(90, int)
    codes[10:] = 0
    calls: list[tuple[int, int]] = []
    most_different(vectors, codes, limit=4, progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, 4)
    assert calls[-1] == (4, 4)
    assert {total for _, total in calls} == {4}

    def cancel(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        most_different(vectors, codes, limit=4, progress=cancel)


def test_limits_and_shapes_that_do_not_fit_are_said() -> None:
    with pytest.raises(ConfigError, match="`limit` must be at least 1"):
        most_different(np.ones((3, 2), np.float32), np.zeros(3, int), limit=0)
    with pytest.raises(ConfigError, match=r"`vectors` must have shape"):
        most_different(np.ones(3, np.float32), np.zeros(3, int), limit=1)
    with pytest.raises(ConfigError, match=r"`codes` must have one entry per segment, \(6,\)"):
        least_certain(PROBABILITIES, np.zeros(5, int))
