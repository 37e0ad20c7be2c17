"""Pixels of chips: what is not chosen dimmed, colours of classes, borders of segments."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.brushing.dimming import BLUE, CASING, GREEN, OF_COLOUR, OF_LUMINANCE, OUTLINE, RED
from rsgraph.compiled import compiled
from rsgraph.types import Mask

Bytes = NDArray[np.uint8]
Ids = NDArray[np.uint32]

_LINES = np.array([OUTLINE, CASING], dtype=np.uint8)
"""Bright, dark."""


def dim_unchosen(
    rgb: Bytes, ids: Ids, lookup: NDArray[np.uint8] | Mask, *, outlined: bool = False, out: Bytes | None = None
) -> Bytes:
    """Dim all segments that are not chosen (see ``dimming``); the chosen ones keep their full colour.

    Parameters
    ----------
    rgb
        (..., rows, columns, 3) uint8: one chip or any number of them.
    ids
        (..., rows, columns) segment of each pixel; 0 is nodata.
    lookup
        (largest id + 1,) true for the segments that are chosen. Position 0 is not read: nodata keeps its
        colour.
    outlined
        Whether a line goes round what is chosen: bright on its last pixels, dark on the first ones beside it.
    out
        Where to write, instead of into a new array; may be ``rgb``.

    Returns
    -------
    dimmed
        As ``rgb``; ``out`` if given.

    Raises
    ------
    ValueError
        If shapes do not fit, or an id lies beyond ``lookup``.
    """
    chosen = np.require(lookup, np.bool_, ["C", "W"]).view(np.uint8)
    out, pixels = _prepared(rgb, ids, out)
    _check_id(_dim_unchosen(*pixels, chosen, _flat(out, 3)), len(chosen))
    if outlined and ids.size:
        rows, columns = ids.shape[-2:]
        _outline_chosen(pixels[1].reshape(-1, rows, columns), chosen, out.reshape(-1, rows, columns, 3), *_LINES)
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
        As of ``dim_unchosen``.
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
        As ``dim_unchosen``, or if a code lies beyond ``palette``.
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
def _dim_unchosen(rgb: Any, ids: Any, chosen: Any, out: Any) -> int:
    """Return the first id beyond the table, or -1."""
    for pixel in range(ids.size):
        one = ids[pixel]
        if one >= chosen.size:
            return int(one)
        red, green, blue = rgb[pixel, 0], rgb[pixel, 1], rgb[pixel, 2]
        if one == 0 or chosen[one]:
            out[pixel, 0], out[pixel, 1], out[pixel, 2] = red, green, blue
        else:
            light = OF_LUMINANCE * ((RED * red + GREEN * green + BLUE * blue + 128) >> 8) + 128
            out[pixel, 0] = (OF_COLOUR * red + light) >> 8
            out[pixel, 1] = (OF_COLOUR * green + light) >> 8
            out[pixel, 2] = (OF_COLOUR * blue + light) >> 8
    return -1


@compiled()
def _outline_chosen(ids: Any, chosen: Any, out: Any, bright: Any, dark: Any) -> None:
    """Draw where the chosen end; only where two pixels of a chip touch, not along its edge."""
    for chip in range(ids.shape[0]):
        for row in range(ids.shape[1]):
            for column in range(ids.shape[2]):
                here = ids[chip, row, column] > 0 and chosen[ids[chip, row, column]] > 0
                ends = False
                for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
                    beside, along = row + down, column + right
                    if 0 <= beside < ids.shape[1] and 0 <= along < ids.shape[2]:
                        there = ids[chip, beside, along] > 0 and chosen[ids[chip, beside, along]] > 0
                        ends = ends or there != here
                if ends:
                    for band in range(3):
                        out[chip, row, column, band] = bright[band] if here else dark[band]


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
