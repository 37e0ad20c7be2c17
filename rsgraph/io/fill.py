"""Numbers that stand for "no data" though nobody declared them, found in a few windows of a file.

A border of 65535, -9999 in a corner, -1 under clouds: a reader that takes them as reflectance learns from them what
they mean. They are no measurement where they are what their type ends with, or stand far from all others beyond any
reflectance; and where every band has the same number along the border of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.io.layers import PLAUSIBLE, equal
from rsgraph.io.windows import Sample

_FLOATS = tuple(
    float(np.float32(v))
    for v in (-9999, -32768, np.finfo(np.float32).min, np.finfo(np.float32).max, 9.96921e36, 1e20)
)
"""What programs write into floats for "no data": ESRI, GDAL, NetCDF and CF among them."""

_BORDER_SHARE = 0.1
"""A number in all bands on this share of the outermost pixels is fill, not a cloud at the edge."""

_MANY_BANDS, _FLAT_SHARE = 6, 0.01
"""From so many bands of more than 8 bits on this share is enough: no surface has one number in all of them."""

_FEWEST, _LEAST_SHARE = 8, 0.001
"""Pixels that hold a number, at least, for which it is not a measurement but a code."""

_FAR = 0.5
"""By how much of the extent of all other numbers a code stands apart from them."""

_SURE = (-0.2, 1.5)
"""Reflectance beyond which a number that stands apart is a code, not a surface: glint and clouds reach higher, but
not one and the same number."""

_ROUNDS = 3


def endings(dtype: str) -> tuple[float, ...]:
    """Return what a type ends with, and what programs write into it for "no data"; nothing for 8 bits.

    >>> endings("uint16"), endings("int16")
    ((65535.0,), (32767.0, -32768.0, -9999.0))
    """
    kind = np.dtype(dtype)
    if kind.kind == "f":
        return _FLOATS
    if kind.itemsize == 1:
        return ()
    ends = np.iinfo(kind)
    return (float(ends.max),) if kind.kind == "u" else (float(ends.max), float(ends.min), -9999.0)


def codes(pixels: Sample) -> tuple[float, ...]:
    """Find the numbers that are no measurement: the ends of the type, and what stands apart in some band.

    Returns
    -------
    tuple
        Without regard to what they would be as reflectance: ``far_codes`` judges that.
    """
    found: list[float] = []
    for band in pixels.numbers:
        found += _apart(_measured(band, endings(str(band.dtype))))
    return tuple(dict.fromkeys(found))


def _measured(band: NDArray[Any], without: Sequence[float]) -> NDArray[Any]:
    """Return what a band holds, without NaN and infinities and some numbers: (m,)."""
    kept = np.isfinite(band) if band.dtype.kind == "f" else np.ones(band.shape, dtype=np.bool_)
    for value in without:
        kept &= ~equal(band, value)
    found: NDArray[Any] = band[kept]
    return found


def _apart(band: NDArray[Any]) -> list[float]:
    """Return the numbers at the ends of a band that many pixels have, and that are far from all others."""
    found = []
    for _ in range(_ROUNDS):
        value = next((value for value in _ends(band) if _is_apart(band, value)), None)
        if value is None:
            break
        found.append(value)
        band = band[band != value]
    return found


def _ends(band: NDArray[Any]) -> tuple[float, ...]:
    return (float(band.min()), float(band.max())) if band.size else ()


def _is_apart(band: NDArray[Any], value: float) -> bool:
    rest = band[~equal(band, value)].astype(np.float64)
    if not rest.size or band.size - rest.size < max(_FEWEST, _LEAST_SHARE * band.size):
        return False
    low, high = float(rest.min()), float(rest.max())
    return max(low - value, value - high) > _FAR * (high - low)


def far_codes(found: Sequence[float], scale: Sequence[float], offset: Sequence[float]) -> tuple[float, ...]:
    """Keep the codes that no band could measure, read with its scale and offset."""
    pairs = list(zip(scale, offset, strict=True))
    return tuple(v for v in found if all(not _SURE[0] <= v * s + o <= _SURE[1] for s, o in pairs))


def holds_reflectance(
    pixels: Sample, never: Sequence[float], scale: Sequence[float], offset: Sequence[float]
) -> tuple[bool, ...]:
    """Tell of each band whether nearly all that was looked at is reflectance, codes left out."""
    found = []
    for band, s, o in zip(pixels.numbers, scale, offset, strict=True):
        values = _measured(band, never).astype(np.float64) * s + o
        inside = (values >= PLAUSIBLE[0]) & (values <= PLAUSIBLE[1])
        found.append(bool(values.size and inside.mean() >= 1 - _LEAST_SHARE))
    return tuple(found)


def flat_border(pixels: Sample, declared: Sequence[float] = ()) -> float | None:
    """Return the number that all bands have along the border, where it makes up enough of it; 0 is none.

    Nor are those that are ``declared`` already.

    A single band may well have one number on a tenth of its border: ``rsgraph.io.counts.without_lone_fill`` asks
    whether all bands have.
    """
    edge = pixels.numbers[:, pixels.border]
    flat = edge[0][(edge == edge[:1]).all(axis=0)]
    flat = flat[(flat != 0) & np.isfinite(flat)]
    for value in declared:
        flat = flat[~equal(flat, value)]
    if not flat.size:
        return None
    values, counts = np.unique(flat, return_counts=True)
    value = float(values[counts.argmax()])
    many = len(edge) >= _MANY_BANDS and edge.dtype.itemsize > 1
    if counts.max() < (_FLAT_SHARE if many else _BORDER_SHARE) * edge.shape[1]:
        return None
    everywhere = bool(equal(pixels.numbers, value).all())  # then it is all that there is
    return None if everywhere else value


def seen_in(pixels: Sample, values: Sequence[float]) -> tuple[float, ...]:
    """Return those numbers that some band holds."""
    return tuple(value for value in values if equal(pixels.numbers, value).any())


def shown(value: float) -> str:
    """Write a number as the file's owner knows it.

    >>> shown(-9999.0), shown(0.5), shown(-3.4028234663852886e38)
    ('-9999', '0.5', '-3.40282e+38')
    """
    return f"{value:.0f}" if abs(value) < 1e9 and value == int(value) else f"{value:g}"
