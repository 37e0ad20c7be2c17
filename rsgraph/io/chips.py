"""Chips: scenes cut into windows, and windows read as full squares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from rsgraph.errors import ConfigError
from rsgraph.types import Chip, Raster, Scene, Split, Window

Edges = Literal["pad", "drop"]
_STEP = 16
"""Squares are multiples of this, so that a U-Net of five levels can halve them four times."""


def cut(scenes: Sequence[Scene], *, size: int = 256, edges: Edges = "pad", test_every: int = 4) -> list[Chip]:
    """Cut scenes into squares without overlap, row by row, and hold every fourth out for testing.

    Parameters
    ----------
    scenes
        The collection.
    size
        Side of a chip in pixels (the paper's 256, section 2.2).
    edges
        ``drop`` leaves partial chips at the right and lower edge out (the paper); ``pad`` keeps them, with
        their true, smaller window, so that all pixels can be labelled. A scene that is smaller than one chip
        in either direction keeps its partial chips in that direction in any case.
    test_every
        Chips whose number + 1 is a multiple of this are for testing; none are where the whole collection has
        fewer chips than this (pixels are held out instead).

    Returns
    -------
    list of Chip
        Numbered from 0 over the whole collection.

    Raises
    ------
    ConfigError
        ``size`` is not a positive multiple of 16, ``edges`` is unknown or ``test_every`` below 2.
    """
    _check(size, edges, test_every)
    places = [(i, window) for i, scene in enumerate(scenes) for window in _windows(scene, size, edges)]
    parts = split(len(places), test_every)
    return [Chip(number, scene, window, parts[number]) for number, (scene, window) in enumerate(places)]


def split(n: int, test_every: int) -> list[Split]:
    """Hold every fourth of n chips out for testing; none where there are fewer than that.

    >>> split(5, 4)
    ['train', 'train', 'train', 'test', 'train']
    """
    if n < test_every:
        return ["train"] * n
    return ["test" if number % test_every == test_every - 1 else "train" for number in range(n)]


def _check(size: int, edges: str, test_every: int) -> None:
    if isinstance(size, bool) or not isinstance(size, int) or size < _STEP or size % _STEP:
        raise ConfigError(
            f"`size` must be a positive multiple of {_STEP}, in pixels. Got {size!r}; the paper's is 256."
        )
    if edges not in ("pad", "drop"):
        raise ConfigError(f"`edges` must be one of: pad, drop. Got {edges!r} instead.")
    if isinstance(test_every, bool) or not isinstance(test_every, int) or test_every < 2:
        raise ConfigError(f"`test_every` must be a whole number of at least 2. Got {test_every!r}; the paper's is 4.")


def _windows(scene: Scene, size: int, edges: Edges) -> Iterator[Window]:
    for row in _starts(scene.rows, size, edges):
        for column in _starts(scene.columns, size, edges):
            yield Window(row, column, min(size, scene.rows - row), min(size, scene.columns - column))


def _starts(length: int, size: int, edges: Edges) -> range:
    return range(0, length - size + 1, size) if edges == "drop" and length >= size else range(0, length, size)


def chip_extent(scenes: Sequence[Scene], size: int) -> int:
    """Side of the square that every chip is padded to.

    It is ``size``; where all scenes are smaller, the smallest multiple of 16 that holds the largest of them
    (EuroSAT's 64-pixel images need no 256-pixel squares).
    """
    largest = max((max(scene.rows, scene.columns) for scene in scenes), default=size)
    return min(size, -(-largest // _STEP) * _STEP)


def widened(window: Window, by: int, within: Window) -> Window:
    """Return a window widened by some pixels on each side, as far as it stays within another one."""
    row, column = max(window.row - by, within.row), max(window.column - by, within.column)
    below = min(window.row + window.rows + by, within.row + within.rows)
    right = min(window.column + window.columns + by, within.column + within.columns)
    return Window(row, column, below - row, right - column)


def read_padded(scene: Scene, window: Window, side: int) -> Raster:
    """Read a window and pad it to a square with invalid pixels below and to the right.

    Returns
    -------
    Raster
        ``values`` (bands, side, side), 0 where padded; ``valid`` (side, side), False where padded.

    Raises
    ------
    NotReadable
        The scene's file is damaged.
    """
    raster = scene.source.read(window)
    below, right = side - window.rows, side - window.columns
    if below == 0 and right == 0:
        return raster
    values = np.pad(raster.values, ((0, 0), (0, below), (0, right)))
    valid = np.pad(raster.valid, ((0, below), (0, right)), constant_values=False)
    return Raster(values, valid, raster.not_finite, raster.implausible)
