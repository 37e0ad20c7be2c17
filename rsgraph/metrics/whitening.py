"""Whitening: all directions weigh the same, in units of their spread over the scene."""

from __future__ import annotations

import numpy as np

from rsgraph.errors import ConfigError
from rsgraph.metrics.roots import inverse_root
from rsgraph.protocols import Metric, Pairs
from rsgraph.types import Doubles


class Whitening(Metric):
    r"""Whitens features: :math:`M = (C + \lambda I)^{-1/2}`, C their covariance over all segments, of trace D.

    The distance of Mahalanobis. It takes no heed of neighbours: bands that say the same are no longer counted twice,
    but noise weighs as much as what tells classes apart.

    Parameters
    ----------
    ridge
        :math:`\lambda`, above 0: directions of less variance than this count as noise.

    Raises
    ------
    ConfigError
        ``ridge`` is not above 0.
    """

    def __init__(self, ridge: float = 0.02) -> None:
        if not 0 < ridge < np.inf:
            raise ConfigError(f"`ridge` must be above 0, and finite. Got {ridge!r} instead; try 0.02.")
        self.ridge = ridge

    def fit(self, features: Doubles, pairs: Pairs) -> Doubles:
        """Return the inverse root of the covariance of features (n, D), whatever touches."""
        centred = features - features.mean(axis=0)
        return inverse_root(centred.T @ centred / max(1, len(centred)), ridge=self.ridge)
