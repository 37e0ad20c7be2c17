"""Pictures of single chips and segments: outlined, as sharp as the screen, with some of what is around them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QImage
from scipy.ndimage import binary_dilation

from rsgraph.view.view import OUTSIDE, View

OUTLINE = (255, 64, 245)
"""Magenta: no land cover has it, in true colour nor in false."""

_CASING = (20, 0, 24)
_ROOM = 1.8
"""How much larger than the segment its picture is."""
_LEAST = 40
"""Pixels of the scene along a picture at least: a small segment is known by what is around it."""


def segment_picture(view: View, scene: int, segment: int, middle: tuple[float, float], side: int) -> QImage:
    """Return a square picture of one segment, outlined.

    Parameters
    ----------
    view
        Has the pixels.
    scene
        Which scene.
    segment
        Its id.
    middle
        Row and column of its centroid.
    side
        Pixels of the screen along the picture.
    """
    rgb, ids = view.levels(scene)[0]
    first, last = extent(ids, segment, middle)
    length = max(round(_ROOM * max(last[0] - first[0], last[1] - first[1])), _LEAST)
    corner = ((first[0] + last[0] - length) // 2, (first[1] + last[1] - length) // 2)
    pixels = window(rgb, corner, length, OUTSIDE)
    return outlined(pixels, window(ids, corner, length, (0,)) == segment, side)


def chip_picture(view: View, chip: int, side: int) -> QImage:
    """Return a square picture of one chip, outlined, with a little of what is around it."""
    row, column, rows, columns = view.windows[chip].tolist()
    rgb = view.levels(int(view.of_scene[chip]))[0][0]
    length = round(1.1 * max(rows, columns))
    corner = (row + (rows - length) // 2, column + (columns - length) // 2)
    inside = np.zeros((length, length), dtype=bool)
    inside[row - corner[0] :, column - corner[1] :][:rows, :columns] = True
    step = max(length // (2 * side), 1)
    pixels = window(rgb, corner, length, OUTSIDE)
    return outlined(pixels[::step, ::step], inside[::step, ::step], side)


def extent(
    ids: NDArray[np.uint32], segment: int, middle: tuple[float, float]
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the first and one past the last row and column of a segment, looked for around its centroid.

    A segment whose centroid lies in none of its pixels and far from them has the centroid's pixel.
    """
    reach, most = 16, max(ids.shape)
    row, column = round(middle[0]), round(middle[1])
    while True:
        top, left = max(row - reach, 0), max(column - reach, 0)
        rows, columns = np.nonzero(ids[top : row + reach + 1, left : column + reach + 1] == segment)
        if len(rows):
            first = top + int(rows.min()), left + int(columns.min())
            last = top + int(rows.max()), left + int(columns.max())
            within = max(row - first[0], last[0] - row, column - first[1], last[1] - column) < reach
            if within or reach > most:
                return first, (last[0] + 1, last[1] + 1)
        elif reach > most:
            return (row, column), (row + 1, column + 1)
        reach *= 2


def window(values: NDArray[Any], corner: tuple[int, int], length: int, outside: tuple[int, ...]) -> NDArray[Any]:
    """Return a square (length, length, ...) of values; what lies beyond them has the value ``outside``."""
    found = np.empty((length, length, *values.shape[2:]), dtype=values.dtype)
    found[...] = outside if values.ndim > 2 else outside[0]
    (top, left), (rows, columns) = corner, values.shape[:2]
    part = values[max(top, 0) : max(min(top + length, rows), 0), max(left, 0) : max(min(left + length, columns), 0)]
    at = (max(-top, 0), max(-left, 0))
    found[at[0] : at[0] + part.shape[0], at[1] : at[1] + part.shape[1]] = part
    return found


def outlined(rgb: NDArray[np.uint8], inside: NDArray[np.bool_], side: int) -> QImage:
    """Return a picture (n, n, 3) at another size, smooth, with a sharp line along the border of a mask (n, n)."""
    n = len(rgb)
    pixels = np.ascontiguousarray(rgb)
    image = QImage(pixels.data, n, n, 3 * n, QImage.Format.Format_RGB888)
    ignore, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    scaled = image.scaled(side, side, ignore, smooth).convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(scaled.constBits(), np.uint8).reshape(side, scaled.bytesPerLine())
    drawn = lines[:, : 3 * side].reshape(side, side, 3).copy()
    at = np.arange(side) * n // side
    large = inside[at[:, np.newaxis], at]
    width = max(side // 64, 1)
    edge = binary_dilation(large, iterations=width) & ~large
    drawn[binary_dilation(edge, iterations=width) & ~large & ~edge] = _CASING
    drawn[edge] = OUTLINE
    return QImage(drawn.data, side, side, 3 * side, QImage.Format.Format_RGB888).copy()
