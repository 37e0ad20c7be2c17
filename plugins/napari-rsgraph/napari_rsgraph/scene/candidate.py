"""The outline of what a search shows now, in the scene: the candidate, and thinner what it stands for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from napari_rsgraph.scene.lazy_layers import Codes, Colour, Ids, Place, looked_up
from napari_rsgraph.session.search import Search
from napari_rsgraph.session.tables import Tables

OUTLINE, CASING, THIN = 1, 2, 3
"""Codes: the line about the candidate; the dark one about that; the line about what it stands for."""

COLOURS: list[Colour] = [(1.0, 0.25, 0.96, 1.0), (0.08, 0.0, 0.1, 0.9), (1.0, 0.25, 0.96, 0.7)]
"""Magenta: no land cover has it, in true colour nor in false, and no outline of the selection."""

_CANDIDATE, _BESIDE = 1, 2


class Candidate:
    """Paints outlines around a candidate of a search; what is inside stays as it is.

    Parameters
    ----------
    tables
        Turn rows into ids.
    """

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._codes: NDArray[np.uint8] | None = None

    @property
    def any(self) -> bool:
        """Whether there is a candidate."""
        return self._codes is not None

    @property
    def lit(self) -> NDArray[np.bool_] | None:
        """(largest id + 1,) the segments of the candidate and of what it stands for; None without a candidate."""
        return None if self._codes is None else self._codes > 0

    def follow(self, search: Search) -> None:
        """Take what the search looks at now."""
        candidate, beside = search.outlined()
        if not len(candidate):
            self._codes = None
            return
        codes = np.zeros(self.tables.n_segments, dtype=np.uint8)
        codes[beside] = _BESIDE
        codes[candidate] = _CANDIDATE
        self._codes = self.tables.by_id(codes)

    def __call__(self, ids: Ids, place: Place) -> Codes:
        """Draw the outlines that lie in the window."""
        codes = np.zeros(ids.shape, dtype=np.uint8)
        if self._codes is None:
            return codes
        found = looked_up(self._codes, ids)
        _draw(codes, found == _BESIDE, THIN, 1, None)
        _draw(codes, found == _CANDIDATE, OUTLINE, 2, CASING)
        return codes


def _draw(codes: Codes, inside: NDArray[np.bool_], line: int, width: int, casing: int | None) -> None:
    """Draw a line around a mask, and a casing around the line; in place.

    Lines are even wider than two pixels of the level, of which a screen shows at least every second one.
    """
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return
    room = 4 * width + 1
    part: Any = tuple(slice(max(int(found[0]) - room, 0), int(found[-1]) + room + 1) for found in (rows, columns))
    here, drawn = inside[part], codes[part]
    edge = binary_dilation(here, iterations=2 * width)
    if casing is not None:
        drawn[binary_dilation(edge, iterations=2) & ~edge] = casing
    drawn[edge & ~here] = line
