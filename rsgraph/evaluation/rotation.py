"""Rotation invariance as a number: is a rotated chip still more similar to itself than to any other chip?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import NotUsable


@dataclass(frozen=True)
class RotationInvariance:
    """How far a representation disregards the orientation of a chip (section 3.1.2 of the paper, as a number).

    Parameters
    ----------
    own
        Mean similarity of chips to their own rotations.
    others
        Mean similarity of chips to other chips.
    rank1
        Share of chips of which every rotation is more similar than any other chip, 0 to 1.
    margin
        (own - others) in standard deviations of the similarities to others; 0 is none at all. Similarities at
        different levels have different ranges (activation maps are never negative, so that all cosines are high):
        compare levels by this and by ``rank1``, not by ``own``.
    """

    own: float
    others: float
    rank1: float
    margin: float


def rotation_invariance(own: NDArray[Any], others: NDArray[Any]) -> RotationInvariance:
    r"""Compare the similarity of P chips to their own rotations with that to other chips.

    .. math:: m = \frac{\bar s_{own} - \bar s_{others}}{\sigma_{others}}, \qquad
        r_1 = \frac1P \sum_i \left[\min_t s(i, R_t i) > \max_{j \ne i} s(i, j)\right]

    with the population's standard deviation. The paper shows figure 4 and gives no number: both measures are ours.

    Parameters
    ----------
    own
        (P, 3), similarity of each chip to itself rotated by 90, 180 and 270 degrees (or any other rotations).
    others
        (P, P), similarity of each chip (row) to each other one; the diagonal is ignored.

    Returns
    -------
    RotationInvariance
        ``margin`` is infinite where all similarities to others are the same and differ from ``own``, 0 where they
        equal it.

    Raises
    ------
    NotUsable
        There are fewer than two chips, the shapes do not fit, or a similarity is not a finite number.
    """
    apart = ~np.eye(len(others), dtype=np.bool_)
    own, others = _checked(own, others, apart)
    other_chips = np.where(apart, others, -np.inf)
    known = own.min(axis=1) > other_chips.max(axis=1)
    gain, spread = own.mean() - others[apart].mean(), others[apart].std()
    return RotationInvariance(
        own=float(own.mean()),
        others=float(others[apart].mean()),
        rank1=float(known.mean()),
        margin=float(gain / spread) if spread > 0 else float(np.sign(gain) * np.inf if gain else 0.0),
    )


def _checked(
    own: NDArray[Any], others: NDArray[Any], apart: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both in float64. Raises NotUsable."""
    n = len(others)
    if others.ndim != 2 or others.shape != (n, n) or own.ndim != 2 or len(own) != n or own.shape[1] < 1:
        raise NotUsable(
            f"`own` must have shape (P, turns) and `others` (P, P). Got {own.shape} and {others.shape} instead."
        )
    if n < 2:
        raise NotUsable(f"rotation invariance compares at least two chips. Got {n} instead.")
    for name, values in (("own", own), ("others", others[apart])):
        if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
            raise NotUsable(f"`{name}` must hold finite numbers; the similarities of some chip are none.")
    return own.astype(np.float64), others.astype(np.float64)
