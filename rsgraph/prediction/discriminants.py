"""Vectors seen with the labels so far: what tells classes apart stands out, what varies within them fades."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.metrics.roots import inverse_root
from rsgraph.neighbours.rows import check_finite, check_vectors, parts
from rsgraph.prediction.checks import check_codes, check_labelled
from rsgraph.types import Doubles, Floats

_RANK = 1e-6
"""Directions between class means that are shorter than this share of the longest are none."""


def discriminants(
    vectors: Floats, codes: NDArray[Any], n_classes: int, *, shrinkage: float = 0.2, rest: float = 0.5
) -> Floats:
    r"""Turn vectors to linear discriminants, and keep what these say nothing of at a lower weight.

    .. math:: z = \left((1 - s) \tfrac{D}{\operatorname{tr} S} S + s I\right)^{-1/2} v, \qquad
              x = \left(P + r (I - P)\right) z

    where S is the covariance within the labelled classes and P projects on the space of the class means of z, in
    which Fisher's discriminants [1]_ lie. At ``rest`` 0 this is classical discriminant analysis, on whose map
    all that nobody has labelled yet falls into the classes that there are; what remains keeps other covers apart.

    The result is compared by euclidean distance, whatever the vectors are compared by. It is equal for equal inputs.

    Parameters
    ----------
    vectors
        (n, D), best those of a learnt layer, whose directions are in proportion.
    codes
        (n,) class of each segment, 1 ... C; 0 is unlabelled.
    n_classes
        C.
    shrinkage
        s, above 0 to 1: how much all directions count as noise alike, since a few strokes say little of S.
    rest
        r, 0 to 1: weight of what does not tell the labelled classes apart.

    Returns
    -------
    vectors
        (n, D) float32.

    References
    ----------
    .. [1] R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7(2), 1936.
       doi:10.1111/j.1469-1809.1936.tb02137.x

    Raises
    ------
    ConfigError
        Shapes, codes or options that do not fit.
    NotUsable
        Nothing is labelled, or a vector is not finite.
    """
    check_vectors(vectors)
    check_finite(vectors)
    given = check_codes(codes, len(vectors), n_classes)
    check_labelled(given)
    if not 0 < shrinkage <= 1:
        raise ConfigError(f"`shrinkage` must be above 0 and at most 1. Got {shrinkage!r} instead.")
    if not 0 <= rest <= 1:
        raise ConfigError(f"`rest` must lie between 0 and 1. Got {rest!r} instead.")
    labelled = np.flatnonzero(given)
    taught, classes = vectors[labelled].astype(np.float64), given[labelled]
    whitening = inverse_root(_within(taught, classes), ridge=shrinkage, weight=1 - shrinkage)
    turned = whitening @ _weighted(taught @ whitening, classes, rest)
    mean, found = vectors.mean(axis=0, dtype=np.float64), np.empty(vectors.shape, dtype=np.float32)
    for part in parts(len(vectors)):
        found[part] = (vectors[part] - mean) @ turned
    return found


def _within(vectors: Doubles, classes: NDArray[np.int64]) -> Doubles:
    """Return the covariance (D, D) of labelled vectors round the means of their classes."""
    _, numbers = np.unique(classes, return_inverse=True)
    differences = vectors - _means(vectors, numbers)[numbers]
    covariance: Doubles = differences.T @ differences / len(vectors)
    return covariance


def _means(vectors: Doubles, numbers: NDArray[np.intp]) -> Doubles:
    """Return the mean (C, D) of each class 0 ... C - 1."""
    sums = np.zeros((numbers.max() + 1, vectors.shape[1]))
    np.add.at(sums, numbers, vectors)
    means: Doubles = sums / np.bincount(numbers)[:, None]
    return means


def _weighted(vectors: Doubles, classes: NDArray[np.int64], rest: float) -> Doubles:
    """Return P + r (I - P) (D, D); of one class, which nothing tells from others, the identity."""
    _, numbers = np.unique(classes, return_inverse=True)
    means = _means(vectors, numbers)
    _, lengths, axes = np.linalg.svd(means - means.mean(axis=0), full_matrices=False)
    axes = axes[lengths > _RANK * max(lengths.max(initial=0.0), np.finfo(np.float64).tiny)]
    identity = np.eye(vectors.shape[1])
    if len(means) < 2 or not len(axes):
        return identity
    weighted: Doubles = rest * identity + (1 - rest) * axes.T @ axes
    return weighted
