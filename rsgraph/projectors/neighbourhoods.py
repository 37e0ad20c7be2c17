"""Lists of neighbours and seeded starts as UMAP and t-SNE take them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import import_compiled
from rsgraph.neighbours.cells import cut, find_nearest
from rsgraph.neighbours.rows import Metric, as_metric, comparable
from rsgraph.types import Floats
from rsgraph.warning_filters import ignored

FEWEST = 5
"""Below this many points UMAP and t-SNE have no neighbourhoods to speak of: the map is PCA's."""


def nearest_of_vectors(vectors: Floats, k: int, metric: Metric, *, seed: int) -> tuple[NDArray[np.int32], Floats]:
    """Find the k nearest rows of each row, itself first: exact, 2 s for 40 000 segments.

    Parameters
    ----------
    vectors
        (n, D) float32.
    k
        At most n, counting the row itself.
    metric
        ``cosine``: 1 - cos, in [0, 2]; a row of zeros is at 1/2 from all others but rows of zeros, at 0.
    seed
        Of the cells that the rows are cut into: decides at most which of equally near rows are taken.

    Returns
    -------
    indices, distances
        (n, k) int32 and float32, by rising distance.
    """
    rows, itself = comparable(vectors, metric), np.arange(len(vectors))
    indices, distances = find_nearest(cut(rows, seed=seed), rows, k - 1, itself)
    return first_of_all(indices, as_metric(distances, metric))


def first_of_all(
    indices: NDArray[np.integer[Any]], distances: NDArray[np.floating[Any]]
) -> tuple[NDArray[np.int32], Floats]:
    """Put each point before its k other neighbours (n, k): umap-learn's lists begin so. Returns (n, k + 1)."""
    itself = np.arange(len(indices), dtype=np.int32)[:, None]
    zero = np.zeros((len(indices), 1), dtype=np.float32)
    return np.hstack([itself, indices.astype(np.int32)]), np.hstack([zero, distances.astype(np.float32)])


def load_umap() -> ModuleType:
    """Import umap-learn (seconds) without its remark that TensorFlow, which we do not use, is absent."""
    with ignored("Tensorflow not installed", ImportWarning):
        return import_compiled("umap.umap_")


def seeded_start(points: Floats, seed: int, size: float) -> Floats:
    """Scale principal components (n, 2) to ``size`` and part points that coincide, by a thousandth of it."""
    rng = np.random.default_rng(seed)
    largest = float(np.abs(points).max(initial=0.0))
    scaled = points * (size / largest) if largest > 0 else np.zeros_like(points)
    start: Floats = (scaled + rng.normal(scale=size / 1000, size=points.shape)).astype(np.float32)
    return start
