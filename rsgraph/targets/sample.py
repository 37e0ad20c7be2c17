"""Checks of a sample of pixels, shared by all targets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, ModelMismatch, NotUsable
from rsgraph.protocols import refuse_above
from rsgraph.types import Floats

MOST_CLUSTERS = 1000
"""Soft classes: of each pixel of a chip there is a membership in each, 260 MB of so many."""


def check_options(n_clusters: int, sample_every: int) -> None:
    """Raise ConfigError where the options that all targets share are out of range."""
    if type(n_clusters) is not int or n_clusters < 2:
        raise ConfigError(
            f"`target.n_clusters` must be a whole number of at least 2. Got {n_clusters!r}; the paper uses 8."
        )
    refuse_above(MOST_CLUSTERS, n_clusters=n_clusters)
    if type(sample_every) is not int or sample_every < 1:
        raise ConfigError(
            f"`target.sample_every` must be a whole number of at least 1 (1: every pixel). "
            f"Got {sample_every!r}; the paper uses 56."
        )


def check_sample(pixels: Floats, bands: Sequence[str], n_clusters: int) -> None:
    """Raise NotUsable where nothing can be learnt from pixels (n, bands).

    Raises
    ------
    ValueError
        The shape is not (n, bands).
    NotUsable
        A value is NaN or infinite (most methods would silently return NaN), or there are fewer different
        pixels than clusters.
    """
    if pixels.ndim != 2 or pixels.shape[1] != len(bands):
        raise ValueError(f"`pixels` must have shape (n, {len(bands)}). Got {pixels.shape} instead.")
    finite = np.asarray(np.isfinite(pixels).all(axis=0))
    if not finite.all():
        names = ", ".join(band for band, good in zip(bands, finite, strict=True) if not good)
        raise NotUsable(f"the sample of pixels has NaN or infinite values in {names}; mask them as nodata")
    different = count_different(pixels, n_clusters)
    if different < n_clusters:
        raise NotUsable(
            f"the sample holds {different} different pixels, fewer than target.n_clusters={n_clusters}; "
            "choose fewer clusters, or a smaller target.sample_every"
        )


def check_pixels(pixels: Floats, n_bands: int) -> None:
    """Raise ModelMismatch unless pixels are (n, n_bands), ValueError where they are NaN or infinite."""
    if pixels.ndim != 2 or pixels.shape[1] != n_bands:
        raise ModelMismatch(f"the target model has {n_bands} bands. Got pixels of shape {pixels.shape}.")
    if not np.isfinite(pixels).all():
        raise ValueError("`pixels` must be finite. Mask NaN and infinite pixels before predicting.")


def by_brightness(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sort centres (C, bands) by mean reflectance, the darkest first (equal ones by their bands)."""
    return centres[np.lexsort((*centres.T, centres.mean(axis=1)))]


def count_different(pixels: Floats, enough: int) -> int:
    """Count different rows, looking at no more of them than it takes to find ``enough``."""
    for stop in (1_000, 30_000, len(pixels)):
        different = len(np.unique(pixels[:stop], axis=0))
        if different >= enough or stop >= len(pixels):
            break
    return different
