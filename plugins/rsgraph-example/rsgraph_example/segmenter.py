"""Segments that ignore the image."""

from __future__ import annotations

import numpy as np
from skimage.measure import label

from rsgraph.protocols import Segmenter
from rsgraph.types import Floats, Mask, Segmentation


class Stripes(Segmenter):
    """Horizontal stripes, cut where there are no data.

    Parameters
    ----------
    height
        Rows of pixels.
    """

    def __init__(self, height: int = 8) -> None:
        self.height = height

    def segment(self, values: Floats, valid: Mask, *, chip_pixels: int) -> Segmentation:
        """Number the connected pieces of the stripes."""
        stripes = 1 + np.arange(valid.shape[0])[:, None] // self.height
        labels, n = label(np.where(valid, stripes, 0), connectivity=1, return_num=True)
        return Segmentation(labels.astype(np.int32), int(n))
