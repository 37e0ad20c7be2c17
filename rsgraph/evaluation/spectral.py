"""The spectral angle mapper (SAM): how differently two segments are coloured, whatever their brightness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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
    flat = labels.ravel().astype(np.intp)
    pixels = np.maximum(np.bincount(flat, minlength=n + 1), 1)
    sums = np.stack([np.bincount(flat, band.ravel(), minlength=n + 1) for band in values], axis=1)
    return (sums / pixels[:, None])[1:].astype(np.float32)


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
    one, two = unit[pairs[:, 0]], unit[pairs[:, 1]]
    return np.asarray(2 * np.arctan2(np.linalg.norm(one - two, axis=1), np.linalg.norm(one + two, axis=1)))
