"""Principal components of vectors, classical scaling of distances, Isomap of neighbour lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rsgraph.protocols import Progress, Projector
from rsgraph.types import Floats, Projection


class Pca(Projector):
    """The two principal components (classical scaling for distances): linear, instant, no parameters.

    Distances along the axes mean something, unlike UMAP's or t-SNE's, but groups overlap more. The seed is
    not used (but where only neighbours are known): the result is unique, with the direction of each axis fixed.

    References
    ----------
    .. [1] J. C. Gower, "Some distance properties of latent root and vector methods used in multivariate
       analysis", Biometrika 53(3-4), 1966. doi:10.1093/biomet/53.3-4.325
    """

    def project(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Project (n, D) on its two principal components. Raises NotUsable (shape, NaN)."""
        from rsgraph.projectors.scaling import check_vectors, principal_components

        return _done(principal_components(check_vectors(vectors)), progress)

    def project_distances(self, distances: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Lay out (n, n) distances by classical scaling. Raises NotUsable (shape, NaN, asymmetry)."""
        from rsgraph.projectors.scaling import check_distances, classical_scaling

        return _done(classical_scaling(check_distances(distances)), progress)

    def project_neighbours(
        self, neighbours: NDArray[np.int64], distances: Floats, *, seed: int, progress: Progress | None = None
    ) -> Projection:
        """Lay out points of which only the k nearest others (n, k) are known, along the paths of their graph.

        Landmark Isomap; the seed draws the landmarks. Raises NotUsable (shape, NaN, neighbours that are none).
        """
        from rsgraph.projectors.geodesics import check_neighbours, neighbour_scaling

        indices, lengths = check_neighbours(neighbours, distances)
        return _done(neighbour_scaling(indices, lengths, seed=seed), progress)


def _done(points: Floats, progress: Progress | None) -> Projection:
    """Report the end and wrap the points."""
    if progress:
        progress(1, 1)
    return Projection(points=points, method="pca")
