"""Many points as a picture: each pixel has the mean colour of its points, the stronger the more there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rsgraph.brushing.viewport import Viewport
from rsgraph.types import Floats, Mask

Bytes = NDArray[np.uint8]
Packed = NDArray[np.uint32]

BINS = 1024
"""Of the histogram of densities, on a logarithmic scale of 0 ... 24, enough for e^24 points in a pixel."""

ENOUGH = 0.995
"""The densest half percent of the pixels are drawn alike."""


@dataclass(frozen=True)
class Strength:
    """How density becomes colour, on a logarithmic scale.

    Parameters
    ----------
    single
        Opacity of a pixel with a single point, 0-1; the densest have 1.
    glow
        How far the densest pixels go towards white, 0-1: the structure of dense clumps stays visible.
    edge
        Red, green, blue of a line round dense places; None for none.
    """

    single: float
    glow: float
    edge: tuple[int, int, int] | None = None


def blend_density(
    image: Bytes,
    points: Floats,
    colours: Packed,
    viewport: Viewport,
    strength: Strength,
    *,
    visible: Mask | None = None,
) -> None:
    """Lay the density of points over an image, in place.

    A point counts in its own pixel with weight 1, beside it with 1/2 and 1/4: alone it is a soft dot of about
    two pixels. Light is averaged, not its code, so that mixed classes are not darker than pure ones.

    Parameters
    ----------
    image
        (height, width, 4) uint8 of the viewport.
    points
        (k, 2) float32, data coordinates; those outside, or not finite, do not count. Any order; near points
        one after the other are slower, since each waits for the pixel that the last one wrote.
    colours
        (k,) packed as red + 256 green + 65536 blue.
    viewport
        What the image shows.
    strength
        Opacity, glow and edge.
    visible
        (k,) False for points that do not count.
    """
    mask = np.empty(0, dtype=np.bool_) if visible is None else np.require(visible, np.bool_, ["C", "W"])
    window = (viewport.x_min, viewport.y_max, *viewport.scale)
    top, bottom, left, right = _reach(points, mask, window, viewport.height, viewport.width)
    if top > bottom:
        return
    sums = np.zeros((bottom - top + 5, right - left + 5, 4), dtype=np.uint32)
    light = _light(len(points))
    _accumulate(points, colours, mask, window, (top - 2, left - 2), (viewport.height, viewport.width), light, sums)
    soft = np.zeros(sums.shape, dtype=np.float32)
    dense = _dense(_soften(sums, soft))
    edge = np.array((-1.0, -1.0, -1.0) if strength.edge is None else strength.edge)
    _blend(soft, image, (top - 2, left - 2), float(light[255]), dense, strength.single, strength.glow, edge)


def _light(n: int) -> NDArray[np.uint32]:
    """Amount of light of each byte (gamma 2), in steps so small that n points still fit into 32 bits."""
    levels = min(1023, (2**32 - 1) // max(n, 1))
    return np.rint((np.arange(256) / 255) ** 2 * levels).astype(np.uint32)


def _dense(histogram: NDArray[np.int64]) -> float:
    """Logarithm of the density from which all pixels are drawn alike; at least that of two points."""
    share = np.cumsum(histogram) / max(1, histogram.sum())
    return max(float(np.searchsorted(share, ENOUGH)) / BINS * 24, float(np.log(3)))


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _reach(points: Any, visible: Any, window: Any, height: int, width: int) -> Any:
    """First and last row and column of pixels with points."""
    x_min, y_max, across, along = window
    top, bottom, left, right = height * 1.0, -1.0, width * 1.0, -1.0
    for point in range(points.shape[0]):
        column, row = (points[point, 0] - x_min) * across, (y_max - points[point, 1]) * along
        if 0 <= column < width and 0 <= row < height and (visible.size == 0 or visible[point]):
            top, bottom = min(top, row), max(bottom, row)
            left, right = min(left, column), max(right, column)
    return int(top), int(bottom), int(left), int(right)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _accumulate(
    points: Any, colours: Any, visible: Any, window: Any, corner: Any, shape: Any, light: Any, sums: Any
) -> None:
    """Add up red, green and blue light and the number of points of each pixel."""
    x_min, y_max, across, along = window
    for point in range(points.shape[0]):
        column, row = (points[point, 0] - x_min) * across, (y_max - points[point, 1]) * along
        if not (0 <= column < shape[1] and 0 <= row < shape[0]) or (visible.size and not visible[point]):
            continue
        pixel = sums[int(row) - corner[0], int(column) - corner[1]]
        colour = colours[point]
        pixel[0] += light[colour & 255]
        pixel[1] += light[(colour >> 8) & 255]
        pixel[2] += light[(colour >> 16) & 255]
        pixel[3] += np.uint32(1)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _soften(sums: Any, soft: Any) -> Any:
    """Spread each point over 3 x 3 pixels, and return the histogram of logarithms of the densities."""
    histogram = np.zeros(BINS, dtype=np.int64)
    half = np.float32(0.5)
    wide = np.empty(sums.shape[1] * 4, dtype=np.float32)
    for row in range(1, sums.shape[0] - 1):
        above, here, below = sums[row - 1].reshape(-1), sums[row].reshape(-1), sums[row + 1].reshape(-1)
        for place in range(wide.size):
            wide[place] = np.float32(here[place]) + half * (np.float32(above[place]) + np.float32(below[place]))
        line = soft[row].reshape(-1)
        for place in range(4, wide.size - 4):
            line[place] = wide[place] + half * (wide[place - 4] + wide[place + 4])
        for place in range(7, wide.size - 4, 4):
            if line[place] > 0:
                histogram[min(int(np.log1p(line[place]) * (BINS / 24)), BINS - 1)] += 1
    return histogram


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _blend(
    soft: Any, image: Any, corner: Any, levels: float, dense: float, single: float, glow: float, edge: Any
) -> None:
    one = np.float32(1)
    for row in range(1, soft.shape[0] - 1):
        for column in range(1, soft.shape[1] - 1):
            y, x = row + corner[0], column + corner[1]
            if not (0 <= y < image.shape[0] and 0 <= x < image.shape[1]):
                continue
            count = soft[row, column, 3]
            if count <= 0:
                if edge[0] >= 0 and _beside(soft, row, column):
                    for band in range(3):
                        image[y, x, band] = np.uint8(0.3 * image[y, x, band] + 0.7 * edge[band] + 0.5)
                continue
            rise = min(np.log1p(max(count, one)) / dense, 1.0)
            opacity = (single + (1 - single) * rise) * min(count, one)
            white = glow * max(0.0, rise - 0.6) / 0.4
            for band in range(3):
                colour = 255 * np.sqrt(soft[row, column, band] / (count * levels))
                colour += (255 - colour) * white
                below = image[y, x, band]
                image[y, x, band] = np.uint8(below + (colour - below) * opacity + 0.5)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _beside(soft: Any, row: int, column: int) -> Any:
    """Tell whether a dense place is beside: not a single point, of which at most half is left at its border."""
    across = soft[row, column - 1, 3] >= 1 or soft[row, column + 1, 3] >= 1
    return across or soft[row - 1, column, 3] >= 1 or soft[row + 1, column, 3] >= 1
