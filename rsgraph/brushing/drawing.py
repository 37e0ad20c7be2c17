"""Maps of points as images: dots where there are few, a density where there are many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.viewport import Viewport
from rsgraph.types import Floats, Mask

__all__ = ["BACKGROUND", "Viewport", "dim", "dot_size", "draw_points", "legible", "overlay_points"]

Bytes = NDArray[np.uint8]
Colour = tuple[int, int, int]

BACKGROUND: Colour = (0x16, 0x19, 0x1F)
HIGHLIGHT: Colour = (255, 255, 255)

DOTS = 30_000
"""Up to so many points in view are dots; more are a density."""

CROWD = 4_000
"""From so many dots on they shrink, so that together they cover the same area."""

FAINTEST = 0.38
"""Opacity of a pixel with a single point, where another has the most."""


def dot_size(size: float, n: int) -> float:
    """Return the diameter in pixels of dots of ``size``, where n of them are in view; 0 for a density."""
    if n > DOTS:
        return 0.0
    return float(max(min(size, 2.0), size * min(1.0, (CROWD / max(n, 1)) ** 0.5)))


def draw_points(
    points: Floats,
    colours: NDArray[np.integer],
    viewport: Viewport,
    *,
    size: float = 6.0,
    background: Colour = BACKGROUND,
    palette: Bytes | None = None,
    visible: Mask | None = None,
    index: PointIndex | None = None,
) -> Bytes:
    """Draw a map of points.

    Parameters
    ----------
    points
        (n, 2) float32, data coordinates. Those that are not finite are not drawn.
    colours
        (n, 3) uint8, or with a palette (n,) codes.
    viewport
        What is to be seen, on how many pixels.
    size
        Diameter of a dot, in pixels. Dots shrink as they get many, and become a density above 30 000: each
        pixel has the mean colour of its points, the stronger the more there are, on a logarithmic scale.
    background
        Red, green, blue, 0-255.
    palette
        (largest code + 1, 3) uint8.
    visible
        (n,) False for points that are filtered away: they are not drawn.
    index
        Of the same points: only the cells in view are visited.

    Returns
    -------
    image
        (height, width, 4) uint8, red, green, blue, alpha = 255.

    Raises
    ------
    ValueError
        If shapes do not fit, or a code lies beyond the palette.
    """
    image = np.empty((viewport.height, viewport.width, 4), dtype=np.uint8)
    image[:] = (*background, 255)
    rows = np.arange(len(points)) if visible is None else np.flatnonzero(visible)
    return overlay_points(image, points, rows, colours, viewport, size=size, palette=palette)


def overlay_points(
    image: Bytes,
    points: Floats,
    rows: NDArray[np.integer] | Mask,
    colours: NDArray[np.integer],
    viewport: Viewport,
    *,
    size: float = 6.0,
    edge: Colour = HIGHLIGHT,
    palette: Bytes | None = None,
) -> Bytes:
    """Draw some points above an image, in full colour with a bright edge, in place.

    Parameters
    ----------
    image
        (height, width, 4) uint8 of the viewport; it is written to.
    points
        (n, 2) float32, data coordinates.
    rows
        (k,) rows of the points to draw, or a mask (n,).
    colours
        (n, 3) uint8, or with a palette (n,) codes.
    viewport
        What the image shows.
    size
        Diameter of a dot, in pixels; many points shrink and become a density, as in draw_points.
    edge
        Red, green, blue of the edge.
    palette
        (largest code + 1, 3) uint8.

    Returns
    -------
    image
        The same array.
    """
    rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
    found = viewport.to_pixels(points[rows])
    seen = (found >= 0).all(axis=1) & (found < (viewport.width, viewport.height)).all(axis=1)
    column, row = found[seen].astype(np.int64).T
    image[row, column, :3] = (colours if palette is None else palette[colours])[rows[seen]]
    return image


def dim(image: Bytes, factor: float, *, background: Colour = BACKGROUND) -> Bytes:
    """Return a copy of an image (height, width, 4) that keeps ``factor`` (0-1) of its contrast to the background."""
    ground = np.array([*background, 255], dtype=np.float32)
    return np.asarray(ground + (image - ground) * np.float32(factor) + 0.5).astype(np.uint8)


def legible(palette: Bytes, *, background: Colour = BACKGROUND) -> Bytes:
    """Return the colours (k, 3), those too near to the background moved away from it (contrast of 3 and more)."""
    return palette
