"""Conversion of stored numbers to reflectance, guessed from a few windows where the file does not say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.handles import read
from rsgraph.io.header import Header
from rsgraph.io.layers import Radiometry, equal
from rsgraph.io.overrides import Overrides
from rsgraph.types import Window

QUANTIFICATION = 10000.0
"""Sentinel-2's counts per unit of reflectance."""

COUNTS_NOTE = (
    "Numbers are taken as Sentinel-2 counts, reflectance x 10000: divided by 10000; reader.scale=... says otherwise."
)

_SIDE = 64
_LARGEST_REFLECTANCE = 2.0
"""Clouds and glint reach beyond 1; half of a scene's pixels never exceed this, unless they are counts."""

_BORDER_SHARE = 0.1
"""An 8-bit value in all bands on this share of the outermost pixels is fill, not a cloud at the edge."""


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
    outermost pixels are.
    """
    eight_bit = found.dtype == "uint8"
    scale, notes = _scale(found, given)
    nodata = found.nodata if given.nodata is None else (given.nodata,) * len(found.indexes)
    fill, fill_note = _fill(found, eight_bit) if all(value is None for value in nodata) else (None, ())
    offset = found.offset if given.offset is None else (given.offset,) * len(found.indexes)
    stretched = eight_bit and not declares_scale(found) and given.scale is None
    return Decision(Radiometry(scale, offset, nodata, fill), not stretched, (*notes, *fill_note))


def declares_scale(found: Header) -> bool:
    """Tell whether a file says how its numbers are to be scaled."""
    return any(value != 1.0 for value in found.scale)


def _scale(found: Header, given: Overrides) -> tuple[tuple[float, ...], tuple[str, ...]]:
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
    if integers or _median(found) > _LARGEST_REFLECTANCE:
        return (1 / QUANTIFICATION,) * count, (COUNTS_NOTE,)
    return (1.0,) * count, ()


def _median(found: Header) -> float:
    """Median of the first windows that hold data; 0 where none does."""
    values = np.concatenate(list(_valid_values(found, corners_and_centre(found))))
    if not values.size:
        values = next((v for v in _valid_values(found, all_windows(found)) if v.size), np.zeros(1))
    return float(np.median(values))


def _valid_values(found: Header, windows: Iterator[tuple[int, int, int, int]]) -> Iterator[NDArray[Any]]:
    for window in windows:
        numbers = read(found.path, list(found.indexes), *window)
        lost = ~np.isfinite(numbers) | (numbers == 0)
        for band, value in enumerate(found.nodata):
            if value is not None:
                lost[band] |= equal(numbers[band], value)
        yield numbers[~lost]


def band_medians(found: Header) -> list[float]:
    """Median number of each band over a few windows, 0 left out (0 for a band without data)."""
    parts = [read(found.path, list(found.indexes), *window) for window in corners_and_centre(found)]
    bands = np.concatenate([part.reshape(len(found.indexes), -1) for part in parts], axis=1)
    return [float(np.median(band[band != 0])) if (band != 0).any() else 0.0 for band in bands]


def corners_and_centre(found: Header) -> Iterator[tuple[int, int, int, int]]:
    """Nine small windows: corners, middles of the edges, centre; fewer where they would coincide."""
    yield from windows_of(found.rows, found.columns)


def windows_of(rows: int, columns: int) -> Iterator[Window]:
    """Nine small windows of a raster of that size, as ``corners_and_centre``."""
    height, width = min(_SIDE, rows), min(_SIDE, columns)
    starts = [sorted({0, (size - side) // 2, size - side}) for size, side in ((rows, height), (columns, width))]
    for row in starts[0]:
        for column in starts[1]:
            yield Window(row, column, height, width)


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
            equal(read(found.path, list(found.indexes), *w), 0).all(axis=0).any() for w in corners_and_centre(found)
        )
        note = "No nodata value is declared: pixels that are 0 in all bands are taken as nodata."
        return 0.0, (note,) if seen else ()
    if len(found.indexes) < 3:
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
