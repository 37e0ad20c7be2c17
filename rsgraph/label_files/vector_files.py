"""Polygons and points with a class, as files of others and our own exports hold them."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyogrio
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.features import rasterize

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.archive import opened_zip, reasons
from rsgraph.label_files.class_names import COLOUR_COLUMNS, Names, class_column, class_name, first_of, hex_colour
from rsgraph.label_files.computed_layers import refuse_computed_layers
from rsgraph.label_files.curves import read_shapes
from rsgraph.label_files.formats import is_vector, refuse_other_drivers, safely, zipped_parquet
from rsgraph.label_files.geometries import (
    Bounds,
    Geometries,
    Owners,
    bounds_of,
    cut,
    dense,
    frame_of,
    moved,
    pixel_size,
    reprojected,
    simple_parts,
    union,
    usable,
    valid_parts,
)
from rsgraph.label_files.geoparquet import MAGIC, UNREADABLE, as_geopackage
from rsgraph.label_files.tally import Codes
from rsgraph.types import Window
from rsgraph.warning_filters import ignored
from rsgraph.workspace import SceneInfo

PREDICTED = ("propagated", "classified")
Reason = Literal["empty", "unlabelled", "unwanted", "predicted", "lines", "unreadable", "flat", "unplaced", "beside"]

_BATCH = 20_000

_MOST_FEATURES = 20_000_000
"""Of a layer: a file of a few kilobytes may say that one feature stands in it without end."""


@dataclass(frozen=True)
class Features:
    """Polygons and points in one CRS, with class codes, in the order of the file.

    Parameters
    ----------
    polygons, polygon_codes
        (n,) Polygon or MultiPolygon, and their codes.
    points, point_codes
        (m, 2) x and y, and their codes.
    """

    polygons: Geometries
    polygon_codes: Codes
    points: NDArray[np.float64]
    point_codes: Codes
    tree: shapely.STRtree = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "tree", shapely.STRtree(self.polygons))

    def any_over(self, transform: Affine, window: Window) -> bool:
        """Tell whether polygons reach into a window."""
        return len(self.tree.query(frame_of(transform, window), predicate="intersects")) > 0

    def codes(self, transform: Affine, window: Window) -> Codes:
        """Draw the polygons of a window; where they overlap, the later one counts.

        A pixel belongs to the polygon that its centre lies in.
        """
        frame = frame_of(transform, window)
        chosen = np.sort(self.tree.query(frame))
        shapes = cut(self.polygons[chosen], frame, pixel_size(transform))
        drawn = [
            (shape, code) for shape, code in zip(shapes, self.polygon_codes[chosen].tolist(), strict=True) if shape
        ]
        size = (window.rows, window.columns)
        if not drawn:
            return np.zeros(size, dtype=np.int32)
        here = transform @ Affine.translation(window.column, window.row)
        found: Codes = rasterize(drawn, out_shape=size, transform=here, fill=0, dtype="int32")
        return found

    def pixels(self, transform: Affine) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows and columns (m,) that the points lie in."""
        columns, rows = ~transform @ tuple(self.points.T)
        return np.floor(rows).astype(np.int64), np.floor(columns).astype(np.int64)


@dataclass
class VectorFile:
    """One layer of a vector file; opened by ``open_vector``.

    Parameters
    ----------
    path
        As the user named it, for messages.
    place
        What is read: the file itself, or a copy of one that reading would touch.
    layer, column
        Where the classes are.
    colour_column, origin_column
        Where the file has them.
    crs
        Of the layer, or None.
    names
        Numbers the classes that are met.
    predictions
        Whether to take what a model predicted.
    total
        How many features the layer has.
    marked
        Whether features whose geometry could not be copied are marked.
    """

    path: Path
    place: Path
    layer: str
    column: str
    colour_column: str | None
    origin_column: str | None
    crs: str | None
    names: Names
    predictions: bool = False
    total: int = 0
    marked: bool = False
    skipped: Counter[Reason] = field(default_factory=Counter, init=False)
    crossing: int = field(default=0, init=False)
    """Polygons that cross themselves: all that they enclose counts."""
    seen: int = field(default=0, init=False)
    """Features that were read, over all calls of ``features``."""

    def features(self, scenes: Sequence[SceneInfo], tick: Callable[[], None]) -> Features:
        """Read what lies over scenes of one CRS, in that CRS.

        Parameters
        ----------
        scenes
            All of one CRS.
        tick
            Called now and then; may raise to cancel.

        Raises
        ------
        NotReadable
            Damaged.
        NotUsable
            No CRS; nothing but lines; or two attributes of one name but for capital letters.
        """
        crs = scenes[0].crs
        bounds = union([bounds_of(scene) for scene in scenes])
        same = same_space(self.path, self.place, self.crs, scenes[0])
        near = bounds if same else reprojected(bounds, crs, self.crs, self.path)
        with reading(self.path):  # shapely refuses coordinates beyond measure, too
            parts = [self._placed(batch, None if same else crs, near) for batch in self._batches(near, tick)]
        if not any(len(part.polygons) or len(part.points) for part in parts) and self.skipped["lines"]:
            raise NotUsable(
                f"{self.path} holds lines; expected polygons, or points that lie in segments, so buffer the lines to "
                "polygons first."
            )
        return _concatenated(parts)

    def _batches(self, near: Bounds, tick: Callable[[], None]) -> Iterator[_Batch]:
        """Read some thousand features at a time, from one pass over the file."""
        mark = UNREADABLE if self.marked else None
        columns = [name for name in (self.column, self.colour_column, self.origin_column, mark) if name is not None]
        with reading(self.path):
            opened = pyogrio.open_arrow(
                self.place, layer=self.layer, columns=columns, bbox=near, batch_size=_BATCH, use_pyarrow=True
            )
            with opened as (meta, reader):
                for batch in reader:
                    tick()
                    self.seen += batch.num_rows
                    yield self._batch(batch, meta["geometry_name"] or "wkb_geometry")

    def _batch(self, batch: Any, geometry_name: str) -> _Batch:
        for name in (self.column, self.colour_column, self.origin_column):
            if name is not None and name not in batch.schema.names:
                raise NotUsable(
                    f"{self.path} has another attribute that differs from '{name}' in capital letters only, which "
                    "GDAL does not tell apart; remove one of them in a copy."
                )
        table = {name: _values(batch.column(name)) for name in batch.schema.names if name != geometry_name}
        n = batch.num_rows
        shapes, unreadable = read_shapes(batch.column(geometry_name).to_pylist())
        colours = table[self.colour_column] if self.colour_column else [None] * n
        origins = table[self.origin_column] if self.origin_column else [None] * n
        if self.marked:
            unreadable |= np.array(table[UNREADABLE], dtype=bool)
        return _Batch(shapes, table[self.column], colours, origins, unreadable)

    def _coded(self, batch: _Batch) -> Codes:
        """Return the class code of each feature; 0 for those that are not taken, which are counted."""
        return np.array(
            [self._code(*row) for row in zip(batch.values, batch.colours, batch.origins, strict=True)], dtype=np.int32
        )

    def _code(self, value: Any, colour: Any, origin: Any) -> int:
        name = class_name(value, f"column '{self.column}' of {self.path}")
        if name is None:
            return self._skip("unlabelled")
        if origin in PREDICTED and not self.predictions:
            return self._skip("predicted")
        return self.names.code(name, _text(value), colour=hex_colour(colour)) or self._skip("unwanted")

    def _skip(self, reason: Reason) -> int:
        self._leave(reason, 1)
        return 0

    def _leave(self, reason: Reason, count: int) -> None:
        """Count features that are left out."""
        if count:
            self.skipped[reason] += count

    def leave_beside(self) -> None:
        """Count the features that were not read, because they lie beside all scenes."""
        self._leave("beside", self.total - self.seen)

    def _placed(self, batch: _Batch, crs: str | None, near: Bounds) -> Features:
        """Sort features by kind and bring them to another CRS (None: they are in it), cut to where the scenes lie."""
        codes = self._coded(batch)
        empty = shapely.is_missing(batch.shapes) | shapely.is_empty(batch.shapes)
        self._leave("unreadable", int((batch.unreadable & (codes > 0)).sum()))
        self._leave("empty", int((empty & ~batch.unreadable & (codes > 0)).sum()))
        chosen = np.flatnonzero(~empty & (codes > 0))
        parts, owners = simple_parts(batch.shapes[chosen])
        kinds = shapely.get_type_id(parts)
        self._leave("lines", len(np.unique(owners[np.isin(kinds, (1, 2))])))
        polygons, of = self._enclosing(parts[kinds == 3], owners[kinds == 3])
        points, at = parts[kinds == 0], owners[kinds == 0]
        if crs is not None:
            polygons = dense(cut(polygons, shapely.box(*near), 0), near)
            away = shapely.is_empty(polygons)  # beyond where the scene lies
            polygons, of = simple_parts(polygons[~away], of[~away])
            polygons, points = (moved(shapes, self.crs, crs) for shapes in (polygons, points))
            polygons, of, _ = valid_parts(polygons, of)
        whole, there = usable(polygons), usable(points)
        self._leave("unplaced", len(np.unique(np.concatenate([of[~whole], at[~there]]))))
        codes, xy = codes[chosen], shapely.get_coordinates(points[there])
        return Features(polygons[whole], codes[of[whole]], xy, codes[at[there]])

    def _enclosing(self, polygons: Geometries, owners: Owners) -> tuple[Geometries, Owners]:
        """Return polygons that cross themselves as what they enclose; count them, and those that enclose nothing."""
        finite = usable(polygons)
        self._leave("unplaced", len(np.unique(owners[~finite])))
        parts, of, crossing = valid_parts(polygons[finite], owners[finite])
        self.crossing += crossing
        self._leave("flat", len(np.setdiff1d(owners[finite], of)))
        return parts, of


@dataclass(frozen=True)
class _Batch:
    """Some features: geometries, values of the class column, colours and origins (or None) of each.

    Geometries that cannot be read are None, and marked.
    """

    shapes: Geometries
    values: list[Any]
    colours: list[Any]
    origins: list[Any]
    unreadable: NDArray[np.bool_]


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what GDAL says of a vector file into NotReadable, and keep its warnings quiet."""
    with ignored(), safely():  # GDAL's remarks on files of others: the user cannot change them here
        try:
            yield
        except (shapely.errors.GEOSException, RuntimeError, OSError, UnicodeDecodeError) as error:
            raise _damaged(path, error) from error


def _damaged(path: Path, error: BaseException) -> NotReadable:
    reason = " ".join(str(error).split()).rstrip(".")
    return NotReadable(f"{path} cannot be read: {reason}; expected a complete file, so copy or export it again.")


@contextmanager
def untouched(path: Path) -> Iterator[Path]:
    """Give a path that can be read without a trace beside the user's file.

    SQLite writes ``-wal`` and ``-shm`` files beside a database in WAL mode even when it is only read, so such a
    GeoPackage is read from a copy in a temporary folder, and a GeoParquet, in a .zip or not, from a GeoPackage that
    is made of it there.

    Raises
    ------
    NotReadable
        A GeoParquet is damaged.
    NotUsable
        Layers are computed, or a Parquet has no shapes that can be read.
    """
    refuse_computed_layers(path)
    with path.open("rb") as file:
        head = file.read(20)
    member = zipped_parquet(path) if head.startswith(b"PK") else None
    if head.startswith(MAGIC) or member:
        with tempfile.TemporaryDirectory(prefix="rsgraph-") as folder:
            unpacked = Path(folder) / "labels.parquet" if member else None
            if member and unpacked:
                _unpack(path, member, unpacked)
            as_geopackage(path, Path(folder) / "labels.gpkg", unpacked)
            yield Path(folder) / "labels.gpkg"
        return
    if not (head.startswith(b"SQLite format 3\0") and head[18:20] == b"\x02\x02"):
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="rsgraph-") as folder:
        for name in (path.name, f"{path.name}-wal"):
            if (path.parent / name).exists():
                shutil.copyfile(path.parent / name, Path(folder) / name)
        yield Path(folder) / path.name


def _unpack(path: Path, member: str, place: Path) -> None:
    with reasons(path, member), opened_zip(path).open(member) as packed, place.open("wb") as file:
        shutil.copyfileobj(packed, file)


def layers_of(path: Path) -> dict[str, str | None]:
    """Return the vector layers of a file and their geometry types (None: a table); none for a raster.

    Raises NotReadable where the file is damaged.
    """
    if not is_vector(path):
        return {}
    with ignored(), safely():  # as in `reading`
        try:
            found = pyogrio.list_layers(path)
        except pyogrio.errors.DataSourceError:
            return {}
        except (RuntimeError, UnicodeDecodeError) as error:  # a type of geometry that there is not, a broken name
            raise _damaged(path, error) from error
    return {str(name): None if kind is None else str(kind) for name, kind in found}


def open_vector(
    path: Path, place: Path, layer: str | None, column: str | None, names: Names, *, predictions: bool
) -> VectorFile:
    """Open a layer.

    Parameters
    ----------
    path
        As the user named it.
    place
        What is read (see ``untouched``).
    layer, column
        Where the classes are; None: found.
    names
        Numbers the classes.
    predictions
        Whether to take what a model predicted.

    Raises
    ------
    NotReadable
        Damaged.
    NotUsable
        No such layer or column, several that could be meant, no features.
    """
    layer = _layer(path, layers_of(place), layer)
    with reading(path):
        info = pyogrio.read_info(place, layer=layer, force_feature_count=True)
    refuse_other_drivers(path, str(info["driver"]))
    columns = _own_columns(info)
    if info["features"] == 0:
        raise NotUsable(f"{path} is empty: layer '{layer}' has no features; expected polygons or points.")
    if info["features"] > _MOST_FEATURES:
        raise NotUsable(
            f"{path} says that its layer '{layer}' has {info['features']:,} features; expected at most "
            f"{_MOST_FEATURES:,}, so cut it to where the scenes lie."
        )
    return VectorFile(
        path,
        place,
        layer,
        class_column(path, columns, column),
        first_of(columns, COLOUR_COLUMNS),
        first_of(columns, ("origin",)) if "segment_id" in columns else None,
        None if info["crs"] is None else str(info["crs"]),
        names,
        predictions,
        int(info["features"]),
        UNREADABLE in info["fields"],
    )


def columns_of(place: Path, path: Path, layer: str | None) -> list[str]:
    """Return the attributes of a layer."""
    with reading(path):
        return _own_columns(pyogrio.read_info(place, layer=_layer(path, layers_of(place), layer)))


def _own_columns(info: Mapping[str, Any]) -> list[str]:
    """Return the attributes of a layer without the mark of a copy."""
    return [str(name) for name in info["fields"] if name != UNREADABLE]


def _layer(path: Path, layers: dict[str, str | None], layer: str | None) -> str:
    located = [name for name, kind in layers.items() if kind is not None]
    if layer is not None and layer in layers:
        return layer
    if layer is not None:
        raise NotUsable(f"{path} has no layer '{layer}'; choose one of: {', '.join(layers)}.")
    if not located:
        raise NotUsable(f"{path} is a table without geometries; expected polygons or points with a class.")
    if len(located) > 1:
        raise NotUsable(f"{path} has several layers; name one with layer=: {', '.join(located)}.")
    return located[0]


def _values(column: Any) -> list[Any]:
    """Return the values of a column; text that is not UTF-8, although the file says so, is read as Windows-1252."""
    try:
        return list(column.to_pylist())
    except UnicodeDecodeError:
        return [None if each is None else decoded(each) for each in column.cast("binary").to_pylist()]


def decoded(text: bytes) -> str:
    """Read text as UTF-8, or else as Windows-1252, in which the few bytes that stand for nothing are left out."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", errors="ignore")


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) else str(value).strip()


def same_space(path: Path, place: Path, crs: str | None, scene: SceneInfo) -> bool:
    """Tell whether a layer's coordinates can be taken as they are for a scene.

    Parameters
    ----------
    path
        As the user named it.
    place
        What is read (see ``untouched``).
    crs
        Of the layer, or None.
    scene
        What it is laid over.

    Raises
    ------
    NotUsable
        Only one of them has a CRS.
    """
    if scene.crs is not None and crs is not None:
        return bool(CRS.from_user_input(scene.crs) == CRS.from_user_input(crs))
    if scene.crs is None and (crs is None or _in_pixels(place)):
        return True
    if scene.crs is None:
        raise NotUsable(
            f"scene '{scene.name}' has no CRS, so {path} ({str(crs)[:60]}) cannot be laid over it; run "
            "the scene again with reader.crs, or bring labels in pixels."
        )
    raise NotUsable(
        f"{path} has no CRS, so it cannot be laid over scene '{scene.name}'; assign one to a copy, for "
        "example with `ogr2ogr -a_srs EPSG:32633 copy.gpkg ...`."
    )


def _in_pixels(place: Path) -> bool:
    """Tell whether a GeoJSON is our export of a scene without a CRS: RFC 7946 has no word for it."""
    with place.open("rb") as file:
        ours = b'"rsgraph"' in file.read(4096)
    if not ours:
        return False
    with reading(place):
        xy = shapely.get_coordinates(pyogrio.read_dataframe(place, columns=[], max_features=100).geometry.to_numpy())
    return bool(len(xy) and np.all(xy == np.round(xy)))


def _concatenated(parts: Sequence[Features]) -> Features:
    if not parts:
        none = np.empty(0, dtype=np.int32)
        return Features(np.empty(0, dtype=object), none, np.empty((0, 2)), none)
    names = ("polygons", "polygon_codes", "points", "point_codes")
    return Features(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))
