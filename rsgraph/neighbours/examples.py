"""Search by example: the segments or chips that are most similar to examples."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.neighbours.rows import Metric, Rows, unit_rows
from rsgraph.protocols import Progress
from rsgraph.types import Doubles, Floats, Mask, Similarity

Reduce = Literal["best", "mean"]
Found = tuple[Rows, Doubles]

BLOCK = 65_536
"""Vectors compared at a time: 16 MB of 64 features."""


def nearest_rows(
    vectors: Floats,
    examples: NDArray[np.integer],
    *,
    k: int,
    metric: Metric = "cosine",
    exclude: NDArray[Any] | None = None,
    reduce: Reduce = "best",
    progress: Progress | None = None,
) -> Found:
    """Return the vectors most like the examples.

    The vectors pass by in blocks, so that a memory-mapped file of any size takes about 50 MB. All sums
    are of double precision and of the same order for each vector: equal vectors have equal scores.

    Parameters
    ----------
    vectors
        (n, D) float32, an array or a memory map. Vectors that are not finite are never found; those of zeros
        have cosine 0 with everything.
    examples
        (m,) rows of what was picked, m >= 1. They are not found themselves.
    k
        How many to return at most.
    metric
        ``cosine`` compares directions, ``euclidean`` positions.
    exclude
        Rows, or a mask (n,), of what is not to be found: rejected or labelled before.
    reduce
        ``best`` scores by the most similar example: examples may be of several kinds. ``mean`` scores by the
        mean over all examples: of one kind, less moved by an odd one.
    progress
        Called as progress(rows done, n) after each block.

    Returns
    -------
    rows
        (at most k,) int64, best first; of equals the lowest row first.
    scores
        As many float64: cosines, falling, or distances, rising.

    Raises
    ------
    ValueError
        If there is no example, or one outside 0 ... n - 1, or not finite; or an unknown metric.
    """
    wanted = _example_vectors(vectors, examples, metric, reduce)
    allowed = _allowed(len(vectors), examples, exclude)
    rows, scores = np.empty(0, dtype=np.int64), np.empty(0)
    for first in range(0, len(vectors), BLOCK):
        block = np.ascontiguousarray(vectors[first : first + BLOCK], dtype=np.float32)
        near = np.flatnonzero(allowed[first : first + BLOCK])
        exact = _scored(block, near, wanted, metric == "cosine", reduce == "best")
        rows, scores = _best(np.append(rows, near + first), np.append(scores, exact), k)
        if progress is not None:
            progress(min(first + BLOCK, len(vectors)), len(vectors))
    return rows, (scores if metric == "cosine" else -scores)


def nearest_chips(similarity: Similarity, examples: NDArray[np.integer], *, k: int) -> Found:
    """Return the chips most like the examples, by the most similar example.

    Parameters
    ----------
    similarity
        Of P chips. Without the full matrix only stored neighbours are known, in both directions, so that
        fewer than k may be found.
    examples, k
        As in ``nearest_rows``, of chips; so are the result and the errors.
    """
    count = len(similarity.indices)
    _check_rows(examples, count)
    scores = _chip_scores(similarity, examples)
    scores[examples] = -np.inf
    known = np.flatnonzero(scores > -np.inf)
    return _best(known, scores[known], k)


def _chip_scores(similarity: Similarity, examples: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the best similarity of each chip to any example, -inf where none is stored."""
    if similarity.matrix is not None:
        return np.asarray(similarity.matrix[examples].max(axis=0), dtype=np.float64)
    scores = np.full(len(similarity.indices), -np.inf)
    np.maximum.at(scores, similarity.indices[examples], similarity.similarities[examples])
    chips, places = np.nonzero(np.isin(similarity.indices, examples))
    np.maximum.at(scores, chips, similarity.similarities[chips, places])
    return scores


def _check_rows(examples: NDArray[np.integer], n: int) -> None:
    if not len(examples):
        raise ValueError("search by example needs at least one example.")
    if examples.min() < 0 or examples.max() >= n:
        raise ValueError(f"`examples` must lie in 0 ... {n - 1}. Got {examples.min()} ... {examples.max()} instead.")


def _example_vectors(vectors: Floats, examples: NDArray[np.integer], metric: Metric, reduce: Reduce) -> Doubles:
    _check_rows(examples, len(vectors))
    if metric not in ("cosine", "euclidean"):
        raise ValueError(f"`metric` must be one of cosine, euclidean. Got '{metric}' instead.")
    wanted = np.array(vectors[np.sort(examples)], dtype=np.float64)
    if not np.isfinite(wanted).all():
        raise ValueError("`examples` must be finite: some have no embedding.")
    if metric == "cosine":
        wanted = unit_rows(wanted)
        wanted = wanted.mean(axis=0, keepdims=True) if reduce == "mean" else wanted  # the mean of cosines is linear
    return wanted


def _allowed(n: int, examples: NDArray[np.integer], exclude: NDArray[Any] | None) -> Mask:
    allowed = np.ones(n, dtype=np.bool_)
    allowed[examples] = False
    if exclude is not None:
        allowed[exclude] = False
    return allowed


def _best(rows: Rows, scores: NDArray[np.float64], k: int) -> Found:
    """Return the k best: highest score first, of equals the lowest row first; -inf never."""
    kept = np.flatnonzero(scores > -np.inf)
    if len(kept) > k > 0:
        kth = np.partition(scores, len(scores) - k)[len(scores) - k]
        kept = np.flatnonzero(scores >= kth)
    kept = kept[np.lexsort((rows[kept], -scores[kept]))][:k]
    return rows[kept], scores[kept]


def _scored(block: Floats, places: Rows, wanted: Doubles, cosine: bool, best: bool) -> Doubles:
    """Score the vectors at some places of a block, by two threads."""
    half = len(places) // 2
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(_exact, block, places[half:], wanted, cosine, best)
        return np.append(_exact(block, places[:half], wanted, cosine, best), other.result())


@compiled(fastmath={"reassoc", "contract"})
def _exact(block: Any, places: Any, wanted: Any, cosine: bool, best: bool) -> Any:
    """Score each vector by the same operations in the same order; -inf if it is not finite."""
    scores = np.empty(places.size)
    for number in range(places.size):
        vector = block[places[number]]
        square = _dot(vector, vector)
        total, highest = 0.0, -np.inf
        for example in range(wanted.shape[0]):
            if cosine:
                score = _dot(vector, wanted[example]) / np.sqrt(square) if square > 0 else 0.0
            else:
                score = -np.sqrt(_squared_distance(vector, wanted[example]))
            total += score
            highest = max(highest, score)
        scores[number] = highest if best else total / wanted.shape[0]
        if not np.isfinite(square):
            scores[number] = -np.inf
    return scores


@compiled(fastmath={"reassoc", "contract"})
def _dot(a: Any, b: Any) -> float:
    total = 0.0
    for d in range(a.size):
        total += np.float64(a[d]) * np.float64(b[d])
    return total


@compiled(fastmath={"reassoc", "contract"})
def _squared_distance(a: Any, b: Any) -> float:
    total = 0.0
    for d in range(a.size):
        difference = np.float64(a[d]) - np.float64(b[d])
        total += difference * difference
    return total
