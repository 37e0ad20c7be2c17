"""The reference that a finished workspace is measured against: pixels of each class in each segment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rsgraph.errors import ConfigError, NotUsable
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
    names: Mapping[Any, Any] | Sequence[Any] | None = None,
    progress: Progress | None = None,
) -> ReferenceCounts | None:
    """Count a reference's pixels of each class in each segment, window by window.

    Parameters
    ----------
    workspace
        Finished at least up to its segments; the scene itself is not needed.
    path
        A raster of class codes in any CRS and grid (the nearest pixel counts; nodata are unknown, and 0 and values
        that stand for no data as ``rsgraph.label_files.class_values`` decides) or polygons with a class, as
        ``rsgraph.label_files.importing.read_labels`` reads them. None: what was delivered with the scene, which the
        run kept (``reference.tif``: SWED, synthetic scenes), or else the classes of whole images (EuroSAT).
    layer
        The layer of a vector file, or the number of the band of a raster, where there are several.
    column
        The attribute that holds the class; None: the one that looks like it.
    names
        Names by code (or by the name in the file), or a list of codes or names: only these are taken, and equal names
        become one class. None: all, by the file's legend, else ``class <code>``.
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
    classes = None if names is None else wanted_classes(names)
    band = None if layer is None else str(layer)
    try:
        return count_labels(workspace, path, column=column, layer=band, classes=classes, progress=progress)
    except NotUsable as error:
        raise NotUsable(_as_called_here(str(error), str(path))) from error


def _as_called_here(message: str, path: str) -> str:
    """Return advice in which options have the names that they have for references."""
    before, named, rest = message.partition(path)
    for option in ("layer", "column"):
        rest = rest.replace(f" {option}=", f" reference_{option}=")
    return f"{before}{named}{rest}"


def wanted_classes(names: Mapping[Any, Any] | Sequence[Any]) -> dict[str, str] | list[str]:
    """Return names of classes by what the file calls them, code or name; or a list of these, whose names are kept.

    Raises
    ------
    ConfigError
        None, or one that is no name and no whole number.
    """
    pairs = names.items() if isinstance(names, Mapping) else [names] if isinstance(names, list | tuple) else []
    entries = [each for pair in pairs for each in pair]
    wrong = [each for each in entries if not _is_name(each)]
    if wrong or not entries:
        raise ConfigError(
            "`reference_classes` must be codes or names such as [0,1], or names by code such as {0:land,1:water}. "
            f"Got {wrong[0] if wrong else names!r} instead."
        )
    if isinstance(names, Mapping):
        return {str(code): str(name) for code, name in names.items()}
    return [str(each) for each in names]


def _is_name(each: Any) -> bool:
    return isinstance(each, int | str) and not isinstance(each, bool) and bool(str(each).strip())


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
