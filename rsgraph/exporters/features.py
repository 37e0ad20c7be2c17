"""Segments as tables with polygons, a few thousand at a time, and the files that they go to."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
from affine import Affine
from numpy.typing import NDArray

from rsgraph.errors import WorkspaceError
from rsgraph.exporters.areas import Dissolve, area_frames, check_labelled, strip_count
from rsgraph.exporters.content import Content, check_choice, check_flag, check_layer, gather, parsed_crs, shifted
from rsgraph.exporters.polygons import Geometries, outlines
from rsgraph.exporters.provenance import provenance
from rsgraph.io.chips import widened
from rsgraph.io.segment_ids import read_ids
from rsgraph.protocols import Export, Exporter, Progress
from rsgraph.types import Mask, Window
from rsgraph.workspace import SceneInfo, Workspace

_AT_ONCE = 20_000
"""Segments in memory at a time: about 100 MB with 64 embedding columns."""

Frames = Iterator[gpd.GeoDataFrame]
Sink = Callable[[Path, Frames, Mapping[str, Any]], None]
"""Writes tables of segments, in order, to one file: path, tables, provenance."""

NAMES: Mapping[Dissolve, str] = {
    "none": "segments_polygons",
    "class": "classes_polygons",
    "regions": "regions_polygons",
}


@dataclass(frozen=True)
class _File:
    """One file, the ending of its name, and the scenes whose segments are in it, by CRS."""

    word: str
    scenes: Sequence[Sequence[SceneInfo]]


class _Traced(NamedTuple):
    """Rows in the table and outlines of the segments of one chip."""

    rows: NDArray[np.intp]
    geometries: Geometries


class PolygonExporter(Exporter):
    """Writes segments, classes or regions as polygons, with all that is known of them.

    Parameters
    ----------
    layer
        The embedding to write: ``gnn2``, ``encoder``, ``bands`` ...; None: the workspace's default layer.
    embeddings
        False leaves the columns e00, e01 ... out.
    dissolve
        ``none``: one polygon per segment. ``class``: one multipolygon per class. ``regions``: one polygon per
        connected region of a class. Then there are no embeddings.
    """

    ending: ClassVar[str]

    def __init__(self, layer: str | None = None, embeddings: bool = True, dissolve: Dissolve = "none") -> None:
        self.layer = check_layer(layer)
        self.embeddings = check_flag("embeddings", embeddings)
        self.dissolve = check_choice("dissolve", dissolve, Dissolve)

    @abstractmethod
    def sink(self, *, one_crs: bool) -> Sink:
        """Return what writes one file."""

    def one_crs(self, scenes: Sequence[SceneInfo]) -> bool:
        """Tell whether there is one CRS for all, so that scenes of different CRS go to one file."""
        return False

    def export(self, export: Export, folder: Path, *, progress: Progress | None = None) -> list[Path]:
        """Write the polygons; progress is called with (chips or strips done, in all).

        Returns
        -------
        list of Path
            ``segments_polygons.<ending>``, or ``classes_polygons``, ``regions_polygons``; for scenes of several CRS
            one file for each, with its EPSG code (or ``pixels``) in the name.

        Raises
        ------
        NotThere, WorkspaceError
            As ``gather``; or segments.tif and segments.parquet hold different segments; or there is nothing labelled
            to dissolve.
        OutputError
            Disk full or folder not writable.
        """
        workspace, dissolve = export.workspace, self.dissolve
        content = gather(export, self.layer, embeddings=self.embeddings and dissolve == "none")
        facts = provenance(export, layer=content.layer)
        if dissolve != "none":
            check_labelled(workspace, content)
        chips, written = workspace.chips, []
        step = _steps(progress, len(chips) if dissolve == "none" else strip_count(workspace.scenes))
        shown = content.kept if dissolve == "none" else content.codes > 0
        one_crs = self.one_crs(workspace.scenes)
        for file in _files(_scenes_with(workspace, content, shown), one_crs=one_crs):
            path = folder / f"{NAMES[dissolve]}{file.word}.{self.ending}"
            if dissolve == "none":
                frames = _frames(workspace, content, chips, file, step)
            else:
                scenes = [scene for group in file.scenes for scene in group]
                frames = area_frames(workspace, content, scenes, dissolve, step)
            self.sink(one_crs=one_crs)(path, frames, facts)
            written.append(path)
        return written


def layer_name(path: Path) -> str:
    """Return what the layer of a file is called: segments, classes or regions."""
    return path.name.partition("_")[0]


def _steps(progress: Progress | None, total: int) -> Callable[[], None]:
    """Return what is called after each step."""
    done = count(1)

    def step() -> None:
        if progress is not None:
            progress(next(done), total)

    return step


def _scenes_with(workspace: Workspace, content: Content, shown: Mask) -> list[SceneInfo]:
    """Return the scenes that hold one of these segments."""
    if "scene_id" not in content.table:
        return workspace.scenes
    names = set(content.table.loc[shown, "scene_id"])
    return [scene for scene in workspace.scenes if scene.name in names]


def _files(scenes: Sequence[SceneInfo], *, one_crs: bool) -> list[_File]:
    """Decide which scenes go together: those of one CRS, or all that have one."""
    groups: dict[str | None, list[SceneInfo]] = {}
    for scene in scenes:
        groups.setdefault(scene.crs, []).append(scene)
    if one_crs:
        located = [group for crs, group in groups.items() if crs is not None]
        files = {"": located, "pixels": [groups[None]] if None in groups else []}
    else:
        files = {_name_part(crs, number): [group] for number, (crs, group) in enumerate(groups.items(), start=1)}
    files = {word: found for word, found in files.items() if found}
    if len(files) == 1:
        return [_File("", found) for found in files.values()]
    return [_File(f"_{word}" if word else "", found) for word, found in files.items()]


def _name_part(crs: str | None, number: int) -> str:
    """Name a CRS in a file name."""
    if crs is None:
        return "pixels"
    code = parsed_crs(crs).to_epsg()
    return f"epsg{code}" if code else f"crs{number}"


def _frames(
    workspace: Workspace, content: Content, chips: pd.DataFrame, file: _File, chip_done: Callable[[], None]
) -> Frames:
    """Give the tables of a file; none of them mixes CRS."""
    for group in file.scenes:
        waiting: list[_Traced] = []
        for scene in group:
            here = chips[chips["scene_id"] == scene.name] if "scene_id" in chips else chips
            for traced in _trace(workspace, content, scene, here):
                waiting.append(traced)
                chip_done()
                if sum(len(part.rows) for part in waiting) >= _AT_ONCE:
                    yield _frame(content, waiting, scene.crs)
                    waiting = []
        if any(len(part.rows) for part in waiting):
            yield _frame(content, waiting, group[0].crs)


def _trace(workspace: Workspace, content: Content, scene: SceneInfo, chips: pd.DataFrame) -> Iterator[_Traced]:
    """Give the outlines of each chip's segments, which lie in it or, where stitched, in the overlap round it."""
    path, overlap = workspace.segment_file(scene.name), workspace.segment_overlap
    whole = Window(0, 0, scene.rows, scene.columns)
    columns = ["chip_id", "row_offset", "column_offset", "rows", "columns"]
    for chip_id, *numbers in chips[columns].itertuples(index=False):
        window = widened(Window(*(int(number) for number in numbers)), overlap, whole)
        found = read_ids(path, window, size=(scene.rows, scene.columns))
        if overlap:
            own = content.table["segment_id"].to_numpy()[content.rows_of_chip.get(chip_id, np.array([], dtype=int))]
            found = np.where(np.isin(found, own), found, np.uint32(0))
        ids, geometries = outlines(found, Affine(*shifted(scene.transform, window)))
        rows = content.rows_of(ids)
        if set(rows.tolist()) != set(content.rows_of_chip.get(chip_id, ())):
            raise WorkspaceError(
                f"chip {chip_id} has other segments in {path.name} than in segments.parquet: one of them is from "
                "another run; `rsgraph run` on the scene restores them"
            )
        kept = content.kept[rows]
        yield _Traced(rows[kept], geometries[kept])


def _frame(content: Content, parts: Sequence[_Traced], crs: str | None) -> gpd.GeoDataFrame:
    """Join the table, the embedding and the polygons of some segments."""
    rows = np.concatenate([part.rows for part in parts])
    table = content.table.iloc[rows].reset_index(drop=True)
    vectors = pd.DataFrame(content.vectors[rows], columns=content.vector_names)
    geometry = np.concatenate([part.geometries for part in parts])
    return gpd.GeoDataFrame(pd.concat([table, vectors], axis=1), geometry=geometry, crs=parsed_crs(crs))
