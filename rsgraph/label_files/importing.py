"""Labels and classes that the user already has: GeoPackage, GeoJSON, GeoTIFF, and lists of classes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.label_files.class_names import Classes, Names
from rsgraph.label_files.counting import Count, LeftOut, count_file, label_file, opened_file, unlabelling
from rsgraph.label_files.places import class_titles, holds_places
from rsgraph.label_files.tables import read_table
from rsgraph.label_files.tally import Tally
from rsgraph.label_files.vector_files import columns_of, layers_of, untouched
from rsgraph.protocols import Progress
from rsgraph.types import Floats
from rsgraph.workspace import Workspace


@dataclass(frozen=True)
class ImportedLabels:
    """Labels of a file for the segments of a workspace.

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
    decided
        What was decided and the file does not say: one phrase each.
    """

    segment_ids: NDArray[np.int64]
    labels: NDArray[np.object_]
    share: Floats
    colours: dict[str, str | None]
    skipped: dict[str, int]
    decided: tuple[str, ...] = ()


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
    label the segment that they lie in, where no polygon does and one class is the commonest of them. Rasters of
    class codes (GeoTIFF ...) are laid over the scene's grid window by window, the nearest pixel counts; names and
    colours come from the file's tag ``LEGEND``, tags ``CLASS_<code>``, category names or attribute table, and
    colour table; codes without a name are called ``class <code>``. Nodata, masked pixels and, unless it has a name,
    code 0 are no class, nor are values that stand for no data without being declared
    (``rsgraph.label_files.class_values``: -1, 255 ...), unless ``classes`` names them; their pixels are counted.
    The file is only read, and nothing is written beside it.

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
    names = Names(classes, str(path))
    count = Count(workspace, progress)
    with opened_file(label_file(Path(path)), layer, column, names, predictions=predictions) as file:
        _, left_out = count_file(file, workspace.scenes, count, zero_counts=False)
    count.steps.finish()
    return _labels(count, names, min_share, left_out, Path(path))


def vector_layers(path: str | Path) -> list[str]:
    """Return the names of the layers with geometries that a file offers; none for a raster."""
    with untouched(label_file(Path(path))) as place:
        return [name for name, kind in layers_of(place).items() if kind is not None]


def vector_columns(path: str | Path, *, layer: str | None = None) -> list[str]:
    """Return the attributes that could hold the class. Raises NotReadable or NotUsable."""
    with untouched(label_file(Path(path))) as place:
        return columns_of(place, Path(path), layer)


def table_columns(path: str | Path) -> list[str]:
    """Return the columns that could hold the class in a table of places or segments; none for other files."""
    return class_titles(read_table(Path(path)).titles) if holds_places(Path(path)) else []


def _labels(count: Count, names: Names, min_share: float, left_out: LeftOut, path: Path) -> ImportedLabels:
    """Choose each segment's class, by pixels and else by points."""
    pixels, points = _shares(count.pixels, count.table["area_px"].to_numpy()), _shares(count.points, None)
    beside, undecided = _apart(points, pixels), np.setdiff1d(count.points.tied(), pixels.rows)
    undecided = np.intersect1d(
        undecided, points.rows[points.share >= min_share - 1e-6]
    )  # else no class covers enough
    points = points.only(~np.isin(points.rows, np.concatenate([pixels.rows, undecided])))
    found = pixels.joined(points)
    more = {_OVERRULED: beside, _TIED: len(undecided)}
    left_out = left_out._replace(counts=left_out.counts | {reason: n for reason, n in more.items() if n})
    if not len(found.rows):
        raise unlabelling(path, left_out)
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
        left_out.counts | ({} if enough.all() else {mixed: int((~enough).sum())}),
        (*left_out.decided, *names.absent),
    )


_OVERRULED = "segments with points of another class than the polygons in them, which count"
_TIED = "segments whose points or rows are of several classes, none of them the commonest"


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


def _apart(points: _Shares, pixels: _Shares) -> int:
    """Count the segments whose points and pixels are of different classes."""
    _, here, there = np.intersect1d(points.rows, pixels.rows, return_indices=True)
    return int((points.codes[here] != pixels.codes[there]).sum())


def _shares(tally: Tally, totals: NDArray[Any] | None) -> _Shares:
    """Divide by the segments' pixels, or by all that was counted in them."""
    rows, codes, counts = tally.majority()
    totals = tally.totals() if totals is None else totals
    return _Shares(rows, codes, (counts / totals[rows]).astype(np.float32))
