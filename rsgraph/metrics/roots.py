"""Inverse square roots of covariances."""

from __future__ import annotations

import numpy as np

from rsgraph.types import Doubles


def scaled(covariance: Doubles) -> Doubles:
    """Return a covariance (D, D), scaled to trace D; one of nothing but zeros stays as it is."""
    trace = float(np.trace(covariance))
    return covariance * (len(covariance) / trace) if trace > 0 else covariance


def inverse_root(covariance: Doubles, *, ridge: float, weight: float = 1.0) -> Doubles:
    r"""Return :math:`(w S + \lambda I)^{-1/2}` of a covariance S (D, D), scaled to trace D before; symmetric.

    Parameters
    ----------
    covariance
        (D, D), symmetric, not negative.
    ridge
        :math:`\lambda`, above 0.
    weight
        w, not negative.
    """
    values, directions = np.linalg.eigh(scaled(covariance))
    root: Doubles = (directions / np.sqrt(weight * np.maximum(values, 0.0) + ridge)) @ directions.T
    return root
