"""The grays that cover what is not chosen in the scene."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.scene.cover import GRAYS, PictureGrays, gray_colours
from rsgraph.brushing.dimming import dimmed, luminance

PICTURE = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)


def test_a_gray_over_a_colour_dims_it() -> None:
    colours = np.array(gray_colours())
    grays = PictureGrays([PICTURE]).window(0, 0, 1, (24, 32))
    over = colours[grays]
    covered = PICTURE * (1 - over[..., 3:]) + over[..., :3] * 255 * over[..., 3:]
    assert len(colours) == GRAYS
    assert np.abs(covered - dimmed(PICTURE)).max() < 2.5


@pytest.mark.parametrize(("step", "scale"), [(1.0, 0), (2.0, 1), (4.0, 1)])
def test_a_window_is_cut_at_the_scale_at_which_it_is_shown(step: float, scale: int) -> None:
    pictures = [PICTURE, PICTURE[::2, ::2].copy()]
    found = PictureGrays(pictures).window(8, 16, step, (3, 4))
    times = round(step / 2**scale)
    expected = pictures[scale][8 // 2**scale :: times, 16 // 2**scale :: times][:3, :4]
    np.testing.assert_array_equal(found, luminance(np.ascontiguousarray(expected)) // 2)


def test_a_magnified_window_repeats_pixels() -> None:
    found = PictureGrays([PICTURE]).window(1, 1.5, 0.5, (2, 4))
    light = luminance(PICTURE) // 2
    assert found.tolist() == [[light[1, column] for column in (1, 2, 2, 3)]] * 2


def test_grays_of_a_window_are_found_once() -> None:
    grays = PictureGrays([PICTURE])
    first = grays.window(0, 0, 1, (4, 4))
    assert grays.window(0, 0, 1, (4, 4)) is first
    for row in range(1, 6):
        grays.window(row, 0, 1, (4, 4))
    assert grays.window(0, 0, 1, (4, 4)) is not first
