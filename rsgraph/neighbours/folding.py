"""Near duplicates of a ranked list: what lies close to a better one on the ground is shown with it, not beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.floating[Any]]


_AS_LIKE = 2.0
"""How much more unlike the examples than a candidate others may be that it stands for: by the triangle inequality
they are at most three times as far from it as it is from the examples."""


def fold_near(
    places: Places,
    unlike: NDArray[np.floating[Any]],
    distance: float,
    *,
    most: int,
    apart: NDArray[np.integer[Any]] | None = None,
) -> NDArray[np.int64]:
    """Return by which better one each candidate of a ranked list is represented.

    The best stands for itself and for its near duplicates: what lies within the distance of it and is at most twice
    as unlike the examples. Then comes the best of the others, and so on, as non-maximum suppression does with boxes.

    Parameters
    ----------
    places
        (n, 2) where the candidates lie, best first.
    unlike
        (n,) how unlike the examples the candidates are, rising, 0 for the same.
    distance
        In the unit of the places, 0 or more. 0: each stands for itself.
    most
        How many may stand for others at most.
    apart
        (n,) numbers; candidates with different ones are never folded (of other scenes, or judged otherwise).

    Returns
    -------
    leaders
        (n,) int64: the place in the list of the one that stands for each; its own for those who do; -1 for what is
        left once there are ``most`` of them.

    Raises
    ------
    ValueError
        If the distance is negative, or not a number.
    """
    if not distance >= 0:
        raise ValueError(f"`distance` must be 0 or more. Got {distance} instead.")
    n = len(places)
    leaders = np.full(n, -1, dtype=np.int64)
    if distance == 0:
        leaders[:most] = np.arange(min(n, most))
        return leaders
    groups = np.zeros(n, dtype=np.int64) if apart is None else np.asarray(apart)
    open_, next_, found = np.ones(n, dtype=bool), 0, 0
    while found < most and open_.any():
        next_ += int(open_[next_:].argmax())
        near = np.hypot(*(places - places[next_]).T) <= distance
        near &= open_ & (unlike <= _AS_LIKE * unlike[next_]) & (groups == groups[next_])
        near[next_] = True
        leaders[near], open_[near] = next_, False
        found += 1
    return leaders
