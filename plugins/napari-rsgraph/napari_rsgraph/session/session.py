"""One labelling session: its parts, and the signals that join them. No Qt and no napari in here.

::

    Session ── tables        chips, segments, who belongs to whom
       ├────── tasks         what runs beside the window; sentences for the user
       ├────── labels        the journal: classes, labels, undo, counts
       ├────── maps          2-D maps by level, layer and projector; new ones in the background
       ├────── selection     what is selected, and what can be: level, filter, chips taken apart
       ├────── search        by example: ranked candidates, accepted or rejected
       ├────── suggestions   predictions, queues, acceptance in bulk
       ├────── colouring     points by class, membership, uncertainty, chip, column
       └────── exports       files for other programs

The parts know no session. Widgets call them and listen to their signals; every widget that shows the selection hears
``selection.changed``, whoever changed it: the 2-D map, the gallery, the scene map or the search. The session itself
does what needs more than one part.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_rsgraph.actions import key
from napari_rsgraph.session.colouring import Colouring
from napari_rsgraph.session.exporting import Exports
from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.maps import Maps, PointsMap
from napari_rsgraph.session.neighbours import with_neighbours, without_rim
from napari_rsgraph.session.search import Search
from napari_rsgraph.session.selection import Selection
from napari_rsgraph.session.suggestions import Suggestions
from napari_rsgraph.session.tables import Level, Mask, Rows, Tables
from napari_rsgraph.session.work import Tasks, Work
from rsgraph.brushing.shapes import Mode
from rsgraph.files import expanded
from rsgraph.journal.journal import Journal
from rsgraph.run.checking import check_workspace
from rsgraph.run.scenes import Reopened

_NO_CLOUDS = (
    "nothing says which segments are clouds: the scene has no quality layer that the run could read (SCL, QA60, "
    "QA_PIXEL ...), or it was made with mask=none or by an earlier version"
)


class Session:
    """The parts of one labelling session, joined.

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

    map_changed = Signal()
    """Other points are on the 2-D map (``session.map``)."""
    focus_requested = Signal(object)
    """Rows of segments that the scene map should show."""

    def __init__(self, workspace: Reopened, tables: Tables, journal: Journal, work: Work) -> None:
        self.workspace, self.tables, self.tasks = workspace, tables, Tasks(work)
        self.labels = Labels(workspace, tables, journal, self.tasks)
        self.maps = Maps(workspace, tables, self.tasks, journal.path.resolve())
        self.selection = Selection(tables, self.labels)
        self.search = Search(workspace, tables, self.labels, self.tasks)
        self.suggestions = Suggestions(workspace, tables, self.labels, self.tasks)
        self.colouring = Colouring(workspace, tables, self.labels, self.suggestions, self.tasks)
        self.exports = Exports(workspace, tables, self.labels, self.selection, self.tasks)
        self.maps.changed.connect(self._map_changed)
        self.selection.level_changed.connect(self._level_changed)
        self.search.looked_at.connect(self.focus_requested)
        self.suggestions.looked_at.connect(self._look_at)

    def close(self) -> None:
        """Close the journal. Everything acknowledged is on disk already."""
        self.labels.close()

    # the map

    @property
    def map(self) -> PointsMap:
        """The 2-D map of the current level."""
        return self.maps.current[self.selection.level]

    def _map_changed(self, level: Level) -> None:
        """Other points are at a level; a layout of some segments brings the segments with it."""
        selection, segments = self.selection, self.maps.current["segments"]
        selection.lay_out(segments.rows if segments.subset else None)
        if level == selection.level:
            self.map_changed.emit()
        elif level == "segments" and segments.subset:
            selection.set_level("segments")

    def _level_changed(self) -> None:
        self.map_changed.emit()

    def map_visible(self) -> Mask | None:
        """Return which points of the current 2-D map are visible; None for all."""
        visible = self.selection.visible()
        return None if visible is None else self.map.of_points(visible)

    def map_selection(self) -> Mask:
        """Return which points of the current 2-D map are selected."""
        return np.asarray(self.map.of_points(self.selection.mask))

    def brush(self, points: Rows, mode: Mode, final: bool) -> None:
        """Take a brush over points of the 2-D map. Called while it moves, with ``final`` at the stroke's end."""
        self.selection.select_at_level(self.map.rows[points], mode, final=final)

    def take_apart(self, chips: Mask | None = None) -> None:
        """Show the segments of some chips: the given ones, else the selected ones, else all."""
        selection = self.selection
        if chips is None and selection.level == "segments":
            self.tasks.say(f"go to the chips first ({key('switch_level')}) and select those to take apart", "warning")
            return
        chosen = selection.chips.copy() if chips is None else chips
        self.maps.whole("segments")
        selection.take_apart(chosen)

    def show_whole(self) -> None:
        """Go back to the map of all points: no chips chosen, no layout of a part."""
        if self.selection.level == "segments":
            self.take_apart(np.ones(self.tables.n_chips, dtype=bool))
        else:
            self.maps.whole("chips")

    def look_again(self) -> None:
        """Take up what a run has added to the workspace since: selection, labels and what is shown stay."""
        if self.maps.chips_again():
            self.tasks.say("chips: matched; their map shows now which are alike, segment by segment")
        new = self.maps.look_again()
        if new:
            drawn = "a map of it is drawn" if len(new) == 1 else f"{len(new)} maps of it are drawn"
            self.tasks.say(f"trained further: {drawn}. Choose it above the map; the map that is shown stays")

    def reproject(self) -> None:
        """Lay out the selected segments separately (those that are visible where none is selected)."""
        rows = self.selection.target_rows()
        if len(rows) == 0:
            visible = self.selection.visible("segments")
            rows = np.arange(self.tables.n_segments) if visible is None else np.flatnonzero(visible)
        self.maps.reproject(rows)

    def draw_from_labels(self) -> None:
        """Draw the map of segments from the labels so far, and go to it."""
        self.selection.set_level("segments")
        self.maps.draw_from_labels()

    # the selection

    def enlarge(self) -> None:
        """Add what lies beside the selection: segments that an edge joins to it, or chips that hold such."""
        self._change_by_ring(with_neighbours)

    def shrink(self) -> None:
        """Take away what lies at the rim of the selection."""
        self._change_by_ring(without_rim)

    def _change_by_ring(self, change: Callable[[Mask, NDArray[np.int64]], Mask]) -> None:
        selection, edges = self.selection, self.workspace.edges
        if not selection.mask.any():
            self.tasks.say("select something first: its neighbours are those in the scene", "warning")
            return
        found = change(selection.mask, self.tables.chip_of[edges] if selection.level == "chips" else edges)
        visible = selection.visible()
        rows = np.flatnonzero(found if visible is None else found & visible)
        selection.select_at_level(rows, "replace", final=True)

    def label(self, name: str | None) -> None:
        """Label the selection, or erase its labels with None; after a suggestion comes the next of the queue."""
        rows = self.selection.target_rows()
        suggested = len(rows) == 1 and np.array_equal(rows, self.suggestions.current)
        self.labels.assign(rows, name)
        if suggested and name is not None and not self.labels.read_only:
            self.suggestions.advance()

    def focus(self) -> None:
        """Show the selection in the scene; say so where there is none."""
        rows = self.selection.target_rows()
        if len(rows):
            self.focus_requested.emit(rows)
        else:
            self.tasks.say("nothing is selected: brush points in the 2-D map first", "warning")

    def select_hidden(self, rows: Rows) -> None:
        """Select segments that may be hidden now: make them visible and say what had to change for it."""
        changed = []
        seen = self.selection.visible("segments")
        if seen is not None and not seen[rows].all():
            if self.maps.current["segments"].subset:
                self.maps.whole("segments")
                changed.append("the whole map is shown again")
            changed += self.selection.reveal(rows)
            self.tasks.say(f"some of these segments were hidden: {', '.join(changed)}", "status")
        self.selection.select(rows)

    def filter_clouds(self) -> None:
        """Hide what is mostly cloud, or shadow of one, or show it again; say so where nothing is known of clouds."""
        if self.tables.cloudy is None:
            self.tasks.say(_NO_CLOUDS, "warning")
        else:
            self.selection.toggle_clouds()

    def select_clouds(self) -> None:
        """Select what is mostly cloud, or shadow of one; say so where there is none, or nothing is known of it."""
        if self.tables.cloudy is None:
            self.tasks.say(_NO_CLOUDS, "warning")
        elif not self.tables.cloudy.any():
            self.tasks.say("no segment is cloud, or shadow of one, on half of its pixels", "warning")
        else:
            self.select_hidden(np.flatnonzero(self.tables.cloudy))

    def find_similar(self) -> None:
        """Search for what is like the selection, by the layer that is shown."""
        self.search.start(self.selection.level, self.selection.rows, self.map.layer)

    def select_accepted(self) -> None:
        """Make the accepted candidates of the search, with the examples, the selection."""
        results = self.search.results
        if results is None:
            return
        rows = np.concatenate([results.examples, results.accepted()])
        if results.level == "chips":
            self.selection.select_chips(rows)
        else:
            self.select_hidden(rows)

    def _look_at(self, rows: Rows) -> None:
        """Select the suggestion that is looked at, and show it in the scene."""
        self.select_hidden(rows)
        self.focus_requested.emit(rows)


def open_session(folder: str | Path, work: Work, *, read_only: bool = False, links: bool = False) -> Session:
    """Open a workspace for labelling.

    Parameters
    ----------
    folder
        A finished workspace.
    work
        Runs what takes time.
    read_only
        Look only.
    links
        Whether symbolic links in the workspace that lead out of it may be written through.

    Raises
    ------
    WorkspaceError
        It is no finished workspace, or a link leads out of it.
    """
    workspace = Reopened(expanded(folder), links=links)
    for name in ("manifest.json", "config.yaml", "scene.json", "segments.parquet", "chips.parquet", "edges.npy"):
        workspace.existing(name)
    workspace.check_writable()
    tables = Tables(workspace)
    check_workspace(workspace, (tables.chips, tables.segments), options=True)
    journal = Journal.open(workspace.path("labels.sqlite"), segment_ids=tables.ids, read_only=read_only)
    return Session(workspace, tables, journal, work)
