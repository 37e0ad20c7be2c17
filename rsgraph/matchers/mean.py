"""The cheap baseline: one mean vector per chip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rsgraph.matchers.neighbours import as_similarity, check_chips, unit_rows
from rsgraph.protocols import Matcher, Progress
from rsgraph.registry import check_count
from rsgraph.types import Floats, Similarity


def mean_vectors(chips: Sequence[Floats]) -> Floats:
    """Mean node (P, D) float32 of each chip (n_i, D); zeros for a chip without nodes."""
    features = chips[0].shape[1] if chips else 0
    means = np.zeros((len(chips), features), dtype=np.float32)
    for number, chip in enumerate(chips):
        if len(chip):
            means[number] = chip.mean(axis=0, dtype=np.float64)
    return means


def cosine_matrix(vectors: Floats) -> Floats:
    """Cosine of all pairs of rows: (P, P) float32, symmetric, ones on the diagonal; 0 for rows of zeros."""
    unit = unit_rows(vectors)
    matrix: Floats = np.clip(unit @ unit.T, -1.0, 1.0)
    matrix = np.triu(matrix, 1)
    matrix += matrix.T
    np.fill_diagonal(matrix, 1.0)
    return matrix


class Mean(Matcher):
    r"""Cosine of the chips' mean embeddings: a cheap baseline that pairs no nodes.

    .. math:: s = \cos\left(\tfrac1n \sum_i x_i, \tfrac1m \sum_j y_j\right)

    This is a measure of its own, not an estimate of the Hungarian similarity: two chips of quite different
    nodes may share a mean. ``Similarity.error`` is 0, because this measure is computed exactly; it says
    nothing about the distance to the matched similarity. ``solved`` is 0.

    A chip without nodes, or whose mean is zero, has similarity 0 with every other chip. The diagonal is 1 by
    definition.

    Parameters
    ----------
    k
        Neighbours kept per chip, at most P - 1.
    """

    def __init__(self, k: int = 15) -> None:
        self.k = check_count("k", k)

    def match(self, nodes: Sequence[Floats], *, progress: Progress | None = None) -> Similarity:
        """Compare P chips given as (n_i, D) each; see ``Hungarian.match``. Raises NotUsable."""
        matrix = cosine_matrix(mean_vectors(check_chips(nodes)))
        if progress:
            progress(len(nodes), len(nodes))
        return as_similarity(matrix, np.zeros_like(matrix), self.k, solved=0)
