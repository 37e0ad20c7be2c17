"""A check whether the numbers of a scene can be reflectance as they were read, and another reading where not.

A file that does not say how its numbers are scaled is read by the rules of :func:`rsgraph.io.counts.decide`. Only a
reading that gives impossible reflectance is replaced; where another one is merely possible, the user hears of it.
``reader.scale`` and ``reader.offset`` overrule both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from rsgraph.io.band_names import L1C
from rsgraph.io.counts import COUNTS_NOTE, QUANTIFICATION
from rsgraph.io.layers import PLAUSIBLE, LayeredSource, Layers
from rsgraph.io.overrides import Overrides
from rsgraph.io.sensors import colour_named
from rsgraph.io.sixteen_bits import TOP, in_steps
from rsgraph.io.windows import corners_and_centre
from rsgraph.types import Doubles, Floats, Scene, Window

BRIGHTEST = 2.0
"""Clouds and glint reach beyond 1; more than this nothing reflects but a few pixels."""

DARKEST_PLANTS = 0.08
"""Sunlit plants reflect 0.2 to 0.5 of the near infrared. Where so many pixels are as green as plants, and hardly one
reflects as much as this, the numbers are not what they were taken for."""

DIM = 0.06
"""Open water reflects no more than this in its brightest band, and land always somewhere does."""

COLLECTION_2 = (0.0000275, -0.2)
"""Scale and offset of surface reflectance in Landsat's Collection 2."""

OFFSET_SINCE = date(2022, 1, 25)
"""From processing baseline 04.00 on, Sentinel-2's counts are 1000 higher."""

_LEFT_IN = 0.09
"""Darkest reflectance of bands into which the 1000 counts of 0.1 were left."""


_BY = "Numbers are taken as reflectance"
_DIM_SAID = "Hardly a pixel is brighter than"
_STEPS_SAID = (
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


def plausible(scene: Scene, given: Overrides, *, declared: bool, hints: Sequence[str] = ()) -> Scene:
    """Replace an impossible reading of a scene's numbers, and say which other readings are possible.

    Parameters
    ----------
    scene
        As it was read. Its source is a ``LayeredSource``.
    given
        What the user says, which is not questioned.
    declared
        Whether the files say how they are scaled, which is not questioned either.
    hints
        What else the files say: descriptions of bands, for example.
    """
    if given.rules == 1 or not scene.reflectance or not _layers(scene):
        return scene
    if given.scale is None and given.offset is None:
        scene = _declared_otherwise(scene)
        if declared:
            scene = _with_notes(scene, below_zero(sampled(scene)))
    if given.scale is None and not declared:
        scene = _scaled(scene, given, [*hints, *(file.name for file in scene.files)])
    return _with_offset_note(scene) if given.offset is None and scene.reflectance else scene


def agreeing(scenes: Sequence[Scene]) -> list[Scene]:
    """Read all scenes of a collection by one scale, where one was replaced in some and merely doubtful in others.

    Tiles of one product are scaled alike, and one of open water does not show it.
    """
    replaced = {layer.radiometry.scale[0] for scene in scenes if _said(scene, _BY) for layer in _layers(scene)}
    if len(replaced) != 1:
        return list(scenes)
    (scale,) = replaced
    note = f"{_BY} x {round(1 / scale)}, as in other scenes beside it; reader.scale=... says otherwise."
    other = Reading(scale, note)
    doubtful = (_DIM_SAID, _STEPS_SAID) if scale == 1 / TOP else (_DIM_SAID,)
    return [
        _read_as(scene, other, Overrides()) if any(_said(scene, said) for said in doubtful) else scene
        for scene in scenes
    ]


def _said(scene: Scene, beginning: str) -> bool:
    return any(note.startswith(beginning) for note in scene.notes)


def sampled(scene: Scene) -> Floats:
    """Valid pixels of nine small windows, (bands, n); of the first windows that hold any where those do not."""
    parts = [scene.source.read(Window(*window)) for window in corners_and_centre(scene.rows, scene.columns)]
    return np.concatenate([part.values[:, part.valid] for part in parts], axis=1)


def _declared_otherwise(scene: Scene) -> Scene:
    """Read a declared offset as counts, or a declared scale as counts per unit, where as declared it is impossible.

    Both are common: an offset of -1000 beside a scale of 0.0001, and a scale of 10000.
    """
    radiometry = [layer.radiometry for layer in _layers(scene)]
    readings = {pair for each in radiometry for pair in zip(each.scale, each.offset, strict=True)}
    pixels = sampled(scene)
    if len(readings) > 1 or not pixels.shape[1] or _can_be(pixels):
        return scene
    ((scale, offset),) = readings
    numbers = (pixels.astype(np.float64) - offset) / scale
    for other, shift, why in (
        (scale, offset * scale, f"The declared offset of {offset:g} is taken as counts, as {offset * scale:g}"),
        (1 / scale, offset, f"The declared scale of {scale:g} is taken as counts per unit: divided by it"),
        (1 / scale, offset / scale, f"The declared scale of {scale:g} and offset of {offset:g} are taken as counts"),
    ):
        if (
            (other, shift) != (scale, offset)
            and max(other, 1 / other) >= _FAR_FROM_ONE
            and _can_be(numbers * other + shift)
        ):
            note = f"{why}, since nothing reflects {np.median(pixels):g}; reader.scale and reader.offset overrule it."
            return _read_as(scene, Reading(other, note, shift), Overrides())
    return scene


_FAR_FROM_ONE = 100
"""Counts per unit of reflectance, at least."""


def _can_be(pixels: Doubles | Floats) -> bool:
    """Tell whether numbers (bands, n) may be reflectance by their median, and by what the brightest band has."""
    return bool(PLAUSIBLE[0] < np.median(pixels) <= BRIGHTEST)


def _scaled(scene: Scene, given: Overrides, hints: Sequence[str]) -> Scene:
    pixels, scale = sampled(scene), float(_layers(scene)[0].radiometry.scale[0])
    if not pixels.shape[1]:
        return scene
    whole_range = full_range(pixels, scene.bands, scale) if given.rules > 2 else None
    found = whole_range or other_reading(pixels, scene.bands, scale, hints)
    if found is None:
        doubts = (_STEPS_SAID,) if given.rules > 2 and _is_in_steps(pixels, scale) else possible(pixels, scale)
        return _with_notes(scene, (*doubts, *_other_units(pixels, scene.bands)))
    return _read_as(scene, found, given)


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
    if not (of_sentinel or _is_in_steps(pixels, scale)):
        return None
    why = f"otherwise many are above {BRIGHTEST:g}" if high > BRIGHTEST else f"otherwise plants reflect {plants:.2f}"
    return _by(1 / TOP, scale, why)


_FAR_TOO_BRIGHT, _DARK = 3.0, 0.33
"""Reflectance that not even clouds under a low sun have; and of dark pixels, both if numbers are taken as x 10000."""


def _is_in_steps(pixels: Floats, scale: float) -> bool:
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
        f"{_BY} x {round(1 / scale)}, not {before}, since {why}; reader.scale={taken:g} reads them so nevertheless.",
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


def _other_units(pixels: Floats, bands: Sequence[str]) -> tuple[str, ...]:
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


def below_zero(pixels: Floats) -> tuple[str, ...]:
    """Say of numbers (bands, n), half of which are negative, that they are no reflectance."""
    if not pixels.shape[1] or float(np.median(pixels)) >= 0:
        return ()
    return (
        "Half of the numbers are below 0, which reflectance is not: heights, decibels, or counts from which an "
        "offset was taken twice. They are read as they are; reader.scale and reader.offset say otherwise.",
    )


def possible(pixels: Floats, scale: float) -> tuple[str, ...]:
    """Say which other reading is possible, where the one that was taken is doubtful."""
    if below_zero(pixels):
        return below_zero(pixels)
    if scale == 1.0:
        return ()
    high, low = float(np.percentile(pixels.max(axis=0), 98)), float(np.percentile(pixels, 1))
    if high < DIM:
        return (f"{_DIM_SAID} {high:.3f}: where the numbers are reflectance x 1000, say reader.scale=0.001.",)
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


def _read_as(scene: Scene, found: Reading, given: Overrides) -> Scene:
    """Read all bands of a scene in another way."""
    offset = (found.offset or 0.0) if given.offset is None else given.offset
    layers = tuple(
        replace(
            layer,
            radiometry=replace(
                layer.radiometry,
                scale=(found.scale,) * len(layer.indexes),
                offset=layer.radiometry.offset if found.offset is None else (offset,) * len(layer.indexes),
            ),
        )
        for layer in _layers(scene)
    )
    scales, offsets = (
        [value for layer in layers for value in getattr(layer.radiometry, name)] for name in ("scale", "offset")
    )
    kept = tuple(
        note for note in scene.notes if note not in (COUNTS_NOTE, _STEPS_SAID) and not note.startswith(_DIM_SAID)
    )
    return replace(
        scene,
        source=replace(scene.source, layers=layers) if isinstance(scene.source, LayeredSource) else scene.source,
        identity={**scene.identity, "scale": scales, "offset": offsets},
        reflectance=found.reflectance,
        notes=(*kept, found.note),
    )


def _layers(scene: Scene) -> tuple[Layers, ...]:
    source = scene.source
    return source.layers if isinstance(source, LayeredSource) else ()


def _with_notes(scene: Scene, notes: Sequence[str]) -> Scene:
    return replace(scene, notes=(*scene.notes, *notes)) if notes else scene


def _with_offset_note(scene: Scene) -> Scene:
    """Say that the 1000 counts of newer products may be left in, where names and numbers speak for it."""
    since = newer_product(scene.files[0]) if scene.files else None
    of_sentinel = len({*scene.bands} & {*L1C}) >= 3
    if since is None or not of_sentinel or any(any(layer.radiometry.offset) for layer in _layers(scene)):
        return scene
    pixels = sampled(scene)
    darkest = float(np.percentile(pixels, 1, axis=1).min()) if pixels.shape[1] else 0.0
    if darkest < _LEFT_IN:
        return scene
    return _with_notes(
        scene,
        [
            f"Its name speaks of {since}: Sentinel-2's products of baseline 04.00 and later (from {OFFSET_SINCE} on) "
            f"carry 1000 counts more, and no band is darker than {darkest:.2f}. They are left in; if they are in the "
            "file, reader.offset=-0.1 removes them."
        ],
    )


def newer_product(file: Path) -> str | None:
    """Return what names of a file and its folder say of a product that carries 1000 counts more; None: nothing.

    Examples
    --------
    >>> newer_product(Path("turb_20231217.tif")), newer_product(Path("S2A_MSIL2A_20170527T101031_N0500_R022.tif"))
    ('2023-12-17', 'baseline 05.00')
    """
    for name in (file.name, file.parent.name):
        baseline = re.search(r"_N(\d\d)(\d\d)(?![0-9])", name)
        if baseline:
            return f"baseline {baseline[1]}.{baseline[2]}" if int(baseline[1]) >= 4 else None
        days = [*_dates(name)]
        if days:
            return str(days[0]) if days[0] >= OFFSET_SINCE else None
    return None


def _dates(name: str) -> Iterator[date]:
    for year, month, day in re.findall(r"(?<!\d)(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)", name):
        if 1 <= int(month) <= 12 and 1 <= int(day) <= 28 + 3:
            try:
                yield date(int(year), int(month), int(day))
            except ValueError:  # the 31st of a short month
                continue
