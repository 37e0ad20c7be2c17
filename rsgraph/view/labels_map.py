"""Maps and labels: a map drawn again from the labels so far, and which of the maps fits them best.

A map from labels joins the others and replaces none: ``projections/<layer>-labels.parquet``, which says from which
labels it was drawn. Like those of ``other_maps`` the functions here run in a process of their own; they read the
journal while a window writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rsgraph.journal.events import ORIGINS
from rsgraph.journal.journal import Journal
from rsgraph.own_files.tables import read_points
from rsgraph.prediction.discriminants import discriminants
from rsgraph.prediction.fitting_maps import PointsOf, Verdict, fitting_map
from rsgraph.protocols import Progress
from rsgraph.types import Floats
from rsgraph.view.other_maps import find_map, keep_map, lay_out, layers_by_maps, map_file
from rsgraph.workspace import Workspace

BY_LABELS = "labels"
"""Stands for the projector in the name of a map that was drawn from labels."""

ALSO_LAID_OUT = 5000
"""Segments beside the labelled ones of which a map from labels is laid out again, where strokes are left out."""

_BY_PEOPLE = [ORIGINS.index(origin) + 1 for origin in ("human", "imported")]


@dataclass(frozen=True, eq=False)
class Taught:
    """What people labelled so far, in the rows of the table of segments.

    Parameters
    ----------
    codes
        (n,) class, 0 where there is none, or where it was only predicted.
    strokes
        (n,) number of the event that gave it.
    n_classes
        How many classes are defined.
    position
        Number of the last event.
    """

    codes: NDArray[np.int64]
    strokes: NDArray[np.int64]
    n_classes: int
    position: int


def taught(workspace: Workspace, journal: Path | None = None) -> Taught:
    """Read the labels that people gave or imported; of the workspace's journal, or a recovered copy of it."""
    ids = workspace.segments["segment_id"].to_numpy()
    with Journal(journal or workspace.path("labels.sqlite"), read_only=True) as found:
        codes, origins, _ = found.codes(ids)
        by_people = np.where(np.isin(origins, _BY_PEOPLE), codes, 0).astype(np.int64)
        return Taught(by_people, found.strokes(ids), max(1, len(found.classes())), found.position)


def project_by_labels(
    folder: Path, layer: str, journal: Path | None = None, progress: Progress | None = None
) -> Floats:
    """Lay out all segments by what tells the labelled classes apart, and keep the map in the workspace.

    Parameters
    ----------
    folder
        The workspace.
    layer
        Whose vectors are seen with the labels (``rsgraph.prediction.discriminants``).
    journal
        The labels; None: the workspace's own.
    progress
        Called with (epochs done, epochs in all).

    Returns
    -------
    points
        (n, 2) float32.

    Raises
    ------
    NotThere
        The workspace has no such layer.
    NotUsable
        Nothing is labelled.
    """
    workspace = Workspace(folder)
    given = taught(workspace, journal)
    vectors = discriminants(workspace.embedding(layer), given.codes, given.n_classes)
    points = lay_out(workspace, vectors, None, progress=progress)
    about = {"event": given.position, "segments": int(np.count_nonzero(given.codes))}
    keep_map(workspace, "segments", layer, BY_LABELS, points, about={"labels": about})
    return points


def drawn_from(workspace: Workspace, layer: str) -> Mapping[str, int] | None:
    """Return which labels the map of a layer was drawn from: last ``event`` and number of ``segments``; or None."""
    path = map_file(workspace, "segments", layer, BY_LABELS)
    if not path.exists():
        return None
    found = read_points(path)[1].get("labels")
    fits = isinstance(found, dict) and all(isinstance(found.get(name), int) for name in ("event", "segments"))
    return found if fits else None


def maps_of(workspace: Workspace) -> dict[str, tuple[str, str]]:
    """Return the whole maps of segments that are there: name -> layer and projector, those of the run first."""
    own = str(workspace.config["projector"]["name"])
    pairs = [(layer, projector) for projector in (own, BY_LABELS) for layer in layers_by_maps(workspace)]
    return {f"{one}-{two}": (one, two) for one, two in pairs if find_map(workspace, "segments", one, two) is not None}


def judge_maps(folder: Path, journal: Path | None = None, progress: Progress | None = None) -> Verdict:
    """Find which of the maps fits the labels best: whole strokes are left out and predicted from the others.

    Maps that were drawn from labels are laid out again without those that are left out, of the labelled segments and
    a sample of the others.

    Parameters
    ----------
    folder, journal
        As in ``project_by_labels``.
    progress
        Called with (parts done, parts in all).

    Returns
    -------
    verdict
        Names of maps are the keys of ``maps_of``; there is none below five strokes.
    """
    workspace = Workspace(folder)
    given = taught(workspace, journal)
    maps = {name: _points(workspace, given, *which) for name, which in maps_of(workspace).items()}
    seed = int(workspace.config["seed"])
    return fitting_map(maps, given.codes, given.strokes, given.n_classes, seed=seed, progress=progress)


def _points(workspace: Workspace, given: Taught, layer: str, projector: str) -> Floats | PointsOf:
    """Return a map's points, or what lays it out from some of the labels."""
    if projector == BY_LABELS:
        return _Redrawn(workspace, layer, given)
    points = find_map(workspace, "segments", layer, projector)
    assert points is not None, "maps_of found it"
    return points


@dataclass(frozen=True, eq=False)
class _Redrawn:
    """Lays out the labelled segments and a sample of the others from some of the labels."""

    workspace: Workspace
    layer: str
    given: Taught

    def __call__(self, kept: NDArray[np.int64]) -> Floats:
        labelled = self.given.codes > 0
        others = np.flatnonzero(~labelled)
        drawn = np.random.default_rng(0).choice(others, min(len(others), ALSO_LAID_OUT), replace=False)
        rows = np.sort(np.concatenate([np.flatnonzero(labelled), drawn]))
        vectors = np.asarray(self.workspace.embedding(self.layer)[rows])
        points = np.full((len(kept), 2), np.nan, dtype=np.float32)
        points[rows] = lay_out(self.workspace, discriminants(vectors, kept[rows], self.given.n_classes), rows)
        return points
