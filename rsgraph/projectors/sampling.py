"""Maps learnt from a sample of rows: the choice of the sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError


def check_sample(sample: int | None, n_neighbors: int) -> int | None:
    """Return ``sample``. Raises ConfigError unless it is None or a whole number above ``n_neighbors``."""
    if sample is not None and (isinstance(sample, bool) or not isinstance(sample, int) or sample <= n_neighbors):
        raise ConfigError(
            f"`sample` must be null (all rows) or a whole number above n_neighbors ({n_neighbors}). Got {sample!r}."
        )
    return sample


def draw(n: int, sample: int | None, seed: int) -> NDArray[np.int64]:
    """Draw ``sample`` of n rows without replacement, in rising order; all where there are no more."""
    if sample is None or n <= sample:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size=sample, replace=False))
