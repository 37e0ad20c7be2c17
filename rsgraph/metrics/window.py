"""Means within a window over the scene: what surrounds a segment, however segments are cut."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.sparse import csr_array

from rsgraph.types import Doubles

CELLS = 4
"""Cells of the grid per sigma: finer ones change nothing that a map shows."""

FINEST = 1.0
"""Pixels along a cell's side at least: the grid of a narrow window is no larger than the scene."""


def window_means(
    features: Doubles,
    places: NDArray[np.floating],
    areas: NDArray[np.integer],
    *,
    sigma: float,
) -> Doubles:
    r"""Average features of segments within a Gaussian window round each of them, over one scene.

    .. math:: w_i = \sum_j g(p_i - p_j) a_j f_j \Big/ \sum_j g(p_i - p_j) a_j

    with places p, areas a and a Gaussian g of width ``sigma``. Pixels without data belong to no segment and weigh
    nothing. Areas are laid onto a grid of cells of sigma / 4, of a pixel at least, there smoothed, and read back: a
    segment's pixels count as if they all lay at its centroid. Memory: one feature's grid at a time, 60 MB for a tile.

    Parameters
    ----------
    features
        (n, D) of all segments of the scene.
    places
        (n, 2) centroids as (row, column), in pixels.
    areas
        (n,) pixels.
    sigma
        Pixels, 1 or more.

    Returns
    -------
    means
        (n, D).
    """
    if len(features) == 0:
        return features
    cell = max(sigma / CELLS, FINEST)
    at = (np.asarray(places, dtype=np.float64) - np.min(places, axis=0)) / cell
    shape = tuple((np.floor(at.max(axis=0)).astype(int) + 2).tolist())
    spread = _onto_grid(at, shape)
    weights = np.asarray(areas, dtype=np.float64)

    def smoothed(values: Doubles) -> Doubles:
        grid = (spread @ values).reshape(shape)
        grid = gaussian_filter(grid, sigma / cell, mode="constant", truncate=4.0)
        read: Doubles = map_coordinates(grid, at.T, order=1, mode="nearest")
        return read

    total = smoothed(weights)
    return np.stack([smoothed(weights * column) / total for column in features.T], axis=1)


def _onto_grid(at: Doubles, shape: tuple[int, ...]) -> csr_array:
    """Return what lays values (n,) onto the four cells round each place, nearer ones getting more: (cells, n)."""
    low = np.floor(at).astype(np.int64)
    part = at - low
    rows, columns, shares = [], [], []
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        rows.append((low[:, 0] + down) * shape[1] + low[:, 1] + right)
        columns.append(np.arange(len(at)))
        shares.append(np.abs(1 - down - part[:, 0]) * np.abs(1 - right - part[:, 1]))
    entries = (np.concatenate(shares), (np.concatenate(rows), np.concatenate(columns)))
    return csr_array(entries, shape=(shape[0] * shape[1], len(at)))
