"""Uniform manifold approximation and projection."""

from __future__ import annotations

import io
import warnings

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.projectors.nearest import (
    FEWEST,
    Metric,
    check_metric,
    load_umap,
    nearest_of_distances,
    nearest_of_vectors,
    seeded_start,
)
from rsgraph.projectors.pca import (
    Pca,
    check_distances,
    check_vectors,
    classical_scaling,
    principal_components,
)
from rsgraph.protocols import Progress
from rsgraph.types import Floats, Projection


class Umap:
    """UMAP, seeded: neighbours stay neighbours; the paper's map of chips and of segments.

    umap-learn's optimisation [1]_, with three choices where the paper is silent. Nearest neighbours are
    exact up to 50 000 points (umap-learn's own small-data path takes 15 s for 3500 vectors, this one a
    fraction of a second). The layout starts from the principal components (classical scaling for distances)
    instead of the spectral embedding: it keeps the large-scale arrangement as well [2]_, and neither fails
    nor stalls on equal points or disconnected neighbourhoods. Vectors are compared by cosine, as the matcher
    compares nodes, so that both levels show the same notion of similarity.

    One seed, one thread: the same input gives the same map. About 10 s on the first call (compilation), then
    12 s for 20 000 points. Under five points the map is PCA's, and ``Projection.method`` says so.

    Parameters
    ----------
    n_neighbors
        Size of the neighbourhood, the point itself included; shrinks to n - 1. Small (5): many fine clumps.
        Large (50-100): the broad arrangement.
    min_dist
        How close points may lie in the map, 0-0.99. Small packs groups tightly, large spreads them.
    metric
        Of vectors: ``cosine`` (direction only) or ``euclidean`` (umap-learn's default).
    n_epochs
        Passes of the optimisation; None: 500 up to 10 000 points, 200 above.

    Raises
    ------
    ConfigError
        A parameter is out of range.

    References
    ----------
    .. [1] L. McInnes, J. Healy and J. Melville, "UMAP: Uniform Manifold Approximation and Projection for
       Dimension Reduction", 2018. doi:10.48550/arXiv.1802.03426
    .. [2] D. Kobak and G. C. Linderman, "Initialization is critical for preserving global data structure in
       both t-SNE and UMAP", Nature Biotechnology 39, 2021. doi:10.1038/s41587-020-00809-z
    """

    def __init__(
        self,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        metric: Metric = "cosine",
        n_epochs: int | None = None,
    ) -> None:
        if isinstance(n_neighbors, bool) or not isinstance(n_neighbors, int) or n_neighbors < 2:
            raise ConfigError(f"`n_neighbors` must be a whole number of at least 2. Got {n_neighbors!r}.")
        if isinstance(min_dist, bool) or not isinstance(min_dist, int | float) or not 0 <= min_dist <= 0.99:
            raise ConfigError(f"`min_dist` must lie between 0 and 0.99. Got {min_dist!r} instead.")
        if n_epochs is not None and (not isinstance(n_epochs, int) or n_epochs < 1):
            raise ConfigError(f"`n_epochs` must be null or a whole number of at least 1. Got {n_epochs!r}.")
        self.n_neighbors, self.min_dist, self.n_epochs = n_neighbors, float(min_dist), n_epochs
        self.metric: Metric = check_metric(metric)

    def project(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Lay out vectors (n, D).

        Parameters
        ----------
        vectors
            (n, D) float32; any n, also with equal rows.
        seed
            Same seed and input, same map.
        progress
            Called with the epoch.

        Returns
        -------
        projection
            ``method`` is ``umap``, or ``pca`` under five points.

        Raises
        ------
        NotUsable
            Not two-dimensional, or not finite.
        """
        vectors = check_vectors(vectors)
        if len(vectors) < FEWEST:
            return Pca().project(vectors, seed=seed, progress=progress)
        size = self._size(len(vectors))
        neighbours = nearest_of_vectors(vectors, size, self.metric, seed=seed)
        return self._lay_out(*neighbours, principal_components(vectors), seed, progress)

    def project_distances(self, distances: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Lay out points of which only the distances (n, n) are known, such as 1 - similarity of chips.

        Negative distances (rounding) count as 0. Otherwise as ``project``; also raises NotUsable for a matrix
        that is not symmetric.
        """
        distances = check_distances(distances)
        if len(distances) < FEWEST:
            return Pca().project_distances(distances, seed=seed, progress=progress)
        neighbours = nearest_of_distances(distances, self._size(len(distances)))
        return self._lay_out(*neighbours, classical_scaling(distances), seed, progress)

    def _size(self, n: int) -> int:
        """Neighbourhood that fits n points."""
        return min(self.n_neighbors, n - 1)

    def _lay_out(
        self,
        indices: NDArray[np.int32],
        distances: Floats,
        start: Floats,
        seed: int,
        progress: Progress | None,
    ) -> Projection:
        points = lay_out(
            indices,
            distances,
            seeded_start(start, seed, size=10.0),
            min_dist=self.min_dist,
            n_epochs=self.n_epochs,
            seed=seed,
            progress=progress,
        )
        return Projection(points=points, method="umap")


def lay_out(
    indices: NDArray[np.int32],
    distances: Floats,
    start: Floats,
    *,
    min_dist: float,
    n_epochs: int | None,
    seed: int,
    progress: Progress | None = None,
) -> Floats:
    """Optimise UMAP's layout of a nearest-neighbour graph.

    Parameters
    ----------
    indices, distances
        (n, k): each point's neighbours, itself first.
    start
        (n, 2) float32, no two points equal.
    min_dist, n_epochs, seed, progress
        As in ``Umap``.

    Returns
    -------
    points
        (n, 2) float32.
    """
    reducer = load_umap().UMAP(
        n_neighbors=indices.shape[1],
        min_dist=min_dist,
        n_epochs=n_epochs,
        init=start,
        precomputed_knn=(indices, distances),
        force_approximation_algorithm=True,  # the only path that uses given neighbours below 4096 points
        random_state=seed % 2**32,
        n_jobs=1,
        tqdm_kwds={"disable": True} if progress is None else _as_tqdm(progress),
    )
    with warnings.catch_warnings():
        # We never transform new points, which is all that this warns of.
        warnings.filterwarnings("ignore", message=r"precomputed_knn\[2\] \(knn_search_index\) is not")
        points: Floats = reducer.fit_transform(start).astype(np.float32)
    return points


def _as_tqdm(progress: Progress) -> dict[str, object]:
    """Arguments by which umap-learn's progress bar writes ``epoch/epochs`` to our callback."""
    return {"disable": False, "file": _Epochs(progress), "bar_format": "{n_fmt}/{total_fmt}", "leave": True}


class _Epochs(io.TextIOBase):
    """A text stream that reads ``12/500`` and calls progress(12, 500)."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress

    def write(self, text: str) -> int:
        done, _, total = text.strip().partition("/")
        if done.isdecimal() and total.isdecimal():
            self.progress(int(done), int(total))
        return len(text)
