"""Fuzzy C-means: the paper's soft targets (section 2.2)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.errors import ConfigError
from rsgraph.protocols import Progress, Target
from rsgraph.targets.sample import by_brightness, check_options, check_pixels, check_sample, count_different
from rsgraph.types import Floats

BLOCK = 10
"""Iterations between two calls of ``progress``."""

START_PIXELS = 5_000
"""At most so many pixels are used to find the best start."""

Prior = Sequence[Sequence[float]] | Mapping[str, Sequence[float]]
"""Spectra from a config: C lists of one value per band, or band name -> C values."""


def fuzzy_c_means(
    pixels: Floats,
    initial: NDArray[np.float64],
    *,
    fuzziness: float,
    max_iterations: int,
    tolerance: float,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float64], float, int]:
    """Run scikit-fuzzy's ``cmeans`` from an initial partition.

    Parameters
    ----------
    pixels
        (n, bands), finite.
    initial
        (C, n) memberships to start from.
    fuzziness, max_iterations, tolerance
        As in FuzzyCMeans.
    progress
        Called with iterations done and ``max_iterations``; with more of them where the tolerance is near.

    Returns
    -------
    centres
        (C, bands) float64.
    objective
        Sum of u^m d^2: the smaller, the better the centres fit.
    iterations
        How many were run.
    """
    from skfuzzy import cmeans  # loads networkx and more: only where it is needed

    data = pixels.astype(np.float64).T
    change = tolerance * np.sqrt(initial.size)  # scikit-fuzzy stops on the Frobenius norm of the change
    done, memberships, changes = 0, initial, list[float]()
    while done < max_iterations:
        steps, before = min(BLOCK, max_iterations - done), memberships
        centres, memberships, _, _, objectives, ran, _ = cmeans(
            data, len(initial), fuzziness, change, steps, init=memberships
        )
        done += ran
        if progress:
            changes.append(float(np.sqrt(np.square(memberships - before).mean())))
            progress(round(max_iterations * _share(done / max_iterations, changes, tolerance)), max_iterations)
        if ran < steps:
            break
    return centres, float(objectives[-1]), done


def _share(done: float, changes: Sequence[float], tolerance: float) -> float:
    """Return which share of a run is done: of its iterations, or of the way down to the tolerance, if that is more.

    Changes per block of iterations fall about geometrically: the way is measured by their logarithm.
    """
    first, now, last = changes[0], max(changes[-1], 1e-300), BLOCK * tolerance
    if len(changes) < 2 or first <= last:
        return done
    return min(1.0, max(done, math.log(first / now) / math.log(first / last)))


def memberships(pixels: Floats, centres: NDArray[Any], fuzziness: float) -> Floats:
    r"""Return the membership of each pixel in each cluster, exactly.

    .. math:: u_i = 1 \Big/ \sum_j \left( \frac{d_i}{d_j} \right)^{2 / (m - 1)}

    with d the Euclidean distances to the centres. A pixel that equals a centre belongs only to it (equal
    centres share).

    Of pixels (n, bands) float32, finite; m is the fuzziness, above 1. Returns memberships (n, C) float32 in [0, 1]
    that sum to 1.
    """
    out = np.empty((len(pixels), len(centres)), dtype=np.float32)
    _memberships(
        np.ascontiguousarray(pixels, dtype=np.float32),
        np.ascontiguousarray(centres, dtype=np.float64),
        1.0 / (fuzziness - 1.0),
        out,
    )
    return out


@compiled()
def _memberships(pixels: Any, centres: Any, power: float, out: Any) -> None:
    squared = np.empty(centres.shape[0])
    for n in range(pixels.shape[0]):
        nearest = np.inf
        for i in range(centres.shape[0]):
            total = 0.0
            for b in range(centres.shape[1]):
                total += (pixels[n, b] - centres[i, b]) ** 2
            squared[i] = total
            nearest = min(nearest, total)
        weight = 0.0
        for i in range(centres.shape[0]):
            # relative to the nearest centre: no overflow, and 1 where both distances are 0
            ratio = 1.0 if squared[i] == nearest else nearest / squared[i]
            squared[i] = ratio if power == 1.0 else ratio**power
            weight += squared[i]
        for i in range(centres.shape[0]):
            out[n, i] = squared[i] / weight


def start_partitions(
    pixels: Floats, n_clusters: int, fuzziness: float, restarts: int, *, seed: int
) -> Iterator[NDArray[np.float64]]:
    """Yield initial partitions (C, n): memberships in C pixels that are drawn far from each other.

    The pixels are drawn as k-means++ does (Arthur and Vassilvitskii 2007): each with a probability that
    grows with its squared distance to those already drawn. Every partition has a generator of its own.
    """
    for generator in np.random.default_rng(seed).spawn(restarts):
        chosen = [int(generator.integers(len(pixels)))]
        squared = _squared_distances(pixels, chosen[-1])
        while len(chosen) < n_clusters:
            chosen.append(int(generator.choice(len(pixels), p=squared / squared.sum())))
            squared = np.minimum(squared, _squared_distances(pixels, chosen[-1]))
        yield memberships(pixels, pixels[chosen], fuzziness).T.astype(np.float64)


def _squared_distances(pixels: Floats, index: int) -> NDArray[np.float64]:
    squared: NDArray[np.float64] = ((pixels.astype(np.float64) - pixels[index]) ** 2).sum(axis=1)
    return squared


def prior_centres(centres: Prior, bands: Sequence[str]) -> NDArray[np.float64]:
    """Turn spectra from a config into centres (C, bands) in the order of the scene's bands.

    Raises
    ------
    ConfigError
        A band of the scene is missing, there are not as many values per spectrum as bands, or a value is
        not a reflectance.
    """
    spectra = _table(centres)
    if isinstance(centres, Mapping):
        missing = [band for band in bands if band not in centres]
        if missing:
            raise ConfigError(
                f"`target.centres` lacks {', '.join(missing)}. "
                f"Got {', '.join(centres)}; give every band of the scene."
            )
        spectra = spectra[[list(centres).index(band) for band in bands]].T
    if spectra.shape[1] != len(bands):
        raise ConfigError(
            f"`target.centres` must have one reflectance per band: {', '.join(bands)}. Got {spectra.shape[1]} values."
        )
    if not ((spectra >= -0.5) & (spectra <= 2.0)).all():
        raise ConfigError("`target.centres` must be reflectances, about 0 to 1. Divide digital numbers by 10000.")
    return spectra


def _table(centres: Prior) -> NDArray[np.float64]:
    """Return the given numbers as a matrix: a row for each spectrum, or for each band of a mapping."""
    rows = centres.values() if isinstance(centres, Mapping) else centres
    try:
        table = np.array([list(row) for row in rows], dtype=np.float64)
    except (TypeError, ValueError):
        table = np.empty(0)
    if table.ndim != 2 or not table.size:
        raise ConfigError(
            "`target.centres` must be rows of numbers, all of equal length. "
            f"Got {centres!r}; give one spectrum per cluster, or band names with one value per cluster."
        )
    return table


class FuzzyCMeans(Target):
    """Fuzzy C-means on raw reflectance, with scikit-fuzzy (the paper's targets, C = 8).

    Every pixel gets a degree of membership in each of C clusters (Bezdek, Ehrlich and Full 1984,
    doi:10.1016/0098-3004(84)90020-7); they sum to 1. As in the paper (section 2.2), all bands are used as
    they are, neither standardised nor transformed: bright bands count most. The paper is silent on the
    rest; what was chosen:

    - fuzziness 2, scikit-fuzzy's and the field's usual value.
    - Starts: ``restarts`` runs on at most ``START_PIXELS`` pixels of the sample, each from pixels drawn as
      k-means++ does; the one with the smallest objective starts the run on the whole sample.
      scikit-fuzzy's own random partition begins so near the saddle point where all centres are equal that
      it can stop there (seen on a real scene), the more easily the larger the sample; and single runs end
      in different local minima (objectives 0.7 % and 4.6 % apart on the two real scenes), between which
      the restarts choose.
    - Clusters are numbered by mean reflectance, the darkest first, so that the same scene gives the same
      numbers whatever the seed.

    Parameters
    ----------
    n_clusters
        C, at least 2. The paper tried 2, 8 and 18; 8 was best.
    fuzziness
        m, above 1. Towards 1 memberships become hard; above 3 all become 1 / C.
    sample_every
        Every how many-th valid pixel is fitted. 56 in the paper; smaller for scenes of less than a megapixel.
    max_iterations
        Upper limit of the iterations of a run.
    tolerance
        A run stops when the memberships change by less than this, root mean square over pixels and clusters.
        (scikit-fuzzy's own ``error`` is the norm of the whole change and would get stricter with the size
        of the sample.) 1e-4 reached the objective of 1e-5 to 5 digits in half the iterations; 1e-3 stopped
        too early.
    restarts
        Starts that compete. 1: no competition.
    centres
        Prior knowledge (section 4 of the paper): initial centres as reflectance spectra, either C lists with
        one value per band in the scene's band order, or a mapping from band name to C values (it may hold
        more bands than the scene). Cluster numbers then follow the order given, and there are no restarts.

    Raises
    ------
    ConfigError
        A parameter is out of range, or there are not ``n_clusters`` centres.
    """

    fitted = ("centres", "fuzziness")

    def __init__(
        self,
        n_clusters: int = 8,
        fuzziness: float = 2.0,
        sample_every: int = 56,
        max_iterations: int = 300,
        tolerance: float = 1e-4,
        restarts: int = 4,
        centres: Prior | None = None,
    ) -> None:
        check_options(n_clusters, sample_every)
        if not fuzziness > 1:
            raise ConfigError(f"`target.fuzziness` must be above 1. Got {fuzziness}; 2 is usual.")
        if max_iterations < 1 or restarts < 1 or not tolerance > 0:
            raise ConfigError(
                "`target.max_iterations` and `target.restarts` must be at least 1 and `target.tolerance` "
                "above 0. "
                f"Got {max_iterations}, {restarts} and {tolerance}; 300, 4 and 1e-4 are usual."
            )
        if centres is not None and _count_centres(centres) != n_clusters:
            raise ConfigError(
                f"`target.centres` must have {n_clusters} spectra, as `target.n_clusters` says. "
                f"Got {_count_centres(centres)}; change one of the two."
            )
        self.n_clusters = n_clusters
        self.fuzziness = float(fuzziness)
        self.sample_every = sample_every
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.restarts = restarts
        self.centres = centres

    def fit(
        self, pixels: Floats, *, bands: Sequence[str], seed: int, progress: Progress | None = None
    ) -> dict[str, NDArray[Any]]:
        """Fit to pixels (n, bands): ``centres`` (C, bands) float64 and ``fuzziness`` ().

        Raises what ``check_sample`` raises, and ConfigError where ``centres`` do not fit the bands.
        """
        check_sample(pixels, bands, self.n_clusters)
        start = self._start(pixels, bands, seed)
        centres, _ = self._run(pixels, memberships(pixels, start, self.fuzziness).T, progress)
        if self.centres is None:
            centres = by_brightness(centres)
        return {"centres": centres, "fuzziness": np.array(self.fuzziness)}

    def predict(self, pixels: Floats, model: Mapping[str, NDArray[Any]]) -> Floats:
        """Return memberships (n, C) float32 of pixels (n, bands), by the centres and fuzziness of ``model``.

        Raises what ``check_pixels`` raises.
        """
        check_pixels(pixels, model["centres"].shape[1])
        return memberships(pixels, model["centres"], float(model["fuzziness"]))

    def _start(self, pixels: Floats, bands: Sequence[str], seed: int) -> NDArray[np.float64]:
        """Return the centres to start from: the given ones, or the best of the restarts."""
        if self.centres is not None:
            return prior_centres(self.centres, bands)
        few = _thin(pixels, self.n_clusters)
        starts = start_partitions(few, self.n_clusters, self.fuzziness, self.restarts, seed=seed)
        runs = [self._run(few, start, None) for start in starts]
        return min(runs, key=lambda run: run[1])[0]

    def _run(
        self, pixels: Floats, initial: NDArray[Any], progress: Progress | None
    ) -> tuple[NDArray[np.float64], float]:
        centres, objective, _ = fuzzy_c_means(
            pixels,
            initial,
            fuzziness=self.fuzziness,
            max_iterations=self.max_iterations,
            tolerance=self.tolerance,
            progress=progress,
        )
        return centres, objective


def _thin(pixels: Floats, n_clusters: int) -> Floats:
    """Return every n-th pixel, at most START_PIXELS of them; all, where too few of those differ."""
    few = pixels[:: -(-len(pixels) // START_PIXELS)]
    return few if count_different(few, n_clusters) >= n_clusters else pixels


def _count_centres(centres: Prior) -> int:
    table = _table(centres)
    return len(table.T if isinstance(centres, Mapping) else table)
