from __future__ import annotations

import numpy as np
import pytest
from skimage.segmentation import slic

from rsgraph.errors import ConfigError
from rsgraph.segmenters.connectivity import relabel_connected
from rsgraph.segmenters.preparation import standardise
from rsgraph.segmenters.slic import Slic, slic_superpixels
from tests.segmenters.test_segmenters import masks, patches


def test_labels_refine_scikit_image() -> None:
    values = patches(64, 64, 4, seed=0)
    valid = masks(64, 64, "all")
    image = standardise(values, valid)
    theirs = slic(
        np.moveaxis(image, 0, -1),
        n_segments=60,
        compactness=0.3 / float(np.ptp(image)),
        convert2lab=False,
        enforce_connectivity=False,
        channel_axis=-1,
    )
    ours, _ = slic_superpixels(values, valid, 60, compactness=0.3, sigma=0.0, min_size=1)
    pairs = np.unique(np.stack([ours.ravel(), theirs.ravel()]), axis=1)
    assert len(np.unique(pairs[0])) == pairs.shape[1]  # each of ours lies in one of theirs


def test_boundaries_follow_a_strong_edge() -> None:
    values = np.zeros((2, 60, 60), dtype=np.float32)
    values[:, :, 23:] = 1.0
    found = Slic(n_segments=36).segment(values, masks(60, 60, "all"), chip_pixels=3600)
    assert not set(np.unique(found.labels[:, :23])) & set(np.unique(found.labels[:, 23:]))


def test_compactness_moves_from_the_image_to_squares() -> None:
    values = patches(96, 96, 3, seed=1) + np.random.default_rng(1).normal(0, 0.2, (3, 96, 96)).astype(np.float32)
    valid = masks(96, 96, "all")
    borders = []
    for compactness in (0.05, 0.5, 20.0):
        labels = Slic(n_segments=80, compactness=compactness).segment(values, valid, chip_pixels=9216).labels
        borders.append((labels[1:] != labels[:-1]).sum() + (labels[:, 1:] != labels[:, :-1]).sum())
    assert borders[0] > borders[1] > borders[2]


def test_masked_image_where_scikit_image_leaves_pieces() -> None:
    values = patches(96, 96, 3, seed=2)
    valid = masks(96, 96, "disc") & (np.arange(96) % 12 > 1)[:, None]
    theirs = slic(
        np.moveaxis(standardise(values, valid), 0, -1),
        n_segments=40,
        compactness=0.05,
        mask=valid,
        convert2lab=False,
        enforce_connectivity=False,
        channel_axis=-1,
    )
    ours = Slic(n_segments=60).segment(values, valid, chip_pixels=9216)
    assert relabel_connected(theirs, theirs > 0)[1] > len(np.unique(theirs[theirs > 0]))
    assert relabel_connected(ours.labels, valid)[1] == ours.n_segments


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"compactness` must be above 0\. Got 0"):
        Slic(compactness=0)
    with pytest.raises(ConfigError, match="sigma` must be at least 0 pixels"):
        Slic(sigma=-1)
