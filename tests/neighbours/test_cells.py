from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree

from rsgraph.neighbours.cells import cut, find_nearest


@given(seed=st.integers(0, 10**6), n=st.integers(1, 300), d=st.integers(1, 20), far=st.sampled_from([0.0, 30.0]))
@settings(max_examples=30, deadline=None)
def test_find_nearest_equals_scipy(seed: int, n: int, d: int, far: float) -> None:
    rng = np.random.default_rng(seed)
    rows = (rng.normal(size=(n, d)) * rng.random(d) + far).astype(np.float32)
    queries = (rng.normal(size=(40, d)) + far).astype(np.float32)
    k = min(7, n)
    indices, distances = find_nearest(cut(rows, seed=seed), queries, k)
    expected = cKDTree(rows).query(queries, k=[*range(1, k + 1)])[0]
    np.testing.assert_allclose(distances, expected, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(queries[:, None] - rows[indices], axis=2), distances, atol=1e-4)


def test_find_nearest_never_takes_the_row_itself_but_its_copies() -> None:
    rows = np.repeat(np.eye(4, dtype=np.float32), 3, axis=0)
    indices, distances = find_nearest(cut(rows, seed=0), rows, 2, np.arange(12))
    assert [sorted(row) for row in indices.tolist()] == [
        [other for other in range(12) if other // 3 == row // 3 and other != row] for row in range(12)
    ]
    np.testing.assert_array_equal(distances, 0)


@pytest.mark.parametrize("n", [1, 2, 50])
def test_find_nearest_of_constant_rows_is_at_zero(n: int) -> None:
    rows = np.full((n, 3), 0.3, np.float32)
    np.testing.assert_allclose(find_nearest(cut(rows, seed=0), rows, min(n, 4))[1], 0, atol=1e-6)


def test_find_nearest_does_not_depend_on_the_cells() -> None:
    rows = np.random.default_rng(0).normal(size=(500, 6)).astype(np.float32)
    first, second = (find_nearest(cut(rows, seed=seed), rows[:100], 9)[0] for seed in (0, 1))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("d", [9, 64])
def test_find_nearest_gives_each_query_the_same_bits_whatever_comes_with_it(d: int) -> None:
    rng = np.random.default_rng(0)
    cells = cut(rng.normal(size=(90, d)).astype(np.float32), seed=0)
    queries = rng.normal(size=(300, d)).astype(np.float32)
    together = find_nearest(cells, queries, 5)[1]
    for size in (1, 3, 17, 50):
        apart = [find_nearest(cells, queries[first : first + size], 5)[1] for first in range(0, 300, size)]
        np.testing.assert_array_equal(np.concatenate(apart), together)
