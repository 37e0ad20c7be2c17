"""Features of segments for closed-form layers: the shape of their spectra and their brightness, standardised."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.types import Doubles

DARKEST = 1e-4
"""Length of a spectrum that is no darker: below, noise decides its shape."""

_CONSTANT = 1e-6
"""Standard deviation below which a feature is constant: float32 rounds means of shapes to this."""


def shape_and_brightness(bands: NDArray[np.floating]) -> Doubles:
    r"""Return :math:`[b / |b|, \log |b|]` of spectra b: (n, bands + 1) float64.

    Light and slope change the length of a spectrum more than its shape. As a feature of its own, brightness weighs
    what a metric finds that it is worth: a factor before it would be undone by standardising and by the inverse root.

    Parameters
    ----------
    bands
        (n, bands) mean reflectance.
    """
    spectra = np.asarray(bands, dtype=np.float64)
    lengths = np.maximum(np.linalg.norm(spectra, axis=1, keepdims=True), DARKEST)
    return np.concatenate([spectra / lengths, np.log(lengths)], axis=1)


class Scale(NamedTuple):
    """What standardises features: ``mean`` (D,), and ``weight`` (D,), 1 / standard deviation or 0 for constants."""

    mean: Doubles
    weight: Doubles


def scale_of(features: Doubles) -> Scale:
    """Return the scale of features (n, D) over all segments."""
    deviation = features.std(axis=0)
    return Scale(features.mean(axis=0), np.where(deviation > _CONSTANT, 1 / np.maximum(deviation, _CONSTANT), 0.0))


def standardised(features: Doubles, scale: Scale) -> Doubles:
    """Return features (n, D) of mean 0 and deviation 1; constant ones are 0."""
    found: Doubles = (features - scale.mean) * scale.weight
    return found
