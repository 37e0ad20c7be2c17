"""UMAP's descent, without the interpreter's lock: two maps are laid out side by side in two threads.

umap-learn's ``optimize_layout_euclidean`` in two dimensions: the same arithmetic in the same order, and so the same
map to the bit (``tests/projectors/test_layout.py``), but without its compilation in every process.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.protocols import Progress
from rsgraph.types import Floats

_NEGATIVES = 5.0
"""Random points that push a point away, per neighbour that attracts it."""


def descend(
    points: Floats,
    edges: tuple[NDArray[np.int32], NDArray[np.int32]],
    weights: NDArray[np.float64],
    *,
    curve: tuple[float, float],
    epochs: int,
    seed: int,
    progress: Progress | None = None,
) -> None:
    """Move points along the gradient of UMAP's loss, edge by edge, in place.

    Parameters
    ----------
    points
        (n, 2) float32.
    edges, weights
        Both ends of each edge, (E,) each, in both directions; weights above 0. The heaviest act in every epoch,
        others in their share of them.
    curve
        a and b of 1 / (1 + a d^(2 b)).
    epochs
        Passes over the edges; steps shrink to nothing.
    seed
        Draws who pushes away.
    progress
        Called after every epoch.
    """
    head, tail = edges
    period = weights.max(initial=0.0) / weights
    pushes = period / _NEGATIVES
    next_push, next_pull = pushes.copy(), period.copy()
    states = np.full((len(points), 3), np.random.default_rng(seed).integers(-(2**31), 2**31, size=3), dtype=np.int64)
    states += points[:, 0].astype(np.float64).view(np.int64)[:, None]
    rate = 1.0
    for epoch in range(epochs):
        _epoch(points, head, tail, states, period, next_pull, pushes, next_push, *curve, rate, epoch)
        rate = 1.0 - epoch / epochs
        if progress:
            progress(epoch + 1, epochs)


@compiled(fastmath=True)
def _epoch(
    points: Any,
    head: Any,
    tail: Any,
    states: Any,
    period: Any,
    next_pull: Any,
    pushes: Any,
    next_push: Any,
    a: float,
    b: float,
    rate: float,
    epoch: int,
) -> None:
    """Let all edges act whose turn it is."""
    n = len(points)
    for edge in range(len(head)):
        if next_pull[edge] > epoch:
            continue
        j, k = head[edge], tail[edge]
        current, other = points[j], points[k]
        squared = _squared(current, other)
        if squared > 0.0:
            slope = -2.0 * a * b * pow(squared, b - 1.0)
            slope /= a * pow(squared, b) + 1.0
        else:
            slope = 0.0
        for d in range(2):
            step = _clip(slope * (current[d] - other[d]))
            current[d] += step * rate
            other[d] += -step * rate
        next_pull[edge] += period[edge]
        count = int((epoch - next_push[edge]) / pushes[edge])
        for _ in range(count):
            k = _drawn(states[j]) % n
            other = points[k]
            squared = _squared(current, other)
            if squared <= 0.0:
                continue
            slope = 2.0 * b
            slope /= (0.001 + squared) * (a * pow(squared, b) + 1)
            for d in range(2):
                current[d] += _clip(slope * (current[d] - other[d])) * rate
        next_push[edge] += count * pushes[edge]


@compiled(fastmath=True)
def _squared(one: Any, other: Any) -> Any:
    """Return the squared distance of two points."""
    across, up = one[0] - other[0], one[1] - other[1]
    return across * across + up * up


@compiled(fastmath=True)
def _clip(value: float) -> float:
    """Keep a step within 4."""
    if value > 4.0:
        return 4.0
    if value < -4.0:
        return -4.0
    return value


@compiled()
def _drawn(state: Any) -> Any:
    """Return the next of a point's random numbers (Tausworthe), int32."""
    state[0] = (((state[0] & 4294967294) << 12) & 0xFFFFFFFF) ^ ((((state[0] << 13) & 0xFFFFFFFF) ^ state[0]) >> 19)
    state[1] = (((state[1] & 4294967288) << 4) & 0xFFFFFFFF) ^ ((((state[1] << 2) & 0xFFFFFFFF) ^ state[1]) >> 25)
    state[2] = (((state[2] & 4294967280) << 17) & 0xFFFFFFFF) ^ ((((state[2] << 3) & 0xFFFFFFFF) ^ state[2]) >> 11)
    return np.int32(state[0] ^ state[1] ^ state[2])
