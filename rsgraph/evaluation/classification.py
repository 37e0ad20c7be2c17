"""Scores of image classification: the split, the confusion matrix, and what follows from it (section 2.9.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.types import Mask

Doubles = NDArray[np.float64]
Counts = NDArray[np.int64]


def stratified_split(classes: ArrayLike, test_fraction: float, *, seed: int) -> Mask:
    """Choose the test images: the same share of every class, drawn by ``seed``.

    Parameters
    ----------
    classes
        (n,) class of each image.
    test_fraction
        Share of each class that is held out, above 0 and below 1; EuroSAT's usual one is 0.2. It is rounded to whole
        images, and every class keeps at least one on either side.
    seed
        Of the draw.

    Returns
    -------
    test
        (n,) True for images that are held out.

    Raises
    ------
    ConfigError
        ``test_fraction`` is out of range.
    NotUsable
        A class has one image only.
    """
    if not 0 < test_fraction < 1:
        raise ConfigError(f"`test_fraction` must be above 0 and below 1. Got {test_fraction}; 0.2 is usual.")
    array = np.asarray(classes)
    generator = np.random.default_rng(seed)
    test = np.zeros(array.shape, dtype=np.bool_)
    for name in np.unique(array):
        members = np.flatnonzero(array == name)
        if len(members) < 2:
            raise NotUsable(f"class {name} has one image: there must be one to learn from and one to test.")
        count = min(max(round(test_fraction * len(members)), 1), len(members) - 1)
        test[generator.permutation(members)[:count]] = True
    return test


def confusion_matrix(truth: ArrayLike, predicted: ArrayLike, n_classes: int) -> Counts:
    """Count how often each class (row) was taken for each class (column).

    Parameters
    ----------
    truth, predicted
        (n,) whole numbers from 0 to ``n_classes`` - 1.
    n_classes
        C.

    Returns
    -------
    confusion
        (C, C); its sum is n.

    Raises
    ------
    ValueError
        The two differ in length, or a class is out of range.
    """
    true, given = np.asarray(truth, dtype=np.int64), np.asarray(predicted, dtype=np.int64)
    if true.shape != given.shape or true.ndim != 1:
        raise ValueError(f"`truth` and `predicted` must have one shape (n,). Got {true.shape} and {given.shape}.")
    both = np.concatenate([true, given])
    if both.size and not (both.min() >= 0 and both.max() < n_classes):
        raise ValueError(f"classes must be from 0 to {n_classes - 1}. Got {both.min()} to {both.max()}.")
    return np.bincount(true * n_classes + given, minlength=n_classes**2).reshape(n_classes, n_classes)


def accuracy(confusion: Counts) -> float:
    """Return the share of images that were classified correctly, 0 without images."""
    return float(np.trace(confusion) / max(int(confusion.sum()), 1))


@dataclass(frozen=True)
class ClassScores:
    """Scores of each class, (C,) each; 0 where there is nothing to divide by.

    Parameters
    ----------
    precision
        Share of the images predicted as the class that are of it.
    recall
        Share of the images of the class that were found.
    f1
        Harmonic mean of both.
    support
        Images of the class.
    """

    precision: Doubles
    recall: Doubles
    f1: Doubles
    support: Counts


def class_scores(confusion: Counts) -> ClassScores:
    """Return precision, recall, F1 and number of images of each class."""
    right = np.diag(confusion).astype(np.float64)
    predicted, support = confusion.sum(axis=0), confusion.sum(axis=1)
    f1 = _share(2 * right, predicted + support)
    return ClassScores(_share(right, predicted), _share(right, support), f1, support)


def _share(part: Doubles, whole: Counts) -> Doubles:
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def wilson_interval(right: int, n: int, z: float = 1.96) -> tuple[float, float]:
    r"""Return the interval of a share that was measured on ``n`` images, by Wilson's score.

    .. math:: \frac{p + z^2 / 2n \pm z \sqrt{p (1 - p) / n + z^2 / 4 n^2}}{1 + z^2 / n}

    It covers the choice of the images that are tested, not the randomness of the training.

    Parameters
    ----------
    right, n
        Images classified correctly, and all.
    z
        Quantile of the normal distribution; 1.96 for 95 %.

    Raises
    ------
    ValueError
        There is no image, or more are right than there are.

    References
    ----------
    Wilson 1927, doi:10.1080/01621459.1927.10502953
    """
    if not 0 <= right <= n or n == 0:
        raise ValueError(f"`right` must be from 0 to `n`, and `n` above 0. Got {right} of {n}.")
    share = right / n
    middle = share + z**2 / (2 * n)
    spread = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    scale = 1 + z**2 / n
    return float((middle - spread) / scale), float((middle + spread) / scale)
