"""Exact nearest rows by cells: k-means cells that cannot hold a nearer row are never looked at.

Rows are cut into about 2 sqrt(n) cells. By the triangle inequality a cell of radius r whose centre is at distance d
from a query holds nothing nearer than d - r: cells are visited by that bound until it passes the k-th best. Within a
cell a row is given up as soon as the distance along the first principal axes is too large. Both are exact; they pay
since embeddings fill few of their dimensions. Nothing is drawn at random but the first centres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.blocks import one_blas_thread
from rsgraph.compiled import compiled
from rsgraph.neighbours.rows import enter, moments
from rsgraph.types import Floats

_ROUNDS = 4
"""Rounds of k-means: cells need to be compact, not best."""

_DRAWN = 64
"""Rows per cell that k-means learns from."""

_STRIP = 4096
"""Rows compared with all centres at a time."""

_SLACK = 1e-5
"""Share of the lengths involved by which a bound in float32 may be wrong."""


@dataclass(frozen=True)
class Cells:
    """Rows in cells.

    Parameters
    ----------
    mean, axes
        (D,), (D, D): rows are moved and turned to principal axes, which leaves distances as they are.
    centres, radii
        (c, D), (c,) float32.
    starts
        (c + 1,) int64: cell j holds ``rows[starts[j]:starts[j + 1]]``.
    rows
        (n, D) float32, turned, sorted by cell.
    order
        (n,) int64: which of the given rows each one is.
    """

    mean: Floats
    axes: Floats
    centres: Floats
    radii: Floats
    starts: NDArray[np.int64]
    rows: Floats
    order: NDArray[np.int64]


def cut(rows: Floats, *, seed: int) -> Cells:
    """Cut rows (n, D), n at least 1, into cells.

    Parameters
    ----------
    rows
        (n, D) float32, finite.
    seed
        Draws the first centres: cells differ with it, what is found in them does not (but for equal distances).
    """
    with one_blas_thread():  # the cells of a map are the same in all processes that place rows on it
        origin, products = moments(rows)
        mean = origin.astype(np.float32)
        axes = np.linalg.eigh(products)[1][:, ::-1].astype(np.float32, order="C")  # the largest variance first
        turned = _turned(rows, mean, axes)
        centres = _centres(turned, min(len(rows), int(2 * np.sqrt(len(rows))) + 1), seed)
        own = nearest_centre(turned, centres)
    order = np.argsort(own, kind="stable")
    starts = np.searchsorted(own[order], np.arange(len(centres) + 1)).astype(np.int64)
    away = np.linalg.norm(turned - centres[own], axis=1)
    radii = np.zeros(len(centres), dtype=np.float32)
    np.maximum.at(radii, own, away)
    return Cells(mean, axes, centres, radii, starts, np.ascontiguousarray(turned[order]), order)


def nearest_centre(rows: Floats, centres: Floats) -> NDArray[np.int64]:
    """Return the index of the nearest of centres (c, D) for each of rows (n, D)."""
    squares = np.einsum("cd,cd->c", centres, centres) / 2
    parts = [rows[start : start + _STRIP] for start in range(0, len(rows), _STRIP)]
    return np.concatenate([np.argmin(squares - part @ centres.T, axis=1) for part in parts]).astype(np.int64)


def find_nearest(
    cells: Cells, queries: Floats, k: int, itself: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int32], Floats]:
    """Find the k nearest rows of each query.

    Parameters
    ----------
    cells
        Of n rows.
    queries
        (m, D) float32, finite.
    k
        At most the number of rows (one less with ``itself``).
    itself
        (m,) the row that each query is and that does not count as its own neighbour; None: queries are no rows.

    Returns
    -------
    indices, distances
        (m, k) int32 and float32, by rising Euclidean distance. Of rows equally far, which are first is the same
        from run to run.
    """
    turned = _turned(queries, cells.mean, cells.axes)
    skip = np.full(len(queries), -1, dtype=np.int64) if itself is None else itself.astype(np.int64)
    indices = np.empty((len(queries), k), dtype=np.int32)
    distances = np.empty((len(queries), k), dtype=np.float32)
    if k:
        _search(turned, skip, cells.centres, cells.radii, cells.starts, cells.rows, cells.order, indices, distances)
    return indices, distances


def _turned(rows: Floats, mean: Floats, axes: Floats) -> Floats:
    """Return (rows - mean) @ axes for rows (m, D): each to the same bits, whatever the others are."""
    found = np.zeros((len(rows), axes.shape[1]), dtype=np.float32)
    _turn(np.ascontiguousarray(rows, dtype=np.float32), mean, axes, found)
    return found


def _centres(rows: Floats, count: int, seed: int) -> Floats:
    """Run a few rounds of k-means on a sample; return centres (count, D)."""
    rng = np.random.default_rng(seed)
    drawn = rows[rng.permutation(len(rows))[: count * _DRAWN]]
    centres = drawn[:count].copy()
    for _ in range(_ROUNDS):
        own = nearest_centre(drawn, centres)
        sums = np.zeros(centres.shape)
        np.add.at(sums, own, drawn)
        counts = np.bincount(own, minlength=count)[:, None]
        centres = np.where(counts > 0, sums / np.maximum(counts, 1), centres).astype(np.float32)
    return centres


@compiled(fastmath={"reassoc", "contract"})
def _squared(row: Any, rows: Any, other: int, n_axes: int) -> Any:
    """Return the squared distance to one of rows along the first axes; the sum in any order, so that it is SIMD."""
    total = np.float32(0.0)
    for axis in range(n_axes):
        away = row[axis] - rows[other, axis]
        total += away * away
    return total


@compiled()
def _turn(rows: Any, mean: Any, axes: Any, found: Any) -> None:
    """Fill in (rows - mean) @ axes, (m, D) of zeros: a BLAS would sum up in an order that depends on m."""
    for row in range(len(rows)):
        for feature in range(rows.shape[1]):
            value = rows[row, feature] - mean[feature]
            for axis in range(axes.shape[1]):
                found[row, axis] += value * axes[feature, axis]


@compiled()
def _search(
    queries: Any,
    skip: Any,
    centres: Any,
    radii: Any,
    starts: Any,
    rows: Any,
    order: Any,
    indices: Any,
    distances: Any,
) -> None:
    """Fill in indices and distances (m, k)."""
    n_axes = rows.shape[1]
    bounds = np.empty(len(centres), dtype=np.float32)
    for query in range(len(queries)):
        row = queries[query]
        for cell in range(len(centres)):
            away = np.sqrt(_squared(row, centres, cell, n_axes))
            bounds[cell] = away * (1 - _SLACK) - radii[cell] * (1 + _SLACK)
        distances[query] = np.inf
        for cell in np.argsort(bounds):
            bound = max(bounds[cell], np.float32(0.0))
            if bound * bound > distances[query, -1]:
                break
            _scan(row, skip[query], rows, order, starts[cell], starts[cell + 1], indices[query], distances[query])
        for place in range(distances.shape[1]):
            distances[query, place] = np.sqrt(distances[query, place])


@compiled()
def _scan(row: Any, skip: int, rows: Any, order: Any, first: int, last: int, indices: Any, distances: Any) -> None:
    """Enter the rows of one cell that are nearer than the last of the list."""
    n_axes = rows.shape[1]
    few = min(8, n_axes)
    for other in range(first, last):
        squared = _squared(row, rows, other, few)
        if squared >= distances[-1] or order[other] == skip:
            continue
        squared = _squared(row, rows, other, n_axes)
        if squared < distances[-1]:
            enter(order[other], squared, indices, distances)
