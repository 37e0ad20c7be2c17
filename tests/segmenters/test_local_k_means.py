"""The k-means of SLIC gives scikit-image's labels."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.segmentation import slic

from rsgraph.segmenters.local_k_means import local_k_means


def smooth(bands: int, rows: int, columns: int, seed: int = 0) -> NDArray[np.float32]:
    """Patches and noise, from 0 to 1."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((bands, rows // 16 + 1, columns // 16 + 1)).repeat(16, axis=1).repeat(16, axis=2)
    image = coarse[:, :rows, :columns] + 0.1 * rng.random((bands, rows, columns))
    image -= image.min()
    return (image / image.max()).astype(np.float32)


@pytest.mark.parametrize(
    ("bands", "rows", "columns", "n_centres"),
    [
        *[(12, 96, 96, 70), (3, 70, 131, 60), (1, 40, 33, 20), (13, 33, 64, 700), (4, 1, 50, 6), (5, 9, 7, 1)],
        *[(12, 48, 48, 30), (3, 40, 64, 20)],  # centres are seen from farther than twice the step between them
    ],
)
@pytest.mark.parametrize("compactness", [0.25, 0.03])
def test_labels_are_those_of_scikit_image(
    bands: int, rows: int, columns: int, n_centres: int, compactness: float
) -> None:
    image = smooth(bands, rows, columns)
    image.flat[:2] = 0, 1  # scikit-image's stretch leaves it as it is
    found = local_k_means(image * np.float32(1 / compactness), n_centres)
    peer = slic(
        np.moveaxis(image, 0, -1),
        n_segments=n_centres,
        compactness=compactness,
        convert2lab=False,
        enforce_connectivity=False,
        channel_axis=-1,
    )
    np.testing.assert_array_equal(found, peer)


def test_pixels_of_one_colour_fall_into_rectangles() -> None:
    labels = local_k_means(np.zeros((2, 40, 60), dtype=np.float32), 6)
    assert np.unique(labels).tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(np.bincount(labels.ravel())[1:], 400, rtol=0.11)  # pixels between two go to the first
    for label in range(1, 7):
        rows, columns = np.nonzero(labels == label)
        assert len(rows) == len(np.unique(rows)) * len(np.unique(columns))


def test_the_image_stays_as_it_is() -> None:
    image = smooth(3, 30, 30)
    before = image.copy()
    local_k_means(image, 9)
    np.testing.assert_array_equal(image, before)
