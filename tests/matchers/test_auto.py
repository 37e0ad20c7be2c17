"""The choice between the full matrix and the nearest chips, on chips whose similarities are known."""

from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.matchers.auto import Auto

ANGLES = np.deg2rad([0, 10, 30, 90])
CHIPS = [np.array([[np.cos(angle), np.sin(angle)]], dtype=np.float32) for angle in ANGLES]
"""One node each: two chips are as similar as the cosine of the angle between them."""


def test_match_of_few_chips_has_the_matrix_of_all_pairs() -> None:
    found = Auto(k=2, full=4).match(CHIPS)
    np.testing.assert_allclose(found.matrix, np.cos(ANGLES[:, None] - ANGLES), atol=1e-6)
    assert found.solved == 6


def test_match_of_more_chips_lists_the_same_nearest_without_a_matrix() -> None:
    found = Auto(k=2, full=3).match(CHIPS)
    assert found.matrix is None
    assert found.indices.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    np.testing.assert_allclose(found.similarities[0], np.cos(np.deg2rad([10, 30])), atol=1e-6)


@pytest.mark.parametrize("options", [{"k": 0}, {"k": 1.5}, {"full": 0}, {"full": True}])
def test_constructor_refuses_counts_below_one(options: dict[str, int]) -> None:
    (name,) = options
    with pytest.raises(ConfigError, match=f"`{name}` must be a whole number of at least 1"):
        Auto(**options)
