"""A map that needs no computing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.protocols import Progress, Projector
from rsgraph.types import Floats, Projection


class FirstTwo(Projector):
    """The first two features; of distances, those to the first two points."""

    def project(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Project (n, D)."""
        return Projection(np.array(vectors[:, :2], dtype=np.float32), "first_two")

    def project_distances(self, distances: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Project from a (n, n) matrix of distances."""
        return self.project(distances, seed=seed)

    def project_neighbours(
        self, neighbours: NDArray[Any], distances: Floats, *, seed: int, progress: Progress | None = None
    ) -> Projection:
        """Project n points of which only the nearest others are known, by how far these are."""
        return self.project(np.stack([distances.min(axis=1), distances.max(axis=1)], axis=1), seed=seed)
