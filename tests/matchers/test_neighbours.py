from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.matchers.neighbours import nearest, unit_rows


@given(seed=st.integers(0, 10**6), count=st.integers(1, 12), k=st.integers(1, 15))
def test_nearest_equals_sorting_all(seed: int, count: int, k: int) -> None:
    matrix = np.random.default_rng(seed).integers(0, 4, (count, count)).astype(np.float32)  # many ties
    found = nearest(matrix, k)
    for row in range(count):
        others = sorted((j for j in range(count) if j != row), key=lambda j: (-matrix[row, j], j))
        assert found[row].tolist() == others[:k]


def test_unit_rows_keeps_zeros_and_does_not_underflow() -> None:
    rows = np.array([[0, 0], [3e-30, 4e-30], [-3e30, 0]], dtype=np.float32)
    np.testing.assert_allclose(unit_rows(rows), [[0, 0], [0.6, 0.8], [-1, 0]], rtol=1e-6)
