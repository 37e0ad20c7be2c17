"""2-D maps of chips and segments, and where new ones come from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_rsgraph.session.tables import Rows
from rsgraph.brushing.index import PointIndex
from rsgraph.types import Floats
from rsgraph.view.other_maps import find_map, project_chips, project_segments, projector_names

if TYPE_CHECKING:
    from napari_rsgraph.session.session import Session

Level = Literal["chips", "segments"]

SLOW_ABOVE = 50_000
"""Points above which UMAP and t-SNE take minutes: the user is told before waiting."""


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
    """The maps of a session: the workspace's own at first.

    Parameters
    ----------
    session
        Its workspace has the maps; its work makes new ones.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        workspace, tables = session.workspace, session.tables
        layer, projector = workspace.default_layer, str(workspace.config["projector"]["name"])
        self.projectors = projector_names(workspace)
        self.layers = list(workspace.layers)
        self._whole: dict[str, PointsMap] = {
            "chips": _all("chips", layer, projector, tables.chips[["x", "y"]].to_numpy(np.float32)),
            "segments": _all("segments", layer, projector, tables.segments[["x", "y"]].to_numpy(np.float32)),
        }
        self.current: dict[str, PointsMap] = dict(self._whole)
        self._wanted: dict[str, tuple[str, str]] = {}

    def whole(self, level: Level) -> None:
        """Go back from a layout of some points to that of all; what is still being made is no longer waited for."""
        self._wanted.pop(level, None)
        self._show(self._whole[level])

    def show(self, *, layer: str | None = None, projector: str | None = None) -> None:
        """Show another layer or projector at this level; a map that is not there yet is made in the background."""
        now = self.session.map
        layer, projector = layer or now.layer, projector or now.projector
        if (layer, projector) == (now.layer, now.projector) and not now.subset:
            self._wanted.pop(now.level, None)
            return
        level = now.level
        self._wanted[level] = (layer, projector)

        def got(found: PointsMap | None) -> None:
            if found is None:
                self._make(level, layer, projector)
            else:
                self._keep(found)

        self.session.run(f"read {projector} of {layer}", lambda progress: self._read(level, layer, projector), got)

    def _read(self, level: Level, layer: str, projector: str) -> PointsMap | None:
        points = find_map(self.session.workspace, level, layer, projector)
        return None if points is None else _all(level, layer, projector, points)

    def _make(self, level: Level, layer: str, projector: str) -> None:
        """Lay out everything, in a process of its own."""
        self._warn(len(self._whole[level].rows), projector)
        make = project_chips if level == "chips" else project_segments
        title = f"{projector} of {layer}"
        self.session.run(
            title,
            partial(_run, make, self.session.workspace.folder.resolve(), layer, projector),
            lambda points: self.session.run(
                title, lambda progress: _all(level, layer, projector, points), self._keep
            ),
            lane="process",
        )

    def reproject(self) -> None:
        """Lay out the selected segments on their own (those of the chosen chips where none is selected)."""
        session, now = self.session, self.session.maps.current["segments"]
        rows = session.target_rows()
        if len(rows) == 0:
            visible = session.visible("segments")
            rows = np.flatnonzero(visible) if visible is not None else np.arange(session.tables.n_segments)
        if len(rows) < 2:
            session.tell("select two segments or more to lay them out on their own", "warning")
            return
        self._warn(len(rows), now.projector)
        session.run(
            f"{now.projector} of {len(rows):,} segments",
            partial(_run_subset, session.workspace.folder.resolve(), now.layer, now.projector, rows),
            lambda points: session.run(
                "arrange the points", lambda progress: _part(now, rows, points), self._show_part
            ),
            lane="process",
        )

    def _show_part(self, found: PointsMap) -> None:
        self.session.level = "segments"
        self.session.level_changed.emit("segments")
        self._show(found)

    def _keep(self, found: PointsMap) -> None:
        """Show a map, unless another one was asked for since."""
        if self._wanted.get(found.level) == (found.layer, found.projector):
            self._whole[found.level] = found
            self._show(found)

    def _show(self, found: PointsMap) -> None:
        self.current[found.level] = found
        self.session.forget_visible()
        if self.session.level == found.level:
            self.session.map_changed.emit()

    def _warn(self, n: int, projector: str) -> None:
        if n > SLOW_ABOVE and projector != "pca":
            self.session.tell(
                f"{projector} of {n:,} points takes minutes or more; you can go on meanwhile, or cancel it and "
                "choose pca, or select fewer segments",
                "warning",
            )


def _part(made_from: PointsMap, rows: Rows, points: Floats) -> PointsMap:
    index = PointIndex(points)
    return PointsMap("segments", made_from.layer, made_from.projector, rows, points, index, subset=True)


def _all(level: Level, layer: str, projector: str, points: Floats) -> PointsMap:
    return PointsMap(level, layer, projector, np.arange(len(points)), points, PointIndex(points))


def _run(make: object, folder: object, layer: str, projector: str, progress: object) -> NDArray[np.float32]:
    """``make`` with progress as a keyword: what travels to the process is this function and plain values."""
    points: Floats = make(folder, layer, projector, progress=progress)  # type: ignore[operator]
    return points


def _run_subset(folder: object, layer: str, projector: str, rows: Rows, progress: object) -> NDArray[np.float32]:
    points: Floats = project_segments(folder, layer, projector, rows, progress)  # type: ignore[arg-type]
    return points
