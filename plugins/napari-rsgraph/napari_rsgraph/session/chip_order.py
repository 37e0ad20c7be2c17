"""The order in which a gallery lists chips: most of the selection first, most typical, or spread over the scene."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.session.selection import Selection
from napari_rsgraph.session.tables import Rows, Tables
from rsgraph.workspace import Workspace

Order = Literal["most", "typical", "spread"]
ORDERS: tuple[Order, ...] = get_args(Order)

TEXTS: dict[Order, tuple[str, str]] = {
    "most": ("Most first", "Chips in which the selection covers the largest area come first"),
    "typical": ("Most typical", "Chips whose selected part is most like the whole selection come first"),
    "spread": ("Spread out", "Chips that lie far apart in the scene come first"),
}
"""What is offered, and a sentence on each."""

_SPREAD = 300
"""So many chips are spread; the rest follows by area: nobody scrolls that far to see distances."""


_SAMPLED = 100_000
"""Segments of a selection that say which chip is typical: more of them say nothing else, and take longer."""


class ChipOrder:
    """Lists the chips of a selection for a gallery.

    Parameters
    ----------
    workspace
        Its embeddings say what is typical.
    tables, selection
        Say which chips there are, and how much of each is selected.
    """

    def __init__(self, workspace: Workspace, tables: Tables, selection: Selection) -> None:
        self.workspace, self.tables, self.selection = workspace, tables, selection
        self.how: Order = "most"
        self.counts: NDArray[np.int64] = np.zeros(tables.n_chips, dtype=np.int64)
        """(chips,) selected segments in each at the level of segments, as of the last list."""
        self._shown: Rows = np.zeros(0, dtype=np.int64)

    def chips(self, layer: str, *, moving: bool) -> Rows:
        """Return the chips that a gallery shows, in order.

        Parameters
        ----------
        layer
            Whose vectors say what is typical.
        moving
            Whether a brush still moves: then tiles stay where they are, and new ones come last.
        """
        selection = self.selection
        if selection.level == "chips":
            chips, self.counts = selection.rows, np.zeros(self.tables.n_chips, dtype=np.int64)
        else:
            self.counts = self.tables.chips_with(selection.target())
            chips = np.flatnonzero(self.counts) if self.counts.any() else selection.shown_chips()
        if moving:
            self._shown = kept(self._shown, by_area(chips, self.counts[chips].astype(np.float64)))
        else:
            target = selection.target_rows()
            self._shown = self._ordered(chips, target, layer) if len(target) else chips
        return self._shown

    def _ordered(self, chips: Rows, target: Rows, layer: str) -> Rows:
        tables = self.tables
        areas = self._sums(target, tables.segments["area_px"].to_numpy(np.float64)[target])[chips]
        if self.how == "spread":
            table = tables.chips[["row_offset", "column_offset", "rows", "columns"]].to_numpy(np.float64)[chips]
            return spread_out(chips, table[:, :2] + table[:, 2:] / 2, tables.scene_of_chip[chips], areas)
        if self.how == "typical":
            return self._by_likeness(chips, target, layer)
        return by_area(chips, areas)

    def _by_likeness(self, chips: Rows, target: Rows, layer: str) -> Rows:
        few = target[:: -(-len(target) // _SAMPLED)]
        vectors = np.asarray(self.workspace.embedding(layer)[few], dtype=np.float64)
        there = self._sums(few, np.ones(len(few)))[chips]
        means = np.stack([self._sums(few, column)[chips] for column in vectors.T], axis=1)
        means /= np.maximum(there, 1)[:, np.newaxis]
        seen = there > 0  # of a chip of which none was sampled nothing is known: it comes last
        return np.concatenate([by_likeness(chips[seen], means[seen], there[seen]), chips[~seen]])

    def _sums(self, rows: Rows, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (chips,) sums of values (n,) of segments."""
        sums = np.bincount(self.tables.chip_of[rows], weights=values, minlength=self.tables.n_chips)
        return np.asarray(sums, dtype=np.float64)


def by_area(chips: Rows, areas: NDArray[np.floating[Any]]) -> Rows:
    """Return the chips, those with the largest selected area first; equal ones in the order of the table.

    Parameters
    ----------
    chips
        (m,) rows of the table of chips, rising.
    areas
        (m,) selected area in each.
    """
    return chips[np.argsort(-areas, kind="stable")]


def by_likeness(chips: Rows, means: NDArray[np.floating[Any]], areas: NDArray[np.floating[Any]]) -> Rows:
    """Return the chips, those first whose mean is nearest to the mean of all.

    Parameters
    ----------
    chips
        (m,) rows of the table of chips, rising.
    means
        (m, D) mean vector of what is selected in each.
    areas
        (m,) its area: what the mean of all is weighted by.
    """
    if not len(chips):
        return chips
    weights = areas / max(float(areas.sum()), 1e-12)
    away = np.linalg.norm(means - weights @ means, axis=1)
    return chips[np.argsort(away, kind="stable")]


def spread_out(
    chips: Rows, places: NDArray[np.floating[Any]], scenes: NDArray[np.integer[Any]], areas: NDArray[np.floating[Any]]
) -> Rows:
    """Return the chips such that each lies as far as possible from all before it (farthest-point sampling).

    Parameters
    ----------
    chips
        (m,) rows of the table of chips, rising.
    places
        (m, 2) where they lie in their scene.
    scenes
        (m,) index of their scene: chips of another scene are further away than any of the same.
    areas
        (m,) selected area in each: the first chip has the largest, as has the first of equally far ones.
    """
    left = by_area(np.arange(len(chips)), areas)
    if not len(chips):
        return chips
    order: list[int] = []
    away = np.full(len(chips), np.inf)
    while len(order) < min(_SPREAD, len(chips)):
        next_ = int(left[away[left].argmax()])
        order.append(next_)
        distance = np.hypot(*(places - places[next_]).T)
        distance = np.where(scenes == scenes[next_], distance, np.inf)
        away = np.minimum(away, distance)
        away[order] = -1
    rest = left[~np.isin(left, order)]
    places_of = np.concatenate([np.array(order, dtype=np.int64), rest])
    return np.asarray(chips[places_of])


def kept(before: Rows, chips: Rows) -> Rows:
    """Return the chips in the order that they had, new ones last: tiles do not change places under a moving brush.

    Parameters
    ----------
    before
        Chips in the order that was shown.
    chips
        (m,) chips in the order that new ones follow.
    """
    stay = before[np.isin(before, chips)]
    listed: Rows = np.concatenate([stay, chips[~np.isin(chips, stay)]])
    return listed
