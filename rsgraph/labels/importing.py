"""Labels and classes that the user already has: GeoPackage, GeoJSON, GeoTIFF, and lists of classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from affine import Affine
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotReadable, NotUsable, WorkspaceError
from rsgraph.io.handles import existing_file, read
from rsgraph.io.writers import windows
from rsgraph.labels.class_lists import listed_classes
from rsgraph.labels.class_names import Classes, Names
from rsgraph.labels.raster_files import RasterFile, all_classes, open_raster
from rsgraph.labels.tally import Tally
from rsgraph.labels.vector_files import (
    Features,
    VectorFile,
    columns_of,
    layers_of,
    open_vector,
    untouched,
)
from rsgraph.protocols import Progress
from rsgraph.types import Floats, Window
from rsgraph.workspace import SceneInfo, Workspace

_BLOCK = Window(0, 0, 512, 512)
"""Pixels in memory at a time."""

_REASONS = {
    "unlabelled": "features without a class",
    "unwanted": "features of classes that were not asked for",
    "predicted": "features that a model predicted (propagated or classified), not a person",
    "empty": "features without a geometry",
    "lines": "lines",
}


@dataclass(frozen=True)
class ImportedLabels:
    """What a file says of the segments of a workspace.

    Parameters
    ----------
    segment_ids
        (m,) in the order of ``segments.parquet``.
    labels
        (m,) names of classes.
    share
        (m,) float32: the part of the segment's pixels that carry the class (of points: of the points in it).
    colours
        All classes in ``labels``, in the order of the file: ``#rrggbb``, or None where the file gives no colour.
    skipped
        How many were left out, by reason.
    """

    segment_ids: NDArray[np.int64]
    labels: NDArray[np.object_]
    share: Floats
    colours: dict[str, str | None]
    skipped: dict[str, int]


def read_labels(
    workspace: Workspace,
    path: str | Path,
    *,
    column: str | None = None,
    layer: str | None = None,
    classes: Classes = None,
    min_share: float = 0.5,
    predictions: bool = False,
    progress: Progress | None = None,
) -> ImportedLabels:
    """Give each segment the class that most of its pixels have in a file.

    Polygons (GeoPackage, GeoJSON and whatever else GDAL knows) are brought to the scene's CRS and drawn window by
    window; a pixel belongs to the polygon that its centre lies in, to the later one where polygons overlap. Points
    label the segment that they lie in, where no polygon does. Rasters of class codes (GeoTIFF ...) are laid over the
    scene's grid window by window, the nearest pixel counts; names and colours come from the file's tag ``LEGEND``,
    tags ``CLASS_<code>``, category names or attribute table, and colour table; codes without a name are called
    ``class <code>``. Nodata, masked pixels and, unless it has a name, code 0 are no class. The file is only read,
    and nothing is written beside it.

    Parameters
    ----------
    workspace
        Its scenes, raster of segments and table of segments are read.
    path
        The file.
    column
        The attribute that holds the class; None: the one that looks like it (label, class, landcover ...).
    layer
        The layer of a vector file, or the number of the band of a raster, where there are several.
    classes
        Which classes to take: names (or codes as text), or a mapping from those to names. None: all.
    min_share
        Above 0, at most 1: segments of which the class covers less are left out and counted.
    predictions
        Exports of rsgraph say of each label where it comes from. False leaves out those that were propagated or
        classified, so that predictions do not come back as labels; True takes them, too.
    progress
        Called with (windows done, windows in all); may raise to cancel.

    Raises
    ------
    NotReadable
        Missing, empty, damaged, or neither vector nor raster.
    NotUsable
        No CRS, no overlap with the scene, only lines, measurements instead of classes, no attribute that looks
        like a class, several layers or bands and none named, nothing labelled.
    ConfigError
        An option out of range.
    WorkspaceError
        The workspace's files are damaged or do not fit together.
    """
    if not 0 < min_share <= 1:
        raise ConfigError(f"`min_share` must be above 0 and at most 1. Got {min_share!r} instead.")
    scenes = workspace.scenes
    steps = _Steps(progress, sum(len(list(windows(scene.rows, scene.columns, _BLOCK))) for scene in scenes))
    names = Names(classes)
    with _opened(existing_file(Path(path)), layer, column, names, predictions=predictions) as file:
        steps.tick()  # opening a large GeoJSON takes a while
        count = _Count(workspace, steps)
        if isinstance(file, RasterFile):
            _count_raster(file, scenes, count)
            skipped = {}
        else:
            _count_vector(file, scenes, count)
            skipped = {_REASONS[reason]: number for reason, number in file.skipped.items() if number}
    steps.finish()
    return _labels(count, names, min_share, skipped, Path(path))


def read_classes(
    path: str | Path, *, column: str | None = None, layer: str | None = None
) -> list[tuple[str, str | None]]:
    """List the classes of a file, with their colours where it gives them.

    Parameters
    ----------
    path
        A GeoPackage, GeoJSON or the like (the values of an attribute); a raster (its legend, or else the codes of
        its pixels); a CSV file or text with one class per line (columns such as name and colour); or JSON (names,
        objects with name and colour, or colours by name).
    column, layer
        As in ``read_labels``.

    Returns
    -------
    list of (name, colour)
        Colours as ``#rrggbb`` or None.

    Raises
    ------
    NotReadable, NotUsable
        As in ``read_labels``; or the file names no class.
    """
    path = existing_file(Path(path))
    listed = listed_classes(path, column)
    if listed is None:
        with _opened(path, layer, column, Names(), predictions=True) as file:
            listed = all_classes(file) if isinstance(file, RasterFile) else file.classes()
    if not listed:
        raise NotUsable(f"{path} names no class; expected one per line, object or feature.")
    return listed


def vector_layers(path: str | Path) -> list[str]:
    """Return the names of the layers with geometries that a file offers; none for a raster."""
    with untouched(existing_file(Path(path))) as place:
        return [name for name, kind in layers_of(place).items() if kind is not None]


def vector_columns(path: str | Path, *, layer: str | None = None) -> list[str]:
    """Return the attributes that could hold the class. Raises NotReadable or NotUsable."""
    with untouched(existing_file(Path(path))) as place:
        return columns_of(place, Path(path), layer)


@contextmanager
def _opened(
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


class _Steps:
    """Counts windows; vector files are read before the first, in an unknown number of steps."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, max(total, 1), -1
        self.advance()

    def tick(self) -> None:
        """Report again what is done: a chance to cancel."""
        if self.progress is not None:
            self.progress(self.done, self.total)

    def advance(self, number: int = 1) -> None:
        """Report that windows are done."""
        self.done = min(self.done + number, self.total)
        self.tick()

    def finish(self) -> None:
        """Report that all are."""
        if self.done < self.total:
            self.advance(self.total - self.done)


@dataclass
class _Count:
    """Pixels and points of each class in each segment."""

    workspace: Workspace
    steps: _Steps
    table: Any = field(init=False)
    pixels: Tally = field(init=False)
    points: Tally = field(init=False)

    def __post_init__(self) -> None:
        self.table = self.workspace.segments
        ids = self.table["segment_id"].to_numpy()
        self.pixels, self.points = Tally(ids), Tally(ids)

    def over(self, scene: SceneInfo, codes: Callable[[Window], NDArray[np.int32]]) -> None:
        """Count a scene's pixels."""
        path = self.workspace.segment_file(scene.name)
        for window in windows(scene.rows, scene.columns, _BLOCK):
            found = codes(window)
            if found.any():
                self.pixels.add(_ids(path, window), found)
            self.steps.advance()

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
            self.points.add(_ids(path, window)[rows[here] - top, columns[here] - left], codes[here])
            self.steps.tick()
        return bool(inside.any())


def _ids(path: Path, window: Window) -> NDArray[np.uint32]:
    try:
        found: NDArray[np.uint32] = read(str(path), [1], *window)[0]
    except NotReadable as error:
        raise WorkspaceError(f"{path} is damaged ({error}); run the same command again to restore it") from error
    return found


def _count_raster(file: RasterFile, scenes: Sequence[SceneInfo], count: _Count) -> None:
    covered = [scene for scene in scenes if file.overlaps(scene)]
    if not covered:
        raise _elsewhere(Path(file.path), scenes)
    for scene in covered:
        with file.on_grid(scene) as laid:
            count.over(scene, laid.codes)


def _count_vector(file: VectorFile, scenes: Sequence[SceneInfo], count: _Count) -> None:
    taken = overlapping = 0
    for crs in dict.fromkeys(scene.crs for scene in scenes):
        here = [scene for scene in scenes if scene.crs == crs]
        features = file.features(here, count.steps.tick)
        taken += len(features.polygons) + len(features.points)
        for scene in here:
            overlapping += _count_features(features, scene, count)
    if not overlapping and (taken or not sum(file.skipped.values())):
        raise _elsewhere(file.path, scenes)


def _count_features(features: Features, scene: SceneInfo, count: _Count) -> bool:
    """Count what lies over a scene; tell whether anything does."""
    transform = Affine(*scene.transform)
    polygons = features.any_over(transform, Window(0, 0, scene.rows, scene.columns))
    if polygons:
        count.over(scene, lambda window: features.codes(transform, window))
    return count.at(scene, features) or polygons


def _elsewhere(path: Path, scenes: Sequence[SceneInfo]) -> NotUsable:
    what = f"scene '{scenes[0].name}'" if len(scenes) == 1 else f"any of the {len(scenes)} scenes"
    return NotUsable(f"{path} lies elsewhere: nothing in it overlaps {what}; check its CRS and which scene it is of.")


def _labels(count: _Count, names: Names, min_share: float, skipped: dict[str, int], path: Path) -> ImportedLabels:
    """Choose each segment's class, by pixels and else by points."""
    pixels, points = _shares(count.pixels, count.table["area_px"].to_numpy()), _shares(count.points, None)
    points = points.only(~np.isin(points.rows, pixels.rows))
    found = pixels.joined(points)
    if not len(found.rows):
        reasons = "".join(f"; {number} {reason}" for reason, number in skipped.items())
        raise NotUsable(f"{path} labels no segment{reasons}; expected pixels, polygons or points with a class.")
    enough = found.share >= min_share - 1e-6
    mixed = f"segments of which no class covers {min_share:.0%}"
    kept = found.only(enough)
    listed = np.array(names.names, dtype=object)[kept.codes - 1]
    used = set(listed.tolist())
    return ImportedLabels(
        count.table["segment_id"].to_numpy()[kept.rows].astype(np.int64),
        listed,
        kept.share,
        {name: names.colours.get(name) for name in names.names if name in used},
        skipped | ({} if enough.all() else {mixed: int((~enough).sum())}),
    )


class _Shares(NamedTuple):
    """Rows of segments, their commonest class, and the part of the segment that it covers."""

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    share: Floats

    def only(self, chosen: NDArray[Any]) -> _Shares:
        """Return some of them."""
        return _Shares(self.rows[chosen], self.codes[chosen], self.share[chosen])

    def joined(self, others: _Shares) -> _Shares:
        """Return these and others, by row."""
        rows = np.concatenate([self.rows, others.rows])
        codes, share = np.concatenate([self.codes, others.codes]), np.concatenate([self.share, others.share])
        return _Shares(rows, codes, share).only(np.argsort(rows, kind="stable"))


def _shares(tally: Tally, totals: NDArray[Any] | None) -> _Shares:
    """Divide by the segments' pixels, or by all that was counted in them."""
    rows, codes, counts = tally.majority()
    totals = tally.totals() if totals is None else totals
    return _Shares(rows, codes, (counts / totals[rows]).astype(np.float32))
