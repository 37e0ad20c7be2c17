"""Chips with a margin of the scene round them, so that a network does not see the border of the chip.

A network that sees nothing but a chip sees zeros beyond it, and what it makes of pixels near the border shows that
they are near it. Real pixels of the neighbouring chips, and reflected ones only at the edge of the scene, do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from rsgraph.io.chips import widened
from rsgraph.types import Chip, Mask, Raster, Scene, Window


def fitting_margin(margin: int, side: int, stride: int) -> int:
    """Return the smallest margin, at least the one asked for, with which a chip fills whole strides of a network.

    Otherwise the network would be padded with zeros, next to the margin. 0 stays 0.

    Parameters
    ----------
    margin
        In pixels, on each side.
    side
        Of a chip: even, as all are.
    stride
        Of the network.

    Examples
    --------
    >>> fitting_margin(16, 256, 16), fitting_margin(16, 256, 64), fitting_margin(0, 48, 64)
    (16, 32, 0)
    """
    while margin and (side + 2 * margin) % stride:
        margin += 1
    return margin


def is_whole(scene: Scene, chip: Chip) -> bool:
    """Tell whether a chip is its whole scene: then it has no neighbours, and its border is the scene's."""
    return chip.window == scene.window


def read_with_margin(scene: Scene, window: Window, *, margin: int, rows: int, columns: int) -> Raster:
    """Read a window with what lies round it.

    Parameters
    ----------
    scene, window
        That is read.
    margin
        Pixels above and on the left of the window.
    rows, columns
        Of the result; what they leave below and on the right of the window are surroundings, too.

    Returns
    -------
    Raster
        ``values`` (bands, rows, columns) and ``valid`` (rows, columns), reflected beyond the edge of the scene.

    Raises
    ------
    NotReadable
        The scene's file is damaged.
    """
    wanted = Window(window.row - margin, window.column - margin, rows, columns)
    inside = widened(wanted, 0, scene.window)
    raster = scene.source.read(inside)
    padding = _before_and_after(wanted, inside)
    if not any(sum(padding, ())):
        return raster
    values = np.pad(raster.values, ((0, 0), *padding), mode="reflect")
    return replace(raster, values=values, valid=np.pad(raster.valid, padding, mode="reflect"))


def pixels_of(chips: Iterable[Chip], scene: Scene, window: Window, *, margin: int, rows: int, columns: int) -> Mask:
    """Return which pixels that ``read_with_margin`` reads belong to some chips of the scene: (rows, columns)."""
    wanted = Window(window.row - margin, window.column - margin, rows, columns)
    inside = widened(wanted, 0, scene.window)
    found = np.zeros((inside.rows, inside.columns), dtype=bool)
    for chip in chips:
        first, last = chip.window.row - inside.row, chip.window.row + chip.window.rows - inside.row
        left, right = chip.window.column - inside.column, chip.window.column + chip.window.columns - inside.column
        found[max(first, 0) : max(last, 0), max(left, 0) : max(right, 0)] = True
    return np.pad(found, _before_and_after(wanted, inside), mode="reflect")


def _before_and_after(wanted: Window, inside: Window) -> tuple[tuple[int, int], tuple[int, int]]:
    above, left = inside.row - wanted.row, inside.column - wanted.column
    return (above, wanted.rows - inside.rows - above), (left, wanted.columns - inside.columns - left)
