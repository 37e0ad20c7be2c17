"""Small linear algebra on segments: means of neighbours, scaling, whitening."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.types import Floats


def neighbour_means(vectors: Floats, edges: NDArray[np.int64]) -> Floats:
    """Average (n, D) over the segments that send to each one; its own where none does."""
    source, target = edges
    total = np.zeros_like(vectors, dtype=np.float64)
    np.add.at(total, target, vectors[source])
    number = np.bincount(target, minlength=len(vectors))[:, None]
    return np.where(number > 0, total / np.maximum(number, 1), vectors).astype(np.float32)


def scaled(vectors: Floats) -> Floats:
    """Give every column mean 0 and standard deviation 1 (constant columns: 0)."""
    deviation = vectors.std(axis=0, dtype=np.float64)
    centred = vectors - vectors.mean(axis=0, dtype=np.float64)
    return np.divide(centred, deviation, out=np.zeros(vectors.shape), where=deviation > 1e-12).astype(np.float32)


def block(vectors: Floats) -> Floats:
    """Scale columns, then divide by the root of their number: every block weighs the same in a distance."""
    return scaled(vectors) / np.float32(np.sqrt(vectors.shape[1]))


def whitened(vectors: Floats, *, least: float = 0.01) -> Floats:
    """Rotate scaled columns to principal components of variance 1; those under ``least`` of the variance are cut."""
    centred = scaled(vectors).astype(np.float64)
    values, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    kept = values > least * values.sum()
    return (centred @ directions[:, kept] / np.sqrt(values[kept])).astype(np.float32)
