"""Hexagonal superpixels: an example of an rsgraph component that comes from a third party."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from rsgraph.errors import ConfigError
from rsgraph.protocols import Segmenter
from rsgraph.types import Floats, Mask, Segmentation


def hexagon_ids(rows: int, columns: int, area: float) -> NDArray[np.int64]:
    """Number the hexagons (pointed at the top) of ``area`` pixels that pixels (rows, columns) lie in, from 1."""
    side = np.sqrt(2 * area / np.sqrt(27))
    y, x = np.mgrid[:rows, :columns] / side
    q, r = x / np.sqrt(3) - y / 3, 2 * y / 3  # axial coordinates; the third is -q - r
    cube = np.stack([q, r, -q - r])
    nearest = np.rint(cube)
    worst = np.abs(nearest - cube).argmax(axis=0)[None]  # rounding must keep the sum at 0: correct the worst one
    fixed = np.take_along_axis(nearest, worst, axis=0) - nearest.sum(axis=0)
    np.put_along_axis(nearest, worst, fixed, axis=0)
    _, ids = np.unique(nearest[:2].reshape(2, -1), axis=1, return_inverse=True)
    return ids.reshape(rows, columns) + 1


class Hexagons(Segmenter):
    """Hexagonal cells that ignore the image: six neighbours each, all equally near.

    Parameters
    ----------
    n_segments
        Hexagons in a whole chip, at least 1.
    """

    def __init__(self, n_segments: int = 500) -> None:
        if isinstance(n_segments, bool) or not isinstance(n_segments, int) or n_segments < 1:
            raise ConfigError(f"`n_segments` must be a whole number of at least 1. Got {n_segments!r} instead.")
        self.n_segments = n_segments

    def segment(self, values: Floats, valid: Mask, *, chip_pixels: int) -> Segmentation:
        """Cut the hexagons along the valid mask; each piece that remains is a segment."""
        rows, columns = valid.shape
        ids = hexagon_ids(rows, columns, max(1.0, chip_pixels / self.n_segments))
        labels, n = label(np.where(valid, ids, 0), connectivity=1, return_num=True)
        return Segmentation(labels.astype(np.int32), int(n))
