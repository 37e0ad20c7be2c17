"""Shares of the classes in the area of chips, instead of the one class that wins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.session.tables import Tables

Rgb = NDArray[np.uint8]
Codes = NDArray[np.integer[Any]]

GRAY = np.array([138, 143, 152], dtype=np.float32)
"""Of what has no class, and of what is a little of everything."""


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of classes in chips.

    Parameters
    ----------
    values
        (chips, classes) float32; each row sums to 1, or to 0 where a chip has no segments.
    colours
        (classes, 3) uint8.
    names
        Of the classes.
    """

    values: NDArray[np.float32]
    colours: Rgb
    names: tuple[str, ...]


def chip_shares(tables: Tables, codes: Codes, n: int) -> NDArray[np.float32]:
    """Return (chips, n): the share of each code in the area of a chip's segments.

    Parameters
    ----------
    tables
        Say which chip a segment is in, and how many pixels it has.
    codes
        (segments,) in 0 ... n - 1.
    n
        How many codes there are.
    """
    areas = tables.segments["area_px"].to_numpy(np.float64)
    sums = np.bincount(tables.chip_of * n + codes, weights=areas, minlength=tables.n_chips * n)
    table = sums.astype(np.float64).reshape(tables.n_chips, n)
    shares: NDArray[np.float32] = (table / np.maximum(table.sum(axis=1, keepdims=True), 1e-12)).astype(np.float32)
    return shares


def mixed_colours(shares: NDArray[np.float32], palette: Rgb, *, nothing: int | None = None) -> Rgb:
    """Return (chips, 3): the colour of the largest share, the grayer the smaller that share is.

    A chip of 15 % forest is nearly gray, not forest. Colours of classes are never mixed with each other: blue and
    yellow would become a green that is a third class.

    Parameters
    ----------
    shares
        (chips, classes).
    palette
        (classes, 3).
    nothing
        The class that is none: it never gives the colour.
    """
    counted = shares.copy()
    if nothing is not None:
        counted[:, nothing] = 0
    best = counted.argmax(axis=1)
    weight = counted[np.arange(len(best)), best][:, np.newaxis]
    mixed = GRAY + (palette[best].astype(np.float32) - GRAY) * weight
    found: Rgb = np.rint(mixed).astype(np.uint8)
    return found


def shares_text(shares: NDArray[np.float32], names: tuple[str, ...], *, most: int = 4) -> str:
    """Write the shares of one chip, (classes,), largest first: ``forest 60 %, water 25 %, unlabelled 15 %``."""
    order = [code for code in np.argsort(-shares, kind="stable")[:most] if shares[code] >= 0.005]
    return ", ".join(f"{names[code]} {shares[code] * 100:.0f} %" for code in order)
