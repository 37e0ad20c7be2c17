"""Numbers that were taken for reflectance and may be something else: counts of another scale, a picture, other units.

Science on arrays: :mod:`rsgraph.io.plausible` asks it of scenes, replaces only readings that are impossible, and
tells the user of the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rsgraph.io.band_names import L1C
from rsgraph.io.counts import QUANTIFICATION
from rsgraph.io.layers import PLAUSIBLE
from rsgraph.io.sensors import colour_named
from rsgraph.io.sixteen_bits import TOP, in_steps
from rsgraph.types import Doubles, Floats

BRIGHTEST = 2.0
"""Clouds and glint reach beyond 1; more than this nothing reflects but a few pixels."""

DARKEST_PLANTS = 0.08
"""Sunlit plants reflect 0.2 to 0.5 of the near infrared. Where so many pixels are as green as plants, and hardly one
reflects as much as this, the numbers are not what they were taken for."""

DIM = 0.06
"""Open water reflects no more than this in its brightest band, and land always somewhere does."""

COLLECTION_2 = (0.0000275, -0.2)
"""Scale and offset of surface reflectance in Landsat's Collection 2."""

BY = "Numbers are taken as reflectance"
DIM_SAID = "Hardly a pixel is brighter than"
STEPS_SAID = (
    "The numbers stand in steps of 6.55, as counts of 10000 do that were stretched to 65535: where they are such an "
    "export, say reader.scale=0.00001525902."
)


@dataclass(frozen=True)
class Reading:
    """How numbers are read instead: number * scale + offset; and why, for the user.

    ``offset`` of None: as it was.
    """

    scale: float
    note: str
    offset: float | None = None
    reflectance: bool = True


def other_reading(pixels: Floats, bands: Sequence[str], scale: float, hints: Sequence[str] = ()) -> Reading | None:
    """Find the reading that fits where the one that was taken gives impossible reflectance.

    Parameters
    ----------
    pixels
        (bands, n) reflectance, as it was read.
    bands
        Names.
    scale
        By which the numbers were multiplied.
    hints
        Texts that may name a product.

    Returns
    -------
    Reading or None
        None: the reading may be right.
    """
    known = [i for i, band in enumerate(bands) if colour_named(band)]
    bright = _too_bright(pixels[known] if known else pixels, scale)
    readings = (_of_collection_2(pixels, scale, hints), _stretched(pixels, scale), bright)
    return next((found for found in readings if found), None) or _too_dark(pixels, bands, scale)


def full_range(pixels: Floats, bands: Sequence[str], scale: float) -> Reading | None:
    """Recognise reflectance x 65535 where it is impossible as reflectance x 10000; parameters as ``other_reading``.

    That numbers stand in its steps proves it. Without that, where bands are Sentinel-2's, the brightest must be far
    too bright and the darkest dark: numbers of Landsat's are nowhere near 0.
    """
    high, plants = float(np.percentile(pixels.max(axis=0), 98)), _level_of_plants(pixels, bands) or 0.0
    if scale != 1 / QUANTIFICATION or max(high / BRIGHTEST, plants) <= 1 or float(pixels.max()) / scale > TOP + 0.5:
        return None
    of_sentinel = len({*bands} & {*L1C}) >= 3 and high > _FAR_TOO_BRIGHT and np.percentile(pixels, 1) < _DARK
    if not (of_sentinel or is_in_steps(pixels, scale)):
        return None
    why = f"otherwise many are above {BRIGHTEST:g}" if high > BRIGHTEST else f"otherwise plants reflect {plants:.2f}"
    return _by(1 / TOP, scale, why)


_FAR_TOO_BRIGHT, _DARK = 3.0, 0.33
"""Reflectance that not even clouds under a low sun have; and of dark pixels, both if numbers are taken as x 10000."""


def is_in_steps(pixels: Floats, scale: float) -> bool:
    """Tell whether numbers, which were taken as counts of 10000, are counts that were stretched to 65535."""
    return scale == 1 / QUANTIFICATION and in_steps(pixels / np.float32(scale))


def _of_collection_2(pixels: Floats, scale: float, hints: Sequence[str]) -> Reading | None:
    if not any(re.search(r"SR_B\d|_L2S[PR]_.*_02_", hint) for hint in hints) or np.percentile(pixels, 1) < _ZERO:
        return None
    return Reading(
        COLLECTION_2[0],
        "Numbers are surface reflectance of Landsat's Collection 2: multiplied by 0.0000275, less 0.2; reader.scale "
        "and reader.offset overrule it.",
        COLLECTION_2[1],
    )


_ZERO = 0.65
"""Numbers of Collection 2 begin at 7273 for a reflectance of 0: divided by 10000 nothing is darker than this."""


def _stretched(pixels: Floats, scale: float) -> Reading | None:
    """Recognise pictures: 8 bits in a wider type, or all of 16 bits."""
    numbers = pixels / scale
    top, high = float(numbers.max()), float(np.percentile(numbers.max(axis=0), 98))
    whole = _whole(numbers)
    if whole and round(top) == 255 and high >= 128:
        return _picture(255)
    if whole and scale != 1.0 and np.median(pixels) > BRIGHTEST and round(top) <= 65535:
        return _picture(65535)
    return None


def _whole(numbers: Floats) -> bool:
    return bool(np.all(np.abs(numbers - np.round(numbers)) < 0.01))


def _picture(top: int) -> Reading:
    return Reading(
        1 / top,
        f"Numbers up to {top} are a display stretch, since they cannot be counts: divided by {top}; they are not "
        "reflectance. reader.scale=... says otherwise.",
        reflectance=False,
    )


def _too_bright(pixels: Floats, scale: float) -> Reading | None:
    """Recognise per cent and other powers of ten in numbers that cannot be reflectance."""
    level = float(np.median(pixels)) if scale != 1.0 else float(np.percentile(pixels.max(axis=0), 98))
    if level <= BRIGHTEST:
        return None
    power = next(power for power in range(1, 40) if level / 10**power <= BRIGHTEST)
    return _by(scale / 10**power, scale, f"many are above {BRIGHTEST:g} otherwise")


def _too_dark(pixels: Floats, bands: Sequence[str], scale: float) -> Reading | None:
    """Recognise numbers that are a tenth or a hundredth of what they were taken for, by plants and dry land."""
    level = _level_of_plants(pixels, bands)
    what, limit = "plants reflect", DARKEST_PLANTS
    if level is None:
        level, what, limit = _level_of_land(pixels, bands), "land reflects", DIM
    if level is None or level >= limit or scale == 1.0:
        return None
    factor = next((factor for factor in (10, 100) if 0.12 <= level * factor <= BRIGHTEST), None)
    numbers = pixels / scale
    if factor == 100 and 100 * BRIGHTEST * 0.75 < numbers.max() < 255.5 and _whole(numbers):
        return _picture(255)
    return None if factor is None else _by(scale * factor, scale, f"otherwise {what} {level:.3f} at most")


def _by(scale: float, taken: float, why: str) -> Reading:
    """Read as reflectance times a power of ten, instead of by the scale that was taken."""
    before = "reflectance itself" if taken == 1.0 else f"x {1 / taken:.0f}"
    return Reading(
        scale,
        f"{BY} x {round(1 / scale)}, not {before}, since {why}; reader.scale={taken:g} reads them so nevertheless.",
    )


def _level_of_plants(pixels: Floats, bands: Sequence[str]) -> float | None:
    """Near infrared of the brightest of the pixels whose NDVI is above 0.5; None where they are few."""
    red, infrared = _band(pixels, bands, "red"), _band(pixels, bands, "nir", "nir08")
    if red is None or infrared is None:
        return None
    green = (infrared - red) > 0.5 * (infrared + red)
    return float(np.percentile(infrared[green], 95)) if green.mean() >= 0.05 else None


def _level_of_land(pixels: Floats, bands: Sequence[str]) -> float | None:
    """Brightest band of a scene of which most reflects more infrared than green, as water never does; else None."""
    green, infrared = _band(pixels, bands, "green"), _band(pixels, bands, "nir", "nir08")
    if green is None or infrared is None or (infrared > green).mean() < 0.5:
        return None
    return float(np.percentile(pixels.max(axis=0), 98))


def _band(pixels: Floats, bands: Sequence[str], *colours: str) -> Floats | None:
    named = {colour_named(band): i for i, band in reversed([*enumerate(bands)])}
    return next((pixels[named[colour]] for colour in colours if colour in named), None)


def other_units(pixels: Floats, bands: Sequence[str]) -> tuple[str, ...]:
    """Say which layers, named after no colour, cannot be reflectance beside bands that can: heights, temperatures."""
    levels = [float(np.median(np.abs(band))) for band in pixels]
    known = [band for band in bands if colour_named(band)]
    odd = [band for band, level in zip(bands, levels, strict=True) if band not in known and level > BRIGHTEST]
    if not odd or not known:
        return ()
    return (
        f"{', '.join(odd)}: read beside the bands, though far too large for reflectance, and outweighs them; "
        f"reader.bands=[{','.join(known)}] reads nothing else.",
    )


_LISTED = 12
"""Bands that a sentence names."""

_BELOW = -0.02
"""Median of a band that no correction of the atmosphere over water gives: an offset that is not in the file does."""


def below_zero(pixels: Floats, bands: Sequence[str]) -> tuple[str, ...]:
    """Say of numbers (bands, n), half of which are negative, or of such bands, that they are no reflectance."""
    if not pixels.shape[1]:
        return ()
    whole = float(np.median(pixels)) < 0
    below = [band for band, level in zip(bands, np.median(pixels, axis=1), strict=True) if level < _BELOW]
    if not whole and not below:
        return ()
    named = ", ".join(below[:_LISTED]) + " ..." * (len(below) > _LISTED)
    return (
        f"Half of the numbers{'' if whole else f' of {named}'} are below 0, which reflectance is not: "
        "heights, decibels, or counts from which an offset was taken twice. They are read as they are; reader.scale "
        "and reader.offset say otherwise.",
    )


def possible(pixels: Floats, bands: Sequence[str], scale: float) -> tuple[str, ...]:
    """Say which other reading is possible, where the one that was taken is doubtful; parameters as above."""
    below = below_zero(pixels, bands)
    if below:
        return below
    if scale == 1.0:
        return ()
    high, low = float(np.percentile(pixels.max(axis=0), 98)), float(np.percentile(pixels, 1))
    if high < DIM:
        return (f"{DIM_SAID} {high:.3f}: where the numbers are reflectance x 1000, say reader.scale=0.001.",)
    if low >= _ZERO:
        return (
            f"Hardly a pixel is darker than {low:.2f}: where the numbers are Landsat's Collection 2, say "
            "reader.scale=0.0000275 reader.offset=-0.2.",
        )
    if high > BRIGHTEST:
        return (
            f"Many pixels are brighter than {BRIGHTEST:g}, which clouds are not: where the numbers go up to 65535 "
            "for a reflectance of 1, say reader.scale=0.00001525902.",
        )
    return ()


def can_be(pixels: Doubles | Floats) -> bool:
    """Tell whether numbers (bands, n) may be reflectance, by their median."""
    return bool(PLAUSIBLE[0] < np.median(pixels) <= BRIGHTEST)
