"""Few points as a picture: round dots with smooth borders and a thin edge."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from rsgraph.brushing.viewport import Viewport
from rsgraph.types import Floats

Bytes = NDArray[np.uint8]


def stamp(
    image: Bytes,
    points: Floats,
    colours: NDArray[np.uint32],
    viewport: Viewport,
    *,
    diameter: float,
    edge: tuple[int, int, int] | None,
    width: float = 1.0,
) -> None:
    """Draw dots over an image, in place, the last above.

    Parameters
    ----------
    image
        (height, width, 4) uint8 of the viewport.
    points
        (k, 2) float32, data coordinates.
    colours
        (k,) packed.
    viewport
        What the image shows.
    diameter
        Of the dots with their edges, in pixels.
    edge
        Red, green, blue of the edge; None for a darker shade of the dot's colour.
    width
        Of the edge, in pixels; dots under four pixels have a finer one.
    """
    width = min(width, diameter / 5)
    colour = np.array((-1.0, -1.0, -1.0) if edge is None else edge)
    window = (viewport.x_min, viewport.y_max, *viewport.scale)
    _stamp(image, points, colours, window, diameter / 2, diameter / 2 - width, colour)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]  # numba ships no types
def _stamp(image: Any, points: Any, colours: Any, window: Any, outer: float, inner: float, edge: Any) -> None:
    """Cover a pixel by as much as the distance of its middle from the border says."""
    left, upper, across, along = window
    reach = outer + 1
    dark = edge[0] < 0
    for dot in range(points.shape[0]):
        x, y = (points[dot, 0] - left) * across, (upper - points[dot, 1]) * along
        if not (-reach < x < image.shape[1] + reach and -reach < y < image.shape[0] + reach):
            continue
        for line in range(max(int(y - reach), 0), min(int(y + reach) + 1, image.shape[0])):
            for column in range(max(int(x - reach), 0), min(int(x + reach) + 1, image.shape[1])):
                distance = np.sqrt((column + 0.5 - x) ** 2 + (line + 0.5 - y) ** 2)
                whole = min(max(outer + 0.5 - distance, 0.0), 1.0)
                fill = min(max(inner + 0.5 - distance, 0.0), 1.0)
                if whole <= 0:
                    continue
                for band in range(3):
                    colour = float((colours[dot] >> (8 * band)) & 255)
                    border = 0.4 * colour if dark else edge[band]
                    below = image[line, column, band]
                    mixed = below * (1 - whole) + border * (whole - fill) + colour * fill
                    image[line, column, band] = np.uint8(mixed + 0.5)
