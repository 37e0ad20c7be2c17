"""A metric learnt from touching segments: relevant component analysis without labels."""

from __future__ import annotations

import numpy as np

from rsgraph.errors import ConfigError
from rsgraph.metrics.roots import inverse_root, scaled
from rsgraph.protocols import Metric, Pairs
from rsgraph.types import Doubles


def within_cover(differences: Doubles, *, rounds: int, kept: float, ridge: float) -> Doubles:
    r"""Estimate how much segments of one cover differ: the covariance S (D, D) of the smaller differences.

    At first of all differences d; in each round the share ``kept`` of them is taken that is smallest under
    :math:`d^\top (S + \lambda I)^{-1} d`, and S is theirs. Pairs across a border of two covers drop out.

    Parameters
    ----------
    differences
        (P, D) of touching segments.
    rounds, kept, ridge
        As in ``Touching``.
    """
    covariance, before = _second_moment(differences), np.empty(0, dtype=np.int64)
    for _ in range(rounds):
        lengths = ((differences @ inverse_root(covariance, ridge=ridge)) ** 2).sum(axis=1)
        smallest = np.sort(np.argsort(lengths, kind="stable")[: max(1, round(kept * len(lengths)))])
        if np.array_equal(smallest, before):
            break  # further rounds would choose the same again
        covariance, before = _second_moment(differences[smallest]), smallest
    return scaled(covariance)


def _second_moment(differences: Doubles) -> Doubles:
    moment: Doubles = differences.T @ differences / max(1, len(differences))
    return moment


class Touching(Metric):
    r"""Learnt from touching segments: what differs between neighbours of one cover is noise, and weighs less.

    Relevant component analysis [1]_ with pairs of touching segments as chunklets. Most touching pairs are of one
    cover, so that their differences show which directions are noise (light, slope, sensor) rather than cover:

    .. math:: M = (S + \lambda I)^{-1/2}

    where S is the covariance of the smaller half of the differences (:func:`within_cover`), of trace D. Closed form,
    no labels, no training: milliseconds, from at most ``rsgraph.metrics.fitting.PAIRS`` pairs.

    Parameters
    ----------
    rounds
        How often the smaller differences are chosen anew; 0: all pairs count.
    kept
        Share of the pairs, above 0 to 1, that count as being of one cover. The recipe is not delicate: 0.3 to 0.7
        do nearly the same.
    ridge
        :math:`\lambda`, above 0: what is quieter than this weighs no more.

    Raises
    ------
    ConfigError
        ``rounds`` is below 0, ``kept`` not within 0 and 1, or ``ridge`` not above 0.

    References
    ----------
    .. [1] A. Bar-Hillel, T. Hertz, N. Shental and D. Weinshall, "Learning a Mahalanobis metric from equivalence
       constraints", Journal of Machine Learning Research 6, 2005.
    """

    def __init__(self, rounds: int = 3, kept: float = 0.5, ridge: float = 0.02) -> None:
        if rounds < 0:
            raise ConfigError(f"`rounds` must be at least 0. Got {rounds!r} instead; try 3.")
        if not 0 < kept <= 1:
            raise ConfigError(f"`kept` must be a share above 0, up to 1. Got {kept!r} instead; try 0.5.")
        if not 0 < ridge < np.inf:
            raise ConfigError(f"`ridge` must be above 0, and finite. Got {ridge!r} instead; try 0.02.")
        self.rounds, self.kept, self.ridge = rounds, kept, ridge

    def fit(self, features: Doubles, pairs: Pairs) -> Doubles:
        """Return the inverse root of the covariance within one cover; without pairs, the identity."""
        if pairs.shape[1] == 0:
            return np.eye(features.shape[1])
        differences = features[pairs[0]] - features[pairs[1]]
        covariance = within_cover(differences, rounds=self.rounds, kept=self.kept, ridge=self.ridge)
        return inverse_root(covariance, ridge=self.ridge)
