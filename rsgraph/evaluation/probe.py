"""A linear probe: what logistic regression on a few labelled segments of each class says of all others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.reference import majority
from rsgraph.evaluation.scores import check_known, scores
from rsgraph.neighbours.rows import standardised


class Probe(NamedTuple):
    """How well a linear probe does, over its draws.

    Parameters
    ----------
    accuracy, mean_iou
        Mean over the draws, in pixels of the segments that were not labelled.
    accuracy_sd, mean_iou_sd
        Standard deviation over the draws.
    """

    accuracy: float
    mean_iou: float
    accuracy_sd: float
    mean_iou_sd: float


def linear_probe(
    vectors: NDArray[Any], counts: NDArray[Any], *, labels: Sequence[int] = (1, 5, 20), draws: int = 10, seed: int = 0
) -> dict[int, Probe]:
    """Predict the classes of segments from a few of each, by logistic regression on standardised vectors.

    Parameters
    ----------
    vectors
        (n, D), a layer or a map.
    counts
        (n, C) reference pixels of each class in each segment; a segment's class is that of most of its pixels.
    labels
        How many segments of each class are labelled; at most half of those that there are, but one at least.
    draws
        How often they are drawn anew; the draws are the same for all layers of the same segments.
    seed
        Of the draws.

    Returns
    -------
    dict
        By number of labels.

    Raises
    ------
    ConfigError
        Shapes or options that do not fit.
    NotUsable
        Fewer than two classes, no segment left to predict, or vectors that are not finite.
    """
    known = check_known(counts)
    if vectors.ndim != 2 or len(vectors) != len(known):
        raise ConfigError(f"`vectors` must have one row per row of `counts`, {len(known)}. Got {vectors.shape}.")
    if draws < 1 or any(number < 1 for number in labels):
        raise ConfigError(f"`labels` and `draws` must be at least 1. Got {list(labels)!r} and {draws!r} instead.")
    classes, inputs = majority(known), standardised(np.asarray(vectors, dtype=np.float32))
    if len(np.unique(classes[classes > 0])) < 2:
        raise NotUsable("a probe tells classes apart; the reference has fewer than two.")
    return {int(number): _probe(inputs, known, classes, int(number), draws, seed) for number in labels}


def _probe(
    inputs: NDArray[np.float32],
    counts: NDArray[np.int64],
    classes: NDArray[np.int64],
    labels: int,
    draws: int,
    seed: int,
) -> Probe:
    random = np.random.default_rng([seed, labels])
    found = np.array([_predicted(inputs, counts, classes, _drawn(classes, labels, random)) for _ in range(draws)])
    return Probe(*found.mean(axis=0).tolist(), *found.std(axis=0).tolist())


def _drawn(classes: NDArray[np.int64], labels: int, random: np.random.Generator) -> NDArray[np.int64]:
    """Draw so many segments of each class, ascending."""
    members = [np.flatnonzero(classes == code) for code in np.unique(classes[classes > 0])]
    return np.sort(
        np.concatenate([random.permutation(each)[: min(labels, max(1, len(each) // 2))] for each in members])
    )


def _predicted(
    inputs: NDArray[np.float32],
    counts: NDArray[np.int64],
    classes: NDArray[np.int64],
    labelled: NDArray[np.int64],
) -> tuple[float, float]:
    """Return accuracy and mean IoU over the segments that are not labelled."""
    from sklearn.linear_model import LogisticRegression  # half a second that other measures do not need

    others = np.setdiff1d(np.flatnonzero(classes), labelled)
    if not len(others):
        raise NotUsable("all segments with a known class are labelled: none is left to predict.")
    model = LogisticRegression(max_iter=2000).fit(inputs[labelled], classes[labelled])
    return scores(counts[others], model.predict(inputs[others]).astype(np.int64))
