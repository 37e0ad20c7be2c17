"""Spectra of plants, soil and water in five bands, and pixels of them."""

from __future__ import annotations

import numpy as np

from rsgraph.types import Floats

NAMES = ("B02", "B03", "B04", "B08", "B11")
PLANTS = (0.03, 0.06, 0.03, 0.32, 0.15)
SOIL = (0.10, 0.14, 0.20, 0.27, 0.36)
WATER = (0.06, 0.05, 0.03, 0.015, 0.008)


def pixels(*spectra: tuple[float, ...], n: int = 2000) -> Floats:
    """Equal parts of some spectra with a tenth of noise: (5, n) reflectance."""
    rng = np.random.default_rng(0)
    whole = np.repeat(np.array(spectra).T, n // len(spectra), axis=1)
    return (whole * rng.normal(1, 0.1, whole.shape)).clip(0.001).astype(np.float32)
