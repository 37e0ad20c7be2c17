from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from rsgraph.graphs.features import areas, centroids, segment_means

LABELS = np.array([[1, 1, 0], [2, 1, 0]], dtype=np.int32)


def test_segment_means_of_a_small_map() -> None:
    maps = np.array([[[1, 2, np.nan], [7, 6, np.inf]], [[0, 0, 5], [1, 3, 5]]], dtype=np.float32)
    np.testing.assert_array_equal(segment_means(maps, LABELS, 2), [[3, 1], [7, 1]])  # nodata does not count


def test_areas_and_centroids_of_a_small_map() -> None:
    np.testing.assert_array_equal(areas(LABELS, 2), [3, 1])
    np.testing.assert_allclose(centroids(LABELS, 2), [[1 / 3, 2 / 3], [1, 0]], rtol=1e-6)


def test_absent_labels_get_zero() -> None:
    assert segment_means(np.ones((2, 2, 3), dtype=np.float32), LABELS, 4)[2:].tolist() == [[0, 0], [0, 0]]
    assert areas(LABELS, 4).tolist() == [3, 1, 0, 0]
    assert centroids(LABELS, 4)[2:].tolist() == [[0, 0], [0, 0]]


def test_no_segment_and_no_map() -> None:
    empty = np.zeros((2, 3), dtype=np.int32)
    assert segment_means(np.ones((5, 2, 3), dtype=np.float32), empty, 0).shape == (0, 5)
    assert centroids(empty, 0).shape == (0, 2)
    assert areas(empty, 0).shape == (0,)
    assert segment_means(np.ones((0, 2, 3), dtype=np.float32), LABELS, 2).shape == (2, 0)


@settings(deadline=None)
@given(st.integers(1, 70), st.integers(1, 20), st.integers(1, 20), st.booleans(), st.integers(0, 10_000))
def test_segment_means_equal_scipy(maps: int, rows: int, columns: int, last: bool, seed: int) -> None:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 4, (rows, columns)).astype(np.int32)
    n = int(labels.max())
    values = generator.normal(0, 1, (maps, rows, columns)).astype(np.float32)
    present = np.setdiff1d(np.unique(labels), [0])
    expected = np.array([ndimage.mean(values[d].astype(np.float64), labels, present) for d in range(maps)]).T
    given_values = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 0, -1)), -1, 0) if last else values
    got = segment_means(given_values, labels, n)
    np.testing.assert_allclose(got[present - 1], expected.reshape(len(present), maps), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("maps", [1, 7, 8, 60, 64])
def test_both_layouts_agree(maps: int) -> None:
    generator = np.random.default_rng(maps)
    labels = generator.integers(0, 9, (20, 30)).astype(np.int32)
    values = generator.normal(0, 1, (maps, 20, 30)).astype(np.float32)
    beside = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, 0, -1)), -1, 0)
    expected = np.stack([ndimage.mean(one.astype(np.float64), labels, range(1, 9)) for one in values], axis=1)
    for given_values in (values, beside, beside[:, :, :25], values[:, :, :25]):
        cut = labels[:, : given_values.shape[2]]
        got = segment_means(given_values, np.ascontiguousarray(cut), 8)
        if cut.shape == labels.shape:
            np.testing.assert_allclose(got, expected, atol=1e-6)
        else:
            np.testing.assert_allclose(got, segment_means(values[:, :, :25].copy(), cut, 8), atol=1e-6)


def test_sums_do_not_lose_small_values_beside_large_ones() -> None:
    maps = np.full((1, 1, 100_001), 0.1, dtype=np.float32)
    maps[0, 0, 0] = 1e6
    got = segment_means(maps, np.ones((1, 100_001), dtype=np.int32), 1)
    assert got[0, 0] == pytest.approx((1e6 + 1e5 * float(np.float32(0.1))) / 100_001, rel=1e-6)


def test_strided_views_give_the_same_means() -> None:
    generator = np.random.default_rng(0)
    maps = generator.random((6, 8, 10), dtype=np.float32)
    labels = generator.integers(0, 5, (8, 10)).astype(np.int32)
    window = (slice(1, 7), slice(2, 9))
    expected = segment_means(maps[:, *window].copy(), labels[window].copy(), 4)
    np.testing.assert_allclose(segment_means(maps[:, *window], labels[window], 4), expected, rtol=1e-6)
    np.testing.assert_allclose(segment_means(maps[::2, *window], labels[window], 4), expected[:, ::2], rtol=1e-6)


@settings(deadline=None)
@given(st.integers(0, 10_000))
def test_centroids_equal_scipy(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 4, (7, 5)).astype(np.int32)
    labels[0, :3] = 1, 2, 3
    expected = ndimage.center_of_mass(np.ones(labels.shape), labels, [1, 2, 3])
    np.testing.assert_allclose(centroids(labels, 3), expected, rtol=1e-6)


def test_threads_give_the_same_bits() -> None:
    generator = np.random.default_rng(0)
    maps = generator.random((16, 64, 64), dtype=np.float32)
    labels = generator.integers(0, 30, (64, 64)).astype(np.int32)
    expected = segment_means(maps, labels, 29).tobytes()
    with ThreadPoolExecutor(4) as pool:
        assert {m.tobytes() for m in pool.map(lambda _: segment_means(maps, labels, 29), range(16))} == {expected}


def test_labels_out_of_range_and_other_shapes_are_refused() -> None:
    maps = np.ones((2, 2, 3), dtype=np.float32)
    for function in (
        lambda n: segment_means(maps, LABELS, n),
        lambda n: areas(LABELS, n),
        lambda n: centroids(LABELS, n),
    ):
        with pytest.raises(ValueError, match=r"must lie in 0 \.\.\. 1. Got 0 \.\.\. 2"):
            function(1)
    with pytest.raises(ValueError, match="must have shape"):
        segment_means(maps[:, :1], LABELS, 2)
