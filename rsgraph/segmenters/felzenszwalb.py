"""Felzenszwalb and Huttenlocher's graph-based segments, with the scale chosen for the number of segments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError
from rsgraph.protocols import Seams, Segmenter
from rsgraph.segmenters.connectivity import relabel_connected, root
from rsgraph.segmenters.preparation import (
    check_n_segments,
    check_seams,
    expected_segments,
    smallest_segment,
    standardise,
)
from rsgraph.types import Floats, Labels, Mask, Segmentation

SCALES = (1e-3, 1e4)
"""Between these the scale is searched, in standard deviations of the bands times pixels."""


def pixel_edges(image: Floats, valid: Mask) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Connect the valid pixels along their sides.

    Returns
    -------
    edges
        (edges, 2) int64 flat pixel numbers, by increasing weight (ties in raster order).
    weights
        (edges,) float32: Euclidean distance of the two spectra.
    """
    number = np.arange(valid.size).reshape(valid.shape)
    across = valid[:, :-1] & valid[:, 1:]
    down = valid[:-1] & valid[1:]
    edges = np.concatenate(
        [
            np.stack([number[:, :-1][across], number[:, 1:][across]], axis=1),
            np.stack([number[:-1][down], number[1:][down]], axis=1),
        ]
    )
    spectra = np.moveaxis(image, 0, -1).reshape(valid.size, -1)
    weights = np.sqrt(((spectra[edges[:, 0]] - spectra[edges[:, 1]]) ** 2).sum(axis=1))
    order = np.argsort(weights, kind="stable")
    return edges[order], weights[order]


@compiled()
def merge_pixels(edges: Any, weights: Any, n_pixels: int, scale: float, min_size: int) -> Any:
    r"""Merge pixels along edges of increasing weight, then the regions that are too small.

    Two regions merge where the edge between them weighs no more than
    :math:`\min(\mathrm{Int}(R_1) + k / |R_1|, \mathrm{Int}(R_2) + k / |R_2|)`, with Int the heaviest edge
    inside a region and k the scale.

    Parameters
    ----------
    edges, weights
        As ``pixel_edges`` returns them, of ``n_pixels`` pixels.
    scale
        k: larger gives larger regions.
    min_size
        Regions with fewer pixels join a neighbour, along the lightest edge.

    Returns
    -------
    regions, count
        (n_pixels,) int64: number of one pixel of the region; number of regions, pixels without edges among them.
    """
    parents = np.arange(n_pixels)
    sizes = np.ones(n_pixels, dtype=np.int64)
    inside = np.zeros(n_pixels)
    count = n_pixels
    for small_only in (False, True):
        for edge in range(weights.size):
            a, b = root(parents, edges[edge, 0]), root(parents, edges[edge, 1])
            if a == b:
                continue
            if small_only:
                join = sizes[a] < min_size or sizes[b] < min_size
            else:
                join = weights[edge] < min(inside[a] + scale / sizes[a], inside[b] + scale / sizes[b])
            if join:
                parents[b] = a
                sizes[a] += sizes[b]
                inside[a] = weights[edge]
                count -= 1
    for pixel in range(n_pixels):
        parents[pixel] = root(parents, pixel)
    return parents, count


def felzenszwalb_regions(
    values: Floats, valid: Mask, n_segments: int, *, sigma: float, min_size: int
) -> tuple[Labels, int]:
    """Cut an image into about ``n_segments`` regions, searching the scale by bisection.

    The number of regions falls with the scale, nearly always; its logarithm is bisected until the number is
    within 2 % of ``n_segments``, at most 16 times (the edges are sorted only once, so that a step costs
    milliseconds).

    Parameters
    ----------
    values, valid
        (bands, rows, columns) float32, finite where valid, in any unit; (rows, columns).
    n_segments
        Asked for. An image may hold fewer: one of a constant colour is one region.
    sigma
        As in Felzenszwalb.
    min_size
        Regions of fewer pixels join a neighbour.

    Returns
    -------
    labels, n
        As ``relabel_connected``.
    """
    if not valid.any():
        return np.zeros(valid.shape, dtype=np.int32), 0
    edges, weights = pixel_edges(standardise(values, valid, sigma=sigma), valid)
    outside = int(valid.size - valid.sum())
    low, high = np.log(SCALES)
    best, closest = np.zeros(valid.size, dtype=np.int64), np.inf
    for _ in range(16):
        middle = (low + high) / 2
        scale = float(np.exp(middle))
        regions, count = merge_pixels(edges, weights, valid.size, scale=scale, min_size=min_size)
        surplus = count - outside - n_segments
        if abs(surplus) < closest:
            best, closest = regions, abs(surplus)
        if closest <= 0.02 * n_segments:
            break
        low, high = (middle, high) if surplus > 0 else (low, middle)
    return relabel_connected(best.reshape(valid.shape), valid)


class Felzenszwalb(Segmenter):
    """Graph-based regions that follow contrast, of very unequal size, about N of them.

    Felzenszwalb and Huttenlocher 2004, doi:10.1023/B:VISI.0000022288.19776.77. A lake may be one segment
    and a town a hundred: this suits labelling of large homogeneous objects, less the comparison of chips
    segment by segment.

    What was chosen: bands are standardised within the chip; pixels are connected along their sides only
    (scikit-image also takes the diagonals), so that every segment is connected in the sense of all
    segmenters; regions are unequal by nature and may have an eighth of the mean size (with a quarter, as the
    other segmenters have it, N was out of reach on some chips); the scale is searched for each chip, since
    what a number of segments costs differs from chip to chip.

    Parameters
    ----------
    n_segments
        Segments to aim at in a whole chip; smaller valid areas get proportionally fewer.
    sigma
        Width of a Gaussian smoothing beforehand, in pixels. 0.8 is the authors' value.
    seams
        As of ``Slic``.
    """

    def __init__(self, n_segments: int = 500, sigma: float = 0.8, seams: Seams = "chip") -> None:
        check_n_segments(n_segments)
        check_seams(seams)
        if not sigma >= 0:
            raise ConfigError(f"`segmenter.sigma` must be at least 0 pixels. Got {sigma}; 0.8 is usual.")
        self.n_segments = n_segments
        self.sigma = sigma
        self.seams = seams

    def segment(self, values: Floats, valid: Mask, *, chip_pixels: int) -> Segmentation:
        """As ``Segmenter.segment``."""
        labels, n = felzenszwalb_regions(
            values,
            valid,
            expected_segments(self.n_segments, valid, chip_pixels),
            sigma=self.sigma,
            min_size=max(1, smallest_segment(self.n_segments, chip_pixels) // 2),
        )
        return Segmentation(labels, n)
