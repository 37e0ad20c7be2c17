"""A metric fitted to the features of segments, kept as arrays, and applied to those of any other scene."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.metrics.spectra import scale_of, standardised
from rsgraph.protocols import Metric, Pairs
from rsgraph.types import Doubles

PAIRS = 200_000
"""Touching pairs that a metric is fitted to at most, drawn by the seed: enough for hundreds of features."""


class Fitted(NamedTuple):
    """What a metric makes of features: ``(features - mean) * weight @ matrix``; (D,), (D,) and (D, D).

    Over the segments that it was fitted to, vectors have a root mean squared length of 1, so that layers that are
    joined weigh what their factors say.
    """

    mean: Doubles
    weight: Doubles
    matrix: Doubles

    def apply(self, features: Doubles) -> Doubles:
        """Return vectors (n, D) whose euclidean distances mean something."""
        vectors: Doubles = ((features - self.mean) * self.weight) @ self.matrix
        return vectors

    def arrays(self, name: str) -> dict[str, NDArray[np.float64]]:
        """Return it as arrays, their names beginning with ``name``."""
        return {f"{name}.{part}": array for part, array in self._asdict().items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[np.float64]], name: str) -> Fitted:
        """Return what ``arrays`` gave."""
        return cls(*(arrays[f"{name}.{part}"] for part in cls._fields))


def fit_metric(metric: Metric, features: Doubles, pairs: Pairs, *, seed: int) -> Fitted:
    """Standardise features (n, D) and fit a metric to them; constant ones count for nothing.

    Parameters
    ----------
    metric
        Component.
    features
        (n, D) of all segments.
    pairs
        (2, P) of segments that touch.
    seed
        Draws the pairs where there are more than ``PAIRS``.
    """
    scale = scale_of(features)
    kept = np.flatnonzero(scale.weight)
    if pairs.shape[1] > PAIRS:
        pairs = pairs[:, np.sort(np.random.default_rng(seed).choice(pairs.shape[1], PAIRS, replace=False))]
    matrix = np.zeros((features.shape[1],) * 2)
    if len(kept):
        matrix[np.ix_(kept, kept)] = metric.fit(standardised(features, scale)[:, kept], pairs)
    fitted = Fitted(scale.mean, scale.weight, matrix)
    return fitted._replace(matrix=matrix / rms_length(fitted.apply(features)))


def rms_length(vectors: Doubles) -> float:
    """Return the root mean squared length of vectors (n, D); 1 where all are zero."""
    return float(np.sqrt((vectors**2).sum(axis=1).mean())) or 1.0
