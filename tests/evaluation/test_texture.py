from __future__ import annotations

from math import pi

import numpy as np
import pytest
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern

from rsgraph.evaluation.texture import (
    binary_patterns,
    bounding_boxes,
    co_occurrence,
    pattern_similarities,
    texture_differences,
)

ANGLES = (0.0, pi / 4, pi / 2, 3 * pi / 4)


def whole(levels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One segment that fills the chip."""
    labels = np.ones(levels.shape, dtype=np.int32)
    return levels.astype(np.uint8), labels, bounding_boxes(labels, 1)


def test_boxes_are_known() -> None:
    labels = np.array([[0, 2, 2, 0], [0, 2, 1, 0], [4, 0, 1, 1]], dtype=np.int32)
    found = bounding_boxes(labels, 5)
    np.testing.assert_array_equal(found, [[1, 2, 2, 2], [0, 1, 2, 2], [0, 0, 0, 0], [2, 0, 1, 1], [0, 0, 0, 0]])
    assert bounding_boxes(labels * 0, 0).shape == (0, 4)


def test_co_occurrence_of_the_example_in_scikit_image() -> None:
    levels, labels, boxes = whole(np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]]))
    found = co_occurrence(levels, labels, boxes, distances=(1, 2), angles=(0, pi / 2), prop="contrast")
    np.testing.assert_allclose(found, [[0.58333333, 1.0, 1.25, 2.75]])


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 1), (9, 4)])
@pytest.mark.parametrize("prop", ["contrast", "dissimilarity", "homogeneity"])
def test_co_occurrence_of_small_boxes_equals_scikit_image(shape: tuple[int, int], prop: str) -> None:
    levels, labels, boxes = whole(np.random.default_rng(0).integers(0, 256, shape))
    angles = (*ANGLES, 4.0)
    found = co_occurrence(levels, labels, boxes, distances=(1, 3), angles=angles, prop=prop)
    matrix = graycomatrix(levels, (1, 3), angles, 256)
    np.testing.assert_allclose(found[0], graycoprops(matrix, prop).ravel(), atol=1e-9)


def test_pairs_with_nodata_are_not_counted() -> None:
    levels = np.array([[10, 10, 0, 40, 40]], dtype=np.uint8)
    labels = np.array([[1, 1, 0, 1, 1]], dtype=np.int32)
    boxes = bounding_boxes(labels, 1)
    assert co_occurrence(levels, labels, boxes, distances=(1,), angles=(0,), prop="contrast")[0, 0] == 0
    assert co_occurrence(levels, labels, boxes, distances=(3,), angles=(0,), prop="contrast")[0, 0] == 30**2
    assert co_occurrence(levels, labels, boxes, distances=(4,), angles=(0,), prop="contrast")[0, 0] == 30**2
    labels[0, 3:] = 0
    assert co_occurrence(levels, labels, boxes, distances=(3,), angles=(0,), prop="contrast")[0, 0] == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (6, 1), (9, 14)])
@pytest.mark.parametrize(
    ("points", "radius", "method"),
    [(8, 1.0, "uniform"), (8, 1.0, "default"), (24, 3.0, "uniform"), (6, 1.7, "default")],
)
@pytest.mark.parametrize("kind", ["random", "flat", "few levels"])
def test_patterns_equal_scikit_image(
    shape: tuple[int, int], points: int, radius: float, method: str, kind: str
) -> None:
    most = {"random": 256, "flat": 1, "few levels": 3}[kind]  # flat: the last bit of the interpolation decides
    levels, labels, boxes = whole(np.random.default_rng(1).integers(0, most, shape) + (77 if most < 256 else 0))
    found = binary_patterns(levels, labels, boxes, points=points, radius=radius, method=method)
    codes = local_binary_pattern(levels, points, radius, method).astype(int)
    bins = points + 2 if method == "uniform" else 2**points
    np.testing.assert_allclose(found[0], np.bincount(codes.ravel(), minlength=bins) / codes.size, atol=1e-7)


def test_large_boxes_equal_scikit_image_also_where_they_are_flat() -> None:
    levels, labels, boxes = whole(np.full((90, 140), 201))
    levels[40:60, 100:] = np.random.default_rng(2).integers(200, 203, (20, 40))
    found = binary_patterns(levels, labels, boxes, points=8, radius=1.0, method="default")
    codes = local_binary_pattern(levels, 8, 1.0).astype(int)
    np.testing.assert_allclose(found[0], np.bincount(codes.ravel(), minlength=256) / codes.size, atol=1e-7)


def test_nodata_has_no_patterns_and_is_zero_to_its_neighbours() -> None:
    levels = np.array([[9, 9, 9], [9, 200, 9], [9, 9, 9]], dtype=np.uint8)
    labels = np.ones((3, 3), dtype=np.int32)
    labels[1, 1] = 0
    found = binary_patterns(levels, labels, bounding_boxes(labels, 1), points=8, radius=1.0, method="uniform")
    codes = local_binary_pattern(np.where(labels, levels, 0).astype(np.uint8), 8, 1.0, "uniform").astype(int)
    np.testing.assert_allclose(found[0], np.bincount(codes[labels > 0], minlength=10) / 8, atol=1e-7)


def test_labels_without_pixels_have_zeros() -> None:
    levels, labels = np.ones((2, 2), dtype=np.uint8), np.full((2, 2), 2, dtype=np.int32)
    boxes = bounding_boxes(labels, 2)
    found = binary_patterns(levels, labels, boxes, points=8, radius=1.0, method="uniform")
    np.testing.assert_allclose(found.sum(axis=1), [0, 1])
    assert binary_patterns(levels, labels * 0, boxes[:0], points=8, radius=1, method="uniform").shape == (0, 10)
    assert co_occurrence(levels, labels, boxes, distances=(1,), angles=(0,), prop="contrast").tolist() == [[0], [0]]


def test_differences_are_averaged_over_offsets_after_taking_them() -> None:
    values = np.array([[1.0, 5.0], [3.0, 2.0]])
    np.testing.assert_array_equal(texture_differences(values, np.array([[0, 1], [1, 1]])), [2.5, 0])


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("intersection", 0.4),
        ("cosine", 0.24 / 0.44),
        ("correlation", -0.01 / 0.19),
        ("bhattacharyya", 2 * 0.12**0.5),
    ],
)
def test_comparisons_of_histograms_are_known(comparison: str, expected: float) -> None:
    histograms = np.array([[0.6, 0.2, 0.2, 0], [0.2, 0.6, 0, 0.2], [0, 0, 0, 1]], dtype=np.float32)
    found = pattern_similarities(histograms, np.array([[0, 1], [1, 1]]), comparison=comparison)
    np.testing.assert_allclose(found, [expected, 1], atol=1e-6)
