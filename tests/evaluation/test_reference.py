from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.evaluation.reference import majority, summed

COUNTS = np.array([[6, 2, 0], [1, 1, 0], [0, 0, 0], [0, 3, 1]])


def test_majority_of_each_segment() -> None:
    assert majority(COUNTS).tolist() == [1, 1, 0, 2]


def test_a_reference_without_classes_knows_nothing() -> None:
    assert majority(np.zeros((3, 0), dtype=int)).tolist() == [0, 0, 0]


def test_summed_adds_segments_to_chips() -> None:
    assert summed(COUNTS, np.array([1, 0, 0, 1]), 3).tolist() == [[1, 1, 0], [6, 5, 1], [0, 0, 0]]


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match=r"`counts` must have shape \(items, classes\). Got \(3,\)"):
        majority(np.zeros(3))
    with pytest.raises(ConfigError, match="whole numbers of pixels"):
        majority(COUNTS / 4)
    with pytest.raises(ConfigError, match=r"`groups` must be \(4,\), from 0 to 2"):
        summed(COUNTS, np.array([0, 1, 2, 3]), 3)
