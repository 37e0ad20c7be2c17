r"""Visibility of lines through a scene in a layer or map: do vectors say which segments touch a line?

A person who brushes one class wants all of it. Where vectors know the border of a chip (zeros beside it, a graph that
ends there), a class falls into what lies beside borders and what does not. So, within one class, "does this segment
touch a line" is predicted from its vector and the segments of other chips: by logistic regression, and on 2-D maps
also by the 15 nearest of them. Balanced accuracy, the mean over both answers of the share that is right, is 0.5 where
nothing is known and 1 where all is. The same of lines that mean nothing, such as those through the middle of
chips, is what accident and the scene itself give.

Classes must be pure, or their own mixture would answer: segments all of whose neighbours in the graph have their
strongest membership in the same class (``pure``). Where covers are so mixed that no class has enough of them, the two
classes that share most of their memberships are taken for one, until one has (``pure_classes``): kinds of forest
become forest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.classification import confusion_matrix
from rsgraph.neighbours.rows import CHUNK, standardised
from rsgraph.types import Floats, Mask

LEAST = 60
"""Segments of a class that must touch a line, and that must not: of fewer nothing can be said."""

FOLDS = 5

NEIGHBOURS = 15

Predict = Callable[[Floats, Mask, Floats], Mask]
"""Learns from vectors (n, D) and answers (n,), and answers for others (m, D): (m,)."""


class Visibility(NamedTuple):
    """How far vectors say which segments touch a line.

    Parameters
    ----------
    classes
        Number of classes of which it could be measured.
    segments
        Of these classes, as far as they were looked at.
    accuracy
        Balanced accuracy, averaged over the classes by their segments that touch a line; NaN where there is none.
    error
        Its standard error, of the number of segments.
    worst
        Balanced accuracy of the class that knows most.
    """

    classes: int
    segments: int
    accuracy: float
    error: float
    worst: float


def pure(classes: NDArray[np.int64], edges: NDArray[Any]) -> Mask:
    """Return (n,) whether all neighbours of a segment in the graph are of its own class.

    Parameters
    ----------
    classes
        (n,) of each segment.
    edges
        (2, E) indices of segments.
    """
    found = np.ones(len(classes), dtype=np.bool_)
    for start in range(0, edges.shape[1], CHUNK):
        ends = np.asarray(edges[:, start : start + CHUNK])
        found[ends[:, classes[ends[0]] != classes[ends[1]]].ravel()] = False
    return found


def pure_classes(
    memberships: NDArray[Any], edges: NDArray[Any], touching: Mask, left_out: Mask, *, least: int = LEAST
) -> NDArray[np.int64]:
    """Return the class (n,) of pure segments, -1 of others, with as many classes as leave one that can be measured.

    Parameters
    ----------
    memberships
        (n, K), none negative.
    edges
        (2, E) indices of segments.
    touching, left_out
        (n,) which segments touch a line, and which are of no class whatever their membership.
    least
        As of ``measurable``.
    """
    shares = np.array(memberships, dtype=np.float64)
    while True:
        strongest = shares.argmax(axis=1)
        classes = np.where(pure(strongest, edges) & ~left_out, strongest, -1)
        if measurable(classes, touching, least=least) or shares.shape[1] <= 2:
            return classes
        shares = _joined(shares)


def _joined(memberships: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the two classes that share most of their memberships, as a part of the smaller one, for one."""
    sums = memberships.sum(axis=0)
    common = np.array([np.minimum(memberships, each[:, None]).sum(axis=0) for each in memberships.T])
    shared = common / np.maximum(np.minimum(sums[:, None], sums), np.finfo(np.float64).tiny)
    np.fill_diagonal(shared, -1)
    one, other = sorted(np.unravel_index(shared.argmax(), shared.shape))
    joined = memberships.copy()
    joined[:, one] += joined[:, other]
    return np.delete(joined, other, axis=1)


def measurable(classes: NDArray[np.int64], touching: Mask, *, least: int = LEAST) -> list[int]:
    """Return the classes of which enough segments touch a line, and enough do not.

    Parameters
    ----------
    classes, touching
        (n,) each; negative classes are none.
    least
        How many are enough.
    """
    usable = classes >= 0
    size = int(classes.max(initial=-1)) + 1
    counts = [np.bincount(classes[usable & (touching == wanted)], minlength=size) for wanted in (True, False)]
    return np.flatnonzero(np.minimum(*counts) >= least).tolist()


def visibility(
    vectors: NDArray[Any],
    touching: Mask,
    classes: NDArray[np.int64],
    chips: NDArray[np.int64],
    *,
    least: int = LEAST,
) -> Visibility:
    """Measure how well vectors say, within each class, which segments touch a line.

    Parameters
    ----------
    vectors
        (n, D) of a layer; (n, 2) of a map: there the better of both predictions counts.
    touching
        (n,) whether a segment touches a line.
    classes
        (n,) 0 ... K - 1; negative ones are left out.
    chips
        (n,) the chip of each segment: answers are learnt from other chips, in five folds.
    least
        A class is measured where so many segments touch, and so many do not.

    Raises
    ------
    ConfigError
        Shapes that do not fit.
    NotUsable
        A vector is not finite.
    """
    if vectors.ndim != 2 or any(each.shape != (len(vectors),) for each in (touching, classes, chips)):
        raise ConfigError(
            "`vectors`, `touching`, `classes` and `chips` must have shapes (n, D), (n,), (n,) and (n,). "
            f"Got {vectors.shape}, {touching.shape}, {classes.shape}, {chips.shape} instead."
        )
    members = [np.flatnonzero(classes == code) for code in measurable(classes, touching, least=least)]
    members = [rows for rows in members if len(np.unique(chips[rows])) > 1]
    methods = (_regression, _nearest) if vectors.shape[1] == 2 else (_regression,)
    found = [_visible(vectors, touching, chips, members, predict) for predict in methods]
    return max(found, key=lambda each: each.accuracy)


def _visible(
    vectors: NDArray[Any],
    touching: Mask,
    chips: NDArray[np.int64],
    members: list[NDArray[np.int64]],
    predict: Predict,
) -> Visibility:
    """Measure it with one prediction."""
    if not members:
        return Visibility(0, 0, float("nan"), float("nan"), float("nan"))
    answers = [
        _predicted(np.asarray(vectors[rows], dtype=np.float32), touching[rows], chips[rows], predict)
        for rows in members
    ]
    matrices = [confusion_matrix(touching[rows], each, 2) for rows, each in zip(members, answers, strict=True)]
    rights = np.array([matrix.diagonal() / matrix.sum(axis=1) for matrix in matrices])
    sizes = np.array([matrix.sum(axis=1) for matrix in matrices])
    accuracies, weights = rights.mean(axis=1), sizes[:, 1] / sizes[:, 1].sum()
    variances = (rights * (1 - rights) / sizes).sum(axis=1) / 4
    return Visibility(
        classes=len(members),
        segments=int(sizes.sum()),
        accuracy=float((weights * accuracies).sum()),
        error=float(np.sqrt((weights**2 * variances).sum())),
        worst=float(accuracies.max()),
    )


def _predicted(vectors: Floats, touching: Mask, chips: NDArray[np.int64], predict: Predict) -> Mask:
    """Answer for the segments of one class, fold by fold."""
    from sklearn.model_selection import GroupKFold

    inputs, answers = standardised(vectors), np.zeros(len(touching), dtype=np.bool_)
    folds = GroupKFold(min(FOLDS, len(np.unique(chips))))
    for known, asked in folds.split(inputs, touching, chips):
        both = touching[known].any() and not touching[known].all()
        answers[asked] = predict(inputs[known], touching[known], inputs[asked]) if both else touching[known][0]
    return answers


def _regression(known: Floats, touching: Mask, asked: Floats) -> Mask:
    """Answer by logistic regression with balanced classes."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(class_weight="balanced", max_iter=2000)
    found: Mask = model.fit(known, touching).predict(asked)
    return found


def _nearest(known: Floats, touching: Mask, asked: Floats) -> Mask:
    """Answer yes where more of the nearest touch a line than of all."""
    from scipy.spatial import cKDTree

    near = cKDTree(known).query(asked, k=min(NEIGHBOURS, len(known)))[1]
    found: Mask = touching[near].mean(axis=1) > touching.mean()
    return found
