"""Who lies beside whom: the next place in a direction, and a selection made larger or smaller by one ring."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.session.tables import Mask

NONE = -1
"""A row where nothing lies in that direction."""


def next_towards(
    places: NDArray[np.float32], start: NDArray[np.float32], direction: tuple[int, int], allowed: Mask | None = None
) -> int:
    """Return the row of the nearest place in a direction, as an arrow key would have it.

    Parameters
    ----------
    places
        (n, 2).
    start
        (2,) where to start.
    direction
        (2,) one of the four along the axes: what lies nearer to it than to the other three counts.
    allowed
        (n,) rows that may be reached; None for all.

    Returns
    -------
    row
        NONE where nothing lies there.
    """
    steps = places - start
    along = steps @ np.asarray(direction, dtype=np.float32)
    across = np.abs(steps @ np.asarray(direction[::-1], dtype=np.float32))
    ahead = (along > 0) & (across <= along)
    if allowed is not None:
        ahead &= allowed
    rows = np.flatnonzero(ahead)
    if len(rows) == 0:
        return NONE
    return int(rows[(along[rows] + 2 * across[rows]).argmin()])


def nearest(places: NDArray[np.float32], to: NDArray[np.float32], allowed: Mask | None = None) -> int:
    """Return the row of the place nearest to another one, or NONE where none is allowed."""
    squares = ((places - to) ** 2).sum(axis=1)
    squares[~np.isfinite(squares)] = np.inf
    if allowed is not None:
        squares[~allowed] = np.inf
    return int(squares.argmin()) if len(squares) and np.isfinite(squares.min()) else NONE


def with_neighbours(chosen: Mask, edges: NDArray[np.int64]) -> Mask:
    """Return a mask (n,) with all that an edge (2, E) joins to it, whichever end it is."""
    found, (one, other) = chosen.copy(), edges
    found[other[chosen[one]]] = True
    found[one[chosen[other]]] = True
    return found


def without_rim(chosen: Mask, edges: NDArray[np.int64]) -> Mask:
    """Return a mask (n,) without what an edge (2, E) joins to something outside of it."""
    return np.asarray(~with_neighbours(~chosen, edges))
