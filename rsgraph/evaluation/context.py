"""Context-aware evaluation: segments with their spatial neighbours, paired one to one (section 2.9.2)."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.assignment import assign
from rsgraph.evaluation.descriptors import Descriptors, MeasureOptions
from rsgraph.evaluation.pairs import MEASURES, measure_pairs
from rsgraph.types import Floats, Mask

Metric = Literal["cosine", "euclidean"]

_BLOCK = 2**24
"""Similarities held at once: 64 MB."""

_MORE = 16
"""Neighbours looked at beyond the k wanted, so that among equally near ones the lowest index is found."""


def nearest_in_embedding(
    vectors: Floats, *, among: Mask | None = None, queries: Mask | None = None, metric: Metric = "cosine"
) -> NDArray[np.int64]:
    """Find the nearest other segment in feature space: exact, and the lowest index of equally near ones.

    All pairs are compared by matrix products of float32, block by block; those that rounding could have hidden are
    compared again in float64. 2 q n D operations: some 30 s for 100 000 segments of D = 60 on one core, and 150 MB.

    Parameters
    ----------
    vectors
        (n, D) an embedding.
    among
        (n,) which segments may be found (those of the test chips, say); None: all.
    queries
        (n,) for which segments the nearest is wanted; None: all.
    metric
        ``cosine``, which the paper compares embeddings by (section 2.8; a vector of zeros has cosine 0 with all), or
        ``euclidean``.

    Returns
    -------
    nearest
        (queries,) int64, in the order of the queries' indices.

    Raises
    ------
    ConfigError
        Shapes or options that do not fit.
    NotUsable
        Vectors that are not finite, or a query that is left without any other segment.
    """
    rows = _comparable(vectors, metric)
    wanted, allowed = _indices(queries, len(rows), "queries"), _indices(among, len(rows), "among")
    if wanted.size and len(allowed) - np.isin(wanted, allowed).any() < 1:
        raise NotUsable("a nearest neighbour needs another segment: there is none among those that may be found.")
    return _nearest(rows, wanted, allowed, cosine=metric == "cosine")


def _comparable(vectors: Floats, metric: Metric) -> NDArray[np.float64]:
    """Return rows of length 1 for cosine, rows around their mean (which rounds less) for Euclidean distance."""
    if metric not in ("cosine", "euclidean"):
        raise ConfigError(f"`metric` must be one of: cosine, euclidean. Got {metric!r} instead.")
    if vectors.ndim != 2:
        raise ConfigError(f"`vectors` must have shape (segments, D). Got {vectors.shape} instead.")
    rows = vectors.astype(np.float64)
    if not np.isfinite(rows).all():
        raise NotUsable("`vectors` holds NaN or infinite values; look at the stage that made the embedding.")
    if metric == "euclidean":
        centred: NDArray[np.float64] = rows - rows.mean(axis=0) if len(rows) else rows
        return centred
    rows /= np.maximum(np.abs(rows).max(axis=1, keepdims=True, initial=0), np.finfo(np.float64).tiny)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: NDArray[np.float64] = np.divide(rows, length, out=rows, where=length > 0)
    return unit


def _indices(mask: Mask | None, n: int, name: str) -> NDArray[np.int64]:
    if mask is None:
        return np.arange(n)
    if mask.shape != (n,) or mask.dtype != bool:
        raise ConfigError(f"`{name}` must be a mask of the {n} segments. Got {mask.dtype} {mask.shape} instead.")
    return np.flatnonzero(mask)


def _nearest(
    rows: NDArray[np.float64], wanted: NDArray[np.int64], allowed: NDArray[np.int64], *, cosine: bool
) -> NDArray[np.int64]:
    """Compare block by block. The score to maximise is <x, y>, less |y|^2 / 2 for Euclidean distance."""
    others = np.ascontiguousarray(rows[allowed].T.astype(np.float32))
    half = np.zeros(len(rows)) if cosine else (rows**2).sum(axis=1) / 2
    largest = np.sqrt((rows[allowed] ** 2).sum(axis=1).max(initial=0))
    found = np.empty(len(wanted), dtype=np.int64)
    step = min(max(1, _BLOCK // max(len(allowed), 1)), len(wanted))
    space = np.empty((step, len(allowed)), dtype=np.float32)
    for start in range(0, len(wanted), step or 1):
        block = wanted[start : start + step]
        scores = np.matmul(rows[block].astype(np.float32), others, out=space[: len(block)])
        if not cosine:
            scores -= half[allowed].astype(np.float32)
        length = np.sqrt((rows[block] ** 2).sum(axis=1))
        # twice the bound on the error of a float32 product of D terms whose factors were rounded, too
        slack = 2 * (rows.shape[1] + 4) * 2.0**-24 * (length * largest + largest**2)
        found[start : start + step] = _best(scores, slack, rows, half, block, allowed)
    return found


@compiled(fastmath={"reassoc"})
def _product(one: Any, two: Any) -> Any:
    """Return <x, y>, added up in vector registers: the same for equal rows, wherever they stand."""
    total = 0.0
    for d in range(len(one)):
        total += one[d] * two[d]
    return total


@compiled(fastmath={"nnan", "nsz"})
def _largest(line: Any) -> Any:
    most = line[0]
    for value in line:
        most = max(most, value)
    return most


@compiled()
def _best(scores: Any, slack: Any, rows: Any, half: Any, wanted: Any, allowed: Any) -> Any:
    """Return the best of each line of scores, after computing in float64 what may be the best. Scores are spent."""
    found = np.full(len(wanted), -1, dtype=np.int64)
    for query in range(len(wanted)):
        line, own = scores[query], wanted[query]
        place = np.searchsorted(allowed, own)
        if place < len(allowed) and allowed[place] == own:
            line[place] = -np.inf
        limit, best = np.float32(_largest(line) - slack[query]), -np.inf
        for place in range(len(line)):
            if line[place] >= limit:
                score = _product(rows[own], rows[allowed[place]]) - half[allowed[place]]
                if score > best:
                    best, found[query] = score, allowed[place]
    return found


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
    vectors: Floats, segments: NDArray[np.int64], partners: NDArray[np.int64], neighbours: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pair each segment and its neighbours with its partner and the partner's, one to one.

    The pairs minimise the sum of the cosine distances of their vectors, exactly (Hungarian assignment). Both
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
    rows = _comparable(vectors, "cosine")
    _check_sides(len(rows), segments, partners, neighbours)
    pairs: NDArray[np.int64] = _context_pairs(rows, segments, partners, np.ascontiguousarray(neighbours))
    return pairs


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
def _context_pairs(rows: Any, segments: Any, partners: Any, neighbours: Any) -> Any:
    size = neighbours.shape[1] + 1
    pairs = np.full((len(segments), size, 2), -1, dtype=np.int64)
    here, there = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    cost = np.empty((size, size))
    for index in range(len(segments)):
        n = _side(segments[index], neighbours, here)
        m = _side(partners[index], neighbours, there)
        for i in range(n):
            for j in range(m):
                cost[i, j] = 1 - _product(rows[here[i]], rows[there[j]])
        found = assign(cost[:n, :m]) if n <= m else _inverted(assign(cost[:n, :m].T), n)
        for i in range(n):
            if found[i] >= 0:
                pairs[index, i, 0], pairs[index, i, 1] = here[i], there[found[i]]
    return pairs


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
    segments = _indices(among, len(vectors), "among")
    partners = nearest_in_embedding(vectors, among=among, queries=among)
    neighbours = spatial_neighbours(points, group)
    pairs = context_pairs(vectors, segments, partners, neighbours)
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
