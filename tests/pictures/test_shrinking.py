from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.pictures.shrinking import shrink, shrink_factor


def test_shrink_factor() -> None:
    assert [shrink_factor(n, 10, 1600) for n in (10, 1600, 1601, 10980)] == [1, 1, 2, 7]


def test_shrink_leaves_out_invalid_pixels() -> None:
    values = np.array([[[1, 3, 5], [1, 99, 7], [2, 2, 99]]], dtype=np.float32)
    valid = values[0] < 99
    means, left = shrink(values, valid, 2)
    np.testing.assert_allclose(means, [[[5 / 3, 6], [2, 0]]])
    np.testing.assert_array_equal(left, [[True, True], [True, False]])


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), factor=st.integers(1, 4))
def test_shrink_equals_means_of_blocks(rows: int, columns: int, factor: int) -> None:
    values = np.random.default_rng(rows * columns).random((2, rows, columns)).astype(np.float32)
    means, _ = shrink(values, np.ones((rows, columns), bool), factor)
    expected = [
        [
            [band[r : r + factor, c : c + factor].mean() for c in range(0, columns, factor)]
            for r in range(0, rows, factor)
        ]
        for band in values
    ]
    np.testing.assert_allclose(means, expected, rtol=1e-5)
