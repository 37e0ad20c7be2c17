"""Levels of brightness as soft classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.protocols import Progress, Target
from rsgraph.types import Floats


class Brightness(Target):
    """Levels of brightness, each with as many pixels as the others; eight of them, the default."""

    def fit(
        self, pixels: Floats, *, bands: Sequence[str], seed: int, progress: Progress | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return the mean spectra of the levels as ``centres`` (8, bands), the darkest first."""
        darkest_first = pixels[np.argsort(pixels.mean(axis=1), kind="stable")]
        return {"centres": np.stack([part.mean(axis=0) for part in np.array_split(darkest_first, self.n_clusters)])}

    def predict(self, pixels: Floats, model: Mapping[str, NDArray[Any]]) -> Floats:
        """Return memberships (n, 8): inverse distances to the centres' brightness, divided by their sum."""
        distances = np.abs(pixels.mean(axis=1)[:, None] - model["centres"].mean(axis=1))
        weights = 1 / (distances + 1e-3)
        memberships: Floats = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
        return memberships
