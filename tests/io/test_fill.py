"""Numbers that stand for no data though nobody declared them."""

from __future__ import annotations

import numpy as np
import pytest

from rsgraph.io.fill import codes, endings, far_codes, flat_border, holds_reflectance, seen_in
from rsgraph.io.windows import Sample


def pixels(*bands: list[float] | np.ndarray, dtype: str = "float32", border: int = 0) -> Sample:  # type: ignore[type-arg]  # any numbers
    numbers = np.array(bands).astype(dtype)
    return Sample(numbers, np.arange(numbers.shape[1]) < border)


def spread(low: float, high: float, n: int = 1000) -> np.ndarray:  # type: ignore[type-arg]  # of floats
    return np.linspace(low, high, n)


@pytest.mark.parametrize(
    ("dtype", "ends"),
    [("uint8", ()), ("uint16", (65535.0,)), ("int32", (2147483647.0, -2147483648.0, -9999.0))],
)
def test_endings_of_types(dtype: str, ends: tuple[float, ...]) -> None:
    assert endings(dtype) == ends


def test_codes_stand_apart_and_repeat() -> None:
    band = spread(0.02, 0.6)
    assert codes(pixels(np.append(band, [-1.0] * 10))) == (-1.0,)
    assert codes(pixels(np.append(band, [-1.0] * 5))) == ()  # five pixels may be anything
    assert codes(pixels(np.append(band, [0.7] * 10))) == ()  # a bright roof
    assert codes(pixels(np.append(band, [99.0] * 10 + [-5.0] * 10))) == (99.0, -5.0)
    assert codes(pixels(np.append(band, [np.nan] * 10 + [-9999.0] * 10))) == ()  # known by itself, elsewhere


def test_far_codes_are_no_reflectance() -> None:
    assert far_codes((-1.0, 1.0, 3.0), (1.0, 1.0), (0.0, 0.0)) == (-1.0, 3.0)
    assert far_codes((16000.0, 12000.0), (1e-4,), (0.0,)) == (16000.0,)
    assert far_codes((0.0,), (1e-4,), (-0.1,)) == ()  # what an offset makes of 0


def test_reflectance_is_distinguished_from_heights_and_decibels() -> None:
    found = pixels(spread(0, 0.9), spread(0, 3000), spread(-25, -5), spread(-1, 1))
    assert holds_reflectance(found, (), (1.0,) * 4, (0.0,) * 4) == (True, False, False, True)


def test_a_scene_of_nothing_but_one_number_is_not_all_fill() -> None:
    assert flat_border(pixels([7.0] * 40, [7.0] * 40, border=20)) is None
    assert flat_border(pixels([7.0] * 40, [7.0] * 39 + [8.0], border=20)) == 7


def test_flat_border_is_one_number_in_all_bands() -> None:
    band = spread(100, 3000)
    other = band[::-1].copy()
    assert flat_border(pixels(band, other, band, dtype="uint16", border=100)) is None
    filled = [np.where(np.arange(1000) < 20, 7, each) for each in (band, other, band)]
    assert flat_border(pixels(*filled, dtype="uint16", border=100)) == 7.0
    assert flat_border(pixels(*filled, dtype="uint16", border=400)) is None  # a twentieth of three bands
    assert flat_border(pixels(*filled, *filled, dtype="uint16", border=400)) == 7.0  # of six no chance
    zero = [np.where(np.arange(1000) < 20, 0, each) for each in (band, other, band)]
    assert flat_border(pixels(*zero, dtype="uint16", border=100)) is None  # has a rule of its own


def test_seen_are_those_that_some_band_holds() -> None:
    assert seen_in(pixels([1, 2], [3, 4]), (4.0, 5.0)) == (4.0,)
