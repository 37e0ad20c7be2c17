"""Dimming of what is not chosen: grayer and darker, of the same hue, so that what is chosen keeps its own colours.

A colour c of luminance L becomes BRIGHTNESS (SATURATION c + (1 - SATURATION) L). Over a picture on a screen the same
is a gray cover: of the colour below it keeps BRIGHTNESS x SATURATION, and the gray adds the rest, from the luminance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled

Bytes = NDArray[np.uint8]
Colour = tuple[int, int, int]

SATURATION = 0.45
"""Share of the colour that is left beside gray."""

BRIGHTNESS = 0.55
"""Share of the brightness that is left."""

RED, GREEN, BLUE = 54, 183, 19
"""Weights of the luminance in 256ths (ITU-R BT.709), which whole numbers add up to."""

OF_COLOUR, OF_LUMINANCE = round(256 * BRIGHTNESS * SATURATION), round(256 * BRIGHTNESS * (1 - SATURATION))

OUTLINE: Colour = (255, 230, 26)
"""Where the selection ends, inside: bright over every picture."""

CASING: Colour = (10, 12, 18)
"""Where it ends, outside: the bright line stands out over bright ground too."""


def luminance(rgb: Bytes) -> Bytes:
    """Return the luminance (...), 0-255, of colours (..., 3) uint8."""
    flat = np.ascontiguousarray(rgb).reshape(-1, 3)
    found = np.empty(len(flat), dtype=np.uint8)
    _luminance(flat, found)
    return found.reshape(rgb.shape[:-1])


def dimmed(rgb: Bytes) -> Bytes:
    """Return colours (..., 3) uint8 grayer and darker, of the same hue."""
    flat = np.ascontiguousarray(rgb).reshape(-1, 3)
    found = np.empty_like(flat)
    _dim(flat, found)
    return found.reshape(rgb.shape)


def cover(luminances: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the gray cover that dims a picture of these luminances.

    Parameters
    ----------
    luminances
        (n,) of the picture below, 0-1.

    Returns
    -------
    grays
        (n,) 0-1: red, green and blue of the cover.
    opacity
        Of all of it, 0-1.
    """
    opacity = 1 - BRIGHTNESS * SATURATION
    return luminances * BRIGHTNESS * (1 - SATURATION) / opacity, opacity


@compiled()
def _luminance(rgb: Any, found: Any) -> None:
    for pixel in range(rgb.shape[0]):
        found[pixel] = (RED * rgb[pixel, 0] + GREEN * rgb[pixel, 1] + BLUE * rgb[pixel, 2] + 128) >> 8


@compiled()
def _dim(rgb: Any, found: Any) -> None:
    for pixel in range(rgb.shape[0]):
        light = (RED * rgb[pixel, 0] + GREEN * rgb[pixel, 1] + BLUE * rgb[pixel, 2] + 128) >> 8
        for band in range(3):
            found[pixel, band] = (OF_COLOUR * rgb[pixel, band] + OF_LUMINANCE * light + 128) >> 8
