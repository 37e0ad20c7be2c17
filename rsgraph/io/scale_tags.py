"""Scale and offset that a file tells in its tags, as products and the tools that copy them write them.

GDAL's own scale and offset of a band go before: see :func:`rsgraph.io.counts.decide`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rsgraph.io.counts import declares_scale
from rsgraph.io.header import Header
from rsgraph.io.overrides import Overrides
from rsgraph.io.windows import sample

_PER_UNIT = re.compile(r"(l2a_)?((boa|toa|radio|reflectance)_)?quantification_value", re.IGNORECASE)
_ADDED = re.compile(r"(boa|radio|toa)_add_offset(_(band_?)?\w{1,3})?", re.IGNORECASE)
_MULTIPLIED, _SHIFTED = re.compile("scale_factor", re.IGNORECASE), re.compile("add_offset", re.IGNORECASE)

_MOST_NEGATIVE = 0.05
"""Share of the numbers that may be below 0 once an offset is taken: with more it was taken before."""


@dataclass(frozen=True)
class _Told:
    """What tags say: number * scale + offset; and which tags, for the user."""

    scale: float
    offset: float
    tags: str


def with_tagged_scale(found: Header, given: Overrides) -> Header:
    """Take scale and offset from tags where the file does not declare them otherwise, and say so.

    An offset that would make many numbers negative was taken when the file was made, and is not taken again.

    Parameters
    ----------
    found
        As the file says.
    given
        ``scale`` goes before; ``rules`` of 1 and 2 knew no tags.

    Raises
    ------
    NotReadable
        The file is damaged.
    """
    if given.rules < 3 or given.scale is not None or declares_scale(found):
        return found
    told = _told(found.tags)
    if told is None or any(found.offset):
        return found
    numbers = sample(found.path, found.indexes, found.rows, found.columns).numbers.astype(np.float64)
    numbers = numbers[np.isfinite(numbers) & (numbers != 0)]
    if found.dtype.startswith("float") and (not numbers.size or np.median(numbers) * told.scale < _LEAST):
        return found  # they are reflectance already
    taken = bool(numbers.size and (numbers * told.scale + told.offset < 0).mean() > _MOST_NEGATIVE)
    offset = 0.0 if taken and told.offset < 0 else told.offset
    count = len(found.indexes)
    return replace(
        found, scale=(told.scale,) * count, offset=(offset,) * count, notes=(*found.notes, _said(told, offset))
    )


_LEAST = 0.001
"""Median reflectance of what was not yet divided."""


def _said(told: _Told, offset: float) -> str:
    reading = f"multiplied by {told.scale:g}" + (f", {offset:+g}" if offset else "")
    left = "" if offset == told.offset else f"; the offset of {told.offset:g} is not taken, since it was taken before"
    return (
        f"Numbers are scaled by {told.tags} in the tags: {reading}{left}; reader.scale and reader.offset overrule it."
    )


def _told(tags: Sequence[tuple[str, str]]) -> _Told | None:
    """Return what tags say, where they say one thing of all bands; None where they say nothing, or several things."""
    per_unit, added = _one(tags, _PER_UNIT), _one(tags, _ADDED)
    if per_unit is not None and per_unit[1] > 0:
        shift = 0.0 if added is None else added[1] / per_unit[1]
        return _Told(1 / per_unit[1], shift, " and ".join(each[0] for each in (per_unit, added) if each))
    factor, shifted = _one(tags, _MULTIPLIED), _one(tags, _SHIFTED)
    if factor is None or factor[1] in (0.0, 1.0):
        return None
    listed = " and ".join(each[0] for each in (factor, shifted) if each)
    return _Told(factor[1], 0.0 if shifted is None else shifted[1], listed)


def _one(tags: Iterable[tuple[str, str]], wanted: re.Pattern[str]) -> tuple[str, float] | None:
    """Return a tag as ``NAME=value`` and its number, where all of its kind have the same."""
    found = {number: name for name, text in tags if wanted.fullmatch(name) for number in [_number(text)]}
    if len(found) != 1:
        return None
    ((number, name),) = found.items()
    return None if number is None else (f"{name}={number:g}", number)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
