from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from rsgraph.segmenters.connectivity import relabel_connected

TWO_PIECES = np.array([[1, 2, 1], [1, 2, 1]])
ALL = np.ones((2, 3), dtype=bool)


def test_pieces_get_numbers_of_their_own() -> None:
    labels, n = relabel_connected(TWO_PIECES, ALL)
    assert labels.tolist() == [[1, 2, 3], [1, 2, 3]]
    assert n == 3


def test_valid_pixels_without_a_label_are_a_segment_and_nodata_is_none() -> None:
    labels, n = relabel_connected(np.array([[0, 0, 5], [5, 5, 5]]), np.array([[1, 1, 1], [1, 0, 1]], dtype=bool))
    assert labels.tolist() == [[1, 1, 2], [3, 0, 2]]
    assert n == 3


def test_small_piece_joins_the_most_similar_neighbour() -> None:
    labels = np.array([[1, 1, 2, 3, 3]])
    valid = np.ones((1, 5), dtype=bool)
    for value, expected in ((0.2, [[1, 1, 1, 2, 2]]), (0.8, [[1, 1, 2, 2, 2]])):
        values = np.array([[[0, 0, value, 1, 1]]], dtype=np.float32)
        merged, n = relabel_connected(labels, valid, values, min_size=2)
        assert merged.tolist() == expected
        assert n == 2


def test_small_piece_joins_along_the_longest_border_without_values() -> None:
    labels = np.array([[1, 1, 1, 1], [2, 3, 3, 4], [2, 2, 2, 4]])
    merged, n = relabel_connected(labels, np.ones((3, 4), dtype=bool), min_size=3)
    assert merged[1, 1] == merged[2, 1]  # three sides to 2, two to 1, one to 4
    assert n == 2


def test_small_pieces_merge_in_rounds_until_none_is_left() -> None:
    labels = np.arange(64).reshape(8, 8)
    values = np.random.default_rng(0).random((3, 8, 8), dtype=np.float32)
    merged, n = relabel_connected(labels, np.ones((8, 8), dtype=bool), values, min_size=5)
    assert np.bincount(merged.ravel())[1:].min() >= 5
    assert n > 1


def test_islands_stay_however_small() -> None:
    valid = np.array([[1, 0, 1, 1]], dtype=bool)
    labels, n = relabel_connected(np.array([[7, 7, 7, 7]]), valid, min_size=10)
    assert labels.tolist() == [[1, 0, 2, 2]]
    assert n == 2


def test_nothing_valid() -> None:
    labels, n = relabel_connected(TWO_PIECES, ~ALL, min_size=4)
    assert not labels.any()
    assert n == 0


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 8), st.booleans(), st.integers(0, 10_000))
def test_promises_hold(rows: int, columns: int, min_size: int, with_values: bool, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, (rows, columns))
    valid = generator.random((rows, columns)) < 0.8
    values = generator.random((2, rows, columns), dtype=np.float32) if with_values else None
    merged, n = relabel_connected(labels, valid, values, min_size=min_size)
    np.testing.assert_array_equal(merged > 0, valid)
    assert np.unique(merged[valid]).tolist() == list(range(1, n + 1))
    whole, _ = ndimage.label(valid)
    for label in range(1, n + 1):
        inside = merged == label
        assert ndimage.label(inside)[1] == 1
        island = whole == whole[inside][0]
        assert inside.sum() >= min_size or (inside == island).all()
    first = [np.flatnonzero(merged.ravel() == label)[0] for label in range(1, n + 1)]
    assert first == sorted(first)  # numbered by first pixel
    if min_size == 1:
        expected = sum(ndimage.label((labels == label) & valid)[1] for label in range(4))
        assert n == expected


@pytest.mark.parametrize("fragments", [600, 10_000])
def test_a_chip_takes_milliseconds(fragments: int) -> None:
    generator = np.random.default_rng(0)
    seeds = generator.integers(0, 256, (fragments, 2))
    holes = np.ones((256, 256), dtype=bool)
    holes[seeds[:, 0], seeds[:, 1]] = False
    nearest = ndimage.distance_transform_edt(holes, return_distances=False, return_indices=True)
    labels = nearest[0] * 256 + nearest[1]
    values = generator.random((12, 256, 256), dtype=np.float32)
    valid = np.ones((256, 256), dtype=bool)
    relabel_connected(labels, valid, values, min_size=32)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        relabel_connected(labels, valid, values, min_size=32)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.06  # about 5 ms on an idle machine; room for a busy machine
