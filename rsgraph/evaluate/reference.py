"""The reference that a finished workspace is measured against: pixels of each class in each segment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rsgraph.label_files.counting import ReferenceCounts, count_labels, count_rasters
from rsgraph.protocols import Progress
from rsgraph.workspace import Workspace

__all__ = ["ReferenceCounts", "reference_counts"]


def reference_counts(
    workspace: Workspace,
    path: str | Path | None,
    *,
    layer: str | int | None = None,
    column: str | None = None,
    names: Mapping[int, str] | Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> ReferenceCounts | None:
    """Count a reference's pixels of each class in each segment, window by window.

    Parameters
    ----------
    workspace
        Finished at least up to its segments; the scene itself is not needed.
    path
        A raster of class codes in any CRS and grid (the nearest pixel counts; nodata, and 0 unless it has a name, are
        unknown) or polygons with a class, as ``rsgraph.label_files.importing.read_labels`` reads them. None: what was
        delivered with the scene, which the run kept (``reference.tif``: SWED, synthetic scenes), or else the classes
        of whole images (EuroSAT).
    layer
        The layer of a vector file, or the number of the band of a raster, where there are several.
    column
        The attribute that holds the class; None: the one that looks like it.
    names
        Names by code (or by the name in the file): only these are taken, and equal names become one class. None: all,
        by the file's legend, else ``class <code>``.
    progress
        Called with (windows done, windows in all); may raise to cancel.

    Returns
    -------
    ReferenceCounts or None
        None where no path is given and no class was delivered.

    Raises
    ------
    NotReadable
        Missing, empty, damaged, or neither vector nor raster.
    NotUsable
        It lies elsewhere, holds measurements instead of classes, or no class in any segment.
    WorkspaceError
        The workspace is unfinished or damaged.
    """
    if path is None:
        return _delivered(workspace, progress)
    classes = None if names is None else {str(code): name for code, name in names.items()}
    band = None if layer is None else str(layer)
    return count_labels(workspace, path, column=column, layer=band, classes=classes, progress=progress)


def _delivered(workspace: Workspace, progress: Progress | None) -> ReferenceCounts | None:
    """Count what came with the scenes: rasters, or classes of whole images."""
    rasters = _rasters(workspace)
    if rasters:
        found = count_rasters(workspace, rasters, progress=progress)
        return found if found.segments.any() else None
    named = {scene.name: scene.class_name for scene in workspace.scenes if scene.class_name}
    return _of_images(workspace, named) if named else None


def _rasters(workspace: Workspace) -> dict[str, Path]:
    """Return the references that the run kept, by scene."""
    scenes = workspace.scenes
    single = workspace.path("reference.tif")
    if len(scenes) == 1 and single.exists():
        return {scenes[0].name: single}
    places = {scene.name: workspace.path("reference", f"{scene.name}.tif") for scene in scenes}
    return {name: place for name, place in places.items() if place.exists()}


def _of_images(workspace: Workspace, named: Mapping[str, str]) -> ReferenceCounts:
    """Give all pixels of a segment the class of the image that it lies in."""
    table = workspace.segments
    names = sorted(set(named.values()))
    column = {name: names.index(of_class) for name, of_class in named.items()}
    scenes = table["scene_id"] if "scene_id" in table else [workspace.scene.name] * len(table)
    places = np.array([column.get(str(scene), -1) for scene in scenes], dtype=np.int64)
    known = np.flatnonzero(places >= 0)
    counts = np.zeros((len(table), len(names)), dtype=np.int64)
    counts[known, places[known]] = table["area_px"].to_numpy()[known]
    return ReferenceCounts(counts, list(range(1, len(names) + 1)), names)
