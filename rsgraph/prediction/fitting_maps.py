"""Which of several 2-D maps fits the labels so far: whole strokes are left out and predicted from the others.

On a map that fits, segments of one class lie beside each other, also those of another stroke. Single segments would
not tell: those of one stroke are neighbours on the map that they were brushed on, whatever they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.prediction.checks import check_codes
from rsgraph.protocols import Progress
from rsgraph.types import Doubles, Floats, Mask

FEWEST = 5
"""Strokes that can be tested, below which there is no verdict."""

FOLDS = 5
"""In how many parts strokes are left out: a map that uses labels is laid out again for each."""

NEIGHBOURS = 5
"""Nearest labelled segments that a segment is predicted by."""

_RESAMPLED = 2000
"""Bootstrap samples of strokes behind an interval of 95 %."""

PointsOf = Callable[[NDArray[np.int64]], Floats]
"""Lays out a map that uses labels: takes codes (n,), 0 where they are left out, and returns points (n, 2)."""


@dataclass(frozen=True)
class MapFit:
    """How well one map fits.

    Parameters
    ----------
    name
        Of the map.
    strokes
        Number of strokes that were left out and predicted.
    accuracy
        Share of the segments of a stroke that are predicted right, mean over strokes.
    interval
        Of 95 %, over strokes.
    """

    name: str
    strokes: int
    accuracy: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Verdict:
    """Which map fits best.

    Parameters
    ----------
    fits
        One a map, best first; none where there are too few strokes.
    best
        The name of the map that fits best, None where that cannot be said.
    reason
        A sentence that says why there is none, or how sure it is.
    """

    fits: tuple[MapFit, ...]
    best: str | None
    reason: str


def fitting_map(
    maps: Mapping[str, Floats | PointsOf],
    codes: NDArray[np.int64],
    strokes: NDArray[np.int64],
    n_classes: int,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> Verdict:
    """Leave out whole strokes, predict their segments from the others on each map, and compare the maps.

    A segment gets the class of most of its nearest labelled segments on the map. Only strokes of classes that other
    strokes have, too, can be predicted. They are left out in five parts, those of one class in different ones, the
    same for all maps.

    Parameters
    ----------
    maps
        Name -> points (n, 2), or what lays them out from the labels that are not left out. Rows that are not finite
        are not on the map: nothing is learnt from them, and labelled ones count as wrong.
    codes
        (n,) class of each segment, 1 ... C; 0 is unlabelled.
    strokes
        (n,) number of the stroke that labelled each segment; of any of code 0 it does not matter.
    n_classes
        C.
    seed
        Deals strokes to the parts, and draws the samples behind the intervals.
    progress
        Called with (parts done, parts in all); may raise to cancel.

    Raises
    ------
    ConfigError
        Shapes or codes that do not fit, or no map.
    """
    given = check_codes(codes, len(codes), n_classes)
    if strokes.shape != given.shape or not maps:
        raise ConfigError(f"`strokes` must be {given.shape} and `maps` hold one or more. Got {strokes.shape}.")
    numbers, fold_of = _folds(given, strokes, seed)
    if len(numbers) < FEWEST:
        return Verdict((), None, _too_few(len(numbers)))
    if len(np.unique(given[given > 0])) < 2:
        return Verdict((), None, "a verdict takes strokes of two classes, and there is one so far: label another one")
    right: dict[str, list[Doubles]] = {name: [] for name in maps}
    order = [numbers[fold_of == fold] for fold in range(FOLDS)]
    for done, left_out in enumerate(order):
        hidden = np.isin(strokes, left_out) & (given > 0)
        kept = np.where(hidden, 0, given)
        for name, points in maps.items():
            found = points(kept) if callable(points) else points
            right[name].append(_right(found, kept, given, hidden, strokes, left_out))
        if progress is not None:
            progress(done + 1, FOLDS)
    return _verdict({name: np.concatenate(shares) for name, shares in right.items()}, seed)


def _folds(
    codes: NDArray[np.int64], strokes: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the strokes that can be tested, by class, and the part that each is left out in."""
    pairs = np.unique(np.stack([codes, strokes])[:, codes > 0], axis=1)
    counts = np.bincount(pairs[0], minlength=1)
    pairs = pairs[:, counts[pairs[0]] > 1]
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(pairs.shape[1])
    order = shuffled[np.argsort(pairs[0, shuffled], kind="stable")]
    numbers, first = np.unique(pairs[1, order], return_index=True)
    places = np.sort(first)  # an event that gave several classes is one stroke
    return pairs[1, order][places], np.arange(len(numbers)) % FOLDS


def _too_few(strokes: int) -> str:
    return (
        f"a verdict takes {FEWEST} strokes of classes with two strokes or more, and there are {strokes} so far: "
        "label on and ask again"
    )


def _right(
    points: Floats,
    kept: NDArray[np.int64],
    truth: NDArray[np.int64],
    hidden: Mask,
    strokes: NDArray[np.int64],
    left_out: NDArray[np.int64],
) -> Doubles:
    """Return for each stroke that is left out the share (strokes,) of its segments that are predicted right."""
    there = np.isfinite(points).all(axis=1)
    known, asked = np.flatnonzero((kept > 0) & there), np.flatnonzero(hidden & there)
    correct = np.zeros(len(truth))
    correct[asked] = predict_on_map(points, known, kept[known], asked) == truth[asked]
    return np.array([correct[hidden & (strokes == stroke)].mean() for stroke in left_out])


def predict_on_map(
    points: Floats, known: NDArray[np.int64], codes: NDArray[np.int64], asked: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Predict classes by the nearest labelled points of a map.

    Parameters
    ----------
    points
        (n, 2) float32.
    known, codes
        (m,) rows that are labelled, and as what.
    asked
        (a,) rows.

    Returns
    -------
    codes
        (a,): the class of most of the ``NEIGHBOURS`` nearest; of equals the lowest.
    """
    if not len(known) or not len(asked):
        return np.zeros(len(asked), dtype=np.int64)
    from scipy.spatial import cKDTree

    k = range(1, min(NEIGHBOURS, len(known)) + 1)
    near = cKDTree(points[known]).query(points[asked], k=k)[1]
    votes = np.zeros((len(asked), int(codes.max()) + 1), dtype=np.int64)
    np.add.at(votes, (np.arange(len(asked))[:, None], codes[near]), 1)
    found: NDArray[np.int64] = votes.argmax(axis=1)
    return found


def _verdict(right: Mapping[str, Doubles], seed: int) -> Verdict:
    """Compare maps by the shares (strokes,) that are right on each."""
    count = len(next(iter(right.values())))
    drawn = np.random.default_rng(seed).integers(count, size=(_RESAMPLED, count))
    samples = {name: shares[drawn].mean(axis=1) for name, shares in right.items()}
    fits = [MapFit(name, count, float(shares.mean()), _interval(samples[name])) for name, shares in right.items()]
    fits.sort(key=lambda fit: -fit.accuracy)  # stable: of equals the one that is offered first
    if len(fits) == 1:
        return Verdict(tuple(fits), fits[0].name, "there is one map only")
    if fits[0].accuracy == fits[1].accuracy:
        return Verdict(tuple(fits), None, f"{fits[0].name} and {fits[1].name} fit the labels equally well")
    ahead = samples[fits[0].name] - samples[fits[1].name]
    sure = "clearly" if _interval(ahead)[0] > 0 else "not clearly: other strokes might say otherwise"
    return Verdict(tuple(fits), fits[0].name, sure)


def _interval(samples: Doubles) -> tuple[float, float]:
    low, high = np.percentile(samples, [2.5, 97.5])
    return float(low), float(high)
