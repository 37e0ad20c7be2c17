"""Labels spread over the graph of segments (Zhou et al. 2004)."""

from __future__ import annotations

from math import ceil, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError
from rsgraph.neighbours.approximate import approximate_nearest
from rsgraph.neighbours.rows import Metric, check_metric, check_vectors, scaled_for
from rsgraph.prediction.checks import check_codes, check_labelled
from rsgraph.progress import Steps
from rsgraph.protocols import Progress
from rsgraph.types import Floats

_BLOCK = 65_536
"""Rows between two calls of ``progress``: some hundredths of a second."""

_LEAST = 1e-6
"""Smallest weight: a segment unlike all others is still reached, only last."""


def propagate(
    edges: NDArray[np.int64],
    codes: NDArray[Any],
    n_classes: int,
    *,
    weights: Floats | None = None,
    alpha: float = 0.9,
    max_iterations: int = 500,
    tolerance: float = 1e-4,
    progress: Progress | None = None,
) -> Floats:
    r"""Spread labels along edges: "learning with local and global consistency".

    .. math:: F = (1 - \alpha) (I - \alpha S)^{-1} Y, \qquad S = D^{-1/2} W D^{-1/2}

    with Y (n, C) one where a label is given, W symmetric (W_ij: the sum of the weights of all edges between i and j,
    in either direction; no loops) and D its row sums. Rows of F are divided by their sums; given labels are then
    set to 1. The system is solved by successive over-relaxation (Young 1954, doi:10.2307/1990745): I - alpha S is
    positive definite, so it converges, and as no entry is ever negative even the faintest rows are relatively exact.

    The probabilities say which labels are nearer on the graph, not how often that is right: where calibrated ones
    are needed, use ``rsgraph.prediction.classification``.

    Parameters
    ----------
    edges
        (2, E), indices of segments.
    codes
        (n,) class of each segment, 1 ... C; 0 is unlabelled.
    n_classes
        C.
    weights
        (E,), none negative; None: all 1.
    alpha
        Between 0 and 1: how far labels reach. 0.5 stays with the closest neighbours, 0.99 crosses large graphs.
    max_iterations
        Sweeps over all segments at most. About 40 are needed for alpha = 0.9, 100 for 0.99.
    tolerance
        The sweeps end when no probability is further than about this from the solution.
    progress
        Called with (steps done, steps expected); may raise to cancel.

    Returns
    -------
    probabilities
        (n, C); rows sum to 1, and are all zeros where no path leads to a label.

    References
    ----------
    Zhou, Bousquet, Lal, Weston, Schölkopf: Learning with local and global consistency. NIPS 16, 2004.
    doi:10.5555/2981345.2981386

    Raises
    ------
    ConfigError
        Shapes, codes or options that do not fit.
    NotUsable
        Nothing is labelled.
    """
    given = check_codes(codes, len(codes), n_classes)
    check_labelled(given)
    if not 0 < alpha < 1:
        raise ConfigError(f"`alpha` must lie between 0 and 1. Got {alpha!r} instead.")
    _check_edges(edges, weights, len(codes))
    relaxation = 2 / (1 + sqrt(1 - alpha**2))  # Young's optimum, for a spectral radius of alpha
    enough = tolerance * (2 - relaxation) / 2  # what is left to go is several times the last change
    sweeps = _expected(relaxation, enough, max_iterations)
    steps = Steps(progress, -(-len(codes) // _BLOCK) * sweeps)
    indptr, indices, data = _normalised(edges, weights, len(codes))
    solution = np.zeros((len(codes), n_classes))
    for _ in range(max_iterations):
        if _swept((indptr, indices, data), given, alpha, relaxation, solution, steps) <= enough:
            break
    steps.finish()
    return _probabilities(solution, given)


def _expected(relaxation: float, enough: float, most: int) -> int:
    """Estimate the number of sweeps: it takes some to reach everything, then each gains a constant factor."""
    return min(most, 20 + ceil(2 * log(enough) / log(max(relaxation - 1, 0.1))))


def _check_edges(edges: NDArray[np.int64], weights: Floats | None, n: int) -> None:
    if edges.ndim != 2 or len(edges) != 2:
        raise ConfigError(f"`edges` must have shape (2, edges). Got {edges.shape} instead.")
    if edges.size and not 0 <= edges.min() <= edges.max() < n:
        raise ConfigError(
            f"`edges` must be indices of the {n} segments. Got {edges.min()} ... {edges.max()} instead."
        )
    if weights is None:
        return
    if weights.shape != (edges.shape[1],):
        raise ConfigError(
            f"`weights` must have one entry per edge, ({edges.shape[1]},). Got {weights.shape} instead."
        )
    if not np.all(np.isfinite(weights)) or np.any(weights < 0):
        raise ConfigError("`weights` must be finite and not negative; check the vectors that they were made from.")


def _normalised(
    edges: NDArray[np.int64], weights: Floats | None, n: int
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.float32]]:
    """Return S as compressed rows: starts (n + 1,), columns and values (2 E,)."""
    from scipy.sparse import csr_array

    one, two = edges[:, edges[0] != edges[1]].astype(np.int32 if n < 2**31 else np.int64)
    given = np.ones(edges.shape[1], dtype=np.float32) if weights is None else weights.astype(np.float32)
    half = csr_array((given[edges[0] != edges[1]], (one, two)), shape=(n, n))
    matrix = (half + half.T).tocsr()
    degree = np.asarray(matrix.sum(axis=1, dtype=np.float64)).ravel()
    scale = 1 / np.sqrt(np.where(degree > 0, degree, 1))
    rows = np.repeat(scale, np.diff(matrix.indptr))
    return matrix.indptr, matrix.indices, (matrix.data * rows * scale[matrix.indices]).astype(np.float32)


def _swept(
    matrix: tuple[NDArray[Any], NDArray[Any], NDArray[np.float32]],
    codes: NDArray[np.int64],
    alpha: float,
    relaxation: float,
    solution: NDArray[np.float64],
    steps: Steps,
) -> float:
    """Sweep once over all rows, in place; return by how much a probability changed at most."""
    change = 0.0
    for first in range(0, len(codes), _BLOCK):
        last = min(first + _BLOCK, len(codes))
        change = max(change, _sweep(*matrix, codes, alpha, relaxation, solution, first, last))
        steps.tick()
    return change


@compiled()
def _sweep(
    indptr: Any,
    indices: Any,
    data: Any,
    codes: Any,
    alpha: float,
    relaxation: float,
    solution: Any,
    first: int,
    last: int,
) -> float:
    n_classes = solution.shape[1]
    new = np.empty(n_classes)
    change = 0.0
    for row in range(first, last):
        new[:] = 0
        for place in range(indptr[row], indptr[row + 1]):
            for column in range(n_classes):
                new[column] += data[place] * solution[indices[place], column]
        new *= alpha
        if codes[row]:
            new[codes[row] - 1] += 1 - alpha
        total, former = 0.0, solution[row].sum()
        for column in range(n_classes):
            old = solution[row, column]
            new[column] = max(0.0, old + relaxation * (new[column] - old))
            total += new[column]
        for column in range(n_classes):
            if total > 0:
                before = solution[row, column] / former if former > 0 else 0.0
                change = max(change, abs(new[column] / total - before))
            solution[row, column] = new[column]
    return change


def _probabilities(solution: NDArray[np.float64], codes: NDArray[np.int64]) -> Floats:
    """Divide rows by their sums, and keep what is given."""
    total = solution.sum(axis=1, keepdims=True)
    shares = np.divide(solution, total, out=np.zeros_like(solution), where=total > 0)
    probabilities: Floats = shares.astype(np.float32)
    labelled = np.flatnonzero(codes)
    probabilities[labelled] = 0
    probabilities[labelled, codes[labelled] - 1] = 1
    return probabilities


def segment_graph(
    edges: NDArray[np.int64],
    vectors: Floats,
    *,
    k: int = 8,
    metric: Metric = "cosine",
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[NDArray[np.int64], Floats]:
    r"""Join the spatial edges with those to the k most similar segments anywhere, weighted by similarity.

    .. math:: w_{ij} = \exp\left( -\frac{\lVert v_i - v_j \rVert^2}{\sigma_i \sigma_j} \right)

    for scaled vectors v, where sigma_i is the distance from i to its k-th most similar segment ("local
    scaling": no bandwidth to choose; Zelnik-Manor and Perona 2004). Spatial neighbours that look different are
    joined weakly, so that labels stop at borders; similar segments carry labels from chip to chip.

    Parameters
    ----------
    edges
        (2, E) spatial edges, as in ``edges.npy``.
    vectors
        (n, D) an embedding.
    k
        Similar segments per segment; min(k, n - 1) are taken. They are exact up to 20 000 segments, and 19 of 20 are
        found above that (see ``approximate_nearest``).
    metric
        What the layer's vectors are compared by (``Workspace.compared_by``): features of a raw layer are
        standardised, those of one compared by ``euclidean`` keep their proportions.
    seed
        Of the approximate search; with the same seed the same graph.
    progress
        Called with (thousandths done, 1000); may raise to cancel.

    Returns
    -------
    edges
        (2, M) int64, each pair once, the smaller index first.
    weights
        (M,) float32 in (0, 1].

    References
    ----------
    Zelnik-Manor, Perona: Self-tuning spectral clustering. NIPS 17, 2004. doi:10.5555/2976040.2976241

    Raises
    ------
    ConfigError
        Shapes or options that do not fit.
    NotUsable
        Vectors that are not finite.
    """
    check_vectors(vectors)
    _check_edges(edges, None, len(vectors))
    points = scaled_for(vectors, check_metric(metric))
    similar, distances = approximate_nearest(points, k, seed=seed, progress=_part(progress, 0, 900))
    pairs = _pairs(edges, similar)
    scale = distances[:, -1] if distances.shape[1] else np.ones(len(points), dtype=np.float32)
    return pairs, _similarities(points, pairs, scale, _part(progress, 900, 1000))


def _part(progress: Progress | None, first: int, last: int) -> Progress | None:
    """Return what reports one part of the work as thousandths of the whole."""
    if progress is None:
        return None
    return lambda done, total: progress(first + (last - first) * done // max(total, 1), 1000)


def _pairs(edges: NDArray[np.int64], similar: NDArray[np.int64]) -> NDArray[np.int64]:
    """Join edges (2, E) with neighbours (n, k): each pair once, without loops, sorted."""
    n, k = similar.shape
    one = np.concatenate([edges[0], np.repeat(np.arange(n), k)])
    two = np.concatenate([edges[1], similar.ravel()])
    keys = np.minimum(one, two) * n + np.maximum(one, two)
    keys = np.sort(keys[one != two])  # np.unique hashes, which takes five times as long
    keys = keys[np.diff(keys, prepend=-1) > 0]
    return np.stack([keys // n, keys % n])


def _similarities(points: Floats, pairs: NDArray[np.int64], scale: Floats, progress: Progress | None) -> Floats:
    positive = scale[scale > 0]
    # copies of one vector have a scale of 0: they are as close as can be to each other and to nothing else
    scale = np.maximum(scale, 1e-3 * (np.median(positive) if len(positive) else 1)).astype(np.float32)
    weights = np.empty(pairs.shape[1], dtype=np.float32)
    for start in range(0, pairs.shape[1], _BLOCK):
        one, two = pairs[:, start : start + _BLOCK]
        squared = ((points[one] - points[two]) ** 2).sum(axis=1)
        weights[start : start + _BLOCK] = np.exp(-squared / (scale[one] * scale[two]))
        if progress is not None:
            progress(min(start + _BLOCK, pairs.shape[1]), pairs.shape[1])
    return np.maximum(weights, np.float32(_LEAST))
