"""Principal components of vectors, and classical scaling of distances."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import NotUsable
from rsgraph.neighbours.rows import moments, parts
from rsgraph.types import Floats

DENSE_UP_TO = 3000
"""Size up to which eigenvectors are computed directly (1764: 0.6 s); above by Lanczos iteration."""


def check_vectors(vectors: Floats) -> Floats:
    """Return (n, D) float32. Raises NotUsable for another shape, or NaN or infinite values."""
    array = np.asarray(vectors, dtype=np.float32)
    if array.ndim != 2:
        raise NotUsable(f"`vectors` must have shape (n, features). Got {array.shape} instead.")
    if not all(np.isfinite(array[part]).all() for part in parts(len(array))):
        raise NotUsable("`vectors` holds NaN or infinite values; leave such rows out first.")
    return array


def check_distances(distances: NDArray[np.floating[Any]]) -> Floats:
    """Return a symmetric (n, n) float32 matrix, negative values set to 0 and the diagonal to 0.

    Raises
    ------
    NotUsable
        Not square, not finite, or not symmetric (to 1e-4 of the largest distance).
    """
    array = np.array(distances, dtype=np.float32)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise NotUsable(f"`distances` must have shape (n, n). Got {array.shape} instead.")
    if not np.isfinite(array).all():
        raise NotUsable("`distances` holds NaN or infinite values.")
    np.maximum(array, 0.0, out=array)
    np.fill_diagonal(array, 0.0)
    if np.abs(array - array.T).max(initial=0.0) > 1e-4 * array.max(initial=0.0):
        raise NotUsable("`distances` must be symmetric. Give (d + d.T) / 2.")
    return array


def principal_components(vectors: Floats) -> Floats:
    """Project rows on the two directions of largest variance.

    The eigenvectors of the covariance (D, D) are computed in float64, in chunks of rows, so that a million
    segments of 64 features need no second copy of themselves.

    Parameters
    ----------
    vectors
        (n, D), any n and D.

    Returns
    -------
    points
        (n, 2) float32, centred. A direction without variance is 0. Each axis is turned so that the largest
        component (in size) of its direction is positive: the same input gives the same map everywhere.
    """
    if min(vectors.shape) == 0:
        return np.zeros((len(vectors), 2), dtype=np.float32)
    mean, covariance = moments(vectors)
    directions = _leading_directions(covariance)[0]
    return np.concatenate([(vectors[part] - mean) @ directions for part in parts(len(vectors))]).astype(np.float32)


def classical_scaling(distances: Floats) -> Floats:
    """Classical multidimensional scaling: the plane whose Euclidean distances fit ``distances`` best.

    The two leading eigenvectors of the doubly centred -d²/2, scaled by the roots of their eigenvalues;
    negative eigenvalues (distances that no flat space has) count as 0. On Euclidean distances it equals
    principal components up to the direction of the axes.

    Parameters
    ----------
    distances
        (n, n) symmetric, as ``check_distances`` returns it. Takes about 3 n² float64 of memory.

    Returns
    -------
    points
        (n, 2) float32, centred, direction of the axes fixed as in ``principal_components``.
    """
    if len(distances) == 0:
        return np.zeros((0, 2), dtype=np.float32)
    inner = -0.5 * distances.astype(np.float64) ** 2
    inner -= inner.mean(axis=0)
    inner -= inner.mean(axis=1, keepdims=True)
    directions, values = _leading_directions((inner + inner.T) / 2)
    points: Floats = (directions * np.sqrt(np.maximum(values, 0.0))).astype(np.float32)
    return points


def _leading_directions(symmetric: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two leading eigenvectors (n, 2), sign fixed, zeros where the eigenvalue is nothing; and eigenvalues."""
    values, vectors = _two_largest(symmetric)
    rows = np.argmax(np.round(np.abs(vectors), 9), axis=0)  # rounded: the first of two equals, not the luckier
    vectors = vectors * np.where(vectors[rows, np.arange(vectors.shape[1])] < 0, -1.0, 1.0)
    tiny = 1e-12 * max(float(np.abs(np.diag(symmetric)).sum()), np.finfo(np.float64).tiny)
    vectors, values = np.where(values > tiny, vectors, 0.0), np.where(values > tiny, values, 0.0)
    missing = 2 - vectors.shape[1]
    return np.pad(vectors, ((0, 0), (0, missing))), np.pad(values, (0, missing))


def _two_largest(symmetric: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The two (or one) largest eigenvalues, larger first, and their vectors as columns."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    size = len(symmetric)
    if size <= DENSE_UP_TO:
        values, vectors = eigh(symmetric, subset_by_index=[max(0, size - 2), size - 1])
    else:
        values, vectors = eigsh(symmetric, k=2, which="LA", v0=np.random.default_rng(0).normal(size=size))
    order = np.argsort(-values, kind="stable")
    return values[order], vectors[:, order]
