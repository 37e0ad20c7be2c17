"""Checks of the inputs of predictions: codes, vectors, probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable


def check_codes(codes: NDArray[Any], n: int, n_classes: int) -> NDArray[np.int64]:
    """Return class codes (n,) as int64. Raises ConfigError for another shape or a code that is no class."""
    if codes.shape != (n,):
        raise ConfigError(f"`codes` must have one entry per segment, ({n},). Got {codes.shape} instead.")
    if n_classes < 1:
        raise ConfigError(f"`n_classes` must be at least 1; define a class first. Got {n_classes} instead.")
    found = codes.astype(np.int64)
    if n and not 0 <= found.min() <= found.max() <= n_classes:
        wrong = found[(found < 0) | (found > n_classes)][0]
        raise ConfigError(f"`codes` must be 0 (unlabelled) or a class from 1 to {n_classes}. Got {wrong} instead.")
    return found


def check_labelled(codes: NDArray[Any]) -> None:
    """Check that anything is labelled. Raises NotUsable."""
    if not np.any(codes):
        raise NotUsable("nothing is labelled yet, so nothing can be predicted; label a few segments of each class.")
