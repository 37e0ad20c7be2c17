r"""The ideal map, on which each class is one island, and the share of it that a map of segments reaches.

All segments of which most pixels are of one class lie together there, so far from the others that no circle holds two
islands. One stroke labels a class. In the order of what they gain, as the expert of ``rsgraph.evaluation.labelling``
makes them, the first C strokes give every segment its majority class, which is the ceiling; then nothing is left to
do. The mean over twenty strokes is below the ceiling since the first strokes cannot label all classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.evaluation.labelling import Trace, check_strokes
from rsgraph.evaluation.reference import majority
from rsgraph.evaluation.scores import check_known, scores

STROKES = 20
"""Strokes over which maps are compared."""


def ideal(counts: NDArray[Any], *, strokes: int = STROKES) -> Trace:
    """Let the expert label the ideal map of these segments.

    Parameters
    ----------
    counts
        (n, C) reference pixels of each class in each segment.
    strokes
        How many, at least 1.

    Returns
    -------
    Trace
        Without circles: ``centres`` is the first segment of the island, ``radii`` are 0.

    Raises
    ------
    ConfigError, NotUsable
        As ``rsgraph.evaluation.labelling.simulate``.
    """
    known = check_known(counts)
    check_strokes(strokes)
    trace, best = Trace.blank(len(known), strokes), majority(known)
    islands = _islands(known, best)
    for stroke in range(strokes):
        taken: tuple[Any, ...] = ()
        if stroke < len(islands):
            inside = np.flatnonzero(best == islands[stroke])
            trace.labels[inside] = islands[stroke]
            taken = (int(inside[0]), 0.0, int(islands[stroke]))
        trace.enter(stroke, scores(known, trace.labels), *taken)
    return trace


def _islands(counts: NDArray[np.int64], best: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the classes that some segment is mostly of: the one that gains most first, of equals the lower."""
    right = np.zeros(counts.shape[1], dtype=np.int64)
    np.add.at(right, best[best > 0] - 1, counts.max(axis=1)[best > 0])
    order = np.argsort(-right, kind="stable")
    return order[right[order] > 0] + 1


def share_of_ideal(trace: Trace, best: Trace, *, strokes: int = STROKES) -> float:
    """Return the mean IoU of a trace, averaged over its first strokes, as a share of the ideal map's.

    Parameters
    ----------
    trace
        Of ``simulate``, ``simulate_maps`` or ``click``.
    best
        Of ``ideal``, of the same segments.
    strokes
        How many are averaged; fewer where either has fewer.
    """
    first = min(strokes, len(trace.mean_iou), len(best.mean_iou))
    return float(trace.mean_iou[:first].mean() / best.mean_iou[:first].mean())
