"""Heights on which seams run: the gradient of all bands, by its logarithm."""

from __future__ import annotations

from typing import Any

import numpy as np

from rsgraph.compiled import compiled
from rsgraph.segmenters.joining import Heights
from rsgraph.segmenters.preparation import CLIP
from rsgraph.types import Floats, Mask

_DECADES = 5.0
"""Range of gradients that heights tell apart, below 10 standard deviations per pixel."""


def ridges(values: Floats, valid: Mask) -> Heights:
    """Return the gradient of all bands as heights on which seams run, by its logarithm: (rows, columns) uint8.

    The gradient is that of ``rsgraph.segmenters.watershed`` over standardised bands, in one compiled pass. Its
    logarithm, since calm water has ridges too, a thousand times lower than a town's: one step is 4.6 percent.
    """
    if not valid.any():
        return np.zeros(valid.shape, dtype=np.uint8)
    squared = _squared_gradient(np.ascontiguousarray(values, dtype=np.float32), valid, CLIP)
    found = np.log10(np.maximum(squared, 1e-24)) / 2
    heights: Heights = np.clip((found + _DECADES - 1) * (255 / _DECADES), 0, 255).astype(np.uint8)
    return heights


@compiled()
def _moments(band: Any, valid: Any) -> Any:
    """Return mean and standard deviation of the valid pixels of a band (rows, columns), in float64."""
    count, mean, squares = 0, 0.0, 0.0
    for r in range(band.shape[0]):
        total, n = 0.0, 0
        for c in range(band.shape[1]):
            if valid[r, c]:
                total += band[r, c]
                n += 1
        mean += total
        count += n
    mean = mean / max(count, 1)
    for r in range(band.shape[0]):
        part = 0.0
        for c in range(band.shape[1]):
            if valid[r, c]:
                part += (band[r, c] - mean) ** 2
        squares += part
    return mean, np.sqrt(squares / max(count, 1))


@compiled(fastmath={"contract", "nsz"})
def _squared_gradient(values: Any, valid: Any, clip: float) -> Any:
    """Return the squared gradient (rows, columns) float32 of standardised bands, by Sobel filters.

    A pixel that is not valid counts as the mean of its band; pixels beyond the rectangle as those at its edge.
    """
    bands, rows, columns = values.shape
    squared = np.zeros((rows, columns), dtype=np.float32)
    image = np.zeros((rows + 2, columns + 2), dtype=np.float32)
    for band in range(bands):
        mean, deviation = _moments(values[band], valid)
        if deviation <= 1e-6 * abs(mean) + 1e-12:
            continue
        offset, scale = np.float32(mean), np.float32(1 / deviation)
        limit = np.float32(clip)
        for r in range(rows):
            for c in range(columns):
                scaled = (values[band, r, c] - offset) * scale
                scaled = min(max(scaled, -limit), limit)
                image[r + 1, c + 1] = scaled if valid[r, c] else np.float32(0)
        for c in range(1, columns + 1):  # whole slices at once take numba two seconds to compile
            image[0, c], image[rows + 1, c] = image[1, c], image[rows, c]
        for r in range(rows + 2):
            image[r, 0], image[r, columns + 1] = image[r, 1], image[r, columns]
        for r in range(rows):
            above, here, below = image[r], image[r + 1], image[r + 2]
            for c in range(columns):
                two = np.float32(2)
                down = below[c] + two * below[c + 1] + below[c + 2] - above[c] - two * above[c + 1] - above[c + 2]
                across = above[c + 2] + two * here[c + 2] + below[c + 2] - above[c] - two * here[c] - below[c]
                squared[r, c] += down * down + across * across
    return squared / np.float32(64 * bands)
