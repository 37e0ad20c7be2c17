"""SLIC superpixels on all bands: the nodes of the paper's graph."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import slic

from rsgraph.errors import ConfigError
from rsgraph.segmenters.connectivity import relabel_connected
from rsgraph.segmenters.preparation import expected_segments, standardise, valid_box
from rsgraph.types import Floats, Labels, Mask, Segmentation


def slic_superpixels(
    values: Floats, valid: Mask, n_segments: int, *, compactness: float, sigma: float, min_size: int
) -> tuple[Labels, int]:
    """Cut an image into about ``n_segments`` connected superpixels by SLIC.

    Parameters
    ----------
    values
        (bands, rows, columns) float32, finite where valid; any unit.
    valid
        (rows, columns).
    n_segments
        Asked for; a grid of seeds and the merging of small pieces change it by some percent.
    compactness, sigma
        As in Slic.
    min_size
        Pieces of fewer pixels join the most similar piece that they touch.

    Returns
    -------
    labels
        (rows, columns) int32: 1 ... n, each connected, 0 where not valid.
    n
        Number of segments.
    """
    if not valid.any():
        return np.zeros(valid.shape, dtype=np.int32), 0
    box = valid_box(valid)
    inside = valid[box]
    image = standardise(values[:, *box], inside, sigma=sigma)
    labels = np.zeros(valid.shape, dtype=np.int32)
    labels[box], n = relabel_connected(
        _slic(image, inside, n_segments, compactness), inside, image, min_size=min_size
    )
    return labels, n


def _slic(image: Floats, valid: Mask, n_segments: int, compactness: float) -> NDArray[np.int64]:
    """Call scikit-image, undoing its stretch to 0-1, so that compactness keeps its meaning in every chip."""
    spread = float(image[:, valid].max() - image[:, valid].min())
    with warnings.catch_warnings():
        # seeding in a mask: a seed that gets no pixels is harmless, the piece is simply absent
        warnings.filterwarnings("ignore", message="One of the clusters is empty", category=UserWarning)
        labels: NDArray[np.int64] = slic(
            np.moveaxis(image, 0, -1),
            n_segments=n_segments,
            compactness=compactness / (spread or 1.0),
            mask=None if valid.all() else valid,
            convert2lab=False,
            enforce_connectivity=False,
            channel_axis=-1,
        )
    return labels


class Slic:
    """SLIC superpixels on all bands, masked and connected (the paper's segments, N = 500).

    Simple linear iterative clustering (Achanta et al. 2012, doi:10.1109/TPAMI.2012.120): k-means in space
    and colour together, each pixel looking only at the seeds near it. The paper gives N = 500 and is
    silent on the rest.

    What was chosen: all bands are standardised within the chip (see ``standardise``), so that the result
    does not depend on the unit of the values, and so that the dark bands count as much as the bright ones;
    the colour distance is the root mean square over the bands, so that ``compactness`` does not depend on
    their number.

    Parameters
    ----------
    n_segments
        Segments asked for in a whole chip; smaller valid areas get proportionally fewer. 500 in a chip of
        256 x 256 pixels gives segments of about 11 x 11 pixels. The paper tested 200, 500 and 800 (Table 5).
    compactness
        Weight of the shape against the spectrum: one segment width weighs as much as ``compactness``
        standard deviations of the bands. Small: boundaries follow the image and get ragged; large: squares.
    sigma
        Width of a Gaussian smoothing beforehand, in pixels. 0: none.

    Raises
    ------
    ConfigError
        A parameter is out of range.
    """

    def __init__(self, n_segments: int = 500, compactness: float = 0.5, sigma: float = 0.0) -> None:
        if n_segments < 1:
            raise ConfigError(
                f"`segmenter.n_segments` must be at least 1. Got {n_segments}; the paper uses 500."
            )
        if not compactness > 0:
            raise ConfigError(f"`segmenter.compactness` must be above 0. Got {compactness}; try 0.5.")
        if not sigma >= 0:
            raise ConfigError(f"`segmenter.sigma` must be at least 0 pixels. Got {sigma}; 0 smooths nothing.")
        self.n_segments = n_segments
        self.compactness = compactness
        self.sigma = sigma

    def segment(self, values: Floats, valid: Mask, *, chip_pixels: int) -> Segmentation:
        """Segment (bands, rows, columns); ``n_segments`` refers to a whole chip of ``chip_pixels`` pixels."""
        wanted = expected_segments(self.n_segments, valid, chip_pixels)
        min_size = max(1, chip_pixels // (4 * self.n_segments))
        labels, n = slic_superpixels(
            values, valid, wanted, compactness=self.compactness, sigma=self.sigma, min_size=min_size
        )
        return Segmentation(labels, n)
