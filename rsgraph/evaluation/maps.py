r"""Faithfulness of a 2-D map to the vectors that it was made from: trustworthiness and continuity.

Venna and Kaski (2001): a map is trustworthy where points that are neighbours on it are also near in the original
space, and continuous where neighbours in the original space stay near on the map. With the k nearest neighbours N and
ranks r (1: the nearest) of n points,

.. math::
    T = 1 - \frac{2}{n k (2 n - 3 k - 1)} \sum_i \sum_{j \in N_{map}(i)} \max(0, r_{space}(i, j) - k)

and C the same with map and space exchanged. Both are 1 at best; a random map has about 1/2.

References
----------
Venna, Kaski: Neighborhood preservation in nonlinear projection methods: an experimental study. ICANN 2001, LNCS 2130.
doi:10.1007/3-540-44668-0_68
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.ranks import Metric, nearest_in, ranks
from rsgraph.neighbours.nearest import nearest
from rsgraph.neighbours.rows import Rows, drawn


class Faithfulness(NamedTuple):
    """A measure of a map.

    Parameters
    ----------
    value
        At most 1.
    error
        Standard error of the value where only a sample of points was taken as queries; 0 where all were.
    k
        Neighbours that were taken: fewer than asked for where the map has hardly more points.
    """

    value: float
    error: float
    k: int


def trustworthiness(
    vectors: NDArray[Any],
    points: NDArray[Any],
    *,
    k: int = 15,
    metric: Metric = "cosine",
    sample: int | None = None,
    seed: int = 0,
) -> Faithfulness:
    """Measure whether neighbours on the map are neighbours in the original space.

    Equal to ``sklearn.manifold.trustworthiness``, which needs the (n, n) matrices; this takes 64 MB.

    Parameters
    ----------
    vectors
        (n, D), or (n, n) distances for ``metric="precomputed"``, such as 1 - similarity of chips.
    points
        (n, 2) the map; its distances are Euclidean.
    k
        Neighbours; at most (n - 1) // 2 are taken, since the measure is only defined below n / 2.
    metric
        Of the vectors: ``cosine``, ``euclidean`` or ``precomputed``. Take the one that the map was made with.
    sample
        Ask only so many points (drawn without replacement) for their neighbours, which are still sought among all;
        None: ask all. All 10 000 points of a map take seconds; of 100 000, take 2000.
    seed
        Of the sample.

    Raises
    ------
    ConfigError
        Arrays that do not fit, k or sample below 1, an unknown metric.
    NotUsable
        Fewer than three points, or numbers that are not finite.
    """
    k, asked = _checked(vectors, points, k, sample, seed)
    near = nearest(points, k, metric="euclidean", queries=asked).rows
    return _measured(ranks(vectors, near, metric=metric, queries=asked), len(points))


def continuity(
    vectors: NDArray[Any],
    points: NDArray[Any],
    *,
    k: int = 15,
    metric: Metric = "cosine",
    sample: int | None = None,
    seed: int = 0,
) -> Faithfulness:
    """Measure whether neighbours in the original space are neighbours on the map.

    Parameters, result and errors as in ``trustworthiness``, of which it is the same with map and space exchanged.
    """
    k, asked = _checked(vectors, points, k, sample, seed)
    near = nearest_in(vectors, k, metric=metric, queries=asked)
    return _measured(ranks(points, near, metric="euclidean", queries=asked), len(points))


def _checked(vectors: NDArray[Any], points: NDArray[Any], k: int, sample: int | None, seed: int) -> tuple[int, Rows]:
    """Return the number of neighbours and the query points."""
    n = len(points)
    if points.ndim != 2 or len(vectors) != n:
        raise ConfigError(
            f"`points` must have shape (n, 2), one per vector. Got {points.shape} for {len(vectors)} vectors."
        )
    for name, value in (("k", k), ("sample", sample)):
        if value is not None and value < 1:
            raise ConfigError(f"`{name}` must be at least 1. Got {value!r} instead.")
    if n < 3:
        raise NotUsable(f"a map of {n} points has no neighbourhoods to compare; expected at least 3.")
    return min(k, (n - 1) // 2), drawn(n, sample, seed)


def _measured(found: Rows, n: int) -> Faithfulness:
    """Average over the query points; the error of a sample without replacement falls with its share."""
    asked, k = found.shape
    each = 1 - 2 / (k * (2 * n - 3 * k - 1)) * np.maximum(found - k, 0).sum(axis=1)
    if asked == n:
        return Faithfulness(float(each.mean()), 0.0, k)
    spread = float(each.std(ddof=1)) if asked > 1 else float("nan")
    return Faithfulness(float(each.mean()), spread * float(np.sqrt((1 - asked / n) / asked)), k)
