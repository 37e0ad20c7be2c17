"""The paper's four measures of similarity for any pairs of segments (section 2.9.1)."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.descriptors import Descriptors, MeasureOptions
from rsgraph.evaluation.spectral import spectral_angles
from rsgraph.evaluation.structure import structural_similarities
from rsgraph.evaluation.texture import pattern_similarities, texture_differences

MEASURES = MappingProxyType({"glcm": -1, "lbp": 1, "ssim": 1, "sam": -1})
"""1 where more is better, -1 where less is."""


def measure_pairs(
    descriptors: Descriptors, pairs: NDArray[np.int64], options: MeasureOptions
) -> dict[str, NDArray[np.float64]]:
    """Measure how similar the two segments of each pair are.

    All four are symmetric. Nothing is shared between calls, and the loops hold no lock: several threads may measure
    parts of the pairs.

    Parameters
    ----------
    descriptors
        Of n segments.
    pairs
        (m, 2) indices of segments.
    options
        Those that the descriptors were made with.

    Returns
    -------
    measures
        (m,) float64 for each of ``MEASURES``: ``glcm`` (absolute difference, from 0), ``lbp`` (to 1), ``ssim`` (to 1)
        and ``sam`` (radians, from 0).

    Raises
    ------
    ConfigError
        Pairs that do not fit.
    """
    pairs = _checked(pairs, len(descriptors))
    return {
        "glcm": texture_differences(descriptors.glcm, pairs),
        "lbp": pattern_similarities(descriptors.lbp, pairs, comparison=options.lbp_comparison),
        "ssim": structural_similarities(
            descriptors.ssim, pairs, window=options.ssim_window, k1=options.ssim_k1, k2=options.ssim_k2
        ),
        "sam": spectral_angles(descriptors.sam, pairs),
    }


def _checked(pairs: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Return pairs as the compiled loops, which do not check, need them."""
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ConfigError(f"`pairs` must have shape (pairs, 2). Got {pairs.shape} instead.")
    if pairs.size and not 0 <= pairs.min() <= pairs.max() < n:
        raise ConfigError(
            f"`pairs` must be indices of the {n} segments. Got {pairs.min()} ... {pairs.max()} instead."
        )
    return np.ascontiguousarray(pairs, dtype=np.int64)
