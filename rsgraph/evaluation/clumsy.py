"""A clumsy hand: circles that come out too large or too small, and classes mistaken for a neighbouring one."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, log

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.circles import Circle, Circles


@dataclass(frozen=True)
class Clumsy:
    """Errors of a hand; by default none.

    Parameters
    ----------
    radius
        By how much radii are off: they are multiplied by exp(e), e normal with standard deviation log(1 + radius).
        1/3: two radii in three come out between 3/4 and 4/3 of what was meant. At least 0.
    mistaken
        Share of the strokes that are given a neighbouring class: the most frequent other one in the circle that was
        meant; in a circle of one class only, in one twice as wide; else any other class of the reference. 0 to 1.
    seed
        Of both.
    """

    radius: float = 0.0
    mistaken: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what does not fit."""
        if not (isfinite(self.radius) and self.radius >= 0):
            raise ConfigError(f"`radius` must be at least 0; 1/3 is a clumsy hand. Got {self.radius!r} instead.")
        if not 0 <= self.mistaken <= 1:
            raise ConfigError(f"`mistaken` must be from 0 to 1; 0.1 is usual. Got {self.mistaken!r} instead.")


CLUMSY = Clumsy(radius=1 / 3, mistaken=0.1)
"""Radii off by a third, one stroke in ten with a neighbouring class."""


class Hand:
    """What strokes become that an expert means to make. The expert sees what came out, and goes on from there.

    Parameters
    ----------
    clumsy
        The errors. Each stroke takes as many random numbers, whatever comes of it.
    counts
        (n, C) reference pixels of each class.
    """

    def __init__(self, clumsy: Clumsy, counts: NDArray[np.int64]) -> None:
        self._clumsy, self._counts = clumsy, counts
        self._random = np.random.default_rng(clumsy.seed)

    def brush(self, circles: Circles, circle: Circle, radius: float) -> tuple[NDArray[np.int64], float, int]:
        """Return the points that a stroke labels, its true radius, and the class that they get."""
        off, chance, other = self._random.standard_normal(), self._random.random(), self._random.random()
        code = circle.code
        if chance < self._clumsy.mistaken:
            code = self._neighbouring(circles, circle, radius, other)
        if not self._clumsy.radius:
            return circles.inside(circle), radius, code
        drawn = radius * float(np.exp(off * log(1 + self._clumsy.radius)))
        return circles.within(circle.centre, drawn), drawn, code

    def _neighbouring(self, circles: Circles, circle: Circle, radius: float, other: float) -> int:
        """Return a class that a stroke's is mistaken for; its own where the reference has no other."""
        for inside in (circles.inside(circle), circles.within(circle.centre, 2 * radius)):
            found = self._counts[inside].sum(axis=0)
            found[circle.code - 1] = 0
            if found.any():
                return int(found.argmax()) + 1
        others = np.flatnonzero(self._counts.any(axis=0)) + 1
        others = others[others != circle.code]
        return int(others[int(other * len(others))]) if len(others) else circle.code
