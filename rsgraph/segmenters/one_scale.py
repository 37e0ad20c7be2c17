"""Bands on one scale: what ``preparation.standardise`` compiles, since it sees every pixel."""

from __future__ import annotations

from typing import Any

import numpy as np

from rsgraph.compiled import compiled


@compiled()
def moments(values: Any, valid: Any) -> Any:
    """Return mean and standard deviation (bands,) over the valid pixels, in float64, added up in their order."""
    bands, rows, columns = values.shape
    mean, deviation = np.zeros(bands), np.zeros(bands)
    for band in range(bands):
        count = 0
        for r in range(rows):
            for c in range(columns):
                if valid[r, c]:
                    mean[band] += np.float64(values[band, r, c])
                    count += 1
        mean[band] /= count
        squares = 0.0
        for r in range(rows):
            for c in range(columns):
                if valid[r, c]:
                    away = np.float64(values[band, r, c]) - mean[band]
                    squares += away * away
        deviation[band] = np.sqrt(squares / count)
    return mean, deviation


@compiled(error_model="numpy")
def scale_bands(values: Any, valid: Any, mean: Any, scale: Any, limit: float, image: Any) -> None:
    """Write bands on one scale, cut at the limit, where they are valid."""
    for band in range(values.shape[0]):
        for r in range(values.shape[1]):
            for c in range(values.shape[2]):
                scaled = (np.float64(values[band, r, c]) - mean[band]) / scale[band]
                scaled = min(max(scaled, -limit), limit)
                image[band, r, c] = np.float32(scaled) if valid[r, c] else np.float32(0)
