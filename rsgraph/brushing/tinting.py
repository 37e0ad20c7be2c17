"""Colours over the pixels of chips: chosen segments, classes, borders of segments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.types import Mask

Bytes = NDArray[np.uint8]
Ids = NDArray[np.uint32]

BLUE = (24, 82, 190)
"""What covers the segments that are not chosen, as in figures 5 and 6 of the paper."""


def tint(
    rgb: Bytes,
    ids: Ids,
    lookup: NDArray[np.uint8] | Mask,
    colour: tuple[int, int, int] = BLUE,
    opacity: float = 0.6,
    *,
    out: Bytes | None = None,
) -> Bytes:
    """Lay a colour over all segments that are not chosen; the chosen ones keep their full colour.

    Parameters
    ----------
    rgb
        (..., rows, columns, 3) uint8: one chip or any number of them.
    ids
        (..., rows, columns) segment of each pixel; 0 is nodata.
    lookup
        (largest id + 1,) true for the segments that are chosen. Position 0 is not read: nodata keeps its
        colour.
    colour
        Red, green, blue of the cover, 0-255.
    opacity
        Of the cover, 0-1.
    out
        Where to write, instead of into a new array; may be ``rgb``.

    Returns
    -------
    tinted
        As ``rgb``; ``out`` if given.

    Raises
    ------
    ValueError
        If shapes do not fit, ``opacity`` is outside 0-1, or an id lies beyond ``lookup``.
    """
    chosen = np.require(lookup, np.bool_, ["C", "W"]).view(np.uint8)
    out, pixels = _prepared(rgb, ids, out)
    cover = np.array(colour, dtype=np.float64)
    _check_id(_tint(*pixels, chosen, _ramp(cover, opacity), _flat(out, 3)), len(chosen))
    return out


def paint_classes(
    rgb: Bytes,
    ids: Ids,
    codes_by_id: NDArray[np.integer],
    palette: Bytes,
    opacity: float = 0.5,
    *,
    out: Bytes | None = None,
) -> Bytes:
    """Lay the colour of its class over each segment that has one.

    Parameters
    ----------
    rgb, ids, out
        As of ``tint``.
    codes_by_id
        (largest id + 1,) class of each segment; 0 for none: its pixels stay as they are.
    palette
        (n_classes + 1, 3) uint8; row 0 is not read.
    opacity
        Of the colours, 0-1.

    Returns
    -------
    painted
        As ``rgb``; ``out`` if given.

    Raises
    ------
    ValueError
        As ``tint``, or if a code lies beyond ``palette``.
    """
    codes = np.require(codes_by_id, np.int32, ["C", "W"])
    if codes.size and not 0 <= codes.min() <= codes.max() < len(palette):
        raise ValueError(f"`codes_by_id` must lie in 0 ... {len(palette) - 1}. Got {codes.min()} ... {codes.max()}.")
    out, pixels = _prepared(rgb, ids, out)
    ramps = np.stack([_ramp(one, opacity) for one in np.asarray(palette, dtype=np.float64)])
    _check_id(_paint(*pixels, codes, ramps, _flat(out, 3)), len(codes))
    return out


def outline(ids: Ids) -> Mask:
    """Return where one segment ends and the next begins, one pixel wide.

    Parameters
    ----------
    ids
        (..., rows, columns) segment of each pixel.

    Returns
    -------
    borders
        As ``ids``: True where the pixel to the right or below has another id.
    """
    borders = np.zeros(ids.shape, dtype=np.bool_)
    borders[..., :, :-1] = ids[..., :, 1:] != ids[..., :, :-1]
    borders[..., :-1, :] |= ids[..., 1:, :] != ids[..., :-1, :]
    return borders


def _prepared(rgb: Bytes, ids: Ids, out: Bytes | None) -> tuple[Bytes, tuple[Bytes, Ids]]:
    """Return where to write, and pixels and ids as plain lines."""
    if rgb.shape != (*ids.shape, 3) or rgb.dtype != np.uint8:
        raise ValueError(f"`rgb` must be uint8 of shape {(*ids.shape, 3)}, as `ids`. Got {rgb.dtype} {rgb.shape}.")
    if out is None:
        out = np.empty(rgb.shape, dtype=np.uint8)
    elif out.shape != rgb.shape or out.dtype != np.uint8 or not out.flags.c_contiguous:
        raise ValueError(f"`out` must be C-contiguous uint8 of shape {rgb.shape}. Got {out.dtype} {out.shape}.")
    return out, (_flat(np.ascontiguousarray(rgb), 3), np.ascontiguousarray(ids, dtype=np.uint32).reshape(-1))


def _flat(rgb: Bytes, channels: int) -> Bytes:
    return rgb.reshape(-1, channels)


def _ramp(colour: NDArray[np.float64], opacity: float) -> Bytes:
    """Return (256, 3): what each value becomes under the colour."""
    if not 0 <= opacity <= 1:
        raise ValueError(f"`opacity` must lie in 0 ... 1. Got {opacity} instead.")
    values = np.arange(256, dtype=np.float64)[:, np.newaxis]
    return np.rint(values * (1 - opacity) + colour * opacity).astype(np.uint8)


def _check_id(beyond: int, n: int) -> None:
    if beyond >= 0:
        raise ValueError(f"segment {beyond} lies beyond the table of segments, which ends at {n - 1}.")


@compiled()
def _tint(rgb: Any, ids: Any, chosen: Any, ramp: Any, out: Any) -> int:
    """Return the first id beyond the table, or -1."""
    for pixel in range(ids.size):
        one = ids[pixel]
        if one >= chosen.size:
            return int(one)
        if one == 0 or chosen[one]:
            for band in range(3):
                out[pixel, band] = rgb[pixel, band]
        else:
            for band in range(3):
                out[pixel, band] = ramp[rgb[pixel, band], band]
    return -1


@compiled()
def _paint(rgb: Any, ids: Any, codes: Any, ramps: Any, out: Any) -> int:
    """Return the first id beyond the table, or -1."""
    for pixel in range(ids.size):
        one = ids[pixel]
        if one >= codes.size:
            return int(one)
        code = codes[one]
        if one == 0 or code == 0:
            for band in range(3):
                out[pixel, band] = rgb[pixel, band]
        else:
            for band in range(3):
                out[pixel, band] = ramps[code, rgb[pixel, band], band]
    return -1
