"""Placement of further rows on a finished UMAP map, row by row, as umap-learn's ``transform`` does.

A new row starts at the mean of its nearest mapped rows, weighted by membership, and then moves for some epochs of
UMAP's descent against the map, which stays where it is. No new row sees another, and each draws its own random
numbers from seed and row: the result does not depend on blocks, and nothing grows with the number of rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.types import Floats

EPOCHS = 100
"""Epochs of the descent. Against 30 (umap-learn's number for many rows) trustworthiness gains 0.001 to 0.004."""

_RATE = 0.25
"""Step of the first epoch: a quarter of that of a layout, as in umap-learn."""

_NEGATIVES = 5
"""Random mapped rows that push a row away, per neighbour that attracts it."""

_BISECTIONS = 32
"""Halvings (or doublings) that find the width of a neighbourhood."""


def place(
    indices: NDArray[np.int32],
    distances: Floats,
    anchors: Floats,
    *,
    curve: tuple[float, float],
    seed: int,
    rows: NDArray[np.int64],
    epochs: int = EPOCHS,
) -> Floats:
    """Place rows by their nearest mapped rows.

    Parameters
    ----------
    indices, distances
        (m, k) mapped rows by rising distance, k at least 1.
    anchors
        (s, 2) float32: the map.
    curve
        a and b of UMAP's 1 / (1 + a d^(2 b)).
    seed, rows
        Each row draws from the seed and its own number, (m,).
    epochs
        0 leaves rows at the weighted mean.

    Returns
    -------
    points
        (m, 2) float32.
    """
    weights = memberships(distances)
    share = weights / weights.sum(axis=1, keepdims=True)
    points: Floats = np.einsum("mk,mkd->md", share, anchors[indices]).astype(np.float32)
    copies = distances[:, 0] == 0
    points[copies] = anchors[indices[copies, 0]]
    _optimise(points, indices, weights, anchors.astype(np.float32), *curve, epochs, seed % 2**32, rows)
    return points


def memberships(distances: Floats) -> Floats:
    """Return exp(-d / s) for distances (m, k), s such that each row sums to log2 k: UMAP's, nothing subtracted."""
    found = np.empty(distances.shape, dtype=np.float32)
    _memberships(distances.astype(np.float32), found)
    return found


@compiled()
def _memberships(distances: Any, found: Any) -> None:
    """Fill in the memberships, by bisection for the width."""
    k = distances.shape[1]
    wanted = np.log2(np.float64(k)) if k > 1 else 1.0
    for row in range(len(distances)):
        low, high, width = 0.0, np.inf, 1.0
        for _ in range(_BISECTIONS):
            total = 0.0
            for place in range(k):
                total += np.exp(-distances[row, place] / width)
            if total > wanted:
                high = width
                width = (low + high) / 2
            else:
                low = width
                width = 2 * width if high == np.inf else (low + high) / 2
        width = max(width, 1e-3 * distances[row].mean(), 1e-30)
        for place in range(k):
            found[row, place] = np.exp(-distances[row, place] / width)


@compiled()
def _optimise(
    points: Any, indices: Any, weights: Any, anchors: Any, a: float, b: float, epochs: int, seed: int, rows: Any
) -> None:
    """Move points (m, 2) for some epochs; a neighbour of weight w acts in a share w of them."""
    for row in range(len(points)):
        state = _mixed(np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(rows[row]))
        for epoch in range(epochs):
            rate = _RATE * (1 - epoch / epochs)
            for place in range(indices.shape[1]):
                if int((epoch + 1) * weights[row, place]) == int(epoch * weights[row, place]):
                    continue
                _step(points, row, anchors, indices[row, place], a, b, rate, True)
                for _ in range(_NEGATIVES):
                    state = _mixed(state)
                    other = np.int64(state >> np.uint64(11)) % len(anchors)
                    _step(points, row, anchors, other, a, b, rate, False)


@compiled()
def _step(
    points: Any, row: int, anchors: Any, other: int | np.int64, a: float, b: float, rate: float, attract: bool
) -> None:
    """Move a point along the gradient of UMAP's loss, to or from one anchor; each coordinate by at most 4 rates."""
    across, up = points[row, 0] - anchors[other, 0], points[row, 1] - anchors[other, 1]
    squared = across * across + up * up
    if squared <= 0:
        return
    power = a * squared**b
    slope = -2 * b * power / (squared * (1 + power)) if attract else 2 * b / ((0.001 + squared) * (1 + power))
    points[row, 0] += rate * min(4.0, max(-4.0, slope * across))
    points[row, 1] += rate * min(4.0, max(-4.0, slope * up))


@compiled()
def _mixed(state: Any) -> Any:
    """Return the next of a row's random numbers (SplitMix64)."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))
