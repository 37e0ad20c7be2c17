"""Uniform manifold approximation and projection."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from rsgraph.borders import pairs_among
from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours.cells import Cells, cut, find_nearest
from rsgraph.neighbours.nearest import nearest_of_distances
from rsgraph.neighbours.rows import Metric, as_metric, check_metric, comparable, parts
from rsgraph.progress import part_of
from rsgraph.projectors.fuzzy import closeness_curve, fuzzy_graph, with_touching
from rsgraph.projectors.geodesics import check_neighbours, neighbour_scaling
from rsgraph.projectors.layout import descend
from rsgraph.projectors.neighbourhoods import FEWEST, first_of_all, nearest_of_vectors, seeded_start
from rsgraph.projectors.pca import Pca
from rsgraph.projectors.placing import place
from rsgraph.projectors.sampling import check_sample, draw
from rsgraph.projectors.scaling import check_distances, check_vectors, classical_scaling, principal_components
from rsgraph.protocols import Progress, Projector
from rsgraph.types import Floats, Projection

EPOCHS, MORE_EPOCHS, FEW_POINTS = 200, 500, 10_000
"""Passes over the edges, and over those of at most so many points: umap-learn's numbers."""

_WIDTH = 10.0
"""Extent of the start in each direction, as in umap-learn."""

PLACED_BY = 5
"""Nearest points of the map that a further point is placed by."""

_CELLS = "cells."
"""Names of the cells' arrays in a model that is prepared begin so."""


class Umap(Projector):
    """UMAP, seeded: neighbours stay neighbours; the paper's map of chips and of segments.

    umap-learn's optimisation [1]_, with some choices where the paper is silent. Nearest neighbours are exact
    (2 s for 40 000 segments). The layout starts from the principal components (classical scaling for distances)
    instead of the spectral embedding: it keeps the large-scale arrangement as well [2]_, and neither fails
    nor stalls on equal points or disconnected neighbourhoods. Vectors are compared by cosine, as the matcher
    compares nodes, so that both levels show the same notion of similarity.

    Above ``sample`` points the map is made of a seeded sample, and every other point is placed on it by its
    nearest points there, as umap-learn's ``transform`` does, but point by point in bounded memory: a million
    segments take minutes (experiments/benchmarks/projection.py has the loss of trustworthiness).
    ``Projection.model`` then holds the sample and its map, on which ``transform`` places further vectors.

    One seed, one thread: the same input gives the same map, 7 s for 20 000 points; several maps are laid out side by
    side in threads. Under five points the map is PCA's, and ``Projection.method`` says so.

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
    sample
        Vectors above this number are placed on the map of a sample of so many; None: never. More is slower
        and shows rarer things. Distances and neighbour lists (chips) are always laid out whole.
    touching
        0 to 1: added to the weight of touching segments in the neighbour graph, at most to 1, where it is known which
        touch (``with_pairs``). Above 0 fields, lakes and other coarse cover become islands; thin things (rivers,
        roads) are torn apart and drawn to what they run through. 0: only vectors count.

    References
    ----------
    .. [1] L. McInnes, J. Healy and J. Melville, "UMAP: Uniform Manifold Approximation and Projection for
       Dimension Reduction", 2018. doi:10.48550/arXiv.1802.03426
    .. [2] D. Kobak and G. C. Linderman, "Initialization is critical for preserving global data structure in
       both t-SNE and UMAP", Nature Biotechnology 39, 2021. doi:10.1038/s41587-020-00809-z
    """

    as_before: ClassVar[Mapping[str, Any]] = {"touching": 0.0}

    def __init__(
        self,
        n_neighbors: int = 15,
        min_dist: float = 0.1,
        metric: Metric = "cosine",
        n_epochs: int | None = None,
        sample: int | None = 25_000,
        touching: float = 0.0,
    ) -> None:
        if isinstance(n_neighbors, bool) or not isinstance(n_neighbors, int) or n_neighbors < 2:
            raise ConfigError(f"`n_neighbors` must be a whole number of at least 2. Got {n_neighbors!r}.")
        if isinstance(min_dist, bool) or not isinstance(min_dist, int | float) or not 0 <= min_dist <= 0.99:
            raise ConfigError(f"`min_dist` must lie between 0 and 0.99. Got {min_dist!r} instead.")
        if n_epochs is not None and (not isinstance(n_epochs, int) or n_epochs < 1):
            raise ConfigError(f"`n_epochs` must be null or a whole number of at least 1. Got {n_epochs!r}.")
        self.n_neighbors, self.min_dist, self.n_epochs = n_neighbors, float(min_dist), n_epochs
        self.metric: Metric = check_metric(metric)
        self.sample = check_sample(sample, n_neighbors)
        if isinstance(touching, bool) or not isinstance(touching, int | float) or not 0 <= touching <= 1:
            raise ConfigError(f"`touching` must lie between 0 and 1. Got {touching!r} instead.")
        self.touching = float(touching)
        self._pairs: NDArray[np.int64] | None = None

    def with_metric(self, metric: Metric) -> Umap:
        """Return it with another ``metric``."""
        chosen = copy(self)
        chosen.metric = check_metric(metric)
        return chosen

    def with_pairs(self, pairs: NDArray[np.int64]) -> Umap:
        """Return it with the pairs (2, P) of rows that touch, each once; ``touching`` is the weight they get."""
        chosen = copy(self)
        chosen._pairs = pairs
        return chosen

    def project(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Lay out vectors (n, D), also equal ones; progress is called with the epoch, or thousandths of the work.

        ``Projection.method`` is ``umap``, or ``pca`` under five points; above ``sample`` points ``model`` is what
        ``fit`` returns. Raises NotUsable: not two-dimensional, or not finite.
        """
        vectors = check_vectors(vectors)
        if len(vectors) < FEWEST:
            return Pca().project(vectors, seed=seed, progress=progress)
        if not self.in_parts(len(vectors)):
            return self._project_all(vectors, seed, progress)
        model = self.fit(vectors, seed=seed, progress=part_of(progress, 0, 0.4))
        points = self.transform(vectors, model, seed=seed, first=0, progress=part_of(progress, 0.4, 1))
        return Projection(points=points, method="umap", model=model)

    def in_parts(self, n: int) -> bool:
        """Tell whether n vectors are more than ``sample``, so that their map is fitted first and then filled in."""
        return self.sample is not None and n > self.sample

    def fit(self, vectors: Floats, *, seed: int, progress: Progress | None = None) -> dict[str, NDArray[Any]]:
        """Lay out a sample of vectors (n, D), n at least 5; the seed draws it, too. Raises as ``project``.

        The model is ``rows`` (s,) which were drawn, ``vectors`` (s, D) float32, ``points`` (s, 2) float32.
        """
        vectors = check_vectors(vectors)
        rows = draw(len(vectors), self.sample, seed)
        drawn = np.array(vectors[rows])
        among = self if self._pairs is None else self.with_pairs(pairs_among(self._pairs, rows, len(vectors)))
        return {"rows": rows, "vectors": drawn, "points": among._project_all(drawn, seed, progress).points}

    def prepared(self, model: Mapping[str, NDArray[Any]], *, seed: int) -> Mapping[str, NDArray[Any]]:
        """Return a model with the cells of its vectors: half a second for 25 000, at every ``transform`` else."""
        cells = cut(comparable(model["vectors"], self.metric), seed=seed)
        return {**model, **{f"{_CELLS}{each.name}": getattr(cells, each.name) for each in fields(Cells)}}

    def transform(
        self,
        vectors: Floats,
        model: Mapping[str, NDArray[Any]],
        *,
        seed: int,
        first: int | None = None,
        progress: Progress | None = None,
    ) -> Floats:
        """Place vectors (m, D) on a map that is there, each by itself.

        Parameters
        ----------
        vectors, seed, progress
            (m, D) float32, compared with the map's by ``metric``; same seed, same points; called after every strip.
        model
            ``vectors`` (s, D) and ``points`` (s, 2), such as any embedding and its UMAP, and with ``first`` also
            ``rows`` (s,): what ``fit`` returns.
        first
            Number of the first vector among those that the map was fitted to: those that were drawn stay where they
            were laid out, and the others go where they would if all were placed at once. None: new vectors.

        Raises
        ------
        NotUsable
            Not two-dimensional, not finite, or another number of features than the map's.
        """
        vectors = check_vectors(vectors)
        if len(model["vectors"]) == 0 or vectors.shape[1] != model["vectors"].shape[1]:
            raise NotUsable(
                f"the map was made of vectors {model['vectors'].shape}; those to place must have as many features. "
                f"Got {vectors.shape} instead."
            )
        points = np.empty((len(vectors), 2), dtype=np.float32)
        wanted = np.arange(len(vectors))
        if first is not None:
            own = (model["rows"] >= first) & (model["rows"] < first + len(vectors))
            points[model["rows"][own] - first] = model["points"][own]
            wanted = np.setdiff1d(wanted, model["rows"][own] - first, assume_unique=True)
        self._place(vectors, wanted, model, points, seed, first or 0, progress)
        return points

    def project_distances(self, distances: Floats, *, seed: int, progress: Progress | None = None) -> Projection:
        """Lay out points of which only the distances (n, n) are known, such as 1 - similarity of chips.

        Negative distances (rounding) count as 0. Otherwise as ``project``; also raises NotUsable for a matrix
        that is not symmetric.
        """
        distances = check_distances(distances)
        if len(distances) < FEWEST:
            return Pca().project_distances(distances, seed=seed, progress=progress)
        neighbours = nearest_of_distances(distances, self._size(len(distances)) - 1)
        return self._lay_out(*first_of_all(*neighbours), classical_scaling(distances), seed, progress)

    def project_neighbours(
        self, neighbours: NDArray[np.int64], distances: Floats, *, seed: int, progress: Progress | None = None
    ) -> Projection:
        """Lay out points of which only the nearest others are known, such as a matcher's lists of chips.

        (n, k) each: every point's nearest others, itself not among them, and their distances. The neighbourhood has
        min(n_neighbors, k + 1) points. Raises NotUsable: no two arrays (n, k), not finite, a neighbour that is none.
        """
        indices, lengths = check_neighbours(neighbours, distances)
        if len(indices) < FEWEST or indices.shape[1] == 0:
            return Pca().project_neighbours(indices, lengths, seed=seed, progress=progress)
        start = neighbour_scaling(indices, lengths, seed=seed)
        near = slice(None, self._size(len(indices)) - 1)
        return self._lay_out(*first_of_all(indices[:, near], lengths[:, near]), start, seed, progress)

    def _project_all(self, vectors: Floats, seed: int, progress: Progress | None) -> Projection:
        neighbours = nearest_of_vectors(vectors, self._size(len(vectors)), self.metric, seed=seed)
        touching = (self._pairs, self.touching) if self.touching and self._pairs is not None else None
        return self._lay_out(*neighbours, principal_components(vectors), seed, progress, touching)

    def _place(
        self,
        vectors: Floats,
        wanted: NDArray[np.int64],
        model: Mapping[str, Floats],
        points: Floats,
        seed: int,
        first: int,
        progress: Progress | None,
    ) -> None:
        """Fill in the points of the wanted rows, strip by strip."""
        known = model if f"{_CELLS}rows" in model else self.prepared(model, seed=seed)
        of_cells: dict[str, Any] = {each.name: known[f"{_CELLS}{each.name}"] for each in fields(Cells)}
        cells = Cells(**of_cells)
        k = min(PLACED_BY, len(cells.rows))
        curve = closeness_curve(self.min_dist)
        for part in parts(len(wanted)):
            rows = wanted[part]
            indices, distances = find_nearest(cells, comparable(vectors[rows], self.metric), k)
            lengths = as_metric(distances, self.metric)
            points[rows] = place(indices, lengths, model["points"], curve=curve, seed=seed, rows=first + rows)
            if progress:
                progress(part.stop, len(wanted))

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
        touching: tuple[NDArray[np.int64], float] | None = None,
    ) -> Projection:
        points = lay_out(
            indices,
            distances,
            seeded_start(start, seed, size=10.0),
            min_dist=self.min_dist,
            n_epochs=self.n_epochs,
            seed=seed,
            touching=touching,
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
    touching: tuple[NDArray[np.int64], float] | None = None,
    progress: Progress | None = None,
) -> Floats:
    """Optimise UMAP's layout of a nearest-neighbour graph.

    ``indices`` and ``distances`` (n, k) are each point's neighbours, itself first; of ``start`` (n, 2) float32 no two
    points are equal; ``touching`` are pairs (2, P) of points that touch and their weight; the rest as in ``Umap``.
    Returns points (n, 2) float32.
    """
    epochs = n_epochs or (MORE_EPOCHS if len(start) <= FEW_POINTS else EPOCHS)
    graph = fuzzy_graph(indices, distances)
    if touching is not None:
        graph = with_touching(graph, *touching)
    acting = graph.data >= graph.data.max(initial=0.0) / epochs
    points: Floats = (_WIDTH * (start - start.min(axis=0)) / np.ptp(start, axis=0)).astype(np.float32, order="C")
    descend(
        points,
        (graph.row[acting], graph.col[acting]),
        graph.data[acting].astype(np.float64),
        curve=closeness_curve(min_dist),
        epochs=epochs,
        seed=seed,
        progress=progress,
    )
    return points
