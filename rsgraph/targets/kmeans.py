"""K-means with soft memberships: the hard relative of the paper's targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from rsgraph.errors import ConfigError
from rsgraph.protocols import Progress, Target
from rsgraph.targets.sample import by_brightness, check_options, check_pixels, check_sample
from rsgraph.types import Floats


def kmeans(pixels: Floats, n_clusters: int, *, restarts: int, seed: int) -> NDArray[np.float64]:
    """Cluster with scikit-learn's K-means (k-means++ starts, Lloyd's iterations), in one thread.

    Several threads would add up in changing order, and the same seed would not give the same bits.

    Of pixels (n, bands), finite, at least ``n_clusters`` differ. Returns centres (C, bands) float64.
    """
    import sklearn.cluster  # half a second that prediction does not need
    from threadpoolctl import threadpool_limits

    model = sklearn.cluster.KMeans(n_clusters, n_init=restarts, random_state=seed)
    with threadpool_limits(1):
        centres: NDArray[np.float64] = model.fit(pixels.astype(np.float64)).cluster_centers_
    return centres


def squared_distances(pixels: Floats, centres: NDArray[Any]) -> NDArray[np.float64]:
    """Return (n, C) squared Euclidean distances of pixels (n, bands) to centres (C, bands)."""
    found: NDArray[np.float64] = cdist(pixels, centres, "sqeuclidean")
    return found


def soft_assignment(pixels: Floats, centres: NDArray[Any], temperature: float) -> Floats:
    r"""Soften the assignment to the nearest centre.

    .. math:: u_i = \frac{\exp(-d_i^2 / T)}{\sum_j \exp(-d_j^2 / T)}

    Of pixels (n, bands), finite, and centres (C, bands); T is in squared reflectance, above 0. Returns memberships
    (n, C) float32 in [0, 1] that sum to 1.
    """
    squared = squared_distances(pixels, centres)
    weights = np.exp((squared.min(axis=1, keepdims=True) - squared) / temperature)
    shares: Floats = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


class KMeans(Target):
    """K-means on raw reflectance (scikit-learn), softened by distance.

    The assignment is softened as in a mixture of equal round Gaussians: u_i is proportional to exp(-d_i^2
    / T), where T is ``softness`` times the mean squared distance of the sample's pixels to their centres.
    A pixel at that typical distance from one centre and 1.4 times as far from another belongs to the first
    e times as much.

    Parameters
    ----------
    n_clusters
        C, at least 2.
    sample_every
        Every how many-th valid pixel is fitted; 56 as in the paper.
    softness
        Above 0. Towards 0 memberships become hard; 1 leaves pixels between two clusters undecided.
    restarts
        Starts that compete; the smallest sum of squared distances wins.
    """

    fitted = ("centres", "temperature")

    def __init__(self, n_clusters: int = 8, sample_every: int = 56, softness: float = 1.0, restarts: int = 4) -> None:
        check_options(n_clusters, sample_every)
        if not softness > 0:
            raise ConfigError(f"`target.softness` must be above 0. Got {softness}; 1 is usual.")
        if restarts < 1:
            raise ConfigError(f"`target.restarts` must be at least 1. Got {restarts}; 4 is usual.")
        self.n_clusters = n_clusters
        self.sample_every = sample_every
        self.softness = softness
        self.restarts = restarts

    def fit(
        self, pixels: Floats, *, bands: Sequence[str], seed: int, progress: Progress | None = None
    ) -> dict[str, NDArray[Any]]:
        """Fit to pixels (n, bands): ``centres`` (C, bands) float64, the darkest first, and ``temperature`` ().

        Raises what ``check_sample`` raises.
        """
        check_sample(pixels, bands, self.n_clusters)
        centres = by_brightness(kmeans(pixels, self.n_clusters, restarts=self.restarts, seed=seed))
        typical = squared_distances(pixels, centres).min(axis=1).mean()
        floor = np.finfo(np.float32).tiny  # as many clusters as different pixels: hard memberships
        return {"centres": centres, "temperature": np.array(max(self.softness * typical, floor))}

    def predict(self, pixels: Floats, model: Mapping[str, NDArray[Any]]) -> Floats:
        """Return memberships (n, C) float32 of pixels (n, bands), by the centres and temperature of ``model``.

        Raises what ``check_pixels`` raises.
        """
        check_pixels(pixels, model["centres"].shape[1])
        return soft_assignment(pixels, model["centres"], float(model["temperature"]))
