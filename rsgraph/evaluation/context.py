"""Context-aware evaluation: segments with their spatial neighbours, paired one to one (section 2.9.2)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.assignment import assign
from rsgraph.evaluation.descriptors import Descriptors, MeasureOptions
from rsgraph.evaluation.pairs import MEASURES, measure_pairs
from rsgraph.neighbours.nearest import nearest
from rsgraph.neighbours.rows import Metric, check_finite, check_metric, check_vectors, product, unit_rows
from rsgraph.types import Floats, Mask

_MORE = 16
"""Neighbours looked at beyond the k wanted, so that among equally near ones the lowest index is found."""


def spatial_neighbours(points: NDArray[Any], group: NDArray[Any], k: int = 8) -> NDArray[np.int64]:
    """Find the k segments of the same image whose centroids are nearest.

    Parameters
    ----------
    points
        (n, 2) centroids, in the same unit along both axes.
    group
        (n,) the image (chip or scene) of each segment.
    k
        Eight in the paper.

    Returns
    -------
    neighbours
        (n, k) int64, nearest first, equally near ones by index; -1 where the image has no more segments.

    Raises
    ------
    ConfigError
        Shapes or k that do not fit.
    NotUsable
        Points that are not finite.
    """
    if points.ndim != 2 or points.shape[1] != 2 or group.shape != (len(points),):
        raise ConfigError(
            f"`points` and `group` must have shapes (segments, 2) and (segments,). Got {points.shape}, {group.shape}."
        )
    if isinstance(k, bool) or k < 1:
        raise ConfigError(f"`k` must be a whole number of at least 1. Got {k!r} instead.")
    if not np.isfinite(points).all():
        raise NotUsable("`points` holds NaN or infinite values; every segment needs a centroid.")
    neighbours = np.full((len(points), k), -1, dtype=np.int64)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order])) + 1 if len(group) else np.zeros(0, dtype=np.int64)
    for members in np.split(order, starts):
        _fill(neighbours, points[members].astype(np.float64), members)
    return neighbours


def _fill(neighbours: NDArray[np.int64], points: NDArray[np.float64], members: NDArray[np.int64]) -> None:
    """Fill in the rows of one image's segments."""
    from scipy.spatial import cKDTree

    count, k = len(members), neighbours.shape[1]
    if count < 2:
        return
    distances, places = cKDTree(points).query(points, k=min(k + 1 + _MORE, count))
    distances[places == np.arange(count)[:, None]] = np.inf  # itself comes last
    order = np.lexsort((places, distances))[:, : min(k, count - 1)]
    neighbours[members, : order.shape[1]] = members[np.take_along_axis(places, order, axis=1)]


def context_pairs(
    vectors: Floats,
    segments: NDArray[np.int64],
    partners: NDArray[np.int64],
    neighbours: NDArray[np.int64],
    *,
    metric: Metric = "cosine",
) -> NDArray[np.int64]:
    """Pair each segment and its neighbours with its partner and the partner's, one to one.

    The pairs minimise the sum of the distances of their vectors, exactly (Hungarian assignment). Both
    segments take part like their neighbours: the paper pairs "either x or a neighbour of x" with "y or a neighbour of
    y". Where one side has fewer neighbours, as many pairs are made as it has members.

    Parameters
    ----------
    vectors
        (n, D) the embedding.
    segments, partners
        (m,) indices.
    neighbours
        (n, k), of ``spatial_neighbours``.
    metric
        ``cosine`` (the paper's) or ``euclidean``.

    Returns
    -------
    pairs
        (m, k + 1, 2) int64: in row r the r-th of (segment, its neighbours) and what it is paired with; (-1, -1) where
        there is none.

    References
    ----------
    Kuhn: The Hungarian method for the assignment problem. Naval Research Logistics 2, 1955.
    doi:10.1002/nav.3800020109

    Raises
    ------
    ConfigError
        Shapes or indices that do not fit.
    NotUsable
        Vectors that are not finite.
    """
    check_vectors(vectors)
    check_finite(vectors)
    rows = unit_rows(vectors) if check_metric(metric) == "cosine" else vectors.astype(np.float64)
    _check_sides(len(rows), segments, partners, neighbours)
    return _context_pairs(rows, segments, partners, np.ascontiguousarray(neighbours), metric == "cosine")


def _check_sides(
    n: int, segments: NDArray[np.int64], partners: NDArray[np.int64], neighbours: NDArray[np.int64]
) -> None:
    if segments.ndim != 1 or segments.shape != partners.shape or neighbours.ndim != 2 or len(neighbours) != n:
        raise ConfigError(
            f"`segments`, `partners` and `neighbours` must have shapes (m,), (m,) and ({n}, k). "
            f"Got {segments.shape}, {partners.shape}, {neighbours.shape} instead."
        )
    for name, given, least in (("segments", segments, 0), ("partners", partners, 0), ("neighbours", neighbours, -1)):
        if given.size and not least <= given.min() <= given.max() < n:
            raise ConfigError(f"`{name}` must be indices of the {n} segments. Got {given.min()} ... {given.max()}.")


@compiled()
def _context_pairs(rows: Any, segments: Any, partners: Any, neighbours: Any, cosine: bool) -> NDArray[np.int64]:
    size = neighbours.shape[1] + 1
    pairs = np.full((len(segments), size, 2), -1, dtype=np.int64)
    here, there = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    cost = np.empty((size, size))
    for index in range(len(segments)):
        n = _side(segments[index], neighbours, here)
        m = _side(partners[index], neighbours, there)
        for i in range(n):
            for j in range(m):
                one, other = rows[here[i]], rows[there[j]]
                cost[i, j] = 1 - product(one, other) if cosine else _distance(one, other)
        found = assign(cost[:n, :m]) if n <= m else _inverted(assign(cost[:n, :m].T), n)
        for i in range(n):
            if found[i] >= 0:
                pairs[index, i, 0], pairs[index, i, 1] = here[i], there[found[i]]
    return pairs


@compiled()
def _distance(one: Any, other: Any) -> Any:
    """Return the Euclidean distance of two rows."""
    total = 0.0
    for d in range(len(one)):
        total += (one[d] - other[d]) ** 2
    return np.sqrt(total)


@compiled()
def _side(segment: int, neighbours: Any, members: Any) -> int:
    """Write a segment and its neighbours into ``members``; return how many they are."""
    members[0], count = segment, 1
    for neighbour in neighbours[segment]:
        if neighbour >= 0:
            members[count] = neighbour
            count += 1
    return count


@compiled()
def _inverted(found: Any, n: int) -> Any:
    """Return "row of each column" as "column of each row", -1 for rows that are left over."""
    inverted = np.full(n, -1, dtype=np.int64)
    for column in range(len(found)):
        inverted[found[column]] = column
    return inverted


def context_measures(
    descriptors: Descriptors, pairs: NDArray[np.int64], options: MeasureOptions
) -> dict[str, NDArray[np.float64]]:
    """Average the four measures over the pairs of each context.

    Parameters
    ----------
    descriptors
        Of n segments.
    pairs
        (m, 9, 2), of ``context_pairs``; (-1, -1) is skipped.
    options
        Those that the descriptors were made with.

    Returns
    -------
    measures
        (m,) float64 for each of ``MEASURES``.

    Raises
    ------
    ConfigError
        Pairs that do not fit, or a context without any.
    """
    if pairs.ndim != 3 or pairs.shape[2] != 2:
        raise ConfigError(f"`pairs` must have shape (segments, 9, 2). Got {pairs.shape} instead.")
    there = pairs[:, :, 0] >= 0
    if not there.any(axis=1).all():
        raise ConfigError("`pairs` must hold at least one pair for each segment.")
    measured = measure_pairs(descriptors, pairs[there], options)
    return {name: _mean_of_each(values, there) for name, values in measured.items()}


def _mean_of_each(values: NDArray[np.float64], there: Mask) -> NDArray[np.float64]:
    """Average what stands where ``there`` (m, 9) is true over its rows: (m,)."""
    spread = np.zeros(there.shape)
    spread[there] = values
    means: NDArray[np.float64] = spread.sum(axis=1) / there.sum(axis=1)
    return means


def evaluate_graph(
    descriptors: Descriptors,
    vectors: Floats,
    points: NDArray[Any],
    group: NDArray[Any],
    *,
    among: Mask | None = None,
    metric: Metric = "cosine",
    options: MeasureOptions | None = None,
) -> dict[str, dict[str, float]]:
    """Evaluate an embedding as tables 2 (feature-based) and 3 (context-aware) of the paper do.

    Parameters
    ----------
    descriptors
        Of n segments.
    vectors
        (n, D) the embedding.
    points
        (n, 2) centroids.
    group
        (n,) image of each segment: spatial neighbours are sought within it.
    among
        (n,) which segments are compared with each other (those of the test chips, say); None: all. Spatial neighbours
        are any of the same image.
    metric
        Distance of the vectors: ``cosine`` (the paper's) or ``euclidean``.
    options
        Those that the descriptors were made with; None: the defaults.

    Returns
    -------
    measures
        ``feature`` and ``context``: the mean of each measure over all compared segments; ``feature_std`` and
        ``context_std``: its standard deviation over them. (Neighbours share pixels of their boxes: dividing by the
        root of their number would promise too much.) ``overlap``: ``adjacent``, the share of nearest segments in
        feature space that are spatial neighbours anyway; ``itself``, the share of pairs in the contexts that pair a
        segment with itself, as contexts of neighbours do; ``apart``, the share of contexts without such a pair.
        ``feature_apart`` and ``context_apart``: the means over only those (NaN where there are none). A segment is
        perfectly like itself, so that an embedding that is merely smooth in space looks good: on T48QUE 22 % of the
        second GCN layer's pairs are of that kind and 2 % of the mean bands', which is why table 3 of the paper is
        better than its table 2; of contexts that are apart the measures are worse than those of segments.

    Raises
    ------
    ConfigError
        Shapes that do not fit.
    NotUsable
        Fewer than two segments, or vectors that are not finite.
    """
    options = options or MeasureOptions()
    if not len(descriptors) == len(vectors) == len(points):
        raise ConfigError(
            "`descriptors`, `vectors` and `points` must have one row per segment. "
            f"Got {len(descriptors)}, {len(vectors)}, {len(points)} instead."
        )
    segments = np.arange(len(vectors)) if among is None else np.flatnonzero(among)
    if len(segments) < 2:
        raise NotUsable(f"a nearest neighbour needs another segment. Got {len(segments)} to compare.")
    partners = nearest(vectors, 1, metric=metric, queries=segments, among=segments).rows[:, 0]
    neighbours = spatial_neighbours(points, group)
    pairs = context_pairs(vectors, segments, partners, neighbours, metric=metric)
    feature = measure_pairs(descriptors, np.stack([segments, partners], axis=1), options)
    context = context_measures(descriptors, pairs, options)
    itself = pairs[..., 0] == pairs[..., 1]
    there, apart = pairs[..., 0] >= 0, ~(itself & (pairs[..., 0] >= 0)).any(axis=1)
    adjacent = (neighbours[segments] == partners[:, None]).any(axis=1)
    return {
        "feature": _means(feature),
        "context": _means(context),
        "feature_std": {name: float(feature[name].std()) for name in MEASURES},
        "context_std": {name: float(context[name].std()) for name in MEASURES},
        "feature_apart": _means({name: values[apart] for name, values in feature.items()}),
        "context_apart": _means({name: values[apart] for name, values in context.items()}),
        "overlap": {
            "adjacent": float(adjacent.mean()),
            "itself": float(itself[there].mean()),
            "apart": float(apart.mean()),
        },
    }


def _means(measured: dict[str, NDArray[np.float64]]) -> dict[str, float]:
    return {name: float(measured[name].mean()) if measured[name].size else float("nan") for name in MEASURES}
