"""Preparation of a segmentation: number of segments, crop to valid pixels, bands on one scale."""

from __future__ import annotations

from typing import get_args

import numpy as np
from scipy.ndimage import find_objects, gaussian_filter

from rsgraph.errors import ConfigError
from rsgraph.protocols import Seams
from rsgraph.types import Floats, Labels, Mask

CLIP = 4.0
"""Standard deviations beyond which a band is cut: one bright roof must not set the scale of a chip."""


def expected_segments(n_segments: int, valid: Mask, chip_pixels: int) -> int:
    """Return ``n_segments`` scaled to the valid share of a chip: at least 1, at most one per valid pixel."""
    pixels = int(valid.sum())
    return max(1, min(pixels, round(n_segments * pixels / chip_pixels)))


def smallest_segment(n_segments: int, chip_pixels: int) -> int:
    """Return the size in pixels below which a piece joins a neighbour: a quarter of the mean segment."""
    return max(1, chip_pixels // (4 * n_segments))


def check_n_segments(n_segments: int) -> None:
    """Raise ConfigError unless ``n_segments`` is a whole number of at least 1."""
    if type(n_segments) is not int or n_segments < 1:
        raise ConfigError(
            f"`segmenter.n_segments` must be a whole number of at least 1. Got {n_segments!r}; the paper uses 500."
        )


def check_seams(seams: str) -> None:
    """Raise ConfigError unless ``seams`` is ``chip`` or ``stitch``."""
    if seams not in get_args(Seams):
        raise ConfigError(f"`segmenter.seams` must be one of: {', '.join(get_args(Seams))}. Got {seams!r} instead.")


def cells(shape: tuple[int, ...], n_cells: int) -> Labels:
    """Divide a rectangle into about ``n_cells`` nearly square cells; (rows, columns) int32 numbers from 1."""
    rows, columns = shape
    side = np.sqrt(rows * columns / n_cells)
    down = int(np.clip(round(rows / side), 1, rows))
    across = int(np.clip(round(n_cells / down), 1, columns))
    row, column = np.arange(rows) * down // rows, np.arange(columns) * across // columns
    return (row[:, None] * across + column + 1).astype(np.int32)


def valid_box(valid: Mask) -> tuple[slice, slice]:
    """Return the smallest rectangle (rows, columns) with all valid pixels; there must be one."""
    rows, columns = find_objects(valid.astype(np.uint8))[0]
    return rows, columns


def standardise(values: Floats, valid: Mask, *, sigma: float = 0.0) -> Floats:
    r"""Bring all bands to one scale, so that distances do not depend on the unit or the number of bands.

    .. math:: z_b = \frac{v_b - \bar v_b}{s_b \sqrt{B}}

    with mean and standard deviation over the valid pixels, cut at ``CLIP`` standard deviations. The
    Euclidean distance of two pixels is then the root mean square over the bands. A constant band becomes 0.

    Parameters
    ----------
    values
        (bands, rows, columns), finite where valid.
    valid
        (rows, columns), at least one pixel.
    sigma
        Width in pixels of a Gaussian smoothing beforehand, which takes nothing from pixels that are not
        valid.

    Returns
    -------
    image
        (bands, rows, columns) float32, 0 where not valid.
    """
    from rsgraph.segmenters.one_scale import moments, scale_bands

    values = np.where(valid, values, 0.0)
    if sigma > 0:
        weight = np.maximum(gaussian_filter(valid.astype(np.float32), sigma), 1e-6)
        values = gaussian_filter(values.astype(np.float32), (0.0, sigma, sigma)) / weight
    values = np.ascontiguousarray(values)
    mean, deviation = moments(values, valid)
    noise = 1e-6 * np.abs(mean) + 1e-12  # a constant band has a deviation of rounding errors
    scale = np.where(deviation > noise, deviation, np.inf) * np.sqrt(len(values))
    image = np.zeros(values.shape, dtype=np.float32)
    scale_bands(values, valid, mean, scale, CLIP / np.sqrt(len(values)), image)
    return image
