"""Pixels of each class in each segment, counted from vector files and rasters, for import and evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.handles import existing_file
from rsgraph.io.segment_ids import read_ids
from rsgraph.io.writers import windows
from rsgraph.label_files.class_names import Classes, Names
from rsgraph.label_files.raster_files import RasterFile, open_raster
from rsgraph.label_files.tally import Tally
from rsgraph.label_files.vector_files import Features, VectorFile, layers_of, open_vector, untouched
from rsgraph.progress import Steps
from rsgraph.protocols import Progress
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo, Workspace

_BLOCK = Window(0, 0, 512, 512)
"""Pixels in memory at a time."""

_MOST = 1_000
"""More classes than this are a column of measurements or notes."""

_REASONS = {
    "unlabelled": "features without a class",
    "unwanted": "features of classes that were not asked for",
    "predicted": "features that a model predicted (propagated or classified), not a person",
    "empty": "features without a geometry",
    "lines": "lines",
}


class ReferenceCounts(NamedTuple):
    """Classes of a reference in the segments of a workspace.

    Parameters
    ----------
    segments
        (n, C) int64: pixels of each class in each segment, in the row order of ``segments.parquet``. Pixels that the
        reference does not know are in no column.
    codes
        (C,) of a raster its own, in rising order; of polygons, points and whole images 1 ... C.
    names
        (C,) of the classes.
    """

    segments: NDArray[np.int64]
    codes: list[int]
    names: list[str]


def count_labels(
    workspace: Workspace,
    path: str | Path,
    *,
    column: str | None = None,
    layer: str | None = None,
    classes: Classes = None,
    progress: Progress | None = None,
) -> ReferenceCounts:
    """Count the pixels of each class in each segment, where ``read_labels`` only takes the commonest.

    The file is read as ``read_labels`` reads it. Points count as one pixel each, in segments that no polygon reaches.
    What a model predicted is left out.

    Parameters and errors as of ``read_labels``; NotUsable also for more than 1000 different classes.
    """
    names = Names(classes)
    count = Count(workspace, progress)
    with opened_file(existing_file(Path(path)), layer, column, names, predictions=False) as file:
        skipped = count_file(file, workspace.scenes, count)
        found = file.first_codes() if isinstance(file, RasterFile) else _in_order(names)
    count.steps.finish()
    if len(found) > _MOST:
        raise NotUsable(f"{path} names {len(found)} classes; expected at most {_MOST}, so name another attribute.")
    counted = _table(count, names, found)
    if not counted.segments.any():
        raise unlabelling(Path(path), skipped, classes)
    return counted


def count_rasters(
    workspace: Workspace, paths: Mapping[str, Path], *, progress: Progress | None = None
) -> ReferenceCounts:
    """Count the pixels of each class in each segment, from one raster of class codes per scene.

    ``paths`` are the raster of each scene, by the scene's name; scenes without one are left out. The other
    parameters, and errors, as of ``read_labels``.
    """
    names, codes = Names(), dict[str, int]()
    count = Count(workspace, progress)
    for scene in workspace.scenes:
        if scene.name in paths:
            file = open_raster(existing_file(paths[scene.name]), None, names)
            count_file(file, [scene], count)
            codes = file.first_codes() | codes
    count.steps.finish()
    return _table(count, names, dict(sorted(codes.items(), key=lambda pair: pair[1])))


@contextmanager
def opened_file(
    path: Path, layer: str | None, column: str | None, names: Names, *, predictions: bool
) -> Iterator[VectorFile | RasterFile]:
    """Open a file as what it is."""
    with untouched(path) as place:
        if any(kind is not None for kind in layers_of(place).values()):
            yield open_vector(path, place, layer, column, names, predictions=predictions)
        else:
            yield _raster(path, place, layer, names)


def _raster(path: Path, place: Path, layer: str | None, names: Names) -> RasterFile:
    tables = layers_of(place)
    try:
        return open_raster(place, layer, names)
    except NotReadable as error:
        if tables:
            raise NotUsable(
                f"{path} is a table without geometries; expected polygons or points with a class."
            ) from error
        if _is_tiff(path):
            raise
        raise NotReadable(
            f"{path} can be read neither as vector data nor as a raster; expected a complete GeoPackage, GeoJSON or "
            "GeoTIFF."
        ) from error


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass
class Count:
    """Pixels and points of each class in each segment."""

    workspace: Workspace
    progress: Progress | None
    steps: Steps = field(init=False)
    table: Any = field(init=False)
    pixels: Tally = field(init=False)
    points: Tally = field(init=False)

    def __post_init__(self) -> None:
        parts = (len(list(windows(scene.rows, scene.columns, _BLOCK))) for scene in self.workspace.scenes)
        self.steps = Steps(self.progress, sum(parts))
        self.table = self.workspace.segments
        ids = self.table["segment_id"].to_numpy()
        self.pixels, self.points = Tally(ids), Tally(ids)

    def over(self, scene: SceneInfo, codes: Callable[[Window], NDArray[np.int32]]) -> None:
        """Count a scene's pixels."""
        path = self.workspace.segment_file(scene.name)
        for window in windows(scene.rows, scene.columns, _BLOCK):
            found = codes(window)
            if found.any():
                self.pixels.add(read_ids(path, window, most=len(self.table)), found)
            self.steps.add()

    def at(self, scene: SceneInfo, features: Features) -> bool:
        """Count points by the segment that they lie in; tell whether any lies in the scene."""
        rows, columns = features.pixels(Affine(*scene.transform))
        path = self.workspace.segment_file(scene.name)
        inside = (rows >= 0) & (columns >= 0) & (rows < scene.rows) & (columns < scene.columns)
        rows, columns, codes = rows[inside], columns[inside], features.point_codes[inside]
        blocks = rows // _BLOCK.rows * scene.columns + columns // _BLOCK.columns
        for block in np.unique(blocks):
            here = blocks == block
            top, left = int(rows[here].min()), int(columns[here].min())
            window = Window(top, left, int(rows[here].max()) - top + 1, int(columns[here].max()) - left + 1)
            self.points.add(
                read_ids(path, window, most=len(self.table))[rows[here] - top, columns[here] - left], codes[here]
            )
            self.steps.add(0)
        return bool(inside.any())


def count_file(file: VectorFile | RasterFile, scenes: Sequence[SceneInfo], count: Count) -> dict[str, int]:
    """Count what a file says of some scenes; return how many of its features were left out, by reason."""
    count.steps.add(0)  # GDAL reads all of a large GeoJSON first, which takes a while
    if isinstance(file, RasterFile):
        _count_raster(file, scenes, count)
        return {}
    _count_vector(file, scenes, count)
    return {_REASONS[reason]: number for reason, number in file.skipped.items() if number}


def _count_raster(file: RasterFile, scenes: Sequence[SceneInfo], count: Count) -> None:
    covered = [scene for scene in scenes if file.overlaps(scene)]
    if not covered:
        raise _elsewhere(Path(file.path), scenes)
    for scene in covered:
        with file.on_grid(scene) as laid:
            count.over(scene, laid.codes)


def _count_vector(file: VectorFile, scenes: Sequence[SceneInfo], count: Count) -> None:
    taken = overlapping = 0
    for crs in dict.fromkeys(scene.crs for scene in scenes):
        here = [scene for scene in scenes if scene.crs == crs]
        features = file.features(here, lambda: count.steps.add(0))
        taken += len(features.polygons) + len(features.points)
        for scene in here:
            overlapping += _count_features(features, scene, count)
    if not overlapping and (taken or not sum(file.skipped.values())):
        raise _elsewhere(file.path, scenes)


def _count_features(features: Features, scene: SceneInfo, count: Count) -> bool:
    """Count what lies over a scene; tell whether anything does."""
    transform = Affine(*scene.transform)
    polygons = features.any_over(transform, Window(0, 0, scene.rows, scene.columns))
    if polygons:
        count.over(scene, lambda window: features.codes(transform, window))
    return count.at(scene, features) or polygons


def _elsewhere(path: Path, scenes: Sequence[SceneInfo]) -> NotUsable:
    what = f"scene '{scenes[0].name}'" if len(scenes) == 1 else f"any of the {len(scenes)} scenes"
    return NotUsable(f"{path} lies elsewhere: nothing in it overlaps {what}; check its CRS and which scene it is of.")


def unlabelling(path: Path, skipped: dict[str, int], classes: Classes = None) -> NotUsable:
    """Say that a file labels nothing, as none of the classes that were asked for, and what of it was left out."""
    asked = "" if classes is None else f" as one of: {', '.join(map(str, classes))}"
    reasons = "".join(f"; {number} {reason}" for reason, number in skipped.items())
    return NotUsable(f"{path} labels no segment{asked}{reasons}; expected pixels, polygons or points with a class.")


def _in_order(names: Names) -> dict[str, int]:
    return {name: number for number, name in enumerate(names.names, start=1)}


def _table(count: Count, names: Names, codes: dict[str, int]) -> ReferenceCounts:
    """Put the counts of pixels, and else of points, in the order of ``codes``."""
    pixels, points = (tally.table(len(names.names)) for tally in (count.pixels, count.points))
    counts = np.where(pixels.any(axis=1, keepdims=True), pixels, points)
    places = _in_order(names)
    columns = np.array([places[name] - 1 for name in codes], dtype=np.int64)
    return ReferenceCounts(counts[:, columns], list(codes.values()), list(codes))
