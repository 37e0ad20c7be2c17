"""Which values of a raster are classes, and which mean that there is none, where the file does not say so.

Files of others leave it open whether 0 is a class (land in a mask of water) or none (not mapped), and which value
stands for no data. What is decided here is said, and whoever names the values that are classes overrules it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

NO_CLASS = re.compile(
    r"\s*(no[ _-]?data.*|fill( value)?|missing( data)?|unlabell?ed.*|ignored?|void|)\s*", re.IGNORECASE
)
"""Names that mean of any value that there is no class; an empty one says nothing."""

NO_CLASS_OF_ZERO = re.compile(r"\s*(unclassified|not classified|unknown|none|background)\s*", re.IGNORECASE)
"""And of 0 besides."""

_TOP = (255, 32_767, 65_535, 2**31 - 1, 2**32 - 1)
"""The largest numbers of types of pixels, which stand for no data where classes are far below."""

_BESIDE_TOP = 5
"""Values directly below 255 that are no data together with it: 254 is unclassifiable, 255 outside."""

_YES = (1, 255)
"""What masks write where a thing is; 0 is where it is not."""


class Reading(NamedTuple):
    """What values mean.

    Parameters
    ----------
    classes, none
        Values that are classes, and values that are not, both rising.
    decided
        What was decided and not said by the file: one phrase each.
    """

    classes: list[int]
    none: list[int]
    decided: list[str]


def says_none(value: int, name: str) -> bool:
    """Tell whether a name says of a value that it is no class; an empty name says nothing."""
    if not name.strip():
        return False
    return bool(NO_CLASS.fullmatch(name) or (value == 0 and NO_CLASS_OF_ZERO.fullmatch(name)))


def read_values(
    pixels: Mapping[int, int],
    legend: Mapping[int, str],
    *,
    asked: Collection[int] | None = None,
    masked: bool = False,
    zero_counts: bool = True,
) -> Reading:
    """Decide which values are classes.

    Values with a name are what it says. Of those without:

    - negative ones are no data, unless all are negative, or -1 and 1 are all there is;
    - so are 255 (and 250 ... 254 beside it), 65535 and other largest numbers, if no class is above half of it, and
      999, 9999 ..., if no class is above a tenth; not in a mask of 0 and 255;
    - 0 is a class where no data have another value, and where 1 (or 255) is the only other one, as in masks; else,
      and wherever the file has a legend without it, none;
    - all others are classes.

    Parameters
    ----------
    pixels
        How often each value occurs.
    legend
        Names by value, as far as the file gives them.
    asked
        The values that are classes, where the user says so; nothing is decided then.
    masked
        Whether some pixels are declared as no data, with another value than 0.
    zero_counts
        False: 0 is no class unless it has a name. As labels, pixels that nobody classified would be given a class.

    Returns
    -------
    Reading
        Of all values in ``pixels``.
    """
    values = sorted(pixels)
    if asked is not None:
        return Reading([v for v in values if v in asked], [v for v in values if v not in asked], [])
    said = {value for value in values if says_none(value, legend.get(value, ""))}
    named = {value for value in values if legend.get(value, "").strip()} - said
    rest = [value for value in values if value not in said]
    fills = _fills(rest, named)
    others = [value for value in rest if value not in fills]
    zero = 0 in others and 0 not in named
    why = _zero(others, bool(named), [*fills, *(said - {0})], masked=masked) if zero and zero_counts else None
    none = [*sorted(said), *fills, *([0] if zero and why is None else [])]
    decided = [f"{value} counts as no data ({_share(value, pixels)})" for value in fills]
    if zero:
        meaning = "counts as no class" if why is None else f"counts as a class {why}"
        decided.append(f"0 {meaning} ({_share(0, pixels)})")
    if rest == [-1, 1] and not named:
        decided.append(f"-1 counts as a class since 1 is the only other value ({_share(-1, pixels)})")
    return Reading([value for value in values if value not in none], sorted(none), decided)


def _share(value: int, pixels: Mapping[int, int]) -> str:
    """Return ``3.1 % of the pixels``."""
    percent = 100 * pixels[value] / max(sum(pixels.values()), 1)
    return f"{percent:{'.0f' if percent >= 10 else '.2g'}} % of the pixels"


def _fills(values: Sequence[int], named: Collection[int]) -> list[int]:
    """Return the values without a name that stand for no data, rising."""
    negative = [value for value in values if value < 0 and value not in named]
    kept = [value for value in values if value not in negative]
    if values == [-1, 1] or (not kept and len(negative) > 1):
        negative, kept = [], list(values)
    top = _above(kept)
    return negative + ([] if set(top) & set(named) else top)


def _above(values: Sequence[int]) -> list[int]:
    """Return the largest values, where they stand for no data and what is below are classes."""
    if not values:
        return []
    last = values[-1]
    lowest = last - _BESIDE_TOP if last == 255 else last
    top, below = [value for value in values if value >= lowest], [value for value in values if value < lowest]
    if not below or below == [0]:
        return []
    largest_type = last in _TOP and below[-1] <= last / 2
    nines = last > 9 and set(str(last)) == {"9"} and below[-1] <= last / 10
    return top if largest_type or nines else []


def _zero(others: Sequence[int], named: bool, fills: Sequence[int], *, masked: bool) -> str | None:
    """Return why 0 is a class; None where it is none."""
    if named:
        return None
    if fills:
        return f"since {_listed(fills)} is no data"
    if masked:
        return "since other pixels are declared as no data"
    above = [value for value in others if value != 0]
    return f"since {above[0]} is the only other value" if len(above) == 1 and above[0] in _YES else None


def _listed(values: Sequence[int]) -> str:
    return " and ".join(str(value) for value in values)
