"""Contents of all circles of a map, kept up to date while points are labelled. Compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.compiled import compiled
from rsgraph.protocols import Progress

_SHIFT = 48
"""Bits of a squared distance that the table drops: it keeps exponent and 4 bits, 16 steps per power of two."""

_BLOCK = 512
"""Points of which distances are computed at once, and centres between two calls of ``progress``."""


class Circle(NamedTuple):
    """A circle of the map and the class that gains most in it."""

    gain: int
    centre: int
    radius: int
    code: int


class Circles:
    r"""All circles of a map, and what labelling each would gain.

    A circle gains, with class k, its pixels of class k less its pixels that are right already:

    .. math:: g(c, r, k) = \sum_{i \in (c, r)} n_{ik} - \sum_{i \in (c, r)} n_{i, l_i}

    The first sum never changes, so the best class of a circle is found once, when the map is read: one pass over
    all pairs of centres and points, O(n m C). The second changes by one number per relabelled point and circle,
    so that a stroke that relabels q points costs O(q m + m R): no gain is ever estimated. Memory is O(m R).

    Parameters
    ----------
    points
        (n, 2) float64.
    counts
        (n, C) int64, pixels of each class.
    centres
        (m,) indices of the points that circles are drawn round.
    radii
        (R,) float64, rising; a point at exactly this distance is inside.
    progress
        Called with (centres done, centres) while the map is read.
    """

    def __init__(
        self,
        points: NDArray[np.float64],
        counts: NDArray[np.int64],
        centres: NDArray[np.int64],
        radii: NDArray[np.float64],
        progress: Progress | None = None,
    ) -> None:
        self.points, self.counts, self.centres = points, counts, centres
        self.squared = radii * radii
        self.table = _table(self.squared)
        shape = (len(centres), len(radii))
        self.most = np.empty(shape, dtype=np.int64)
        self.codes = np.empty(shape, dtype=np.int16)
        self.right = np.zeros(shape, dtype=np.int64)
        for first in range(0, len(centres), _BLOCK):
            part = slice(first, first + _BLOCK)
            _contents(points, counts, centres[part], self.squared, self.table, self.most[part], self.codes[part])
            if progress is not None:
                progress(min(first + _BLOCK, len(centres)), len(centres))

    def best(self) -> Circle:
        """Return the circle that gains most: of equals the one with the first centre, then with the least radius."""
        gain, place, radius = _best(self.most, self.right)
        return Circle(gain, int(self.centres[place]), radius, int(self.codes[place, radius]))

    def inside(self, circle: Circle) -> NDArray[np.int64]:
        """Return the indices of the points in a circle."""
        return self._within(circle.centre, self.squared[circle.radius])

    def within(self, centre: int, radius: float) -> NDArray[np.int64]:
        """Return the indices of the points in a circle of any radius round a point."""
        return self._within(centre, radius * radius)

    def _within(self, centre: int, squared: float) -> NDArray[np.int64]:
        offset = self.points - self.points[centre]
        distance = offset[:, 0] * offset[:, 0] + offset[:, 1] * offset[:, 1]
        return np.flatnonzero(distance <= squared)

    def change(self, indices: NDArray[np.int64], gains: NDArray[np.int64]) -> None:
        """Tell how many more pixels (q,) of the points (q,) are right now."""
        changed = gains != 0
        _change(self.points, self.centres, indices[changed], gains[changed], self.squared, self.table, self.right)


def _table(squared: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return, for the leading bits of a squared distance, the first radius that could reach so far."""
    least = (np.arange(2**15, dtype=np.int64) << _SHIFT).view(np.float64)
    return np.searchsorted(squared, least, side="left").astype(np.int16)


@compiled()
def _contents(points: Any, counts: Any, centres: Any, squared: Any, table: Any, most: Any, codes: Any) -> None:
    """Find the most frequent class of every circle, and its number of pixels."""
    n, (n_radii, n_classes) = len(points), (len(squared), counts.shape[1])
    distances = np.empty(_BLOCK)
    keys = distances.view(np.int64)
    for row in range(len(centres)):
        x, y = points[centres[row]]
        found = np.zeros((n_radii + 1, n_classes), dtype=np.int64)
        for first in range(0, n, _BLOCK):
            length = min(_BLOCK, n - first)
            for i in range(length):
                dx, dy = points[first + i, 0] - x, points[first + i, 1] - y
                distances[i] = dx * dx + dy * dy
            for i in range(length):
                ring = table[keys[i] >> _SHIFT]
                while ring < n_radii and distances[i] > squared[ring]:
                    ring += 1
                for k in range(n_classes):
                    found[ring, k] += counts[first + i, k]
        for ring in range(n_radii):
            if ring:
                found[ring] += found[ring - 1]
            codes[row, ring] = np.argmax(found[ring]) + 1
            most[row, ring] = found[ring].max()


@compiled()
def _change(points: Any, centres: Any, indices: Any, gains: Any, squared: Any, table: Any, right: Any) -> None:
    """Add the gains of points to the rings round every centre in which they lie."""
    n_radii = len(squared)
    distances = np.empty(_BLOCK)
    keys = distances.view(np.int64)
    for row in range(len(centres)):
        x, y = points[centres[row]]
        for first in range(0, len(indices), _BLOCK):
            length = min(_BLOCK, len(indices) - first)
            for i in range(length):
                dx, dy = points[indices[first + i], 0] - x, points[indices[first + i], 1] - y
                distances[i] = dx * dx + dy * dy
            for i in range(length):
                ring = table[keys[i] >> _SHIFT]
                while ring < n_radii and distances[i] > squared[ring]:
                    ring += 1
                if ring < n_radii:
                    right[row, ring] += gains[first + i]


@compiled()
def _best(most: Any, right: Any) -> tuple[int, int, int]:
    """Return gain, row and radius of the circle that gains most. ``right`` is by ring, ``most`` by circle."""
    gain, place, radius = most[0, 0] - right[0, 0], 0, 0
    for row in range(most.shape[0]):
        inside = 0
        for ring in range(most.shape[1]):
            inside += right[row, ring]
            if most[row, ring] - inside > gain:
                gain, place, radius = most[row, ring] - inside, row, ring
    return gain, place, radius
