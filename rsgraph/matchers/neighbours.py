"""The parts of every matcher: unit vectors in, every pair compared once, the k nearest chips out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import NotUsable
from rsgraph.protocols import Blocks, Matcher, Progress
from rsgraph.types import Floats, Similarity

Compare = Callable[[Floats, Floats], tuple[float, float]]
"""Takes the unit rows of two chips (n, D) and (m, D), n <= m; returns similarity and error bound."""

REPORT_EVERY = 16
"""Pairs between two calls of ``progress``: about once a second at 500 nodes a chip."""


class BlockMatcher(Matcher):
    """A matcher that does its work in blocks, in a script as in a run."""

    @abstractmethod
    def match(
        self,
        nodes: Sequence[Floats],
        *,
        progress: Progress | None = None,
        blocks: Blocks | None = None,
        on_device: Blocks | None = None,
        known: Similarity | None = None,
    ) -> Similarity:
        """Match P chips given as (n_i, D) each.

        Parameters
        ----------
        nodes
            One float32 array per chip; D is the same for all. Or ``StoredChips``.
        progress
            Called with the blocks done and in all.
        blocks
            Where blocks of work run and are kept; None: in threads of this process.
        on_device
            The same where a GPU does the work; None: in the thread of the caller.
        known
            The exact result for the first chips, with the same k, which ``hungarian_nearest`` makes use of.
            That it is of these chips is taken on trust.

        Raises
        ------
        NotUsable
            Shapes do not fit or values are not finite; ``known`` lists another number of chips or neighbours, or is
            not exact.
        """

    def match_blocks(
        self,
        nodes: Sequence[Floats],
        *,
        blocks: Blocks,
        on_device: Blocks,
        known: Similarity | None = None,
        progress: Progress | None = None,
    ) -> Similarity:
        """Match in a run; as ``match``."""
        return self.match(nodes, progress=progress, blocks=blocks, on_device=on_device, known=known)


def check_chips(nodes: Sequence[Floats], *, features: int | None = None, first: int = 0) -> list[Floats]:
    """Return the chips as float32 arrays (n_i, D).

    Parameters
    ----------
    nodes
        The chips.
    features
        D; None: that of the first chip.
    first
        Number of the first chip in messages.

    Raises
    ------
    NotUsable
        A chip is not two-dimensional, has another number of features than the first one, or holds NaN or
        infinite values.
    """
    chips = [np.asarray(chip, dtype=np.float32) for chip in nodes]
    if features is None and chips and chips[0].ndim == 2:
        features = chips[0].shape[1]
    for number, chip in enumerate(chips, start=first):
        if chip.ndim != 2 or chip.shape[1] != features:
            expected = "(nodes, features)" if features is None else f"(nodes, {features})"
            raise NotUsable(f"chip {number} of `nodes` must have shape {expected}. Got {chip.shape} instead.")
        if not np.isfinite(chip).all():
            raise NotUsable(f"chip {number} of `nodes` holds NaN or infinite values; mask such nodes first.")
    return chips


def unit_rows(vectors: Floats) -> Floats:
    """Scale each row of (n, D) to length 1; rows of zeros stay zeros, so that their cosine is 0."""
    unit = np.empty(vectors.shape, dtype=np.float32)
    _scale_rows(np.ascontiguousarray(vectors), unit)
    return unit


@compiled(error_model="numpy")
def _scale_rows(vectors: Any, unit: Any) -> None:
    """Write unit rows. Squares of the smallest and largest float32 have their place in float64."""
    for row in range(vectors.shape[0]):
        square = 0.0
        for d in range(vectors.shape[1]):
            square += np.float64(vectors[row, d]) ** 2
        scale = 1.0 / np.sqrt(square) if square > 0 else 0.0
        for d in range(vectors.shape[1]):
            unit[row, d] = vectors[row, d] * scale


def compare_pairs(
    chips: Sequence[Floats], compare: Compare, progress: Progress | None = None
) -> tuple[Floats, Floats, int]:
    """Compare every pair of chips once.

    Parameters
    ----------
    chips
        Unit rows of P chips, (n_i, D) each.
    compare
        Called with the chip of fewer nodes first. Not called where a chip has no nodes: similarity 0, exact.
    progress
        Called every few pairs and at the end.

    Returns
    -------
    matrix, error, compared
        (P, P) float32 with ones on the diagonal, (P, P) float32, and how many pairs ``compare`` saw.
    """
    count = len(chips)
    matrix, error = np.eye(count, dtype=np.float32), np.zeros((count, count), dtype=np.float32)
    total, compared = count * (count - 1) // 2, 0
    for done, (i, j) in enumerate(combinations(range(count), 2), start=1):
        few, many = (i, j) if len(chips[i]) <= len(chips[j]) else (j, i)
        if len(chips[few]):
            value, bound = compare(chips[few], chips[many])
            matrix[i, j] = matrix[j, i] = value
            error[i, j] = error[j, i] = bound
            compared += 1
        if progress and (done % REPORT_EVERY == 0 or done == total):
            progress(done, total)
    return matrix, error, compared


def nearest(matrix: Floats, k: int) -> NDArray[np.int64]:
    """Return the k most similar others of each row, best first; equals come in the order of their index.

    Parameters
    ----------
    matrix
        (P, P) similarities. The diagonal is ignored: a chip is not its own neighbour.
    k
        At most P - 1 are returned.

    Returns
    -------
    indices
        (P, min(k, P - 1)) int64; (1, 0) for one chip.
    """
    count = len(matrix)
    k = max(0, min(k, count - 1))
    indices = np.empty((count, k), dtype=np.int64)
    for row in range(count):
        far = -matrix[row]
        far[row] = np.inf
        indices[row] = np.argsort(far, kind="stable")[:k]
    return indices


def as_similarity(matrix: Floats, error: Floats, k: int, solved: int, *, dual: Floats | None = None) -> Similarity:
    """Pick each chip's nearest chips from the full matrices (P, P)."""
    indices = nearest(matrix, k)
    return Similarity(
        indices=indices,
        similarities=np.take_along_axis(matrix, indices, axis=1),
        error=np.take_along_axis(error, indices, axis=1),
        matrix=matrix,
        solved=solved,
        dual=dual,
    )
