"""Few points as a picture: round dots with smooth borders and a thin edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.brushing.viewport import Viewport
from rsgraph.compiled import compiled
from rsgraph.types import Floats

Bytes = NDArray[np.uint8]

HALO = 1.3
"""Width in pixels of the border round what is highlighted."""


def stamp(
    image: Bytes,
    points: Floats,
    colours: NDArray[np.uint32],
    viewport: Viewport,
    *,
    diameter: float,
    halo: tuple[int, int, int] | None = None,
) -> None:
    """Draw dots over an image, in place, the last above; each has a thin edge in a darker shade.

    Parameters
    ----------
    image
        (height, width, 4) uint8 of the viewport.
    points
        (k, 2) float32, data coordinates; those that are not finite are not drawn.
    colours
        (k,) packed as red + 256 green + 65536 blue.
    viewport
        What the image shows.
    diameter
        Of the dots, in pixels.
    halo
        Red, green, blue of a bright border round all dots together; None for none. All borders lie below all
        dots, so that a crowd has one border and keeps its colours.
    """
    window = viewport.affine
    radius = diameter / 2
    if halo is not None:
        border = np.full(len(points), halo[0] | (halo[1] << 8) | (halo[2] << 16), dtype=np.uint32)
        outer = radius + min(HALO, 0.3 * diameter)
        _stamp(image, points, border, window, outer, outer, 1.0)
    _stamp(image, points, colours, window, radius, radius - min(1.0, diameter / 6), _edge(diameter))


def _edge(diameter: float) -> float:
    """Brightness of a dot's edge, of that of the dot: small dots, which lie close together, have a fainter one."""
    return min(0.8, max(0.4, 0.4 + 0.13 * (6 - diameter)))


@compiled()
def _stamp(image: Any, points: Any, colours: Any, window: Any, outer: float, inner: float, edge: float) -> None:
    """Cover a pixel by as much as the distance of its middle from the border says."""
    left, upper, across, along = window
    reach = outer + 1
    outside, inside = (outer + 0.5) ** 2, max(inner - 0.5, 0.0) ** 2  # squares: most pixels need no root
    for dot in range(points.shape[0]):
        x, y = (points[dot, 0] - left) * across, (upper - points[dot, 1]) * along
        if not (-reach < x < image.shape[1] + reach and -reach < y < image.shape[0] + reach):
            continue
        packed = colours[dot]
        red, green, blue = packed & 255, (packed >> 8) & 255, (packed >> 16) & 255
        first, last = max(int(x - reach), 0), min(int(x + reach) + 1, image.shape[1])
        for row in range(max(int(y - reach), 0), min(int(y + reach) + 1, image.shape[0])):
            down = (row + 0.5 - y) ** 2
            for column in range(first, last):
                square = (column + 0.5 - x) ** 2 + down
                if square >= outside:
                    continue
                if square <= inside:
                    image[row, column, 0] = red
                    image[row, column, 1] = green
                    image[row, column, 2] = blue
                    continue
                distance = np.sqrt(square)
                whole = min(outer + 0.5 - distance, 1.0)
                fill = min(max(inner + 0.5 - distance, 0.0), 1.0)
                bright, clear = fill + edge * (whole - fill), 1 - whole
                image[row, column, 0] = np.uint8(image[row, column, 0] * clear + red * bright + 0.5)
                image[row, column, 1] = np.uint8(image[row, column, 1] * clear + green * bright + 0.5)
                image[row, column, 2] = np.uint8(image[row, column, 2] * clear + blue * bright + 0.5)
