"""Marker-controlled watershed on the gradient of all bands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_position, sobel
from skimage.segmentation import watershed

from rsgraph.errors import ConfigError
from rsgraph.protocols import Seams, Segmenter
from rsgraph.segmenters.connectivity import relabel_connected
from rsgraph.segmenters.preparation import cells, check_n_segments, check_seams, smallest_segment, standardise
from rsgraph.types import Floats, Labels, Mask, Segmentation


def gradient(image: Floats, valid: Mask) -> NDArray[np.float32]:
    r"""Return the gradient of all bands, :math:`\sqrt{\sum_b (\partial_r z_b)^2 + (\partial_c z_b)^2}`.

    By Sobel filters; (rows, columns), per pixel. Where not valid, the mean of the valid pixels is put in,
    so that the edge of the data is no edge of the image to first order.

    ``image`` is what ``standardise`` returns; at least one pixel is valid.
    """
    filled = np.where(valid, image, image[:, valid].mean(axis=1)[:, None, None])
    squared = np.zeros(valid.shape, dtype=np.float32)
    for band in filled:
        squared += (sobel(band, axis=0) / 8) ** 2 + (sobel(band, axis=1) / 8) ** 2
    return np.sqrt(squared)


def markers(height: NDArray[np.float32], valid: Mask, n_cells: int) -> Labels:
    """Mark the lowest valid pixel of every cell of a grid; (rows, columns) int32, 0 elsewhere."""
    cell = np.where(valid, cells(valid.shape, n_cells), 0)
    numbers = np.unique(cell[cell > 0])
    rows, columns = np.array(minimum_position(height, cell, numbers)).T
    marked = np.zeros(valid.shape, dtype=np.int32)
    marked[rows, columns] = numbers
    return marked


def watershed_basins(
    values: Floats, valid: Mask, n_cells: int, *, compactness: float, sigma: float, min_size: int
) -> tuple[Labels, int]:
    """Flood the gradient from one marker per grid cell.

    ``n_cells`` counts the cells of the grid of markers in the whole rectangle, valid or not; all else is as in
    ``slic_superpixels``.
    """
    if not valid.any():
        return np.zeros(valid.shape, dtype=np.int32), 0
    image = standardise(values, valid, sigma=sigma)
    height = gradient(image, valid)
    basins = watershed(height, markers(height, valid, n_cells), mask=valid, compactness=compactness)
    return relabel_connected(basins, valid, image, min_size=min_size)


class Watershed(Segmenter):
    """Marker-controlled watershed on the gradient of all bands.

    One marker per cell of a square grid, on the cell's lowest gradient; each floods its basin until the
    floods meet, on the ridges of the gradient: "waterpixels" (Machairas et al. 2015,
    doi:10.1109/TIP.2015.2451011). Bands are standardised within the chip.

    Parameters
    ----------
    n_segments
        Markers in a whole chip.
    compactness
        Regularity (Neubert and Protzel 2014, doi:10.1109/ICPR.2014.181). 0: boundaries follow only
        the ridges; larger: rounder segments. In gradient units (standard deviations per pixel) per
        pixel of distance.
    sigma
        Width of a Gaussian smoothing beforehand, in pixels.
    seams
        As of ``Slic``.
    """

    overlap = 1.1

    def __init__(
        self, n_segments: int = 500, compactness: float = 0.0, sigma: float = 0.0, seams: Seams = "stitch"
    ) -> None:
        check_n_segments(n_segments)
        check_seams(seams)
        if not compactness >= 0 or not sigma >= 0:
            raise ConfigError(
                "`segmenter.compactness` and `segmenter.sigma` must be at least 0. "
                f"Got {compactness} and {sigma}; 0 switches either off."
            )
        self.n_segments = n_segments
        self.compactness = compactness
        self.sigma = sigma
        self.seams = seams

    def segment(self, values: Floats, valid: Mask, *, chip_pixels: int) -> Segmentation:
        """As ``Segmenter.segment``."""
        labels, n = watershed_basins(
            values,
            valid,
            max(1, round(self.n_segments * valid.size / chip_pixels)),
            compactness=self.compactness,
            sigma=self.sigma,
            min_size=smallest_segment(self.n_segments, chip_pixels),
        )
        return Segmentation(labels, n)
