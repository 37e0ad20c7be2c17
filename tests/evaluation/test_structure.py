from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import structural_similarity
from skimage.transform import resize

from rsgraph.evaluation.structure import content_grids, structural_similarities
from rsgraph.evaluation.texture import bounding_boxes


def grids_of(grey: np.ndarray, labels: np.ndarray, side: int, outside: str = "mean") -> np.ndarray:
    boxes = bounding_boxes(labels, int(labels.max()))
    return content_grids(grey.astype(np.float32), labels, boxes, side=side, outside=outside)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (11, 11), (5, 30), (40, 23)])
@pytest.mark.parametrize("side", [3, 8, 11])
def test_grids_equal_those_of_resize(shape: tuple[int, int], side: int) -> None:
    grey = np.random.default_rng(0).random(shape).astype(np.float32)
    expected = resize(grey.astype(float), (side, side), order=1, mode="edge", anti_aliasing=False)
    np.testing.assert_allclose(grids_of(grey, np.ones(shape, np.int32), side)[0], expected, atol=1e-7)


def test_what_is_not_the_segment_is_its_mean_or_nothing() -> None:
    labels = np.array([[1, 1, 2], [1, 0, 2], [1, 2, 2]], dtype=np.int32)
    grey = np.array([[0.1, 0.2, 0.9], [0.3, 0.5, 0.9], [0.4, 0.8, 0.8]])
    one, two = grids_of(grey, labels, 3)
    # the first box has two columns: the middle of three is the mean of both
    np.testing.assert_allclose(one, [[0.1, 0.15, 0.2], [0.3, 0.275, 0.25], [0.4, 0.325, 0.25]], atol=1e-6)
    np.testing.assert_allclose(two, [[0.85, 0.875, 0.9], [0.85, 0.875, 0.9], [0.8, 0.8, 0.8]], atol=1e-6)
    np.testing.assert_allclose(grids_of(grey, labels, 3, "zero")[0][:, 2], [0.2, 0, 0], atol=1e-7)


def test_labels_without_pixels_have_zeros() -> None:
    labels = np.full((4, 4), 2, dtype=np.int32)
    found = grids_of(np.ones((4, 4)), labels, 3)
    assert (found[0] == 0).all()
    assert (found[1] == 1).all()


@pytest.mark.parametrize(("side", "window"), [(3, 3), (7, 7), (11, 3), (11, 5), (16, 7), (9, 9)])
def test_similarities_equal_scikit_image(side: int, window: int) -> None:
    rng = np.random.default_rng(1)
    grids = rng.random((12, side, side), dtype=np.float32)
    grids[6:] = grids[:6] + 0.05 * rng.random((6, side, side), dtype=np.float32)
    pairs = rng.integers(0, 12, (30, 2))
    found = structural_similarities(grids, pairs, window=window, k1=0.01, k2=0.03)
    expected = [
        structural_similarity(*grids[pair].astype(float), win_size=window, data_range=1.0, K1=0.01, K2=0.03)
        for pair in pairs
    ]
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_similarity_of_two_flat_grids_is_known() -> None:
    grids = np.stack([np.full((8, 8), 0.25), np.full((8, 8), 0.5)]).astype(np.float32)
    found = structural_similarities(grids, np.array([[0, 1], [1, 0], [0, 0]]), window=3, k1=0.01, k2=0.03)
    luminance = (2 * 0.125 + 1e-4) / (0.0625 + 0.25 + 1e-4)
    np.testing.assert_allclose(found, [luminance, luminance, 1], atol=1e-12)
