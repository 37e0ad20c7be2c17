"""Dots against the area of a disk, and single pixels worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.brushing.dots import stamp
from rsgraph.brushing.viewport import Viewport

VIEWPORT = Viewport(0, 40, 0, 30, 40, 30)


def stamped(
    points: list[tuple[float, float]],
    colours: list[int],
    *,
    diameter: float,
    ground: int = 0,
    halo: tuple[int, int, int] | None = None,
) -> NDArray[np.uint8]:
    """Red, green and blue of the dots on a gray ground."""
    image = np.full((VIEWPORT.height, VIEWPORT.width, 4), ground, dtype=np.uint8)
    places = np.array(points, dtype=np.float32).reshape(-1, 2)
    stamp(image, places, np.array(colours, dtype=np.uint32), VIEWPORT, diameter=diameter, halo=halo)
    return image[..., :3]


@pytest.mark.parametrize("diameter", [8.0, 20.0])
def test_stamp_covers_the_area_of_a_disk(diameter: float) -> None:
    image = stamped([(20.3, 14.8)], [0], diameter=diameter, ground=255)
    assert (1 - image[..., 0] / 255).sum() == pytest.approx(np.pi * diameter**2 / 4, rel=0.02)


def test_stamp_shades_pixels_by_the_distance_of_their_centres() -> None:
    # 4 pixels wide: radius 2, full colour to 2 - 4 / 6, and an edge of brightness 0.4 + 0.13 * 2
    quarter = stamped([(20, 15)], [200], diameter=4)[15:18, 20:23, 0]
    whole = np.clip(2.5 - np.hypot(*np.mgrid[0.5:3, 0.5:3]), 0, 1)
    full = np.clip(2.5 - 4 / 6 - np.hypot(*np.mgrid[0.5:3, 0.5:3]), 0, 1)
    np.testing.assert_array_equal(quarter, np.floor(200 * (full + 0.66 * (whole - full)) + 0.5))
    assert quarter[0, 0] == 200
    assert quarter[1, 1] == 50  # a centre 2.12 from the dot's: 0.38 of the pixel in the edge's shade


def test_stamp_draws_the_last_dot_above() -> None:
    image = stamped([(20, 15), (20, 15)], [200, 200 << 16], diameter=8)
    assert image[15, 20].tolist() == [0, 0, 200]


def test_stamp_lays_all_borders_below_all_dots() -> None:
    points, colours = [(20, 15), (25, 15)], [200, 200 << 8]
    image = stamped(points, colours, diameter=8, halo=(255, 255, 255))
    assert image[15, 20].tolist() == [200, 0, 0]  # 4.53 from the second dot, whose border reaches to 4 + 1.3
    assert image[15, 15].tolist() == [255, 255, 255]  # as far from the first dot on its other side
    assert not stamped(points, colours, diameter=8)[15, 15].any()


def test_stamp_cuts_dots_at_the_border_and_skips_those_without_a_place() -> None:
    assert stamped([(-1, 15)], [200], diameter=8)[15, 0].tolist() == [200, 0, 0]
    assert not stamped([(np.nan, 15), (20, np.inf), (-100, 15)], [200] * 3, diameter=8).any()
