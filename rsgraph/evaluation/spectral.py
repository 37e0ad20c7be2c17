"""The spectral angle mapper (SAM): how differently two segments are coloured, whatever their brightness."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.types import Floats, Labels


def mean_spectra(values: Floats, labels: Labels, n: int) -> Floats:
    """Average the spectra of each segment.

    Parameters
    ----------
    values
        (bands, rows, columns), finite wherever ``labels`` is not 0.
    labels
        (rows, columns) int32: 1 ... n, 0 where there are no data.
    n
        Number of segments.

    Returns
    -------
    spectra
        (n, bands) float32; zeros for a label that no pixel has.
    """
    return _means(np.ascontiguousarray(values), np.ascontiguousarray(labels), n)


@compiled()
def _means(values: Any, labels: Any, n: int) -> Floats:
    sums, counts = np.zeros((n + 1, values.shape[0])), np.zeros(n + 1)
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            counts[labels[row, column]] += 1
    for band in range(values.shape[0]):
        for row in range(labels.shape[0]):
            for column in range(labels.shape[1]):
                sums[labels[row, column], band] += values[band, row, column]
    return (sums / np.maximum(counts, 1).reshape(-1, 1))[1:].astype(np.float32)


def spectral_angles(spectra: Floats, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Measure the angle between the spectra of each pair.

    .. math:: \theta = \arccos \frac{\langle a, b \rangle}{\lVert a \rVert \lVert b \rVert}

    It is computed as 2 atan2(|a' - b'|, |a' + b'|) of the unit spectra a' and b', which unlike the arc cosine is
    exact also for angles near 0 (Kahan 2006). A spectrum of zeros has no direction: it is at 0 from another one of
    zeros and at a right angle to all others.

    Parameters
    ----------
    spectra
        (n, bands).
    pairs
        (m, 2) indices.

    Returns
    -------
    angles
        (m,) radians, 0 ... pi (pi / 2 where no value is negative).

    References
    ----------
    Kruse et al.: The spectral image processing system (SIPS). Remote Sensing of Environment 44, 1993.
    doi:10.1016/0034-4257(93)90013-N
    """
    lengths = np.linalg.norm(spectra.astype(np.float64), axis=1, keepdims=True)
    unit = spectra / np.where(lengths > 0, lengths, 1)
    one, two = unit.take(pairs[:, 0], axis=0), unit.take(pairs[:, 1], axis=0)
    apart, along = (np.sqrt(np.einsum("pb,pb->p", each, each)) for each in (one - two, one + two))
    return np.asarray(2 * np.arctan2(apart, along))
