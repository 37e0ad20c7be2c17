from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rsgraph.borders import each_once, pairs_among, shared_borders

MAP = np.array([[1, 1, 2], [3, 1, 2], [3, 0, 4]], dtype=np.int32)


def test_shared_borders_of_a_small_map() -> None:
    pairs, lengths = shared_borders(MAP)
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 3]]  # 3 and 4 meet only across nodata
    assert lengths.tolist() == [2, 2, 1]


def test_pairs_among_some_are_numbered_as_these_come() -> None:
    pairs = np.array([[0, 0, 1], [1, 2, 3]])
    assert pairs_among(pairs, np.array([3, 1]), 4).tolist() == [[1], [0]]
    assert pairs_among(pairs, np.array([0, 3]), 4).shape == (2, 0)


def test_shared_borders_without_any() -> None:
    for labels in (
        np.zeros((3, 3), dtype=np.int32),
        np.ones((3, 3), dtype=np.int32),
        np.ones((1, 1), dtype=np.int32),
    ):
        pairs, lengths = shared_borders(labels)
        assert pairs.shape == (0, 2)
        assert lengths.shape == (0,)


@settings(deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 10_000))
def test_shared_borders_do_not_depend_on_orientation(rows: int, columns: int, seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 5, (rows, columns)).astype(np.int32)
    for turned in (np.rot90(labels), labels.T, labels[::-1]):
        for one, two in zip(shared_borders(labels), shared_borders(turned), strict=True):
            np.testing.assert_array_equal(one, two)


def test_pairs_of_several_sets_come_once_and_in_order() -> None:
    found = each_once([np.array([[3, 0], [4, 2]]), np.array([[0, 0], [1, 2]])])
    assert found.tolist() == [[0, 0, 3], [1, 2, 4]]
    assert each_once([]).shape == (2, 0)
