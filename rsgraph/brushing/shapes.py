"""The shapes of a brush, and the combination of the points inside with an earlier selection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rsgraph.types import Mask

Mode = Literal["replace", "add", "subtract", "intersect"]


@dataclass(frozen=True)
class Circle:
    """All points at most ``radius`` from (x, y), in data coordinates; the border belongs to it."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Rectangle:
    """All points at most ``half_width`` and ``half_height`` from (x, y), in data coordinates; with its border."""

    x: float
    y: float
    half_width: float
    half_height: float


@dataclass(frozen=True, eq=False)
class Lasso:
    """A closed polygon by the even-odd rule: exactly the points of ``matplotlib.path.Path.contains_points``.

    Parameters
    ----------
    points
        (m, 2) float64, its corners in data coordinates; the last is joined to the first. It may cross itself:
        what is enclosed twice lies outside. Under three corners it contains nothing.

    Raises
    ------
    ValueError
        If ``points`` is not (m, 2) or not finite.
    """

    points: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Check the corners and keep a copy, so that a lasso still being drawn does not change this one."""
        points = np.array(self.points, dtype=np.float64, order="C")
        if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
            raise ValueError(f"`points` of a lasso must be finite, of shape (m, 2). Got {points.shape} instead.")
        object.__setattr__(self, "points", points)


Shape = Circle | Rectangle | Lasso


def combine(selected: Mask, inside: NDArray[np.integer], mode: Mode, *, out: Mask | None = None) -> Mask:
    """Combine the rows inside a shape with an earlier selection.

    Parameters
    ----------
    selected
        (n,) what was selected when the brush began. It stays as it is unless it is ``out``.
    inside
        (k,) rows under the brush, each once, in any order.
    mode
        ``replace`` selects only them, ``add`` them too, ``subtract`` no longer them, ``intersect`` those of
        them that were selected.
    out
        (n,) where to write, instead of into a new array; may be ``selected``.

    Returns
    -------
    selected
        (n,) the new selection; ``out`` if given.

    Raises
    ------
    ValueError
        If ``mode`` is none of the four.
    """
    out = np.empty_like(selected) if out is None else out
    if mode == "replace":
        out[:] = False
        out[inside] = True
    elif mode == "intersect":
        kept = selected[inside]
        out[:] = False
        out[inside] = kept
    elif mode in ("add", "subtract"):
        if out is not selected:
            out[:] = selected
        out[inside] = mode == "add"
    else:
        raise ValueError(f"`mode` must be one of replace, add, subtract, intersect. Got '{mode}' instead.")
    return out
