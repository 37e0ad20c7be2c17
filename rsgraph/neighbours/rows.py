"""Tables of vectors: checks, statistics and scaling, in parts, so that millions of rows need no copy in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError, NotUsable
from rsgraph.types import Distance, Doubles, Floats

Metric = Distance
"""As callers of this package name it."""

Rows = NDArray[np.int64]

CHUNK = 65_536
"""Rows that are turned into float64, or placed on a map, at a time: bounds memory where there are millions."""


def check_metric(metric: Metric) -> Metric:
    """Return ``metric``. Raises ConfigError unless it is cosine or euclidean."""
    if metric not in ("cosine", "euclidean"):
        raise ConfigError(f"`metric` must be one of: cosine, euclidean. Got {metric!r} instead.")
    return metric


def check_vectors(vectors: NDArray[Any]) -> None:
    """Check the shape of vectors. Raises ConfigError unless it is (n, D), D at least 1 where there are rows."""
    if vectors.ndim != 2 or (vectors.shape[1] < 1 and len(vectors)):
        raise ConfigError(f"`vectors` must have shape (rows, dimensions). Got {vectors.shape} instead.")


def check_finite(vectors: NDArray[Any]) -> None:
    """Raise NotUsable where a vector is not finite."""
    if not all(np.isfinite(vectors[part]).all() for part in parts(len(vectors))):
        raise NotUsable("the vectors hold NaN or infinite numbers; choose another layer or run the scene again.")


def parts(n: int, size: int | None = None) -> list[slice]:
    """Cut n rows into parts of ``size``, or of ``CHUNK``."""
    step = size or CHUNK
    return [slice(start, min(start + step, n)) for start in range(0, n, step)]


def drawn(n: int, sample: int | None, seed: int) -> Rows:
    """Draw ``sample`` of n rows, ascending; None: all."""
    if sample is None or sample >= n:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, size=sample, replace=False))


def moments(vectors: Floats) -> tuple[Doubles, Doubles]:
    """Return the mean (D,) and the sum of centred products (D, D) of rows (n, D), n at least 1, in float64."""
    mean = vectors.mean(axis=0, dtype=np.float64)
    products = np.zeros((len(mean), len(mean)))
    for part in parts(len(vectors)):
        centred = vectors[part] - mean
        products += centred.T @ centred
    return mean, products


def standardised(vectors: Floats) -> Floats:
    """Return vectors (n, D) with mean 0 and standard deviation 1 per dimension; constant dimensions become 0.

    Raises
    ------
    NotUsable
        A vector is not finite.
    """
    check_finite(vectors)
    mean = vectors.mean(axis=0, dtype=np.float64)
    deviation = vectors.std(axis=0, dtype=np.float64)
    constant = deviation <= 1e-6 * np.abs(mean)
    scale = np.where(constant, 0, 1 / np.where(constant, 1, deviation))
    points = (vectors - mean.astype(np.float32)) * scale.astype(np.float32)
    return np.ascontiguousarray(points, dtype=np.float32)


def scaled_for(vectors: Floats, metric: Metric) -> Floats:
    """Return vectors (n, D) for what weighs their features: predictions, and similarities along edges.

    Features of a raw layer (``cosine``) have units of their own: each is standardised. Those of a layer that a metric
    made (``euclidean``) are in proportion already: they keep it, with mean 0 and a mean square of 1 over all of them.
    Raises NotUsable where a vector is not finite.
    """
    if metric == "cosine":
        return standardised(vectors)
    check_finite(vectors)
    mean = vectors.mean(axis=0, dtype=np.float64)
    power = float(vectors.var(axis=0, dtype=np.float64).mean())
    points = (vectors - mean.astype(np.float32)) * np.float32(1 / np.sqrt(power) if power > 0 else 0)
    return np.ascontiguousarray(points, dtype=np.float32)


def unit_rows(vectors: NDArray[Any]) -> Doubles:
    """Return rows of length 1 in float64; rows of zeros stay."""
    rows = vectors.astype(np.float64)
    rows /= np.maximum(np.abs(rows).max(axis=1, keepdims=True, initial=0), np.finfo(np.float64).tiny)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Doubles = np.divide(rows, length, out=rows, where=length > 0)
    return unit


def comparable(vectors: Floats, metric: Metric) -> Floats:
    """Rows whose Euclidean distances order as ``metric`` does: for cosine, rows of length 1 (zeros stay)."""
    if metric == "euclidean":
        return vectors
    unit = np.zeros(vectors.shape, dtype=np.float32)
    for part in parts(len(vectors)):
        length = np.linalg.norm(vectors[part].astype(np.float64), axis=1, keepdims=True)
        np.divide(vectors[part], length, out=unit[part], where=length > 0, casting="same_kind")
    return unit


def as_metric(distances: Floats, metric: Metric) -> Floats:
    """Turn distances between comparable rows into those of ``metric``: 1 - cos is half the square."""
    return (np.square(distances) / 2).astype(np.float32) if metric == "cosine" else distances


@compiled()
def enter(row: int, squared: float | np.float32, found: Any, far: Any) -> None:
    """Put a row in its place in a list sorted by distance, behind equals; the last falls out."""
    place = len(far) - 1
    if squared >= far[place]:
        return
    while place > 0 and far[place - 1] > squared:
        far[place] = far[place - 1]
        found[place] = found[place - 1]
        place -= 1
    far[place] = squared
    found[place] = row


@compiled(fastmath={"reassoc"})
def product(one: Any, two: Any) -> Any:
    """Return <x, y>, added up in vector registers: the same for equal rows, wherever they stand."""
    total = 0.0
    for d in range(len(one)):
        total += one[d] * two[d]
    return total
