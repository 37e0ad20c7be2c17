"""Upsampling of coarser bands to the scene's grid, one window at a time, without seams and without bleeding."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from rsgraph.types import Floats, Mask

Kind = TypeVar("Kind", np.bool_, np.float32, np.uint8)


class Axis(NamedTuple):
    """Where the scene's pixels lie along one axis of a coarser file: edge i is at ``start + i * step``."""

    start: float
    step: float


def centres(axis: Axis, first: int, count: int) -> NDArray[np.float64]:
    """Positions of scene pixels' centres, in the file's pixels, where 0 is the centre of the file's first."""
    edges = first + np.arange(count, dtype=np.float64)
    return np.asarray(axis.start + (edges + 0.5) * axis.step - 0.5, dtype=np.float64)


def needed(positions: NDArray[np.float64], size: int) -> tuple[int, int]:
    """First pixel and number of pixels of the file that bilinear interpolation at ``positions`` touches."""
    low = int(np.clip(np.floor(positions[0]), 0, size - 1))
    high = int(np.clip(np.floor(positions[-1]) + 1, 0, size - 1))
    return low, high - low + 1


def nearest(values: NDArray[Kind], at_rows: NDArray[np.float64], at_columns: NDArray[np.float64]) -> NDArray[Kind]:
    """Look values or a mask (..., h, w) up at the nearest pixel of each position."""
    rows = np.clip(np.floor(at_rows + 0.5).astype(int), 0, values.shape[-2] - 1)
    columns = np.clip(np.floor(at_columns + 0.5).astype(int), 0, values.shape[-1] - 1)
    return values[..., rows[:, None], columns[None, :]]


def bilinear(values: Floats, usable: Mask, at_rows: NDArray[np.float64], at_columns: NDArray[np.float64]) -> Floats:
    """Interpolate bands bilinearly among their usable pixels.

    ``v(p) = sum_i w_i u_i v_i / sum_i w_i u_i`` over the four neighbours i of p, with the bilinear weights w
    and u = 1 where a pixel is usable, so that nodata, NaN and fill never bleed into their neighbours. Beyond
    the centres of the outermost pixels the nearest is repeated.

    Parameters
    ----------
    values
        (bands, h, w) float32, finite.
    usable
        (bands, h, w).
    at_rows, at_columns
        Ascending positions in pixels, 0 being the first pixel's centre.

    Returns
    -------
    ndarray
        (bands, rows, columns) float32; 0 where no neighbour is usable.
    """
    if usable.all():
        return _interpolate(values, at_rows, at_columns)
    weights = _interpolate(usable.astype(np.float32), at_rows, at_columns)
    sums = _interpolate(np.where(usable, values, np.float32(0)), at_rows, at_columns)
    return np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)


def _interpolate(values: Floats, at_rows: NDArray[np.float64], at_columns: NDArray[np.float64]) -> Floats:
    low, high, share = _neighbours(at_rows, values.shape[1])
    rows = values[:, low] + (values[:, high] - values[:, low]) * share[:, None]
    low, high, share = _neighbours(at_columns, values.shape[2])
    result: Floats = rows[:, :, low] + (rows[:, :, high] - rows[:, :, low]) * share
    return result


def _neighbours(positions: NDArray[np.float64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    inside = np.clip(positions, 0, size - 1)
    low = np.floor(inside).astype(np.int64)
    return low, np.minimum(low + 1, size - 1), (inside - low).astype(np.float32)
