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
    spectra: Floats = _means(np.ascontiguousarray(values), np.ascontiguousarray(labels), n)
    return spectra


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
    angles: NDArray[np.float64] = _angles(spectra, pairs)
    return angles


@compiled()
def _means(values: Any, labels: Any, n: int) -> Any:
    bands = values.shape[0]
    sums, counts = np.zeros((n + 1, bands)), np.zeros(n + 1)
    for row in range(labels.shape[0]):
        for column in range(labels.shape[1]):
            counts[labels[row, column]] += 1
    for band in range(bands):
        for row in range(labels.shape[0]):
            for column in range(labels.shape[1]):
                sums[labels[row, column], band] += values[band, row, column]
    means = np.zeros((n, bands), dtype=np.float32)
    for label in range(1, n + 1):
        for band in range(bands):
            means[label - 1, band] = sums[label, band] / max(counts[label], 1.0)
    return means


@compiled()
def _angles(spectra: Any, pairs: Any) -> Any:
    angles = np.empty(len(pairs))
    for index in range(len(pairs)):
        one, two = spectra[pairs[index, 0]], spectra[pairs[index, 1]]
        first, second = _length(one), _length(two)
        if first == 0 or second == 0:
            angles[index] = 0.0 if first == second else np.pi / 2
            continue
        apart, along = 0.0, 0.0
        for band in range(len(one)):
            a, b = one[band] / first, two[band] / second
            apart += (a - b) ** 2
            along += (a + b) ** 2
        angles[index] = 2 * np.arctan2(np.sqrt(apart), np.sqrt(along))
    return angles


@compiled()
def _length(vector: Any) -> Any:
    total = 0.0
    for value in vector:
        total += np.float64(value) ** 2
    return np.sqrt(total)
