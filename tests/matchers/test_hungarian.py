from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.matchers.hungarian import Hungarian


def chips_of(seed: int, sizes: list[int], features: int = 5) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, features)).astype(np.float32) for n in sizes]


def by_trying_all(a: np.ndarray, b: np.ndarray) -> float:
    a, b = (a, b) if len(a) <= len(b) else (b, a)
    cosine = 1 - cdist(a.astype(float), b.astype(float), "cosine")
    rows = np.arange(len(a))
    return max(cosine[rows, list(chosen)].mean() for chosen in permutations(range(len(b)), len(a)))


def test_match_known_answer() -> None:
    a = np.array([[1, 0], [0, 1]], dtype=np.float32)
    b = np.array([[0, 2], [0, 3]], dtype=np.float32)
    c = np.array([[-1, 0]], dtype=np.float32)
    found = Hungarian(k=2).match([a, b, c])
    np.testing.assert_allclose(found.matrix, [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]], atol=1e-7)
    np.testing.assert_array_equal(found.indices, [[1, 2], [0, 2], [0, 1]])
    np.testing.assert_array_equal(found.error, np.zeros((3, 2), np.float32))
    assert found.solved == 3


@given(seed=st.integers(0, 10**6), n=st.integers(1, 4), m=st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_match_equals_trying_all_permutations(seed: int, n: int, m: int) -> None:
    a, b = chips_of(seed, [n, m])
    assert Hungarian().match([a, b]).matrix[0, 1] == pytest.approx(by_trying_all(a, b), abs=1e-6)


def test_match_equals_scipy_on_large_chips() -> None:
    a, b = chips_of(1, [60, 83], features=16)
    cosine = 1 - cdist(a.astype(float), b.astype(float), "cosine")
    expected = cosine[linear_sum_assignment(cosine, maximize=True)].mean()
    assert Hungarian().match([a, b]).matrix[0, 1] == pytest.approx(expected, abs=1e-6)


@given(seed=st.integers(0, 10**6), sizes=st.lists(st.integers(0, 6), min_size=2, max_size=4))
@settings(max_examples=40, deadline=None)
def test_match_ignores_the_order_of_nodes(seed: int, sizes: list[int]) -> None:
    chips = chips_of(seed, sizes)
    rng = np.random.default_rng(seed)
    first, second = (Hungarian().match(c) for c in (chips, [rng.permutation(chip) for chip in chips]))
    np.testing.assert_allclose(first.matrix, second.matrix, atol=1e-6)
    np.testing.assert_array_equal(first.matrix, first.matrix.T)
    np.testing.assert_array_equal(np.diag(first.matrix), 1.0)
    assert np.abs(first.matrix).max() <= 1.0


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
def test_match_rotated_and_scaled_chip_is_one(scale: float) -> None:
    (chip,) = chips_of(3, [49])
    rotated = np.rot90(chip.reshape(7, 7, 5)).reshape(49, 5) * np.float32(scale)
    assert Hungarian().match([chip, rotated]).matrix[0, 1] == pytest.approx(1.0, abs=1e-6)


def test_match_zero_vectors_and_empty_chips_have_similarity_zero() -> None:
    zero, empty, one = np.zeros((2, 3)), np.zeros((0, 3)), np.ones((2, 3))
    found = Hungarian().match([zero, empty, one, empty])
    np.testing.assert_array_equal(found.matrix, np.eye(4, dtype=np.float32))
    np.testing.assert_array_equal(found.indices, [[1, 2, 3], [0, 2, 3], [0, 1, 3], [0, 1, 2]])
    assert found.solved == 1


def test_match_one_chip_and_no_chip() -> None:
    one = Hungarian().match([np.ones((2, 3), np.float32)])
    assert (one.indices.shape, one.similarities.shape, one.error.shape) == ((1, 0), (1, 0), (1, 0))
    np.testing.assert_array_equal(one.matrix, [[1.0]])
    assert Hungarian().match([]).indices.shape == (0, 0)


def test_match_reports_progress_up_to_the_end() -> None:
    calls: list[tuple[int, int]] = []
    Hungarian().match(chips_of(0, [2] * 8), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(done, 10) for done in range(1, 11)]


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "15"])
def test_hungarian_refuses_bad_k(k: object) -> None:
    with pytest.raises(ConfigError, match="`k` must be a whole number of at least 1"):
        Hungarian(k=k)  # type: ignore[arg-type]  # that is the test


def test_match_refuses_unfit_chips() -> None:
    with pytest.raises(NotUsable, match=r"chip 1 of `nodes` must have shape \(nodes, 3\). Got \(2, 4\)"):
        Hungarian().match([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(NotUsable, match="chip 0 of `nodes` holds NaN"):
        Hungarian().match([np.full((2, 3), np.nan)])


def test_match_tolerance_certifies_every_similarity() -> None:
    chips = chips_of(9, [30, 35, 41, 28, 33, 30], features=6)
    exact, near = Hungarian().match(chips).matrix, Hungarian(tolerance=0.02).match(chips)
    assert near.matrix is not None
    assert near.dual is not None
    assert (near.matrix <= exact + 1e-6).all()
    assert (near.dual >= exact - 1e-6).all()
    assert 0 < (near.dual - near.matrix).max() <= 0.02 + 1e-6
    np.testing.assert_allclose(near.error, np.take_along_axis(near.dual - near.matrix, near.indices, axis=1))
    with pytest.raises(ConfigError, match=r"`tolerance` must be in \[0, 2\]"):
        Hungarian(tolerance=-1)


def test_match_does_not_depend_on_how_pairs_are_cut_into_blocks() -> None:
    chips = chips_of(10, [5] * 70)
    matrix = Hungarian().match(chips).matrix
    for i, j in ((0, 69), (31, 32), (40, 5)):
        assert matrix[i, j] == Hungarian().match([chips[i], chips[j]]).matrix[0, 1]
