"""2-D maps of chips and segments; maps that the workspace does not have yet are made in the background."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psygnal import Signal

from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.tables import Level, Rows, Tables
from napari_rsgraph.session.work import Tasks
from rsgraph.brushing.index import PointIndex
from rsgraph.files import file_state
from rsgraph.prediction.fitting_maps import Verdict
from rsgraph.protocols import Progress
from rsgraph.types import Floats
from rsgraph.view.labels_map import BY_LABELS, judge_maps, project_by_labels
from rsgraph.view.other_maps import find_map, layers_by_maps, project_chips, project_segments, projector_names
from rsgraph.workspace import Workspace

SLOW_ABOVE = 50_000
"""Points above which UMAP and t-SNE take minutes: the user is warned before waiting."""


@dataclass(frozen=True)
class PointsMap:
    """Points on the screen.

    Parameters
    ----------
    level
        Chips or segments.
    layer, projector
        What they were laid out from, and how.
    rows
        (m,) which chip or segment each point is.
    points
        (m, 2) float32.
    index
        Finds points under a brush.
    subset
        Whether it is a new layout of some of the points.
    """

    level: Level
    layer: str
    projector: str
    rows: Rows
    points: Floats
    index: PointIndex
    subset: bool = False

    def of_points(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return what chips or segments have, by point; a map of all has them in the tables' order."""
        return values[self.rows] if self.subset else values


class Maps:
    """The maps of a workspace: its own at first, others as they are asked for.

    Parameters
    ----------
    workspace
        Has the maps, and the embeddings that new ones are made from.
    tables
        Its chips and segments.
    tasks
        Makes new ones beside the window.
    journal
        File of the labels that a map may be drawn from; None: the workspace's own.
    """

    changed = Signal(str)
    """The level at which other points are shown."""
    offered_changed = Signal()
    """A run has added layers to the workspace, or maps of them."""
    judged = Signal()
    """There is a new verdict on which map fits the labels."""

    def __init__(self, workspace: Workspace, tables: Tables, tasks: Tasks, journal: Path | None = None) -> None:
        self.workspace, self.tasks, self.journal = workspace, tasks, journal
        layer, projector = workspace.default_layer, str(workspace.config["projector"]["name"])
        self.projectors = projector_names(workspace)
        self.layers = layers_by_maps(workspace)
        self._drawn = {entry["layer"] for entry in workspace.maps}
        self._whole: dict[str, PointsMap] = {
            "chips": _all("chips", layer, projector, tables.chips[["x", "y"]].to_numpy(np.float32)),
            "segments": _all("segments", layer, projector, tables.segments[["x", "y"]].to_numpy(np.float32)),
        }
        self.current: dict[str, PointsMap] = dict(self._whole)
        self._of_chips, self._chips_state = self._whole["chips"], self._state_of_chips()
        self._wanted: dict[str, tuple[str, str]] = {}
        self.verdict: Verdict | None = None

    @property
    def layer(self) -> str:
        """The layer that the map of segments is laid out from: search, predictions and queues compare by it."""
        return self.current["segments"].layer

    def look_again(self) -> list[str]:
        """Take up layers and maps that a run has added to the workspace since; return the layers drawn since."""
        layers, drawn = layers_by_maps(self.workspace), {entry["layer"] for entry in self.workspace.maps}
        new = [name for name in layers if name in drawn - self._drawn]
        if layers != self.layers or new:
            self.layers, self._drawn = layers, drawn
            self.offered_changed.emit()
        return new

    def chips_again(self) -> bool:
        """Take up the map of chips that a run has laid out anew; tell whether it has."""
        state, before = self._state_of_chips(), self._of_chips
        if state == self._chips_state:
            return False
        self._chips_state = state
        points = self.workspace.chips[["x", "y"]].to_numpy(np.float32)
        if len(points) != len(before.rows):
            return False  # scenes were added since: a window that is opened anew shows them
        self._of_chips = _all("chips", before.layer, before.projector, points)
        if self._whole["chips"] is before:
            self._whole["chips"] = self._of_chips
        if self.current["chips"] is before:
            self._show(self._of_chips)
        return True

    def _state_of_chips(self) -> tuple[int, ...]:
        return file_state(self.workspace.existing("chips.parquet"))

    def offered(self, level: Level) -> list[str]:
        """Return how points of a level can be laid out: segments also by the labels."""
        return [*self.projectors, BY_LABELS] if level == "segments" else self.projectors

    def whole(self, level: Level) -> None:
        """Go back from a layout of some points to that of all; what is still being made is no longer waited for."""
        self._wanted.pop(level, None)
        self._show(self._whole[level])

    def show(self, level: Level, *, layer: str | None = None, projector: str | None = None) -> None:
        """Show another layer or projector at a level; a map that is not there yet is made in the background."""
        now = self.current[level]
        layer, projector = layer or now.layer, projector or now.projector
        if (layer, projector) == (now.layer, now.projector) and not now.subset:
            self._wanted.pop(level, None)
            return
        self._wanted[level] = (layer, projector)

        def got(found: PointsMap | None) -> None:
            if found is None:
                self._make(level, layer, projector)
            else:
                self._keep(found)

        self.tasks.run("read a map", lambda progress: self._read(level, layer, projector), got)

    def show_first(self) -> None:
        """Show the first map that the manifest lists: that of the tables, unless somebody has put them in order."""
        first = next(iter(self.workspace.maps), None)
        if first is not None:
            self.reopen("segments", first["layer"], first["projector"])

    def reopen(self, level: Level, layer: str, projector: str) -> None:
        """Show a map that was shown before; one that is gone, or of an embedding that has changed, is not made."""
        now = self.current[level]
        if layer not in self.layers or (layer, projector) == (now.layer, now.projector):
            return
        self._wanted[level] = (layer, projector)

        def got(found: PointsMap | None) -> None:
            if found is not None:
                self._keep(found)

        self.tasks.run("read a map", lambda progress: self._read(level, layer, projector), got)

    def _read(self, level: Level, layer: str, projector: str) -> PointsMap | None:
        points = find_map(self.workspace, level, layer, projector)
        return None if points is None else _all(level, layer, projector, points)

    def _make(self, level: Level, layer: str, projector: str) -> None:
        """Lay out everything, in a process of its own."""
        self._warn(len(self._whole[level].rows), projector)
        title = f"lay out a map of {level}"
        self.tasks.run(
            title,
            self._job(level, layer, projector),
            lambda points: self.tasks.run(title, lambda progress: _all(level, layer, projector, points), self._keep),
            lane="process",
        )

    def _job(self, level: Level, layer: str, projector: str) -> Callable[[Progress], Floats]:
        folder = self.workspace.folder.resolve()
        if projector == BY_LABELS:
            return partial(_run_by_labels, folder, layer, self.journal)
        return partial(_run, project_chips if level == "chips" else project_segments, folder, layer, projector)

    def draw_from_labels(self) -> None:
        """Draw the map of segments again from the labels so far and show it; the other maps stay as they are."""
        layer = self.layer
        self._wanted["segments"] = (layer, BY_LABELS)
        self._make("segments", layer, BY_LABELS)

    def judge(self) -> None:
        """Find which map fits the labels best, by strokes that are left out and predicted from the others."""
        job = partial(_run_judge, self.workspace.folder.resolve(), self.journal)
        self.tasks.run("which map fits the labels", job, self._judged, lane="process")

    def _judged(self, found: Verdict) -> None:
        self.verdict = found
        self.judged.emit()
        self.tasks.say(verdict_text(found))

    def reproject(self, rows: Rows) -> None:
        """Lay out some segments separately."""
        if len(rows) < 2:
            self.tasks.say("select two segments or more to lay them out on their own", "warning")
            return
        now, folder = self.current["segments"], self.workspace.folder.resolve()
        projector = self.projectors[0] if now.projector == BY_LABELS else now.projector
        self._warn(len(rows), projector)
        self.tasks.run(
            f"lay out {counted(len(rows), 'segment')}",
            partial(_run_subset, folder, now.layer, projector, rows),
            lambda points: self.tasks.run(
                "arrange the points", lambda progress: _part(now.layer, projector, rows, points), self._show
            ),
            lane="process",
        )

    def _keep(self, found: PointsMap) -> None:
        """Show a map, unless another one was asked for since."""
        if self._wanted.get(found.level) == (found.layer, found.projector):
            self._whole[found.level] = found
            self._show(found)

    def _show(self, found: PointsMap) -> None:
        self.current[found.level] = found
        self.changed.emit(found.level)

    def _warn(self, n: int, projector: str) -> None:
        if n > SLOW_ABOVE and projector != "pca":
            self.tasks.say(
                f"{projector} of {n:,} points takes minutes or more; you can go on meanwhile, or cancel it and "
                "choose pca, or select fewer segments",
                "warning",
            )


def _part(layer: str, projector: str, rows: Rows, points: Floats) -> PointsMap:
    return PointsMap("segments", layer, projector, rows, points, PointIndex(points), subset=True)


def _all(level: Level, layer: str, projector: str, points: Floats) -> PointsMap:
    return PointsMap(level, layer, projector, np.arange(len(points)), points, PointIndex(points))


def _run(make: Callable[..., Floats], folder: Path, layer: str, projector: str, progress: Progress) -> Floats:
    """``make`` with progress as a keyword: what travels to the process is this function and plain values."""
    return make(folder, layer, projector, progress=progress)


def _run_subset(folder: Path, layer: str, projector: str, rows: Rows, progress: Progress) -> Floats:
    return project_segments(folder, layer, projector, rows, progress)


def _run_by_labels(folder: Path, layer: str, journal: Path | None, progress: Progress) -> Floats:
    return project_by_labels(folder, layer, journal, progress)


def _run_judge(folder: Path, journal: Path | None, progress: Progress) -> Verdict:
    return judge_maps(folder, journal, progress)


def verdict_text(verdict: Verdict) -> str:
    """Return a sentence on which map fits the labels."""
    if not verdict.fits:
        return verdict.reason
    shares = ", ".join(
        f"{fit.name} {fit.accuracy:.0%} ({fit.interval[0]:.0%} to {fit.interval[1]:.0%})" for fit in verdict.fits
    )
    right = f"predicted right of {verdict.fits[0].strokes} strokes that were left out: {shares}"
    return (
        f"{verdict.reason}; {right}"
        if verdict.best is None
        else f"{verdict.best} fits the labels best ({verdict.reason}); {right}"
    )
