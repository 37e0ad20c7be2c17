r"""Choices between several maps: on which of them the next stroke is made.

An all-knowing expert takes the circle that gains most. A person does not know gains: that would take the true class
of every segment, and how many labels are right so far. But a person who looks at a circle's segments in the gallery
sees roughly how pure an island it is, and in the map's colours what has the class already. ``purest``
chooses by that:

.. math:: q \, \max(0, 2 p - 1)

with q the pixels in the circle that would change their class, and p the share of all its pixels that are of the
class, rounded down to tenths: the size of an island, less what is strange in it, less what is done already. It is
compared for one circle of each map, the one that the expert would draw there; that a person finds a good circle on
the map in front of them is granted, as in ``simulate``. Where no circle counts for anything, the purest is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.circles import Circle, Circles

Choice = Literal["gain", "purest"]


def chosen_map(maps: Sequence[Circles], labels: NDArray[np.int64], choice: Choice) -> tuple[int, Circle]:
    """Return the index of the map of the next stroke, and the circle: of equal ones, the first map's.

    Where nothing gains anything on any map, the circle's gain is 0.

    Parameters
    ----------
    maps
        Circles of each, which know what is right now.
    labels
        (n,) class of every point so far; 0: none.
    choice
        ``gain`` or ``purest``.

    Raises
    ------
    ConfigError
        Another choice.
    """
    if choice not in get_args(Choice):
        raise ConfigError(f"`choice` must be one of: {', '.join(get_args(Choice))}. Got {choice!r} instead.")
    circles = [each.best() for each in maps]
    if choice == "gain" or len(maps) == 1:
        worth = [(float(circle.gain), 0.0) for circle in circles]
    else:
        worth = [_island(each, circle, labels) for each, circle in zip(maps, circles, strict=True)]
    on = max(range(len(maps)), key=lambda index: worth[index])
    return on, circles[on]


def _island(maps: Circles, circle: Circle, labels: NDArray[np.int64]) -> tuple[float, float]:
    """Return how large an island a circle is to a person who looks at it, and how pure; below 0: nothing to do."""
    if circle.gain <= 0:
        return -1.0, 0.0
    inside = maps.inside(circle)
    pixels = maps.counts[inside].sum(axis=1)
    purity = maps.counts[inside, circle.code - 1].sum() / pixels.sum()
    changing = pixels[labels[inside] != circle.code].sum()
    return float(changing) * max(0.0, 2 * np.floor(10 * purity + 1e-9) / 10 - 1), float(purity)
