from __future__ import annotations

import numpy as np
import pytest

from rsgraph.targets.sample import by_brightness, check_sample, count_different


def test_count_different_looks_further_only_where_it_must() -> None:
    pixels = np.zeros((40_000, 2), dtype=np.float32)
    pixels[39_999] = 1
    assert count_different(pixels, 1) == 1
    assert count_different(pixels, 2) == 2
    assert count_different(pixels, 3) == 2
    assert count_different(pixels[:0], 2) == 0


def test_by_brightness_orders_equal_means_by_bands() -> None:
    centres = np.array([[0.3, 0.1], [0.1, 0.3], [0.0, 0.1]])
    np.testing.assert_array_equal(by_brightness(centres), by_brightness(centres[::-1]))
    np.testing.assert_array_equal(by_brightness(centres)[0], [0.0, 0.1])


def test_check_sample_refuses_another_shape() -> None:
    with pytest.raises(ValueError, match=r"must have shape \(n, 2\). Got \(5, 3\)"):
        check_sample(np.zeros((5, 3), dtype=np.float32), ("B02", "B03"), 2)
