"""Numbers that are no reflectance, on spectra of plants, soil and water."""

from __future__ import annotations

import numpy as np

from rsgraph.io.readings import below_zero, other_reading, possible
from tests.io.spectra import NAMES, PLANTS, SOIL, WATER, pixels


def test_dark_water_keeps_its_scale_and_the_other_reading_is_said() -> None:
    dark = pixels(WATER) / 2
    assert other_reading(dark, NAMES, 1e-4) is None
    (said,) = possible(dark, NAMES, 1e-4)
    assert "reader.scale=0.001" in said
    assert possible(pixels(PLANTS), NAMES, 1e-4) == ()


def test_bands_without_names_keep_their_scale() -> None:
    tenth = pixels(PLANTS) / 10
    assert other_reading(tenth, ("band1", "band2", "band3", "band4", "band5"), 1e-4) is None
    assert possible(tenth, NAMES, 1e-4)


def test_numbers_below_0_and_above_all_clouds_are_told() -> None:
    decibels = np.log10(pixels(PLANTS, SOIL)) * 10
    assert "below 0" in possible(decibels, NAMES, 1.0)[0]
    assert "reader.scale=0.00001525902" in possible(pixels(PLANTS, SOIL) * 6.5535, NAMES, 1e-4)[0]
    assert possible(pixels(PLANTS, SOIL), NAMES, 1e-4) == ()


def test_bands_of_which_half_is_below_0_are_named_though_the_scene_is_not() -> None:
    less = pixels(PLANTS, PLANTS, WATER)
    less[:2] -= np.float32(0.1)
    (said,) = below_zero(less, NAMES)
    assert "Half of the numbers of B02, B03 are below 0" in said
    assert below_zero(pixels(WATER) - np.float32(0.016), NAMES) == (), "as corrections of the atmosphere leave water"
