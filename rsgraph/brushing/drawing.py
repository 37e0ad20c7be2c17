"""Maps of points as images: dots where there are few, a density where there are many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.brushing.density import Strength, blend_density
from rsgraph.brushing.dimming import BLUE, GREEN, RED
from rsgraph.brushing.dots import stamp
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import Rectangle
from rsgraph.brushing.viewport import Viewport
from rsgraph.compiled import compiled
from rsgraph.types import Floats, Mask

__all__ = ["BACKGROUND", "HIGHLIGHT", "UNLABELLED", "Viewport", "dim", "dot_size", "draw_points", "overlay_points"]

Bytes = NDArray[np.uint8]
Rows = NDArray[np.integer]
Colour = tuple[int, int, int]

BACKGROUND: Colour = (0x16, 0x19, 0x1F)
HIGHLIGHT: Colour = (255, 255, 255)

DOTS = 30_000
"""Up to so many points in view are dots; more are a density."""

USUAL = 2_000
"""So many dots have the size that was asked for; fewer are larger, more are smaller."""

UNLABELLED: Colour = (112, 117, 126)
"""Dim enough to let the classes shine through where they mix, bright enough to be seen."""

BELOW = Strength(single=0.4, glow=0.15)


def dot_size(size: float, n: int) -> float:
    """Return the diameter in pixels of dots of ``size`` where n of them are in view; 0 where they are a density."""
    return 0.0 if n > DOTS else float(size * min(1.5, (USUAL / max(n, 1)) ** 0.3))


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
        Of the same points: only what is in view is visited.

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
    _check_colours(colours, palette, len(points))
    rows = _in_view(points, viewport, size, visible, index)
    diameter = dot_size(size, len(rows))
    if diameter:
        rows = _labelled_last(np.sort(rows), colours)
        stamp(image, _taken(points, rows), _packed(colours, palette, rows), viewport, diameter=diameter)
    elif 4 * len(rows) < len(points):
        blend_density(image, _taken(points, rows), _packed(colours, palette, rows), viewport, BELOW)
    else:  # one pass over all points is faster than fetching so many
        whole = np.require(points, np.float32, ["C", "W"])  # compiled code knows no other kind
        blend_density(image, whole, _packed(colours, palette, None), viewport, BELOW, visible=visible)
    return image


def overlay_points(
    image: Bytes,
    points: Floats,
    rows: Rows | Mask,
    colours: NDArray[np.integer],
    viewport: Viewport,
    *,
    size: float = 6.0,
    edge: Colour = HIGHLIGHT,
    palette: Bytes | None = None,
    visible: Mask | None = None,
    index: PointIndex | None = None,
) -> Bytes:
    """Draw some points above an image, in full colour with a bright edge, in place.

    Parameters
    ----------
    image
        (height, width, 4) uint8 of the viewport; it is written to, and returned.
    points, colours, viewport, palette, visible, index
        What the image was drawn with, and errors as of ``draw_points``: the dots below are as large as they are.
    rows
        (k,) rows of the points to draw, or a mask (n,).
    size
        Of a dot, in pixels, as in draw_points: a little larger than the dots below.
    edge
        Red, green, blue of the edge round them.
    """
    _check_image(image, viewport)
    _check_colours(colours, palette, len(points))
    chosen: Rows = np.flatnonzero(rows) if rows.dtype == np.bool_ else np.asarray(rows, dtype=np.int64)
    chosen = chosen[_in_view(_taken(points, chosen), viewport, 2 * size, None, None)]
    diameter = _diameter_above(size, len(_in_view(points, viewport, size, visible, index)), len(chosen))
    if diameter:
        chosen = _labelled_last(chosen, colours)
        stamp(
            image, _taken(points, chosen), _packed(colours, palette, chosen), viewport, diameter=diameter, halo=edge
        )
    else:
        above = Strength(single=0.75, glow=0.25, edge=edge)
        blend_density(image, _taken(points, chosen), _packed(colours, palette, chosen), viewport, above)
    return image


def dim(image: Bytes, factor: float, *, background: Colour = BACKGROUND, saturation: float = 1.0) -> Bytes:
    """Return a copy of an image that keeps a share of its contrast to the background, and of its colour beside gray.

    Parameters
    ----------
    image
        (height, width, 4) uint8.
    factor
        Contrast that is left, 0-1.
    background
        Red, green, blue, 0-255.
    saturation
        Colour that is left beside the gray of the same luminance, 0-1; the background itself stays as it is.

    Raises
    ------
    ValueError
        If a share is outside 0-1.
    """
    for name, share in (("factor", factor), ("saturation", saturation)):
        if not 0 <= share <= 1:
            raise ValueError(f"`{name}` must lie in 0 ... 1. Got {share} instead.")
    values = np.arange(256)[:, np.newaxis]
    ramps = np.rint(np.array(background) * (1 - factor) + values * factor).astype(np.uint8)
    dimmed = np.empty(image.shape, dtype=np.uint8)
    pixels = np.require(image, np.uint8, ["C", "W"]).reshape(-1, 4)
    _dim(pixels, ramps, np.array(background), round(256 * saturation), dimmed.reshape(-1, 4))
    return dimmed


@compiled()
def _dim(image: Any, ramps: Any, background: Any, colour: Any, dimmed: Any) -> None:
    """Of the difference from the background ``colour`` 256ths are kept beside the gray of its luminance."""
    for pixel in range(image.shape[0]):
        red = image[pixel, 0] - background[0]
        green = image[pixel, 1] - background[1]
        blue = image[pixel, 2] - background[2]
        light = (256 - colour) * ((RED * red + GREEN * green + BLUE * blue + 128) >> 8) + 128
        for band, part in enumerate((red, green, blue)):
            grayer = background[band] + ((colour * part + light) >> 8)
            dimmed[pixel, band] = ramps[min(max(grayer, 0), 255), band]
        dimmed[pixel, 3] = image[pixel, 3]


def _in_view(points: Floats, viewport: Viewport, size: float, visible: Mask | None, index: PointIndex | None) -> Rows:
    """Return the rows of which anything can be seen, in any order."""
    across, along = viewport.scale
    left, right = viewport.x_min - size / across, viewport.x_max + size / across
    lower, upper = viewport.y_min - size / along, viewport.y_max + size / along
    if index is not None:
        window = Rectangle((left + right) / 2, (lower + upper) / 2, (right - left) / 2, (upper - lower) / 2)
        return index.inside(window, visible)
    x, y = points[:, 0], points[:, 1]
    seen = (x >= left) & (x <= right) & (y >= lower) & (y <= upper)
    return np.flatnonzero(seen if visible is None else seen & visible)


def _taken(points: Floats, rows: Rows) -> Floats:
    """Return the points of some rows; np.take is ten times as fast as an index here."""
    return np.take(points, rows, axis=0).astype(np.float32, copy=False)


def _diameter_above(size: float, below: int, above: int) -> float:
    """Return the diameter of highlighted dots: above dots as large, above a density by their own number."""
    if below <= DOTS:
        return dot_size(size, below) + 1
    return min(size, dot_size(size, above)) * 0.75


def _labelled_last(rows: Rows, colours: NDArray[np.integer]) -> Rows:
    """Move the rows of code 0 to the front, so that they are drawn below those of the classes."""
    if colours.ndim != 1:
        return rows
    none = np.take(colours, rows) == 0
    return np.concatenate([rows[none], rows[~none]])


def _check_colours(colours: NDArray[np.integer], palette: Bytes | None, n: int) -> None:
    shape = (n, 3) if palette is None else (n,)
    if colours.shape != shape:
        raise ValueError(f"`colours` must have shape {shape}. Got {colours.shape} instead.")


def _packed(colours: NDArray[np.integer], palette: Bytes | None, rows: Rows | None) -> NDArray[np.uint32]:
    """Return one number per row, or for all: red + 256 green + 65536 blue."""
    colours = colours if rows is None else np.take(colours, rows, axis=0)
    if palette is None:
        return _pack(colours)
    if colours.size and not 0 <= colours.min() <= colours.max() < len(palette):
        raise ValueError(f"`colours` must lie in 0 ... {len(palette) - 1}, as the palette. Got {colours.max()}.")
    return np.take(_pack(palette), colours)


def _pack(colours: NDArray[np.integer]) -> NDArray[np.uint32]:
    wide = colours.astype(np.uint32)
    packed: NDArray[np.uint32] = wide[:, 0] | (wide[:, 1] << np.uint32(8)) | (wide[:, 2] << np.uint32(16))
    return packed


def _check_image(image: Bytes, viewport: Viewport) -> None:
    shape = (viewport.height, viewport.width, 4)
    if image.shape != shape or image.dtype != np.uint8:
        raise ValueError(f"`image` must be uint8 of shape {shape}, as the viewport. Got {image.dtype} {image.shape}.")
