"""The bands that the layers of one file are: proven, assumed, or named by the user."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePosixPath

import numpy as np

from rsgraph.io.band_names import EUROSAT, L1C, L2A, guessed_names, is_spectral
from rsgraph.io.counts import band_medians
from rsgraph.io.header import Header, select
from rsgraph.io.named_files import shown
from rsgraph.io.naming import Names, names_of, unknown
from rsgraph.io.overrides import Overrides
from rsgraph.io.sensors import NOT_REFLECTED, Sensor, colour_of, sensor_named
from rsgraph.io.windows import sample
from rsgraph.types import Doubles

SORTED = tuple(name for name in EUROSAT if name != "B10")
"""Twelve bands in the order of their sorted file names: B8A stands last."""

_ALIKE = 0.9
"""B08 and B8A correlate by 0.94 and more in real scenes."""

_UNKNOWN = re.compile(r"band\d+")


def with_names(found: Header, given: Overrides) -> Header:
    """Name the bands of one file by all that it says, and leave out what is no reflectance.

    Where nothing proves the names, the reading that is taken is in ``assumed`` and in the notes. What the user names
    needs no proof. With ``rules`` of 1 it is what rsgraph 0.1 did: any number was taken as Sentinel-2's.
    """
    if given.rules == 1:
        return name_bands(found)
    names = names_of(found.texts, sensor_of_file(found))
    if not names.described and all(_UNKNOWN.fullmatch(name) for name in names.names):
        names = _guessed(found, names)
    else:
        names = replace(names, notes=(*names.notes, *_nameless(found, names.names)))
    named = replace(
        found,
        names=names.names,
        described=names.described,
        assumed=names.assumed,
        notes=(*found.notes, *names.notes) if given.bands is None else found.notes,
    )
    return _reflected(named) if given.bands is None else _as_written(found, named, given.bands)


def _nameless(found: Header, names: Sequence[str]) -> tuple[str, ...]:
    """Say which layers among others with names have none, or one that another has, too."""
    listed = [
        f"{name} ({text or 'no name'})"
        for name, text in zip(names, found.texts, strict=True)
        if _UNKNOWN.fullmatch(name)
    ]
    if not listed or len(names) == 1:
        return ()
    return (
        f"{', '.join(listed)}: read as bands, though the file gives them no name of their own; reader.bands=[...] "
        "with a name for every layer names them.",
    )


def name_bands(found: Header) -> Header:
    """Guess the names of undescribed bands where the guess is unambiguous, and say so."""
    if found.described or found.dtype not in ("uint16", "int16") or len(found.indexes) not in (12, 13):
        return found
    guess = guessed_names(band_medians(found))
    if guess is None:
        return found
    note = f"Bands have no descriptions: taken as Sentinel-2's {', '.join(guess)}, in this order."
    return replace(found, names=guess, notes=(*found.notes, note))


def sensor_of_file(found: Header) -> Sensor | None:
    """Return the sensor that layers, tags or the file's name speak of, else that of its folder's name."""
    path = PurePosixPath(shown(found.path))
    return sensor_named([*found.texts, *found.hints, path.name]) or sensor_named([path.parent.name])


def _guessed(found: Header, names: Names) -> Names:
    """Guess twelve or thirteen layers of 16 bits; the order is that which the numbers fit."""
    if found.dtype not in ("uint16", "int16") or len(found.indexes) not in (len(L2A), len(L1C)):
        plain = unknown(len(names.names))
        return replace(plain, notes=names.notes or plain.notes)
    guess = guessed_names(band_medians(found))
    if guess is None:
        return unknown(len(found.indexes))
    if guess == L2A and in_sorted_order(_sample(found)):
        guess = SORTED
    order = "ESA's order" if guess in (L2A, L1C) else "the order of sorted file names"
    other = "the order of sorted file names, B8A last" if guess in (L2A, L1C) else "ESA's order, B8A after B08"
    note = (
        f"Bands have no names: taken as Sentinel-2's {', '.join(guess)}, in this order, which the numbers fit better "
        f"than {other}; say reader.bands=[...] where it is another."
    )
    return Names(guess, False, f"Sentinel-2's bands in {order}", (*names.notes, note))


def in_sorted_order(pixels: Doubles) -> bool:
    """Tell whether B8A stands last among twelve bands, and not after B08.

    Both measure the same infrared, and no other two bands of these are as alike from pixel to pixel. Where that is
    not clear, the order is ESA's.

    Parameters
    ----------
    pixels
        (12, n) numbers of any unit.
    """
    near, after, last = pixels[7], pixels[8], pixels[11]
    of_one_level = 0.75 * np.median(near) <= np.median(last) <= 1.35 * np.median(near)
    return bool(of_one_level) and _likeness(near, last) > max(_likeness(near, after), _ALIKE)


def _likeness(one: Doubles, other: Doubles) -> float:
    """Pearson's correlation; 0 where one of them is constant."""
    one, other = one - one.mean(), other - other.mean()
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size > 0 else 0.0


def _sample(found: Header) -> Doubles:
    """Pixels of a few windows, (bands, n), without those that are 0 in all bands."""
    pixels = sample(found.path, found.indexes, found.rows, found.columns).numbers.astype(np.float64)
    kept = pixels[:, (pixels != 0).any(axis=0)]
    return kept if kept.shape[1] else np.zeros((len(found.indexes), 1))


def _reflected(found: Header) -> Header:
    """Leave out layers that are no reflectance (heat), of another grid, or masks, unless there is nothing else."""
    kept = [
        i
        for i, (name, text) in enumerate(zip(found.names, found.texts, strict=True))
        if name not in NOT_REFLECTED and is_spectral(text) and colour_of(text) not in NOT_REFLECTED
    ]
    if not kept or len(kept) == len(found.names):
        return found
    left_out = [found.texts[i] or found.names[i] for i in range(len(found.names)) if i not in kept]
    note = (
        f"{', '.join(left_out)}: left out, since it is not reflected light in the scene's bands; "
        "reader.bands=[...] reads what it names."
    )
    return replace(select(found, kept), notes=(*found.notes, note))


def _as_written(found: Header, named: Header, wanted: Sequence[str]) -> Header:
    """Let the user select bands by what the file calls them, too; who names bands vouches for them."""
    sure = replace(named, assumed=named.assumed if all(_UNKNOWN.fullmatch(name) for name in wanted) else None)
    for written in (found.texts, found.names):
        if named.described and not {*wanted} <= {*named.names} and {*wanted} <= {*written}:
            return replace(select(sure, [written.index(name) for name in wanted]), names=tuple(wanted))
    return sure
