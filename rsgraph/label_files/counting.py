"""Pixels of each class in each segment, counted from vector files and rasters, for import and evaluation."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.absent import missing
from rsgraph.io.archive import is_zip
from rsgraph.io.handles import existing_file
from rsgraph.io.segment_ids import read_ids
from rsgraph.io.writers import windows
from rsgraph.label_files.class_names import Classes, Names
from rsgraph.label_files.class_values import Reading, read_values
from rsgraph.label_files.formats import check_shapefile
from rsgraph.label_files.places import TableFile, holds_places, inside, open_table
from rsgraph.label_files.raster_files import MASKED, RasterFile, open_raster
from rsgraph.label_files.tables import refuse_workbook
from rsgraph.label_files.tally import Tally
from rsgraph.label_files.vector_files import PREDICTED, Features, VectorFile, layers_of, open_vector, untouched
from rsgraph.progress import Steps
from rsgraph.protocols import Progress
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo, Workspace

_BLOCK = Window(0, 0, 512, 512)
"""Pixels in memory at a time."""

LabelFile = VectorFile | RasterFile | TableFile

_MOST = 1_000
"""More classes than this are a column of measurements or notes."""

PIXELS = "pixels of "
"""Begins the reasons for which pixels of rasters are left out."""

_REASONS = {
    "unlabelled": "features without a class",
    "unwanted": "features of classes that were not asked for",
    "predicted": "features that a model predicted (propagated or classified), not a person",
    "empty": "features without a geometry",
    "lines": "lines",
    "unreadable": "features whose geometry cannot be read",
    "flat": "polygons that enclose nothing",
    "unplaced": "features whose coordinates are no places in the scene's CRS",
    "beside": "features that lie beside the scene",
}


class LeftOut(NamedTuple):
    """What a file holds and is not taken.

    Parameters
    ----------
    counts
        How many were left out, by reason.
    decided
        What of its values was decided and not said by the file: one phrase each.
    """

    counts: dict[str, int]
    decided: list[str]


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
    left_out
        What the reference holds besides.
    """

    segments: NDArray[np.int64]
    codes: list[int]
    names: list[str]
    left_out: LeftOut = LeftOut({}, [])


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

    The file is read as ``read_labels`` reads it, except that 0 is a class in rasters that are masks or whose no data
    have another value (``rsgraph.label_files.class_values``). Points count as one pixel each, in segments that no
    polygon reaches. What a model predicted is left out.

    Parameters and errors as of ``read_labels``; NotUsable also for more than 1000 different classes.
    """
    names = Names(classes, str(path))
    count = Count(workspace, progress)
    with opened_file(label_file(Path(path)), layer, column, names, predictions=False) as file:
        found, left_out = count_file(file, workspace.scenes, count, zero_counts=True)
    count.steps.finish()
    if len(found) > _MOST:
        raise NotUsable(f"{path} names {len(found)} classes; expected at most {_MOST}, so name another attribute.")
    counted = _table(count, names, found)
    if not counted.segments.any():
        raise unlabelling(Path(path), left_out, classes)
    return counted._replace(left_out=left_out._replace(decided=left_out.decided + names.absent))


def count_rasters(
    workspace: Workspace, paths: Mapping[str, Path], *, progress: Progress | None = None
) -> ReferenceCounts:
    """Count the pixels of each class in each segment, from one raster of class codes per scene.

    ``paths`` are the raster of each scene, by the scene's name; scenes without one are left out. The other
    parameters, and errors, as of ``read_labels``.
    """
    names = Names()
    count = Count(workspace, progress)
    met = []
    for scene in workspace.scenes:
        if scene.name in paths:
            file = open_raster(existing_file(paths[scene.name]), None, names)
            met.append((file, _met(file, [scene], count)))
    codes, left_out = _take_classes(met, count, zero_counts=True)
    count.steps.finish()
    return _table(count, names, codes)._replace(left_out=left_out)


def label_file(path: Path) -> Path:
    """Check a file of labels that the user named, before GDAL sees it.

    Raises
    ------
    NotReadable
        It is missing, a folder, or empty, its name is not UTF-8, or it is a part of a shapefile or lacks one.
    NotUsable
        It is a workbook of a spreadsheet.
    """
    expected = "expected a GeoPackage, GeoJSON, GeoTIFF or table"
    if not path.exists():
        raise missing(path, f"{expected}, so check the path for typing errors.")
    if path.is_dir():
        raise NotReadable(f"{path} is a folder; {expected}, so name the file in it.")
    if path.is_file() and path.stat().st_size == 0:
        raise NotReadable(f"{path} is empty (0 bytes); {expected}, so save or copy the file again.")
    found = existing_file(path)
    refuse_workbook(found)
    check_shapefile(found)
    return found


@contextmanager
def opened_file(
    path: Path, layer: str | None, column: str | None, names: Names, *, predictions: bool
) -> Iterator[LabelFile]:
    """Open a file as what it is."""
    with untouched(path) as place:
        layers = layers_of(place)
        if any(kind is not None for kind in layers.values()):
            yield open_vector(path, place, layer, column, names, predictions=predictions)
        elif holds_places(path):
            yield open_table(path, column, names, predicted=() if predictions else PREDICTED)
        else:
            yield _raster(path, place, layer, names)


def _raster(path: Path, place: Path, layer: str | None, names: Names) -> RasterFile:
    tables = layers_of(place)
    try:
        return open_raster(place, layer, names)
    except NotReadable as error:
        if tables:
            raise NotUsable(
                f"{path} is a table without geometries; expected polygons or points with a class, so save a table of "
                "places (lon and lat, or x and y) or of segment_id, and class, as CSV."
            ) from error
        if _is_tiff(path):
            raise
        raise _unreadable(path) from error


_KNOWN = (
    *(".gpkg", ".geojson", ".json", ".shp", ".fgb", ".parquet", ".zip"),
    *(".tif", ".tiff", ".png", ".img", ".vrt", ".jp2", ".nc"),
)
"""Endings of formats that are read: a file of such a name that is not is damaged, or is called wrongly."""


def _unreadable(path: Path) -> NotReadable:
    """Say of a file that is neither vector data nor a raster what helps: it is damaged, or of a format of others."""
    if is_zip(path):
        return NotReadable(
            f"{path} is an archive of which labels are read where it holds shapefiles, or one GeoPackage, FlatGeobuf "
            "or GeoParquet, and nothing else; unpack it and name the file with the labels."
        )
    if path.suffix.lower() in _KNOWN:
        return NotReadable(
            f"{path} can be read neither as vector data nor as a raster; expected a complete GeoPackage, GeoJSON or "
            "GeoTIFF, so copy or export it again."
        )
    return NotReadable(
        f"{path} is of no format that labels are read from; expected a GeoPackage, GeoJSON, Shapefile, FlatGeobuf, "
        f"GeoParquet, GeoTIFF or CSV, so convert it, for example with `ogr2ogr copy.gpkg {shlex.quote(str(path))}`."
    )


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

    def over(
        self, scene: SceneInfo, codes: Callable[[Window], NDArray[np.int32]], tally: Tally | None = None
    ) -> None:
        """Count a scene's pixels, in ``pixels`` or in a tally of their own."""
        path = self.workspace.segment_file(scene.name)
        tally = self.pixels if tally is None else tally
        for window in windows(scene.rows, scene.columns, _BLOCK):
            found = codes(window)
            if found.any():
                ids = read_ids(path, window, most=len(self.table), size=(scene.rows, scene.columns))
                tally.add(ids, found)
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


def count_file(
    file: LabelFile, scenes: Sequence[SceneInfo], count: Count, *, zero_counts: bool
) -> tuple[dict[str, int], LeftOut]:
    """Count what a file says of some scenes.

    Parameters
    ----------
    file
        A raster or a layer of a vector file.
    scenes
        Those that it may lie over.
    count
        Takes what is found.
    zero_counts
        Whether 0 may be a class of a raster that does not say so.

    Returns
    -------
    codes, left_out
        Code of each class by name, in rising order; and what was not taken.

    Raises
    ------
    NotReadable, NotUsable, WorkspaceError
        As ``read_labels``.
    """
    count.steps.add(0)  # GDAL reads all of a large GeoJSON first, which takes a while
    if isinstance(file, RasterFile):
        return _take_classes([(file, _met(file, scenes, count))], count, zero_counts=zero_counts)
    if isinstance(file, TableFile):
        _count_table(file, scenes, count)
        return _in_order(file.names), LeftOut(dict(file.skipped), list(dict.fromkeys(file.decided)))
    _count_vector(file, scenes, count)
    skipped = {_REASONS[reason]: number for reason, number in file.skipped.items() if number}
    return _in_order(file.names), LeftOut(skipped, crossings(file.crossing))


def crossings(polygons: int) -> list[str]:
    """Say how many polygons cross themselves and what is taken of them; nothing of none."""
    if not polygons:
        return []
    one = polygons == 1
    return [
        "a polygon crosses itself: all that it encloses counts"
        if one
        else f"{polygons:,} polygons cross themselves: all that they enclose counts"
    ]


def _met(file: RasterFile, scenes: Sequence[SceneInfo], count: Count) -> Tally:
    """Count the values of a raster in each segment, by their numbers."""
    covered = [scene for scene in scenes if file.overlaps(scene)]
    if not covered:
        raise _elsewhere(Path(file.path), scenes)
    tally = count.pixels.empty()
    for scene in covered:
        with file.on_grid(scene) as laid:
            count.over(scene, laid.codes, tally)
    return tally


def _take_classes(
    met: Sequence[tuple[RasterFile, Tally]], count: Count, *, zero_counts: bool
) -> tuple[dict[str, int], LeftOut]:
    """Decide over the values of some rasters together, and count those that are classes; return as ``count_file``."""
    pixels, declared, legend = dict[int, int](), set[int](), dict[int, str]()
    for file, tally in met:
        found = tally.by_code()
        declared |= {file.nodata} if file.nodata is not None and found.get(MASKED) else set()
        legend = file.legend | legend
        for value, number in file.numbers.items():
            pixels[value] = pixels.get(value, 0) + found.get(number, 0)
    pixels = {value: number for value, number in pixels.items() if number}
    asked = _asked(file for file, _ in met)
    reading = read_values(pixels, legend, asked=asked, masked=bool(declared - {0}), zero_counts=zero_counts)
    if len(reading.classes) == 1 and asked is None:  # a mask whose other half is lost, perhaps
        reading.decided.extend(f"{value} counts as no data, as the file declares" for value in sorted(declared))
    codes: dict[str, int] = {}
    for file, tally in met:
        numbers = file.class_numbers(reading.classes)
        count.pixels.take(tally, numbers)
        for value, number in file.numbers.items():
            if numbers[number]:
                name = file.names.names[numbers[number] - 1]
                codes[name] = min(value, codes.get(name, value))
    return dict(sorted(codes.items(), key=lambda pair: pair[1])), _left_out(reading, pixels)


def _asked(files: Iterable[RasterFile]) -> set[int] | None:
    """Return the values that the user calls classes in any of some rasters; None where that was left open."""
    asked = [file.asked for file in files]
    named = [values for values in asked if values is not None]
    return set().union(*named) if named else None


def _left_out(reading: Reading, pixels: Mapping[int, int]) -> LeftOut:
    """Count the pixels of values that are no class."""
    none = {f"{PIXELS}{value}, which counts as no class": pixels[value] for value in reading.none}
    return LeftOut(none, reading.decided)


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
    if len({scene.crs for scene in scenes}) == 1:
        file.leave_beside()


def _count_table(file: TableFile, scenes: Sequence[SceneInfo], count: Count) -> None:
    """Count the rows of a table, each as a point in its segment."""
    taken = file.codes > 0
    if file.kind == "segments":
        known = np.isin(file.segments, count.points.known)
        file.leave("rows of segments that the workspace does not have", taken & ~known)
        count.points.add(file.segments[known], file.codes[known])
        return
    polygons, beside = np.empty(0, dtype=object), taken.copy()
    for scene in scenes:
        xy = file.points(scene)
        here = taken & inside(xy, scene)
        count.at(scene, Features(polygons, file.codes[:0], xy[here], file.codes[here]))
        beside &= ~here
    if taken.any() and beside.sum() == taken.sum():
        raise _elsewhere(file.path, scenes)
    file.leave("rows whose place lies beside the scene", beside)


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


def unlabelling(path: Path, left_out: LeftOut, classes: Classes = None) -> NotUsable:
    """Say that a file labels nothing, as none of the classes that were asked for, and what of it was left out."""
    asked = "" if classes is None else f" as one of: {', '.join(map(str, classes))}"
    reasons = "".join(f"; {number} {reason}" for reason, number in left_out.counts.items())
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
