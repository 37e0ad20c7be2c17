"""Pixel accuracy and mean intersection over union of segments that carry one class each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import NotUsable
from rsgraph.evaluation.reference import check_counts, majority


class Scores(NamedTuple):
    """How well labelled segments agree with a reference, both between 0 and 1."""

    accuracy: float
    mean_iou: float


def scores(counts: NDArray[np.int64], codes: NDArray[np.int64]) -> Scores:
    r"""Compare the classes of segments with the reference of their pixels.

    .. math:: \mathrm{IoU}_k = \frac{T_k}{P_k + R_k - T_k}

    with T_k the pixels rightly given class k, P_k all that were given it and R_k all that have it in the reference.
    The mean is over the classes that the reference has. Pixels of unlabelled segments are in R_k only: they lower
    both measures. Pixels of which the reference knows nothing are in neither.

    Parameters
    ----------
    counts
        (n, C) pixels of each class in each segment.
    codes
        (n,) class given to each segment, 1 ... C; 0: none yet.
    """
    n_classes = counts.shape[1]
    confusion = np.zeros((n_classes + 1, n_classes), dtype=np.int64)
    np.add.at(confusion, codes, counts)
    right = confusion[1:].diagonal()
    reference = confusion.sum(axis=0)
    union = confusion[1:].sum(axis=1) + reference - right
    present = reference > 0
    return Scores(float(right.sum() / reference.sum()), float(np.mean(right[present] / union[present])))


def ceiling(counts: NDArray[Any]) -> Scores:
    """Return what no labelling of whole segments exceeds in accuracy: each has its majority class.

    The mean IoU is that of the same labelling. It is no bound: giving a mixed segment to its rarer class may gain
    more IoU of that class than the other one loses.

    Counts (n, C) are pixels of each class in each segment; errors as of ``check_known``.
    """
    known = check_known(counts)
    return scores(known, majority(known))


def check_known(counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return counts (n, C) as int64. Raises ConfigError for counts that are none, NotUsable where all are 0."""
    found = check_counts(counts)
    if not found.any():
        raise NotUsable("the reference knows the class of no pixel of these segments; give one that overlaps them.")
    return found
