"""One labelling session: what is shown, what is selected, what is labelled. No Qt and no napari in here.

::

    Session ── tables        chips, segments, who belongs to whom
       ├────── maps          2-D maps by level, layer and projector; new ones in the background
       ├────── labelling     the journal: classes, labels, undo, counts
       ├────── colouring     points by class, membership, uncertainty, chip, column
       ├────── search        by example: ranked candidates, accepted or rejected
       └────── suggestions   predictions, queues, acceptance in bulk

Widgets call methods and listen to signals; every widget that shows the selection hears ``selection_changed``,
whoever changed it: the 2-D map, the gallery, the scene map or the search.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from psygnal import Signal

from napari_rsgraph.session.colouring import Colouring
from napari_rsgraph.session.labels import Labelling
from napari_rsgraph.session.maps import Maps, PointsMap
from napari_rsgraph.session.search import Search
from napari_rsgraph.session.suggestions import Suggestions
from napari_rsgraph.session.tables import Mask, Rows, Tables
from napari_rsgraph.session.work import Lane, Work
from rsgraph.brushing.shapes import Mode
from rsgraph.errors import RsgraphError
from rsgraph.journal.journal import Journal
from rsgraph.run.scenes import Reopened
from rsgraph.types import Window

Level = Literal["chips", "segments"]
Severity = Literal["status", "info", "warning", "error"]


@dataclass(frozen=True)
class Filter:
    """Which segments (or chips) may be seen and selected.

    Parameters
    ----------
    classes
        Codes of classes, 0 for unlabelled; None for all.
    window
        Scene index and pixels that the centroid must lie in; None for everywhere.
    """

    classes: frozenset[int] | None = None
    window: tuple[int, Window] | None = None

    @property
    def active(self) -> bool:
        """Whether it hides anything."""
        return self.classes is not None or self.window is not None


class Session:
    """The state of one labelling session.

    Parameters
    ----------
    workspace
        A finished workspace.
    tables
        Its chips and segments.
    journal
        Its open journal; a read-only one makes the session read-only.
    work
        Runs what takes time.
    """

    level_changed = Signal(str)
    map_changed = Signal()
    """Other points are on the 2-D map (``session.map``)."""
    chips_chosen = Signal()
    """Other chips are taken apart at segment level."""
    selection_changed = Signal(bool)
    """True once the stroke is finished."""
    visible_changed = Signal()
    colours_changed = Signal()
    classes_changed = Signal()
    labels_changed = Signal()
    predictions_changed = Signal()
    results_changed = Signal()
    """Of the search by example."""
    focus_requested = Signal(object)
    """Rows of segments that the scene map should show."""
    told = Signal(str, str)
    """Severity (status, info, warning, error) and a sentence for the user; status is said in passing."""

    def __init__(self, workspace: Reopened, tables: Tables, journal: Journal, work: Work) -> None:
        self.workspace, self.tables, self.work = workspace, tables, work
        self.level: Level = "chips"
        self.selected: Mask = np.zeros(self.tables.n_segments, dtype=bool)
        self.selected_chips: Mask = np.zeros(self.tables.n_chips, dtype=bool)
        self.chosen_chips: Mask = np.ones(self.tables.n_chips, dtype=bool)
        self.filter = Filter()
        self._passing: Mask | None = None
        self._seen: Mask | None = None
        self._names: list[str] = []
        self._before: Mask | None = None
        self.labelling = Labelling(self, journal)
        self.maps = Maps(self)
        self.colouring = Colouring(self)
        self.search = Search(self)
        self.suggestions = Suggestions(self)
        self._names = self.labelling.names
        self.labels_changed.connect(self._labels_changed)
        self.classes_changed.connect(self._classes_changed)

    def close(self) -> None:
        """Close the journal. Everything acknowledged is on disk already."""
        self.labelling.close()

    # what is shown

    @property
    def map(self) -> PointsMap:
        """The 2-D map of the current level."""
        return self.maps.current[self.level]

    def set_level(self, level: Level) -> None:
        """Show chips or segments. What is selected at the other level stays selected there."""
        if level != self.level:
            self.level = level
            self.level_changed.emit(level)
            self.map_changed.emit()
            self.selection_changed.emit(True)

    def take_apart(self, chips: Mask | None = None) -> None:
        """Show the segments of some chips: the given ones, else the selected ones, else all."""
        if chips is None and self.level == "segments":
            self.tell("go to the chips first (Tab) and select those to take apart", "warning")
            return
        chosen = self.selected_chips.copy() if chips is None else chips
        self.chosen_chips = chosen if chosen.any() else np.ones(self.tables.n_chips, dtype=bool)
        self.level = "segments"
        self.forget_visible()
        self.maps.whole("segments")
        self.clear_selection()
        self.level_changed.emit("segments")
        self.chips_chosen.emit()
        self.map_changed.emit()

    def visible(self, level: Level | None = None) -> Mask | None:
        """Return which rows of a level can be seen and selected; None for all.

        Chips are seen when they pass the filter; segments also have to be in a chosen chip and, where some were laid
        out on their own, among those.
        """
        if (level or self.level) == "chips":
            return self._visible_chips() if self.filter.active else None
        if not self.filter.active and self.chosen_chips.all() and not self.maps.current["segments"].subset:
            return None
        if self._seen is None:
            self._seen = self._visible_segments()
        return self._seen

    def _visible_chips(self) -> Mask:
        """A chip is visible when any of its segments is."""
        passed = self._passed()
        return self.tables.chips_with(passed) > 0

    def _visible_segments(self) -> Mask:
        seen = self._passed() & self.tables.segments_of(self.chosen_chips)
        shown = self.maps.current["segments"]
        if shown.subset:
            inside = np.zeros_like(seen)
            inside[shown.rows] = True
            seen &= inside
        return seen

    def forget_visible(self) -> None:
        """Find anew what can be seen: another filter, other chips, another map."""
        self._seen = None

    def _passed(self) -> Mask:
        """Return which segments pass the filter, found once per filter and labels."""
        if self._passing is None:
            self._passing = self._find_passing()
        return self._passing

    def _find_passing(self) -> Mask:
        tables = self.tables
        passed = np.ones(tables.n_segments, dtype=bool)
        if self.filter.classes is not None:
            passed &= np.isin(self.labelling.codes, list(self.filter.classes))
        if self.filter.window is not None:
            scene, (row, column, rows, columns) = self.filter.window
            places = tables.centroids
            passed &= (places[:, 0] >= row) & (places[:, 0] < row + rows)
            passed &= (places[:, 1] >= column) & (places[:, 1] < column + columns)
            passed &= tables.scene_of_chip[tables.chip_of] == scene
        return passed

    def set_filter(
        self,
        *,
        classes: frozenset[int] | Literal["keep"] | None = "keep",
        window: tuple[int, Window] | Literal["keep"] | None = "keep",
    ) -> None:
        """Change the filter; what is not named stays."""
        if classes != "keep":
            self.filter = replace(self.filter, classes=classes)
        if window != "keep":
            self.filter = replace(self.filter, window=window)
        self._passing = self._seen = None
        self.visible_changed.emit()
        self.selection_changed.emit(True)

    def map_visible(self) -> Mask | None:
        """Return which points of the current 2-D map are visible; None for all."""
        visible = self.visible()
        return None if visible is None else self.map.of_points(visible)

    def map_selection(self) -> Mask:
        """Return which points of the current 2-D map are selected."""
        return np.asarray(self.map.of_points(self._of_level()))

    def _of_level(self) -> Mask:
        return self.selected_chips if self.level == "chips" else self.selected

    # what is selected

    def brush(self, points: Rows, mode: Mode, final: bool) -> None:
        """Take a brush over points of the 2-D map. Called while it moves, with ``final`` at the stroke's end."""
        rows = self.map.rows[points]
        if self.level == "chips":
            self.select_chips(rows, mode, final=final)
        else:
            self.select(rows, mode, final=final)

    def select(self, rows: Rows, mode: Mode = "replace", *, final: bool = True) -> None:
        """Select segments by their rows; ``add`` and ``subtract`` accumulate over a stroke."""
        if self.level != "segments":
            self.level = "segments"
            self.level_changed.emit("segments")
            self.map_changed.emit()
        self._stroke(self.selected, rows, mode, final=final)

    def reveal(self, rows: Rows) -> None:
        """Make segments visible that a search, a queue or a class leads to, and say what had to change for it."""
        seen = self.visible("segments")
        if seen is None or seen[rows].all():
            return
        undone = []
        if self.maps.current["segments"].subset:
            self.maps.whole("segments")
            undone.append("the whole map is shown again")
        if not self._passed()[rows].all():
            self.set_filter(classes=None, window=None)
            undone.append("the filter is off")
        if not self.chosen_chips[self.tables.chip_of[rows]].all():
            self.chosen_chips[self.tables.chip_of[rows]] = True
            undone.append("their chips are shown too")
        self.forget_visible()
        self.chips_chosen.emit()
        self.tell(f"some of these segments were hidden: {', '.join(undone)}", "status")

    def select_chips(self, rows: Rows, mode: Mode = "replace", *, final: bool = True) -> None:
        """Select chips by their rows."""
        self._stroke(self.selected_chips, rows, mode, final=final)

    def _stroke(self, mask: Mask, rows: Rows, mode: Mode, *, final: bool) -> None:
        """Apply one step of a stroke to a mask, in place."""
        if mode == "intersect" and self._before is None:
            self._before = mask.copy()
        if mode == "intersect":
            assert self._before is not None
            inside = np.zeros_like(mask)
            inside[rows] = True
            np.logical_and(self._before, inside, out=mask)
        else:
            if mode == "replace":
                mask[:] = False
            mask[rows] = mode != "subtract"
        if final:
            self._before = None
        self.selection_changed.emit(final)

    def clear_selection(self) -> None:
        """Select nothing at either level."""
        self.selected[:] = False
        self.selected_chips[:] = False
        self.selection_changed.emit(True)

    def invert_selection(self) -> None:
        """Select what is visible and was not selected."""
        mask, visible = self._of_level(), self.visible()
        np.logical_not(mask, out=mask)
        if visible is not None:
            mask &= visible
        self.selection_changed.emit(True)

    def select_all(self) -> None:
        """Select everything that is visible at this level."""
        visible = self.visible()
        self._of_level()[:] = True if visible is None else visible
        self.selection_changed.emit(True)

    def target(self) -> Mask:
        """Return the segments that a label would go to: the selected ones, or those of the selected chips.

        What cannot be seen is left out: nobody labels what they cannot see.
        """
        if self.level == "segments":
            seen = self.visible("segments")
            return self.selected if seen is None else self.selected & seen
        chosen = self.tables.segments_of(self.selected_chips)
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
            return np.flatnonzero(self.selected_chips)
        counts = self.tables.chips_with(self.target())
        return (
            np.flatnonzero(counts) if counts.any() or self.chosen_chips.all() else np.flatnonzero(self.chosen_chips)
        )

    def _classes_changed(self) -> None:
        """Where codes stand for other classes now, a filter by class is taken back (not that of the unlabelled)."""
        before, self._names = self._names, self.labelling.names
        moved = self._names[: len(before)] != before
        if moved and self.filter.classes not in (None, frozenset({0})):
            self.set_filter(classes=None)

    def _labels_changed(self) -> None:
        self._passing = self._seen = None
        if self.filter.classes is not None:
            self.visible_changed.emit()

    # speaking to the user

    def tell(self, text: str, severity: Severity = "info") -> None:
        """Give the user a sentence."""
        self.told.emit(severity, text)

    def run(
        self,
        title: str,
        function: Callable[..., Any],
        done: Callable[[Any], None],
        *,
        lane: Lane = "background",
        failed: Callable[[RsgraphError], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Run ``function(progress)`` elsewhere; errors of the user's reach the user, then ``failed``.

        ``ended`` is called at the end in any case, also of a cancelled task.
        """

        def tell(error: RsgraphError) -> None:
            self.tell(str(error), "error")
            if failed is not None:
                failed(error)

        self.work.start(title, function, done, lane=lane, failed=tell, ended=ended)

    def export(
        self,
        exporter: str,
        *,
        scope: Literal["all", "human", "selection"] = "all",
        folder: Path | None = None,
        options: dict[str, Any] | None = None,
        done: Callable[[list[Path]], None] | None = None,
        failed: Callable[[RsgraphError], None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        """Export in the background and say where it went; errors reach the user, and ``failed`` where it is given."""
        from napari_rsgraph.session.exporting import export_job

        job = export_job(self, exporter, scope=scope, folder=folder, options=options or {})

        def told(written: list[Path]) -> None:
            self.tell(f"exported {', '.join(str(path) for path in written)}")
            if done is not None:
                done(written)

        self.run(f"export {exporter}", job, told, failed=failed, ended=ended)


def open_session(folder: str | Path, work: Work, *, read_only: bool = False) -> Session:
    """Open a workspace for labelling.

    Parameters
    ----------
    folder
        A finished workspace.
    work
        Runs what takes time.
    read_only
        Look only.

    Raises
    ------
    WorkspaceError
        It is no finished workspace.
    """
    workspace = Reopened(Path(folder).expanduser())
    for name in ("manifest.json", "config.yaml", "scene.json", "segments.parquet", "chips.parquet", "edges.npy"):
        workspace.existing(name)
    tables = Tables(workspace)
    journal = Journal.open(workspace.path("labels.sqlite"), segment_ids=tables.ids, read_only=read_only)
    return Session(workspace, tables, journal, work)
