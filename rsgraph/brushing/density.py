"""Many points as a picture: each pixel has the mean colour of its points, the stronger the more there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.brushing.viewport import Viewport
from rsgraph.compiled import compiled
from rsgraph.types import Floats, Mask

Bytes = NDArray[np.uint8]
Packed = NDArray[np.uint32]

BINS = 1024
"""Of the histogram of densities, on a logarithmic scale of 0 ... 24, enough for e^24 points in a pixel."""

QUARTERS = 1 << 16
"""Densities, in quarters of a point, that have colours of their own: more points than that are drawn alike."""

SAMPLE = 50_000
"""About so many pixels decide how dense is dense."""

ENOUGH = 0.995
"""The densest half percent of the pixels are drawn alike."""


@dataclass(frozen=True)
class Strength:
    """The mapping from density to colour, on a logarithmic scale.

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

    A point counts in its own pixel with weight 1, beside it with 1/2 and 1/4: a single point is a soft dot of about
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
    window = viewport.affine
    light = _light(len(points))
    sums = np.zeros((viewport.height + 4, viewport.width + 4, 4), dtype=np.uint32)
    part = _accumulate(points, colours, mask, window, light, sums)
    if part[0] > part[1]:
        return
    soft = np.zeros(sums.shape, dtype=np.float32)
    rise = _rise(_dense(_soften(sums, soft, part)))
    edge = np.array((-1.0, -1.0, -1.0) if strength.edge is None else strength.edge, dtype=np.float32)
    _blend(
        soft, image, part, rise, np.float32(light[255]), np.float32(strength.single), np.float32(strength.glow), edge
    )


def _light(n: int) -> NDArray[np.uint32]:
    """Amount of light of each byte (gamma 2), in steps so small that n points still fit into 32 bits."""
    levels = min(1023, (2**32 - 1) // max(n, 1))
    return np.rint((np.arange(256) / 255) ** 2 * levels).astype(np.uint32)


def _dense(histogram: NDArray[np.int64]) -> float:
    """Logarithm of the density from which all pixels are drawn alike: that of two points to 16 000."""
    share = np.cumsum(histogram) / max(1, histogram.sum())
    found = np.searchsorted(share, ENOUGH) / BINS * 24
    return float(np.clip(found, np.log(3), np.log(QUARTERS / 4)))


def _rise(dense: float) -> Floats:
    """Return where each density lies between that of a single point (0, nearly) and the densest (1), in quarters."""
    quarters = np.arange(QUARTERS) / 4
    return np.minimum(np.log1p(np.maximum(quarters, 1)) / dense, 1).astype(np.float32)


@compiled()
def _accumulate(points: Any, colours: Any, visible: Any, window: Any, light: Any, sums: Any) -> Any:
    """Add up red, green and blue light and the number of points of each pixel, two pixels off the border.

    Return the first and last row and column with points, and their neighbours.
    """
    x_min, y_max, across, along = window
    height, width = sums.shape[0] - 4, sums.shape[1] - 4
    top, bottom, left, right = height, -1, width, -1
    for point in range(points.shape[0]):
        x, y = (points[point, 0] - x_min) * across, (y_max - points[point, 1]) * along
        if not (0 <= x < width and 0 <= y < height) or (visible.size and not visible[point]):
            continue
        row, column, colour = int(y), int(x), colours[point]
        sums[row + 2, column + 2, 0] += light[colour & 255]
        sums[row + 2, column + 2, 1] += light[(colour >> 8) & 255]
        sums[row + 2, column + 2, 2] += light[(colour >> 16) & 255]
        sums[row + 2, column + 2, 3] += np.uint32(1)
        top, bottom = min(top, row), max(bottom, row)
        left, right = min(left, column), max(right, column)
    return top, bottom, left, right


@compiled()
def _soften(sums: Any, soft: Any, part: Any) -> Any:
    """Spread each point over 3 x 3 pixels, and return the histogram of logarithms of the densities."""
    top, bottom, left, right = part
    histogram = np.zeros(BINS, dtype=np.int64)
    half = np.float32(0.5)
    wide = np.zeros(sums.shape[1] * 4, dtype=np.float32)
    first, last = 4 * (left + 1), 4 * (right + 4)
    step = 4 * (1 + (bottom - top) * (right - left) // SAMPLE)
    for row in range(top + 1, bottom + 4):
        above, here, below = sums[row - 1].reshape(-1), sums[row].reshape(-1), sums[row + 1].reshape(-1)
        for place in range(first, last):
            wide[place] = np.float32(here[place]) + half * (np.float32(above[place]) + np.float32(below[place]))
        line = soft[row].reshape(-1)
        for place in range(first, last):
            line[place] = wide[place] + half * (wide[place - 4] + wide[place + 4])
        for place in range(first + 3 + 4 * (row % (step // 4)), last, step):
            if line[place] > 0:
                histogram[min(int(np.log1p(line[place]) * (BINS / 24)), BINS - 1)] += 1
    return histogram


@compiled()
def _blend(soft: Any, image: Any, part: Any, rise: Any, levels: Any, single: Any, glow: Any, edge: Any) -> None:
    top, bottom, left, right = part
    one, full, most = np.float32(1), np.float32(255), np.float32(rise.size - 1)
    for row in range(max(top - 2, 0), min(bottom + 3, image.shape[0])):
        for column in range(max(left - 2, 0), min(right + 3, image.shape[1])):
            count = soft[row + 2, column + 2, 3]
            if count <= 0:
                if edge[0] >= 0 and _beside(soft, row + 2, column + 2):
                    for band in range(3):
                        below = np.float32(image[row, column, band])
                        image[row, column, band] = np.uint8(below + (edge[band] - below) * np.float32(0.7))
                continue
            height = rise[int(min(4 * count, most))]
            opacity = (single + (one - single) * height) * min(count, one)
            white = glow * max(np.float32(0), (height - np.float32(0.6)) / np.float32(0.4))
            share = one / (count * levels)
            for band in range(3):
                colour = full * np.sqrt(soft[row + 2, column + 2, band] * share)
                colour += (full - colour) * white
                below = np.float32(image[row, column, band])
                image[row, column, band] = np.uint8(below + (colour - below) * opacity + np.float32(0.5))


@compiled()
def _beside(soft: Any, row: int, column: int) -> Any:
    """Tell whether a dense place is beside: not a single point, of which at most half is left at its border."""
    across = soft[row, column - 1, 3] >= 1 or soft[row, column + 1, 3] >= 1
    return across or soft[row - 1, column, 3] >= 1 or soft[row + 1, column, 3] >= 1
