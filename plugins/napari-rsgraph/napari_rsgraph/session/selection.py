"""Selected chips and segments, and which of them can be seen: filter, chips taken apart, layout of a part."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from psygnal import Signal

from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.tables import Level, Mask, Rows, Tables
from rsgraph.brushing.shapes import Mode
from rsgraph.types import Window

UNLABELLED = frozenset({0})


@dataclass(frozen=True)
class Filter:
    """Which segments (or chips) may be seen and selected.

    Parameters
    ----------
    classes
        Codes of classes, 0 for unlabelled; None for all.
    window
        Scene index and pixels that the centroid must lie in; None for everywhere.
    clear
        Whether what is mostly cloud, or shadow of one, is hidden.
    """

    classes: frozenset[int] | None = None
    window: tuple[int, Window] | None = None
    clear: bool = False

    @property
    def active(self) -> bool:
        """Whether it hides anything."""
        return self.classes is not None or self.window is not None or self.clear


class Selection:
    """What is selected at each level; nothing that cannot be seen is ever labelled.

    Parameters
    ----------
    tables
        Chips and segments.
    labels
        What a filter by class looks at.
    """

    changed = Signal(bool)
    """True once the stroke is finished."""
    level_changed = Signal(str)
    visible_changed = Signal()
    chips_chosen = Signal()
    """Other chips are taken apart at segment level."""

    def __init__(self, tables: Tables, labels: Labels) -> None:
        self.tables, self.labels = tables, labels
        self.level: Level = "chips"
        self.segments: Mask = np.zeros(tables.n_segments, dtype=bool)
        self.chips: Mask = np.zeros(tables.n_chips, dtype=bool)
        self.chosen_chips: Mask = np.ones(tables.n_chips, dtype=bool)
        self.filter = Filter()
        self._part: Rows | None = None
        self._passing: Mask | None = None
        self._seen: Mask | None = None
        self._before: Mask | None = None
        self._names = labels.names
        labels.changed.connect(self._labels_changed)
        labels.classes_changed.connect(self._classes_changed)

    # what can be seen

    def set_level(self, level: Level) -> None:
        """Show chips or segments. What is selected at the other level stays selected there."""
        if level != self.level:
            self.level = level
            self.level_changed.emit(level)
            self.changed.emit(True)

    def switch_level(self) -> None:
        """Go to the other level."""
        self.set_level("segments" if self.level == "chips" else "chips")

    def take_apart(self, chips: Mask) -> None:
        """Show the segments of some chips, or of all where none is given, with nothing selected."""
        self.chosen_chips = chips if chips.any() else np.ones(self.tables.n_chips, dtype=bool)
        self.level, self._seen = "segments", None
        self.clear()
        self.level_changed.emit("segments")
        self.chips_chosen.emit()

    def lay_out(self, part: Rows | None) -> None:
        """Take it that only some segments are on the map of segments; None for all."""
        self._part, self._seen = part, None

    def set_filter(
        self,
        *,
        classes: frozenset[int] | Literal["keep"] | None = "keep",
        window: tuple[int, Window] | Literal["keep"] | None = "keep",
        clear: bool | Literal["keep"] = "keep",
    ) -> None:
        """Change the filter; what is not named stays."""
        if classes != "keep":
            self.filter = replace(self.filter, classes=classes)
        if window != "keep":
            self.filter = replace(self.filter, window=window)
        if clear != "keep":
            self.filter = replace(self.filter, clear=clear)
        self._passing = self._seen = None
        self.visible_changed.emit()
        self.changed.emit(True)

    def toggle_unlabelled(self) -> None:
        """Show only what has no label, or everything again."""
        self.set_filter(classes=None if self.filter.classes == UNLABELLED else UNLABELLED)

    def toggle_clouds(self) -> None:
        """Hide what is mostly cloud, or shadow of one, or show it again."""
        self.set_filter(clear=not self.filter.clear)

    def visible(self, level: Level | None = None) -> Mask | None:
        """Return which rows of a level can be seen and selected; None for all.

        Chips are seen when any segment of theirs passes the filter; segments also have to be in a chosen chip and,
        where some were laid out separately, among those.
        """
        if (level or self.level) == "chips":
            return self.tables.chips_with(self._passed()) > 0 if self.filter.active else None
        if not self.filter.active and self.chosen_chips.all() and self._part is None:
            return None
        if self._seen is None:
            self._seen = self._passed() & self.tables.segments_of(self.chosen_chips)
            if self._part is not None:
                self._seen &= self._mask_of(self._part)
        return self._seen

    def _mask_of(self, rows: Rows) -> Mask:
        mask = np.zeros(self.tables.n_segments, dtype=bool)
        mask[rows] = True
        return mask

    def _passed(self) -> Mask:
        """Return which segments pass the filter, found once per filter and labels."""
        if self._passing is None:
            self._passing = self._find_passing()
        return self._passing

    def _find_passing(self) -> Mask:
        tables = self.tables
        passed = np.ones(tables.n_segments, dtype=bool)
        if self.filter.classes is not None:
            passed &= np.isin(self.labels.codes, list(self.filter.classes))
        if self.filter.window is not None:
            scene, (row, column, rows, columns) = self.filter.window
            places = tables.centroids
            passed &= (places[:, 0] >= row) & (places[:, 0] < row + rows)
            passed &= (places[:, 1] >= column) & (places[:, 1] < column + columns)
            passed &= tables.scene_of_chip[tables.chip_of] == scene
        if self.filter.clear and tables.cloudy is not None:
            passed &= ~tables.cloudy
        return passed

    def reveal(self, rows: Rows) -> list[str]:
        """Make segments visible that a search, a queue or a class leads to; return what had to change for it."""
        changed = []
        if not self._passed()[rows].all():
            self.set_filter(classes=None, window=None, clear=False)
            changed.append("the filter is off")
        chips = self.tables.chip_of[rows]
        if not self.chosen_chips[chips].all():
            self.chosen_chips[chips] = True
            self._seen = None
            self.chips_chosen.emit()
            changed.append("their chips are shown too")
        return changed

    def _labels_changed(self) -> None:
        self._passing = self._seen = None
        if self.filter.classes is not None:
            self.visible_changed.emit()

    def _classes_changed(self) -> None:
        """Where codes stand for other classes now, a filter by class is taken back (not that of the unlabelled)."""
        before, self._names = self._names, self.labels.names
        if self._names[: len(before)] != before and self.filter.classes not in (None, UNLABELLED):
            self.set_filter(classes=None)

    # what is selected

    @property
    def mask(self) -> Mask:
        """What is selected at this level."""
        return self.chips if self.level == "chips" else self.segments

    @property
    def rows(self) -> Rows:
        """Rows of what is selected at this level."""
        return np.flatnonzero(self.mask)

    def select_at_level(self, rows: Rows, mode: Mode, *, final: bool) -> None:
        """Select chips or segments by their rows, whichever this level shows."""
        self._stroke(self.mask, rows, mode, final=final)

    def select(self, rows: Rows, mode: Mode = "replace", *, final: bool = True) -> None:
        """Select segments by their rows; ``add`` and ``subtract`` accumulate over a stroke."""
        if self.level != "segments":
            self.level = "segments"
            self.level_changed.emit("segments")
        self._stroke(self.segments, rows, mode, final=final)

    def select_chips(self, rows: Rows, mode: Mode = "replace", *, final: bool = True) -> None:
        """Select chips by their rows."""
        self._stroke(self.chips, rows, mode, final=final)

    def _stroke(self, mask: Mask, rows: Rows, mode: Mode, *, final: bool) -> None:
        """Apply one step of a stroke to a mask, in place."""
        if mode == "intersect":
            self._before = mask.copy() if self._before is None else self._before
            mask[:] = False
            mask[rows] = self._before[rows]
        else:
            if mode == "replace":
                mask[:] = False
            mask[rows] = mode != "subtract"
        if final:
            self._before = None
        self.changed.emit(final)

    def clear(self) -> None:
        """Select nothing at either level."""
        self.segments[:] = False
        self.chips[:] = False
        self.changed.emit(True)

    def invert(self) -> None:
        """Select what is visible and was not selected."""
        mask, visible = self.mask, self.visible()
        np.logical_not(mask, out=mask)
        if visible is not None:
            mask &= visible
        self.changed.emit(True)

    def select_all(self) -> None:
        """Select everything that is visible at this level."""
        visible = self.visible()
        self.mask[:] = True if visible is None else visible
        self.changed.emit(True)

    # what a label would go to

    def target(self) -> Mask:
        """Return the segments that a label would go to: the selected ones, or those of the selected chips.

        What cannot be seen is left out: nobody labels what they cannot see.
        """
        if self.level == "segments":
            seen = self.visible("segments")
            return self.segments if seen is None else self.segments & seen
        chosen = self.tables.segments_of(self.chips)
        return chosen & self._passed() if self.filter.active else chosen

    def target_rows(self) -> Rows:
        """Return ``target`` as rows."""
        return np.flatnonzero(self.target())

    def target_lookup(self) -> Mask:
        """Return ``target`` by segment id, (max_id + 1,), for pictures and the scene map."""
        lookup: Mask = self.tables.by_id(self.target())
        return lookup

    def shown_chips(self) -> Rows:
        """Return the chips for the gallery: the selected ones, or those that hold selected segments."""
        if self.level == "chips":
            return self.rows
        counts = self.tables.chips_with(self.target())
        return (
            np.flatnonzero(counts) if counts.any() or self.chosen_chips.all() else np.flatnonzero(self.chosen_chips)
        )


def mode_of(*, shift: bool, remove: bool, default: Mode) -> Mode:
    """Return how a stroke changes the selection: Shift adds, Alt (or Ctrl) removes, both keep the common part."""
    if shift and remove:
        return "intersect"
    if shift:
        return "add"
    return "subtract" if remove else default
