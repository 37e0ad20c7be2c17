"""Mean and contrast between chips: interpolated linearly, the contrast by its logarithm."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rsgraph.segmenters.levels import Level, Levels, level, levels
from rsgraph.types import Floats, Window

PAIR = [Window(0, 0, 4, 4), Window(0, 4, 4, 4)]
"""Two chips side by side: their centres are columns 1.5 and 5.5."""

EVERYWHERE = np.ones((4, 8), dtype=bool)


def one_band(mean: float, deviation: float, pixels: int = 16) -> Level:
    return Level(np.array([mean]), np.array([deviation]), pixels)


def test_level_is_mean_and_deviation_of_valid_pixels() -> None:
    values = np.array([[[1, 3], [5, 99]], [[2, 2], [2, 99]]], np.float32)
    found = level(values, values[0] < 99)
    np.testing.assert_allclose(found.mean, [3, 2])
    np.testing.assert_allclose(found.deviation, [(8 / 3) ** 0.5, 0])
    assert found.pixels == 3


def test_level_of_a_chip_without_data_is_zero() -> None:
    found = level(np.ones((2, 3, 3), np.float32), np.zeros((3, 3), dtype=bool))
    assert [*found.mean, *found.deviation, found.pixels] == [0] * 5


def test_even_interpolates_means_linearly_and_deviations_geometrically() -> None:
    scale = levels(PAIR, [one_band(0, 1), one_band(8, 4)])
    values = np.random.default_rng(0).random((1, 4, 8)).astype(np.float32)
    share = np.clip((np.arange(8) - 1.5) / 4, 0, 1)
    expected = (values - 8 * share) / 4**share
    np.testing.assert_allclose(scale.even(values, EVERYWHERE, Window(0, 0, 4, 8)), expected, rtol=1e-5, atol=1e-5)


def test_even_leaves_chips_without_data_out_of_the_scale() -> None:
    scale = levels(PAIR, [one_band(2, 1), one_band(0, 0, pixels=0)])
    values = np.random.default_rng(0).random((1, 4, 4)).astype(np.float32)
    found = scale.even(values, np.ones((4, 4), dtype=bool), PAIR[0])
    np.testing.assert_allclose(found, values - 2, rtol=1e-5)


def test_even_is_zero_where_there_are_no_data_and_in_constant_bands() -> None:
    scale = levels(PAIR, [Level(np.array([5.0, 5.0]), np.array([2.0, 2.0]), 16)] * 2)
    values = np.stack([np.arange(32).reshape(4, 8), np.full((4, 8), 7)]).astype(np.float32)
    found = scale.even(values, EVERYWHERE & (values[0] > 0), Window(0, 0, 4, 8))
    assert found[0, 0, 0] == 0
    assert found[0, 0, 1] == (1 - 5) / 2
    assert not found[1].any()


def calm_between_lively() -> tuple[Levels, Floats]:
    """Three columns of two chips of noise, the middle one a hundred times calmer."""
    values = np.random.default_rng(7).normal(size=(3, 128, 192)).astype(np.float32)
    values[:, :, 64:128] *= 0.01
    windows = [Window(row, column, 64, 64) for row in (0, 64) for column in (0, 64, 128)]
    parts = [values[:, w.row : w.row + 64, w.column : w.column + 64] for w in windows]
    return levels(windows, [level(part, np.ones((64, 64), dtype=bool)) for part in parts]), values


def test_levels_put_calm_and_lively_chips_on_one_scale() -> None:
    scale, values = calm_between_lively()
    even = scale.even(values, np.ones((128, 192), dtype=bool), Window(0, 0, 128, 192))
    spread = [even[:, :, first : first + 64].std() for first in (0, 64, 128)]
    # from a centre to the border the scale runs by 100^t, t from 0 to 1/2: means of 10^4t and of 10^-4t
    lively = ((1 + (100 - 1) / (2 * math.log(10))) / 2) ** 0.5
    calm = ((1 - 1 / 100) / (2 * math.log(10))) ** 0.5
    assert spread == pytest.approx([lively, calm, lively], rel=0.05)


def test_around_gives_a_part_the_levels_of_the_whole() -> None:
    scale, values = calm_between_lively()
    whole = scale.even(values, np.ones((128, 192), dtype=bool), Window(0, 0, 128, 192))
    for window in (Window(0, 0, 70, 70), Window(40, 50, 60, 90), Window(100, 120, 28, 72), Window(64, 64, 2, 2)):
        here = slice(window.row, window.row + window.rows), slice(window.column, window.column + window.columns)
        part = values[:, *here]
        near = scale.around(window).even(part, np.ones(part.shape[1:], dtype=bool), window)
        np.testing.assert_allclose(near, whole[:, *here], atol=1e-4)


def test_around_a_corner_needs_one_chip() -> None:
    scale, _ = calm_between_lively()
    near = scale.around(Window(0, 0, 10, 10))
    assert near.weights.shape == (1, 1)
    assert near.means.shape == (3, 1, 1)


def test_levels_do_not_change_constant_bands() -> None:
    values = np.stack([np.full((64, 128), 0.2), np.random.default_rng(0).random((64, 128))]).astype(np.float32)
    windows = [Window(0, 0, 64, 64), Window(0, 64, 64, 64)]
    valid = np.ones((64, 64), dtype=bool)
    found = levels(windows, [level(values[:, :, w.column : w.column + 64], valid) for w in windows])
    even = found.even(values, np.ones((64, 128), dtype=bool), Window(0, 0, 64, 128))
    assert not even[0].any()
    assert 0.9 < even[1].std() < 1.1
