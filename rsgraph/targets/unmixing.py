"""Linear spectral unmixing: endmembers and their abundances as targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError, NotUsable
from rsgraph.protocols import Progress, Target
from rsgraph.targets.sample import by_brightness, check_options, check_pixels, check_sample
from rsgraph.types import Floats

CANDIDATES = 50
"""Directions that are tried for each endmember."""

RIDGE = 1e-12
"""Share of the longest squared endmember that keeps the equations solvable where endmembers repeat."""


def endmembers(pixels: Floats, n_endmembers: int, *, average_over: int) -> NDArray[np.float64]:
    """Find the corners of the cloud of pixels by successive projection.

    The first endmember is the farthest from the mean, the second the farthest from the first, each further
    one the farthest from the plane through those before it. Under the linear model with pure pixels, and with
    ``average_over`` 1, these are the pure pixels exactly, for up to bands + 1 endmembers.

    Parameters
    ----------
    pixels
        (n, bands), finite.
    n_endmembers
        At most bands + 1.
    average_over
        As in Unmixing.

    Returns
    -------
    endmembers
        (C, bands) float64.

    Raises
    ------
    NotUsable
        The pixels do not span so many endmembers.
    """
    wide = pixels.astype(np.float64)
    extent = np.sqrt(((wide - wide.mean(axis=0)) ** 2).sum(axis=1).max())
    found = [np.median(wide[_corner(wide - wide.mean(axis=0), average_over)], axis=0)]
    residual = wide - found[0]
    while len(found) < n_endmembers:
        corner = _corner(residual, average_over)
        direction = np.median(residual[corner], axis=0)
        length = np.linalg.norm(direction)
        if length < 1e-5 * extent:
            raise NotUsable(
                f"the sample of pixels spans {len(found)} endmembers, fewer than "
                f"target.n_clusters={n_endmembers}; choose fewer"
            )
        found.append(np.median(wide[corner], axis=0))
        residual -= np.outer(residual @ direction, direction / length**2)
    return np.stack(found)


def _corner(residual: NDArray[np.float64], average_over: int) -> NDArray[np.intp]:
    """Return the pixels whose median lies farthest out.

    Tried are the directions of the pixels with the longest residuals, each with the ``average_over``
    pixels that reach farthest in it: a lone outlier takes its neighbours along, and their median does not
    lie far out.
    """
    squared = (residual**2).sum(axis=1)
    candidates = np.argsort(-squared, kind="stable")[:CANDIDATES]
    groups = [_farthest(residual @ residual[pixel], average_over) for pixel in candidates]
    lengths = [(np.median(residual[group], axis=0) ** 2).sum() for group in groups]
    return groups[int(np.argmax(lengths))]


def _farthest(reach: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    return np.argpartition(-reach, min(count, len(reach)) - 1)[:count]


def abundances(pixels: Floats, endmembers: NDArray[Any]) -> Floats:
    r"""Solve the fully constrained least squares problem for every pixel, exactly.

    .. math:: \min_a \lVert x - E^T a \rVert^2 \quad \text{with} \quad a \ge 0, \; \sum_i a_i = 1

    An active-set method (Lawson and Hanson's, with the sum as an equality): start at the best single
    endmember, let in the endmember whose share would lower the error most, solve, and drop those that
    would become negative, until none would lower the error. Finite, and optimal to rounding.

    Of pixels (n, bands), finite. Returns abundances (n, C) float32 in [0, 1] that sum to 1.
    """
    spectra = np.ascontiguousarray(endmembers, dtype=np.float64)
    gram = spectra @ spectra.T
    scale = float(gram.diagonal().max()) or 1.0  # on the scale of 1, one tolerance fits all units
    gram = gram / scale + RIDGE * np.eye(len(gram))
    out = np.empty((len(pixels), len(spectra)), dtype=np.float32)
    _abundances(pixels.astype(np.float64) @ spectra.T / scale, gram, out)
    return out


@compiled()
def _solve(gram: Any, product: Any, members: Any, count: int) -> Any:
    """Minimise over the first ``count`` members with their sum 1, by elimination with pivoting."""
    size = count + 1
    matrix = np.zeros((size, size + 1))
    for i in range(count):
        for j in range(count):
            matrix[i, j] = gram[members[i], members[j]]
        matrix[i, count] = matrix[count, i] = 1.0
        matrix[i, size] = product[members[i]]
    matrix[count, size] = 1.0
    for column in range(size):
        pivot = column + np.argmax(np.abs(matrix[column:, column]))
        for k in range(column, size + 1):
            matrix[column, k], matrix[pivot, k] = matrix[pivot, k], matrix[column, k]
        for row in range(column + 1, size):
            factor = matrix[row, column] / matrix[column, column]
            for k in range(column, size + 1):
                matrix[row, k] -= factor * matrix[column, k]
    for row in range(size - 1, -1, -1):
        for k in range(row + 1, size):
            matrix[row, size] -= matrix[row, k] * matrix[k, size]
        matrix[row, size] /= matrix[row, row]
    return matrix[:count, size]


@compiled()
def _best_single(gram: Any, product: Any) -> int:
    best, lowest = 0, np.inf
    for i in range(product.size):
        error = gram[i, i] - 2 * product[i]
        if error < lowest:
            best, lowest = i, error
    return best


@compiled()
def _entering(gram: Any, product: Any, shares: Any, inside: Any) -> int:
    """Return the endmember outside whose share would lower the error most, or -1."""
    slope = gram @ shares - product
    level = 0.0
    for i in range(shares.size):
        level += shares[i] * slope[i]  # the same for all inside, at their optimum
    best, steepest = -1, -1e-10
    for i in range(shares.size):
        if not inside[i] and slope[i] - level < steepest:
            best, steepest = i, slope[i] - level
    return best


@compiled()
def _step(gram: Any, product: Any, shares: Any, inside: Any) -> bool:
    """Move towards the optimum of the members inside; drop the first that reaches 0, if one does."""
    members = np.flatnonzero(inside)
    wanted = _solve(gram, product, members, members.size)
    length, leaving = 1.0, -1
    for i in range(members.size):
        share = shares[members[i]]
        if wanted[i] <= 0.0 and share / (share - wanted[i]) < length:
            length, leaving = share / (share - wanted[i]), members[i]
    for i in range(members.size):
        shares[members[i]] += length * (wanted[i] - shares[members[i]])
    if leaving >= 0:
        shares[leaving] = 0.0
        inside[leaving] = False
    return leaving < 0


@compiled()
def _abundances(products: Any, gram: Any, out: Any) -> None:
    count = gram.shape[0]
    for n in range(products.shape[0]):
        shares = np.zeros(count)
        inside = np.zeros(count, dtype=np.bool_)
        entering = _best_single(gram, products[n])
        shares[entering] = 1.0
        inside[entering] = True
        for _ in range(10 * count):  # a bound against cycling in rounding errors; never reached in tests
            entering = _entering(gram, products[n], shares, inside)
            if entering < 0:
                break
            inside[entering] = True
            while not _step(gram, products[n], shares, inside):
                pass
        out[n] = shares / shares.sum()


class Unmixing(Target):
    """Linear spectral unmixing: endmembers and abundances that are non-negative and sum to 1.

    What the paper's discussion asks for: the material shares of a pixel instead of fuzzy memberships.
    Endmembers come from the successive projection algorithm (Araujo et al. 2001,
    doi:10.1016/S0169-7439(01)00119-8), which needs no random start; abundances are fully constrained least
    squares (Heinz and Chang 2001, doi:10.1109/36.911111), solved exactly. Endmembers are numbered by mean
    reflectance, the darkest first.

    It assumes that some pixels are pure, and that light mixes linearly. The endmembers of a scene are its
    extremes (deep water, bright roofs, the greenest field), not its most common materials as with fuzzy
    C-means.

    Parameters
    ----------
    n_clusters
        Number of endmembers, at least 2 and at most bands + 1: more would not have unique abundances.
    sample_every
        Every how many-th valid pixel is looked at; 56 as in the paper. Pure pixels are rare: smaller is
        better here.
    average_over
        Each endmember is the median of this many most extreme pixels, so that no single noisy or saturated
        pixel decides. 1: plain successive projection.
    """

    def __init__(self, n_clusters: int = 8, sample_every: int = 56, average_over: int = 5) -> None:
        check_options(n_clusters, sample_every)
        if not isinstance(average_over, int) or average_over < 1:
            raise ConfigError(
                f"`target.average_over` must be a whole number of at least 1. Got {average_over!r}; 5 is usual."
            )
        self.n_clusters = n_clusters
        self.sample_every = sample_every
        self.average_over = average_over

    def fit(
        self, pixels: Floats, *, bands: Sequence[str], seed: int, progress: Progress | None = None
    ) -> dict[str, NDArray[Any]]:
        """Find the endmembers of pixels (n, bands): ``centres`` (C, bands) float64.

        Raises NotUsable: NaN in the sample, more endmembers than bands + 1, or than the sample spans.
        """
        if self.n_clusters > len(bands) + 1:
            raise NotUsable(
                f"{len(bands)} bands can tell at most {len(bands) + 1} endmembers apart. "
                f"Got target.n_clusters={self.n_clusters}; choose fewer, or another target"
            )
        check_sample(pixels, bands, self.n_clusters)
        return {"centres": by_brightness(endmembers(pixels, self.n_clusters, average_over=self.average_over))}

    def predict(self, pixels: Floats, model: Mapping[str, NDArray[Any]]) -> Floats:
        """Return abundances (n, C) float32 of pixels (n, bands), for the endmembers of ``model``.

        Raises what ``check_pixels`` raises.
        """
        check_pixels(pixels, model["centres"].shape[1])
        return abundances(pixels, model["centres"])
