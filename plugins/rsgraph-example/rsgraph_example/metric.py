"""A metric that looks at one thing less."""

from __future__ import annotations

import numpy as np

from rsgraph.protocols import Metric, Pairs
from rsgraph.types import Doubles


class ShapeOnly(Metric):
    """The last feature, which is the brightness of a spectrum, does not count; the others do as they are."""

    def fit(self, features: Doubles, pairs: Pairs) -> Doubles:
        """Return the identity without its last entry."""
        matrix = np.eye(features.shape[1])
        matrix[-1, -1] = 0.0
        return matrix
