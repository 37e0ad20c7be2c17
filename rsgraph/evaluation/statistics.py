"""Colour and texture statistics of small images: the plain description that learnt features have to beat."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.types import Floats

PERCENTILES = (5, 25, 50, 75, 95)
BLOCKS = (2, 4, 8)
"""Sides in pixels of the blocks whose means tell coarse texture from fine."""

SMALLEST = 8
PATTERNS = 10
"""Bins of a local binary pattern: 0 to 8 brighter neighbours in one arc, and all that is no arc."""

_AT_ONCE = 256
_EQUAL = 1e-6
_DIAGONAL = float(np.sqrt(0.5))


def image_statistics(images: Floats) -> Floats:
    """Describe each image by its colours and its texture.

    Per band the mean, the standard deviation, five percentiles, and the mean and standard deviation of the
    length of the gradient; per pair of bands the mean and standard deviation of the normalised difference
    (a - b) / (a + b); and of the brightness (the mean of the bands) the standard deviation of block means of
    2, 4 and 8 pixels and two histograms of local binary patterns, at full and at half resolution.

    Parameters
    ----------
    images
        (n, bands, rows, columns), finite, at least 8 x 8 pixels; reflectance, or any other unit that all share.

    Returns
    -------
    statistics
        (n, F) with F = 9 bands + bands (bands - 1) + 23: 56 for three bands. Everything but the gradient's
        direction is the same for an image that is rotated by quarter turns or mirrored.

    Raises
    ------
    ValueError
        ``images`` has not four axes, or is smaller than 8 x 8.
    """
    if images.ndim != 4 or min(images.shape[2:]) < SMALLEST:
        raise ValueError(
            f"`images` must have shape (n, bands, rows, columns) with at least {SMALLEST} rows and columns. "
            f"Got {images.shape} instead."
        )
    blocks = [_describe(images[first : first + _AT_ONCE]) for first in range(0, len(images), _AT_ONCE)]
    return np.concatenate(blocks) if blocks else np.zeros((0, n_statistics(images.shape[1])), dtype=np.float32)


def n_statistics(n_bands: int) -> int:
    """Return F, how many numbers describe an image of ``n_bands`` bands."""
    return 9 * n_bands + n_bands * (n_bands - 1) + len(BLOCKS) + 2 * PATTERNS


def _describe(images: Floats) -> Floats:
    images = np.ascontiguousarray(images, dtype=np.float32)
    brightness = images.mean(axis=1)
    parts = [
        _levels(images),
        _gradients(images),
        _differences(images),
        _coarseness(brightness),
        pattern_histograms(brightness),
        pattern_histograms(block_means(brightness, 2)),
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def _levels(images: Floats) -> Floats:
    """Return mean, deviation and percentiles per band: (n, 7 bands)."""
    pixels = images.reshape(*images.shape[:2], -1)
    percentiles = np.moveaxis(np.percentile(pixels, PERCENTILES, axis=2), 0, -1).reshape(len(images), -1)
    return np.concatenate([pixels.mean(2), pixels.std(2), percentiles], axis=1)


def _gradients(images: Floats) -> Floats:
    """Return mean and deviation of the gradient's length per band: (n, 2 bands)."""
    down = images[..., 1:, :-1] - images[..., :-1, :-1]
    right = images[..., :-1, 1:] - images[..., :-1, :-1]
    length = np.hypot(down, right)
    return np.concatenate([length.mean((2, 3)), length.std((2, 3))], axis=1)


def _differences(images: Floats) -> Floats:
    """Return mean and deviation of the normalised difference of each pair of bands: (n, bands (bands - 1))."""
    columns: list[Floats] = [np.zeros((len(images), 0), dtype=np.float32)]
    for one, other in combinations(range(images.shape[1]), 2):
        total = images[:, one] + images[:, other]
        index = np.divide(images[:, one] - images[:, other], total, out=np.zeros_like(total), where=total > _EQUAL)
        columns.append(np.stack([index.mean((1, 2)), index.std((1, 2))], axis=1))
    return np.concatenate(columns, axis=1)


def _coarseness(brightness: Floats) -> Floats:
    """Return the deviation of block means per side of block: (n, 3)."""
    return np.stack([block_means(brightness, side).std((1, 2)) for side in BLOCKS], axis=1)


def block_means(images: Floats, side: int) -> Floats:
    """Return the means of blocks of ``side`` x ``side`` pixels; what is left at the right and below is dropped."""
    rows, columns = images.shape[-2] // side, images.shape[-1] // side
    whole = images[..., : rows * side, : columns * side]
    means: Floats = whole.reshape(*images.shape[:-2], rows, side, columns, side).mean((-3, -1))
    return means


def pattern_histograms(images: Floats) -> Floats:
    """Return the shares of rotation-invariant uniform local binary patterns (8 neighbours, radius 1).

    Neighbours on the diagonals are interpolated bilinearly, as scikit-image does; one counts as brighter where it is
    no darker than the pixel itself less 1e-6, so that rounding in an even area makes no pattern. Pixels at the
    border have no whole ring and are left out.

    Parameters
    ----------
    images
        (n, rows, columns).

    Returns
    -------
    shares
        (n, 10): 0 to 8 neighbours brighter in one arc, and any other pattern. Rows sum to 1.

    References
    ----------
    Ojala, Pietikäinen, Mäenpää 2002, doi:10.1109/TPAMI.2002.1017623
    """
    counts = np.zeros((len(images), PATTERNS), dtype=np.int64)
    _count_patterns(np.ascontiguousarray(images, dtype=np.float64), counts)
    shares: NDArray[Any] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares.astype(np.float32)


@compiled()
def _count_patterns(images: Any, counts: Any) -> None:
    ring = np.empty(8, dtype=np.bool_)
    for n in range(images.shape[0]):
        image = images[n]
        for row in range(1, image.shape[0] - 1):
            for column in range(1, image.shape[1] - 1):
                _fill_ring(image, row, column, ring)
                changes, brighter = 0, 0
                for k in range(8):
                    changes += ring[k] != ring[k - 1]
                    brighter += ring[k]
                counts[n, brighter if changes <= 2 else 9] += 1


@compiled()
def _fill_ring(image: Any, row: int, column: int, ring: Any) -> None:
    """Tell for the eight neighbours, counter-clockwise from the right, whether they are no darker."""
    centre = image[row, column] - _EQUAL
    far, near = _DIAGONAL, 1 - _DIAGONAL
    for k in range(4):
        up, right = ((0, 1), (1, 0), (0, -1), (-1, 0))[k]
        ring[2 * k] = image[row - up, column + right] >= centre
        up, right = ((1, 1), (1, -1), (-1, -1), (-1, 1))[k]
        corner = far * far * image[row - up, column + right] + near * near * image[row, column]
        sides = far * near * (image[row - up, column] + image[row, column + right])
        ring[2 * k + 1] = corner + sides >= centre
