from __future__ import annotations

import numpy as np
import pytest
from skimage.segmentation import felzenszwalb

from rsgraph.errors import ConfigError
from rsgraph.segmenters.felzenszwalb import Felzenszwalb, felzenszwalb_regions, merge_pixels, pixel_edges
from tests.segmenters.test_segmenters import masks, patches


def test_edges_are_sorted_and_avoid_nodata() -> None:
    image = np.array([[[0.0, 3.0, 5.0], [1.0, 9.0, 9.0]]], dtype=np.float32)
    valid = np.array([[1, 1, 1], [1, 0, 1]], dtype=bool)
    edges, weights = pixel_edges(image, valid)
    assert edges.tolist() == [[0, 3], [1, 2], [0, 1], [2, 5]]
    assert weights.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize("scale", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("min_size", [1, 6])
def test_merging_equals_scikit_image_with_its_neighbourhood(scale: float, min_size: int) -> None:
    image = np.random.default_rng(0).random((2, 30, 20))  # no two weights are equal: the order is the same
    number = np.arange(600).reshape(30, 20)
    pairs = [
        (number[:, 1:], number[:, :-1]),
        (number[1:], number[:-1]),
        (number[1:, 1:], number[:-1, :-1]),
        (number[1:, :-1], number[:-1, 1:]),
    ]
    edges = np.concatenate([np.stack([a.ravel(), b.ravel()], axis=1) for a, b in pairs])
    flat = image.reshape(2, -1).T
    weights = np.sqrt(((flat[edges[:, 0]] - flat[edges[:, 1]]) ** 2).sum(axis=1))
    order = np.argsort(weights)
    ours, count = merge_pixels(edges[order], weights[order], 600, scale=scale, min_size=min_size)
    theirs = felzenszwalb(
        np.moveaxis(image, 0, -1), scale=scale * 255, sigma=0, min_size=min_size, channel_axis=-1
    ).ravel()
    assert count == len(np.unique(theirs))
    assert np.unique(np.stack([ours, theirs]), axis=1).shape[1] == count  # the same partition


def test_scale_is_found_for_the_number_of_segments() -> None:
    values = np.random.default_rng(0).random((3, 100, 100), dtype=np.float32).cumsum(axis=1).cumsum(axis=2)
    valid = np.ones((100, 100), dtype=bool)
    for wanted in (20, 60, 150):
        _, n = felzenszwalb_regions(values, valid, wanted, sigma=0.8, min_size=10)
        assert n == pytest.approx(wanted, rel=0.1)


def test_flat_areas_are_one_segment_each() -> None:
    values = np.zeros((2, 40, 40), dtype=np.float32)
    values[:, :, 20:] = 1.0
    found = Felzenszwalb(n_segments=2, sigma=0.0).segment(values, masks(40, 40, "all"), chip_pixels=1600)
    assert found.n_segments == 2
    assert (found.labels[:, :20] == 1).all()


def test_patches_are_recovered() -> None:
    values = patches(64, 64, 4, seed=3)
    found = Felzenszwalb(n_segments=40, sigma=0.0).segment(values, masks(64, 64, "all"), chip_pixels=4096)
    inside = [np.unique(found.labels[r + 1 : r + 7, c + 1 : c + 7]) for r in range(0, 64, 8) for c in range(0, 64, 8)]
    assert np.mean([len(labels) == 1 for labels in inside]) > 0.9


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="sigma` must be at least 0 pixels"):
        Felzenszwalb(sigma=-0.1)
