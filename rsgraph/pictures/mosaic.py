"""Many small images as one, for collections that have no common grid."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def mosaic_columns(count: int) -> int:
    """Columns of a mosaic of ``count`` tiles that is a little wider than high."""
    return max(1, math.ceil(math.sqrt(1.3 * count)))


def mosaic(
    tiles: Sequence[NDArray[Any]], columns: int | None = None, *, gap: int = 2, fill: Any = 255
) -> NDArray[Any]:
    """Lay tiles out row by row.

    Parameters
    ----------
    tiles
        (rows, columns) or (rows, columns, 3) each, of one type; sizes may differ: each cell has the size of
        the largest.
    columns
        Tiles per row; None: a little wider than high.
    gap
        Pixels between tiles.
    fill
        Value of gaps and of cells' free space: 255 for images, NaN for memberships, 0 for labels, False for
        masks.

    Returns
    -------
    image
        (rows, columns) or (rows, columns, 3) of the tiles' type.
    """
    columns = min(columns or mosaic_columns(len(tiles)), max(1, len(tiles)))
    height, width = (max(tile.shape[axis] for tile in tiles) for axis in (0, 1))
    lines = math.ceil(len(tiles) / columns)
    shape = (lines * (height + gap) - gap, columns * (width + gap) - gap, *tiles[0].shape[2:])
    image = np.full(shape, fill, dtype=tiles[0].dtype)
    for number, tile in enumerate(tiles):
        row, column = (number // columns) * (height + gap), (number % columns) * (width + gap)
        image[row : row + tile.shape[0], column : column + tile.shape[1]] = tile
    return image
