"""Square cells: the baseline that knows nothing of the image."""

from __future__ import annotations

import numpy as np

from rsgraph.errors import ConfigError
from rsgraph.protocols import Seams, Segmenter
from rsgraph.segmenters.connectivity import relabel_connected
from rsgraph.segmenters.preparation import cells, check_n_segments, smallest_segment
from rsgraph.types import Floats, Labels, Mask, Segmentation


def grid_cells(valid: Mask, n_cells: int, *, min_size: int) -> tuple[Labels, int]:
    """Divide an image into about ``n_cells`` nearly square cells, cut off where it is not valid.

    ``n_cells`` counts the whole rectangle, valid or not; remainders of fewer than ``min_size`` pixels join the
    neighbour with the longest shared border. Returns as ``relabel_connected``.
    """
    if not valid.any():
        return np.zeros(valid.shape, dtype=np.int32), 0
    return relabel_connected(cells(valid.shape, n_cells), valid, min_size=min_size)


class Grid(Segmenter):
    """Square cells that ignore the image (the baseline for the other segmenters).

    Parameters
    ----------
    n_segments
        Cells in a whole chip: 500 in 256 x 256 pixels gives 22 x 23 cells of about 11 x 12 pixels.
    seams
        ``chip``; squares are not stitched.

    Raises
    ------
    ConfigError
        ``n_segments`` is not a whole number of at least 1, or ``seams`` is not ``chip``.
    """

    def __init__(self, n_segments: int = 500, seams: Seams = "chip") -> None:
        check_n_segments(n_segments)
        if seams != "chip":
            raise ConfigError(
                "`segmenter.seams` must be chip for segmenter=grid, whose squares have straight borders anyway. "
                f"Got {seams!r}; segmenter=slic and others can be stitched."
            )
        self.n_segments = n_segments
        self.seams = seams

    def segment(self, values: Floats, valid: Mask, *, chip_pixels: int) -> Segmentation:
        """As ``Segmenter.segment``."""
        n_cells = max(1, round(self.n_segments * valid.size / chip_pixels))
        labels, n = grid_cells(valid, n_cells, min_size=smallest_segment(self.n_segments, chip_pixels))
        return Segmentation(labels, n)
