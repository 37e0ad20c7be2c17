"""t-distributed stochastic neighbour embedding."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours.rows import Metric, check_metric, comparable
from rsgraph.projectors.geodesics import check_neighbours, neighbour_scaling
from rsgraph.projectors.neighbourhoods import FEWEST, first_of_all, seeded_start
from rsgraph.projectors.pca import Pca
from rsgraph.projectors.scaling import check_distances, check_vectors, classical_scaling, principal_components
from rsgraph.protocols import Progress, Projector
from rsgraph.types import Floats, Projection

MOST = 200_000
"""Vectors above which there is no map: an hour's work and more, where the other projectors take minutes."""

_LEAST = 4
"""Neighbours per point below which the perplexity would fall under 1."""


class Tsne(Projector):
    """t-SNE (scikit-learn's Barnes-Hut): even, well parted groups; several times slower than UMAP.

    Starts from the principal components (classical scaling for distances) and runs on one thread, so that
    the same seed gives the same map [1]_. Distances between groups mean little. Under five points the map is
    PCA's, and ``Projection.method`` says so.

    Parameters
    ----------
    perplexity
        Effective number of neighbours, 1-n; shrinks to (n - 1) / 3. 5-50 is usual; larger shows the broad
        arrangement.
    metric
        Of vectors: ``cosine`` (direction only) or ``euclidean``.

    References
    ----------
    .. [1] L. van der Maaten, "Accelerating t-SNE using tree-based algorithms", Journal of Machine Learning
       Research 15, 2014. https://jmlr.org/papers/v15/vandermaaten14a.html
    """

    def __init__(self, perplexity: float = 30.0, metric: Metric = "cosine") -> None:
        if isinstance(perplexity, bool) or not isinstance(perplexity, int | float) or perplexity < 1:
            raise ConfigError(f"`perplexity` must be a number of at least 1. Got {perplexity!r} instead.")
        self.perplexity = float(perplexity)
        self.metric: Metric = check_metric(metric)

    def with_metric(self, metric: Metric) -> Tsne:
        """Return it with another ``metric``."""
        chosen = copy(self)
        chosen.metric = check_metric(metric)
        return chosen

    def project(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Lay out vectors (n, D). Raises NotUsable (shape, NaN, more than ``MOST``)."""
        vectors = check_vectors(vectors)
        if len(vectors) > MOST:
            raise NotUsable(
                f"projector=tsne lays out at most {MOST:,} vectors, and here are {len(vectors):,}; choose "
                "projector=umap or projector=parametric, which learn from a sample and place the others"
            )
        if len(vectors) < FEWEST:
            return Pca().project(vectors, seed=seed, progress=progress)
        rows = comparable(vectors, self.metric)
        return self._lay_out(rows, "euclidean", principal_components(rows), seed, progress, most=(len(rows) - 1) / 3)

    def project_distances(self, distances: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Lay out (n, n) distances. Raises NotUsable (shape, NaN, asymmetry)."""
        distances = check_distances(distances)
        if len(distances) < FEWEST:
            return Pca().project_distances(distances, seed=seed, progress=progress)
        start, most = classical_scaling(distances), (len(distances) - 1) / 3
        return self._lay_out(distances, "precomputed", start, seed, progress, most=most)

    def project_neighbours(
        self, neighbours: NDArray[np.int64], distances: Floats, *, seed: int, progress: Progress | None = None
    ) -> Projection:
        """Lay out points of which only the nearest others are known, (n, k) numbers and distances.

        The perplexity shrinks to (k - 1) / 3: t-SNE looks at three times as many neighbours. Raises NotUsable (shape,
        NaN, neighbours that are no points).
        """
        from scipy.sparse import csr_array

        indices, lengths = check_neighbours(neighbours, distances)
        n, k = indices.shape
        if n < FEWEST or k < _LEAST:
            return Pca().project_neighbours(indices, lengths, seed=seed, progress=progress)
        lists, lengths = first_of_all(indices, lengths)
        graph = csr_array((lengths.ravel(), lists.ravel(), np.arange(n + 1) * (k + 1)), shape=(n, n))
        start = neighbour_scaling(indices, lengths[:, 1:], seed=seed)
        return self._lay_out(graph, "precomputed", start, seed, progress, most=(k - 1) / 3)

    def _lay_out(
        self,
        data: Any,
        metric: str,
        start: Floats,
        seed: int,
        progress: Progress | None,
        *,
        most: float,
    ) -> Projection:
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        if progress:
            progress(0, 1)
        reducer = TSNE(
            perplexity=min(self.perplexity, most),
            metric=metric,
            init=seeded_start(start, seed, size=1e-4),
            random_state=seed % 2**32,
        )
        with threadpool_limits(1):  # threads add up the forces in an order that changes from run to run
            points = reducer.fit_transform(data)
        if progress:
            progress(1, 1)
        return Projection(points=points.astype(np.float32), method="tsne")
