"""A similarity of chips that pairs no nodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rsgraph.protocols import Matcher, Progress
from rsgraph.types import Floats, Similarity


class Brightest(Matcher):
    """How near the largest activations of two chips are, from 0 to 1.

    Parameters
    ----------
    k
        Neighbours per chip, at most P - 1.
    """

    def __init__(self, k: int = 5) -> None:
        self.k = k

    def match(self, nodes: Sequence[Floats], *, progress: Progress | None = None) -> Similarity:
        """Compare all pairs."""
        largest = np.stack([np.asarray(chip).max(axis=0) for chip in nodes])
        distances = np.linalg.norm(largest[:, None] - largest, axis=-1)
        matrix = (1 / (1 + distances)).astype(np.float32)
        others = np.where(np.eye(len(nodes), dtype=bool), -np.inf, matrix)
        indices = np.argsort(-others, axis=1, kind="stable")[:, : min(self.k, len(nodes) - 1)]
        similarities = np.take_along_axis(matrix, indices, axis=1)
        return Similarity(indices, similarities, np.zeros_like(similarities), matrix, solved=0)
