from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from rsgraph.errors import ConfigError
from rsgraph.matchers.mean import Mean


def test_match_known_answer() -> None:
    a = np.array([[1, 0], [0, 1]], dtype=np.float32)
    b = np.array([[3, 3]], dtype=np.float32)
    c = np.array([[0, 1]], dtype=np.float32)
    found = Mean(k=1).match([a, b, c])
    half = np.sqrt(0.5)
    np.testing.assert_allclose(found.matrix, [[1, 1, half], [1, 1, half], [half, half, 1]], atol=1e-6)
    np.testing.assert_array_equal(found.indices, [[1], [0], [0]])
    assert found.solved == 0


def test_match_equals_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    chips = [rng.normal(size=(n, 6)).astype(np.float32) for n in (3, 9, 1, 4)]
    expected = cosine_similarity([chip.mean(axis=0) for chip in chips])
    np.testing.assert_allclose(Mean().match(chips).matrix, expected, atol=1e-6)


def test_match_empty_chip_and_zero_mean_have_similarity_zero() -> None:
    found = Mean().match([np.zeros((0, 2)), np.array([[1, 1], [-1, -1]]), np.ones((1, 2))])
    np.testing.assert_array_equal(found.matrix, np.eye(3, dtype=np.float32))


def test_match_one_chip_and_no_chip() -> None:
    assert Mean().match([np.ones((2, 3))]).indices.shape == (1, 0)
    assert Mean().match([]).indices.shape == (0, 0)


def test_mean_refuses_bad_k() -> None:
    with pytest.raises(ConfigError, match="`k`"):
        Mean(k=0)
