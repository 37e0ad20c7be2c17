"""Conversion of stored numbers to reflectance, guessed from a few windows where the file does not say it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.fill import codes, endings, far_codes, flat_border, holds_reflectance, seen_in
from rsgraph.io.fill import shown as shown_number
from rsgraph.io.handles import read
from rsgraph.io.header import Header
from rsgraph.io.layers import PLAUSIBLE, Radiometry, equal
from rsgraph.io.overrides import Overrides
from rsgraph.io.windows import Sample, corners_and_centre, sample

QUANTIFICATION = 10000.0
"""Sentinel-2's counts per unit of reflectance."""

COUNTS_NOTE = "Numbers are taken as counts, reflectance x 10000: divided by 10000; reader.scale=... says otherwise."

_LARGEST_REFLECTANCE = 2.0
"""Clouds and glint reach beyond 1; half of a scene's pixels never exceed this, unless they are counts."""

_BORDER_SHARE = 0.1
"""An 8-bit value in all bands on this share of the outermost pixels is fill, not a cloud at the edge."""

_FEWEST_BANDS = 3
"""Of fewer bands one number at the border says nothing."""


@dataclass(frozen=True)
class Decision:
    """How the numbers are to be read, whether that gives reflectance, and what to tell the user."""

    radiometry: Radiometry
    reflectance: bool
    notes: tuple[str, ...] = ()


def decide(found: Header, given: Overrides) -> Decision:
    """Choose scale, offset, nodata and fill of one file.

    Parameters
    ----------
    found
        What the file says. Declared scales and offsets are taken as they are.
    given
        What the user says, which goes before.

    Notes
    -----
    Where neither says anything: 8-bit numbers are divided by 255 and are not reflectance; other integers, and
    floats whose median exceeds 2, are Sentinel-2 counts and divided by 10 000; other floats are reflectance.
    An add-offset (-1000 counts from processing baseline 04.00 on) cannot be seen from the numbers and is left
    in; remove it with ``offset=-0.1``. Without a declared nodata value, a pixel of counts that is 0 in all
    bands is nodata, and so is an 8-bit pixel that is 255 (or 0) in all bands where at least a tenth of the
    outermost pixels are. Unless ``mask=declared``, more is looked for: :mod:`rsgraph.io.fill`.
    """
    if given.looks:
        return _decide_looking(found, given)
    eight_bit = found.dtype == "uint8"
    scale, notes = _scale(found, given)
    nodata = found.nodata if given.nodata is None else (given.nodata,) * len(found.indexes)
    fill, fill_note = _fill(found, eight_bit) if all(value is None for value in nodata) else (None, ())
    offset = found.offset if given.offset is None else (given.offset,) * len(found.indexes)
    stretched = eight_bit and not declares_scale(found) and given.scale is None
    return Decision(Radiometry(scale, offset, nodata, fill), not stretched, (*notes, *fill_note))


def _decide_looking(found: Header, given: Overrides) -> Decision:
    """Choose as ``decide``, and find what nobody declared."""
    pixels = sample(found.path, found.indexes, found.rows, found.columns)
    nodata = found.nodata if given.nodata is None else (given.nodata,) * len(found.indexes)
    declared = [value for value in nodata if value is not None]
    offset = found.offset if given.offset is None else (given.offset,) * len(found.indexes)
    if any(map(math.isnan, declared)) and given.nodata is not None:  # the user says that all numbers are data
        scale, notes = _scale(found, given)
        return Decision(Radiometry(scale, offset, nodata), not _is_stretched(found, given), notes)
    ends, apart = endings(found.dtype), codes(pixels)
    too_few = found.dtype == "uint8" and len(found.indexes) == 2  # both may be white
    overruled = given.nodata is not None or too_few or _is_masked(found, pixels)
    flat = None if overruled else flat_border(pixels, declared)
    scale, notes = _scale(found, given, without=(*ends, *apart, *([] if flat is None else [flat])))
    stretched = _is_stretched(found, given)
    never = ends if stretched else (*ends, *far_codes(apart, scale, offset))
    never = tuple(value for value in never if value not in declared)
    within = stretched or _stays_plausible(found.dtype, scale, offset)
    bounded = () if within else holds_reflectance(pixels, never, scale, offset)
    zero = 0.0 if _zero_is_fill(found, pixels, given, declared) else None
    radiometry = Radiometry(
        scale, offset, nodata, zero, () if flat is None or flat in never else (flat,), never, bounded
    )
    said = _fill_notes(found, pixels, radiometry, flat)
    return Decision(radiometry, not stretched, (*notes, *said))


def _stays_plausible(dtype: str, scale: Sequence[float], offset: Sequence[float]) -> bool:
    """Tell whether no number of a type is beyond what reflectance can be: counts of 16 bits are not."""
    if not np.issubdtype(dtype, np.integer):
        return False
    ends = np.iinfo(dtype)
    values = [end * s + o for end in (ends.min, ends.max) for s, o in zip(scale, offset, strict=True)]
    return PLAUSIBLE[0] <= min(values) and max(values) <= PLAUSIBLE[1]


def _is_stretched(found: Header, given: Overrides) -> bool:
    return found.dtype == "uint8" and not declares_scale(found) and given.scale is None


def _is_masked(found: Header, pixels: Sample) -> bool:
    """Tell whether the file itself says where data are. A mask that hides nothing of a few windows says nothing."""
    if found.masked or found.band_masks:
        return True
    if not found.masks:
        return False
    numbers = sample(found.path, [mask.number for mask in found.masks], found.rows, found.columns).numbers
    return any(mask.lost(layer).any() for mask, layer in zip(found.masks, numbers, strict=True))


def _zero_is_fill(found: Header, pixels: Sample, given: Overrides, declared: Sequence[float]) -> bool:
    """Tell whether pixels that are 0 in all bands are fill.

    Of 8 bits, and where another number is declared, only if they make up the border.
    """
    if given.nodata is not None or 0 in declared or _is_masked(found, pixels):
        return False
    if found.dtype != "uint8" and not declared:
        return True
    edge = pixels.numbers[:, pixels.border]
    many = len(edge) >= _FEWEST_BANDS or (len(edge) == 1 and found.dtype != "uint8")  # of a scene: all its files
    return many and bool((edge == 0).all(axis=0).mean() >= _BORDER_SHARE)


def _fill_notes(found: Header, pixels: Sample, radiometry: Radiometry, flat: float | None) -> tuple[str, ...]:
    """Say which numbers that nobody declared are taken as nodata, of those that were seen."""
    notes = []
    if radiometry.fill is not None and equal(pixels.numbers, 0).all(axis=0).any():
        notes.append(
            "0 in all bands fills the border, though another nodata value is declared: such pixels are taken as "
            "nodata (reader.nodata=nan keeps them)."
            if any(value is not None for value in found.nodata)
            else "No nodata value is declared: pixels that are 0 in all bands are taken as nodata."
        )
    if flat is not None:
        declared = "Another" if any(value is not None for value in found.nodata) else "No"
        notes.append(
            f"{declared} nodata value is declared, but {shown_number(flat)} in all bands fills the border: such "
            "pixels are taken as nodata (reader.nodata=nan keeps them)."
        )
    rest = [value for value in seen_in(pixels, radiometry.never) if value != flat]
    if rest:
        listed = ", ".join(map(shown_number, rest))
        notes.append(
            f"{listed}: far outside all other numbers, though not declared as nodata; pixels that have it in some "
            "band are masked as saturated or without data (reader.nodata=nan keeps them)."
        )
    return tuple(notes)


def without_lone_fill(decisions: Mapping[str, Decision]) -> dict[str, Decision]:
    """Drop the fill along the border of single-band files unless all bands of the scene, three or more, have one.

    A band by itself may have one number all along its border, as the cirrus band has over clear land.
    """
    if len(decisions) >= _FEWEST_BANDS and all(map(_has_border, decisions.values())):
        return dict(decisions)
    return {band: _without_fills(decision) for band, decision in decisions.items()}


def _has_border(decision: Decision) -> bool:
    return bool(decision.radiometry.fills) or _is_second(decision.radiometry)


def _is_second(radiometry: Radiometry) -> bool:
    """Tell whether 0 is taken as fill beside another number that is declared."""
    return radiometry.fill is not None and any(value is not None for value in radiometry.nodata)


def _without_fills(decision: Decision) -> Decision:
    if not _has_border(decision):
        return decision
    kept = tuple(text for text in decision.notes if "fills the border" not in text)
    fill = None if _is_second(decision.radiometry) else decision.radiometry.fill
    return replace(decision, radiometry=replace(decision.radiometry, fills=(), fill=fill), notes=kept)


def declares_scale(found: Header) -> bool:
    """Tell whether a file says how its numbers are to be scaled."""
    return any(value not in (0.0, 1.0) for value in found.scale)  # 0 is what a writer leaves that knows no scale


def _scale(
    found: Header, given: Overrides, without: Sequence[float] = ()
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    count = len(found.indexes)
    if given.scale is not None:
        return (given.scale,) * count, ()
    if declares_scale(found):
        return found.scale, ()
    if found.dtype == "uint8":
        return (1 / 255,) * count, (
            "8-bit numbers (a display stretch): divided by 255; they are not reflectance, "
            "and dark and bright details may be lost.",
        )
    integers = not found.dtype.startswith("float")
    if integers or _median(found, without) > _LARGEST_REFLECTANCE:
        return (1 / QUANTIFICATION,) * count, (COUNTS_NOTE,)
    return (1.0,) * count, ()


def _median(found: Header, without: Sequence[float]) -> float:
    """Median of the first windows that hold data; 0 where none does."""
    values = np.concatenate(list(_valid_values(found, corners_and_centre(found.rows, found.columns), without)))
    if not values.size:
        values = next((v for v in _valid_values(found, all_windows(found), without) if v.size), np.zeros(1))
    return float(np.median(values))


def _valid_values(
    found: Header, windows: Iterator[tuple[int, int, int, int]], without: Sequence[float]
) -> Iterator[NDArray[Any]]:
    for window in windows:
        numbers = read(found.path, list(found.indexes), *window)
        lost = ~np.isfinite(numbers) | (numbers == 0)
        for value in without:
            lost |= equal(numbers, value)
        for band, declared in enumerate(found.nodata):
            if declared is not None:
                lost[band] |= equal(numbers[band], declared)
        yield numbers[~lost]


def band_medians(found: Header) -> list[float]:
    """Median number of each band over a few windows, 0 left out (0 for a band without data)."""
    parts = [
        read(found.path, list(found.indexes), *window) for window in corners_and_centre(found.rows, found.columns)
    ]
    bands = np.concatenate([part.reshape(len(found.indexes), -1) for part in parts], axis=1)
    return [float(np.median(band[band != 0])) if (band != 0).any() else 0.0 for band in bands]


def all_windows(found: Header, side: int = 512) -> Iterator[tuple[int, int, int, int]]:
    """Tile the whole file."""
    for row in range(0, found.rows, side):
        for column in range(0, found.columns, side):
            yield row, column, min(side, found.rows - row), min(side, found.columns - column)


def _fill(found: Header, eight_bit: bool) -> tuple[float | None, tuple[str, ...]]:
    """Find the fill of a file that declares none."""
    if found.masked:
        return None, ()
    if not eight_bit:
        seen = any(
            equal(read(found.path, list(found.indexes), *window), 0).all(axis=0).any()
            for window in corners_and_centre(found.rows, found.columns)
        )
        note = "No nodata value is declared: pixels that are 0 in all bands are taken as nodata."
        return 0.0, (note,) if seen else ()
    if len(found.indexes) < _FEWEST_BANDS:
        return None, ()
    edge = _edge(found)
    for value in (255.0, 0.0):
        if equal(edge, value).all(axis=0).mean() >= _BORDER_SHARE:
            return value, (
                f"No nodata value is declared, but {value:.0f} in all bands fills the border: such pixels "
                "are taken as nodata.",
            )
    return None, ()


def _edge(found: Header) -> NDArray[Any]:
    """The outermost rows and columns: (bands, pixels)."""
    last_row, last_column = found.rows - 1, found.columns - 1
    strips = [(0, 0, 1, found.columns), (last_row, 0, 1, found.columns)]
    strips += [(0, 0, found.rows, 1), (0, last_column, found.rows, 1)]
    indexes = list(found.indexes)
    return np.concatenate([read(found.path, indexes, *strip).reshape(len(indexes), -1) for strip in strips], axis=1)
