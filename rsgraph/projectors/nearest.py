"""Nearest neighbours of rows, and a seeded start: what UMAP and t-SNE share."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.types import Floats

Metric = Literal["cosine", "euclidean"]

EXACT_UP_TO = 50_000
"""Rows up to which neighbours are exact: quadratic, but one matrix product; 12 000 rows took 1 s."""

FEWEST = 5
"""Below this many points UMAP and t-SNE have no neighbourhoods to speak of: the map is PCA's."""


def check_metric(metric: Metric) -> Metric:
    """Return ``metric``. Raises ConfigError unless it is cosine or euclidean."""
    if metric not in ("cosine", "euclidean"):
        raise ConfigError(f"`metric` must be one of: cosine, euclidean. Got {metric!r} instead.")
    return metric


def comparable(vectors: Floats, metric: Metric) -> Floats:
    """Rows whose Euclidean distances order as ``metric`` does: for cosine, rows of length 1 (zeros stay)."""
    if metric == "euclidean":
        return vectors
    length = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit: Floats = np.divide(vectors, length, out=np.zeros(vectors.shape), where=length > 0).astype(np.float32)
    return unit


def nearest_of_vectors(vectors: Floats, k: int, metric: Metric, *, seed: int) -> tuple[NDArray[np.int32], Floats]:
    """Find the k nearest rows of each row, itself first.

    Exact up to ``EXACT_UP_TO`` rows, by nearest neighbour descent (seeded) above.

    Parameters
    ----------
    vectors
        (n, D) float32.
    k
        At most n, counting the row itself.
    metric
        ``cosine``: 1 - cos, in [0, 2]; a row of zeros is at 1/2 from all others but rows of zeros, at 0.
    seed
        Used above ``EXACT_UP_TO`` rows only.

    Returns
    -------
    indices, distances
        (n, k) int32 and float32, by rising distance.
    """
    rows = comparable(vectors, metric)
    find = _exact if len(rows) <= EXACT_UP_TO else _descent
    indices, distances = find(rows, k, seed)
    if metric == "cosine":
        distances = (np.square(distances) / 2).astype(np.float32)
    return indices, distances


def nearest_of_distances(distances: Floats, k: int) -> tuple[NDArray[np.int32], Floats]:
    """Find the k smallest of each row of a (n, n) matrix, itself first; equals in the order of their index."""
    indices = np.empty((len(distances), k), dtype=np.int32)
    for row, values in enumerate(distances):
        mine = values.copy()
        mine[row] = -1.0
        indices[row] = np.argsort(mine, kind="stable")[:k]
    found: Floats = np.take_along_axis(distances, indices.astype(np.int64), axis=1).astype(np.float32)
    return indices, found


def load_umap() -> ModuleType:
    """Import umap-learn (seconds) without its remark that TensorFlow, which we do not use, is absent."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Tensorflow not installed", category=ImportWarning)
        from umap import umap_
    module: ModuleType = umap_
    return module


def seeded_start(points: Floats, seed: int, size: float) -> Floats:
    """Scale principal components (n, 2) to ``size`` and part points that coincide, by a thousandth of it."""
    rng = np.random.default_rng(seed)
    largest = float(np.abs(points).max(initial=0.0))
    scaled = points * (size / largest) if largest > 0 else np.zeros_like(points)
    start: Floats = (scaled + rng.normal(scale=size / 1000, size=points.shape)).astype(np.float32)
    return start


def _exact(rows: Floats, k: int, seed: int) -> tuple[NDArray[np.int32], Floats]:
    """Brute force; a row's copies never push itself out of its own list."""
    from sklearn.neighbors import NearestNeighbors

    itself = np.arange(len(rows), dtype=np.int32)[:, None]
    zero = np.zeros((len(rows), 1), dtype=np.float32)
    if k == 1:
        return itself, zero
    search = NearestNeighbors(n_neighbors=k - 1, algorithm="brute", metric="euclidean").fit(rows)
    distances, indices = search.kneighbors()
    return np.hstack([itself, indices.astype(np.int32)]), np.hstack([zero, distances.astype(np.float32)])


def _descent(rows: Floats, k: int, seed: int) -> tuple[NDArray[np.int32], Floats]:
    """Approximate, seeded, one thread (more threads would change the result from run to run)."""
    nearest_neighbors = load_umap().nearest_neighbors
    state = np.random.RandomState(seed % 2**32)
    with warnings.catch_warnings():
        # Many equal rows: some lists stay short, and UMAP skips the gaps.
        warnings.filterwarnings("ignore", message="Failed to correctly find n_neighbors for some samples")
        indices, distances, _ = nearest_neighbors(rows, k, "euclidean", {}, False, state, n_jobs=1)
    return indices.astype(np.int32), distances.astype(np.float32)
