"""No metric."""

from __future__ import annotations

import numpy as np

from rsgraph import build


def test_no_metric_leaves_features_as_they_are() -> None:
    matrix = build("metric", name="none").fit(np.ones((5, 3)), np.empty((2, 0), dtype=np.int64))
    np.testing.assert_array_equal(matrix, np.eye(3))
