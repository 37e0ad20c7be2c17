"""The cover over what is not chosen in the scene: grays that follow the picture, so that it turns darker and grayer.

A layer of codes cannot take colour out of the picture below it, but a gray of the picture's own luminance, laid over
it, comes to the same (``rsgraph.brushing.dimming``). One code a gray: the layer stays one byte a pixel.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsgraph.brushing.dimming import cover, luminance

GRAYS = 128
"""Different grays: two steps of the luminance share one, and the cover halves them again."""

_KEPT = 4
"""Windows of which the grays are kept: that in view, and the small picture of the layer list."""

Grays = NDArray[np.uint8]


def gray_colours() -> list[tuple[float, float, float, float]]:
    """Return red, green, blue and opacity, 0-1, of each gray."""
    grays, opacity = cover((np.arange(GRAYS) + 0.5) / GRAYS)
    return [(gray, gray, gray, opacity) for gray in grays.tolist()]


class PictureGrays:
    """Which gray covers each pixel of a picture, found once for each window that is looked at.

    Parameters
    ----------
    pictures
        (rows, columns, 3) uint8 at full size, half, a quarter ...
    """

    def __init__(self, pictures: Sequence[NDArray[np.uint8]]) -> None:
        self.pictures = pictures
        self._kept: OrderedDict[tuple[float, float, float, tuple[int, ...]], Grays] = OrderedDict()

    def window(self, row: float, column: float, step: float, shape: tuple[int, ...]) -> Grays:
        """Return the grays of a window: (rows, columns), 0 ... GRAYS - 1.

        Parameters
        ----------
        row, column, step
            Its first pixel, in pixels of the scene, and how many of these there are along one of its own.
        shape
            Its rows and columns.
        """
        key = (row, column, step, shape)
        if key not in self._kept:
            self._kept[key] = luminance(self._cut(row, column, step, shape)) // np.uint8(256 // GRAYS)
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _cut(self, row: float, column: float, step: float, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        scale = min(max(round(np.log2(step)), 0), len(self.pictures) - 1)
        picture, own = self.pictures[scale], step / 2**scale
        if own == 1:  # a view instead of a copy
            top, left = int(row / step), int(column / step)
            part: NDArray[np.uint8] = picture[top : top + shape[0], left : left + shape[1]]
            return part
        rows, columns = (
            np.minimum(((start / step + np.arange(n)) * own).astype(np.int64), most - 1)
            for start, n, most in zip((row, column), shape, picture.shape, strict=False)
        )
        other: NDArray[np.uint8] = picture.take(rows, axis=0).take(columns, axis=1)
        return other
