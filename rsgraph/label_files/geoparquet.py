"""GeoParquet of labels, as a GeoPackage for the time in which it is read: GDAL here knows no Parquet."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyproj
from pyogrio.raw import write_arrow

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.curves import read_shapes
from rsgraph.label_files.formats import safely

MAGIC = b"PAR1"

UNREADABLE = "rsgraph: its geometry cannot be read"
"""Attribute of the GeoPackage that marks features without a geometry which have one in the file, though a broken one:
GDAL would give them that of the feature before."""

_BATCH = 1024
_MOST_TOGETHER, _MOST = 2**28, 2**32
"""Bytes of a batch, and of all: a few bytes may stand for a shape, or a name, as often as there are rows."""


@dataclass(frozen=True)
class _About:
    """What the file's key ``geo`` says: the column of shapes, and their coordinate system (None: there is none)."""

    column: str
    crs: str | None


def as_geopackage(path: Path, place: Path, unpacked: Path | None = None) -> None:
    """Write the shapes and the simple attributes of a GeoParquet, and ``UNREADABLE``, into a GeoPackage.

    Parameters
    ----------
    path
        The file, for messages.
    place
        What is written; its layer is called as the file.
    unpacked
        Where it is read, if not there: it lies in a .zip.

    Raises
    ------
    NotReadable
        Damaged.
    NotUsable
        No GeoParquet but a table; shapes that are not written as WKB; more than can be unpacked.
    """
    refused: list[NotUsable] = []  # Arrow has words of its own for what is raised while it asks for rows
    try:
        with pq.ParquetFile(unpacked or path) as file:
            about, schema = _about(path, file), file.schema_arrow
        kept = [field.name for field in schema if field.name == about.column or _is_simple(field.type)]
        texts = [schema.field(name).name for name in kept if _is_text(schema.field(name).type)]
        with pq.ParquetFile(unpacked or path, read_dictionary=texts) as file:
            _write(path, place, about, _plain(path, file, kept, about.column, refused))
    except (pa.ArrowException, OSError, RuntimeError) as error:
        raise (refused[0] if refused else _damaged(path, error)) from error


def _damaged(path: Path, error: BaseException) -> NotReadable:
    reason = " ".join(str(error).split()).rstrip(".")
    return NotReadable(f"{path} cannot be read: {reason}; expected a whole GeoParquet, so copy or export it again.")


def _is_text(kind: Any) -> bool:
    return any(check(kind) for check in (pa.types.is_string, pa.types.is_binary))


def _is_simple(kind: Any) -> bool:
    """Tell whether a column may hold classes, colours or origins: no lists, boxes or other bytes."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_floating)
    return any(check(inner) for check in (*checks, pa.types.is_boolean))


def _about(path: Path, file: Any) -> _About:
    stored = (file.metadata.metadata or {}).get(b"geo")
    if stored is None:
        raise NotUsable(
            f"{path} is a Parquet table without shapes (it lacks the key geo of GeoParquet); expected polygons or "
            "points with a class, so save it as GeoParquet or GeoPackage, or a table of places as CSV."
        )
    try:
        geo = json.loads(stored)
        column = str(geo["primary_column"])
        described = geo["columns"][column]
        encoding, crs = described.get("encoding", "WKB"), described.get("crs", "OGC:CRS84")
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
        raise NotReadable(f"{path} is damaged: its key geo is not that of GeoParquet; export it again.") from error
    if column not in file.schema_arrow.names:
        raise NotReadable(f"{path} is damaged: it lacks the column {column[:80]} of its shapes; export it again.")
    kind = file.schema_arrow.field(column).type
    if encoding != "WKB" or not (pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise NotUsable(
            f"{path} writes its shapes as {str(encoding)[:40]}; expected well-known binary, so save it with "
            "`to_parquet(..., geometry_encoding='WKB')` of geopandas, or as a GeoPackage."
        )
    return _About(column, _crs(path, crs))


def _crs(path: Path, crs: Any) -> str | None:
    """Return well-known text of what a file calls its coordinate system."""
    if crs is None:
        return None
    if isinstance(crs, str) and "://" in crs.partition("[")[0]:
        raise NotUsable(
            f"{path} names its coordinate system by a link ({crs[:80]}); expected PROJJSON, well-known text or an "
            "authority's code, so save it with one."
        )
    try:
        return str(pyproj.CRS.from_user_input(crs).to_wkt())
    except (pyproj.exceptions.CRSError, TypeError) as error:
        raise NotReadable(f"{path} names a coordinate system that cannot be read; save it again.") from error


def _plain(path: Path, file: Any, columns: list[str], shapes: str, refused: list[NotUsable]) -> Any:
    """Return a reader of plain columns, batch by batch; what is more than fits is put into ``refused``."""
    wanted = [file.schema_arrow.field(name) for name in columns]
    schema = pa.schema([pa.field(each.name, _unpacked_type(each.type)) for each in wanted])
    marked = schema.append(pa.field(UNREADABLE, pa.bool_()))

    def batches() -> Iterator[Any]:
        total = 0
        for batch in file.iter_batches(batch_size=_BATCH, columns=columns):
            size = sum(_unpacked(batch.column(name)) for name in columns)
            total += size
            if size > _MOST_TOGETHER or total > _MOST:
                refused.append(
                    NotUsable(
                        f"{path} unpacks to more than {_MOST >> 30} GB, or {_MOST_TOGETHER >> 20} MB in {_BATCH} "
                        "rows; cut it to where the scenes lie."
                    )
                )
                raise refused[0]
            arrays = [batch.column(name).cast(schema.field(name).type) for name in columns]
            place = columns.index(shapes)
            broken = _broken(arrays[place])
            arrays[place] = pc.if_else(broken, None, arrays[place])
            yield pa.RecordBatch.from_arrays([*arrays, broken], schema=marked)

    return pa.RecordBatchReader.from_batches(marked, batches())


def _broken(shapes: Any) -> Any:
    """Tell of well-known binary, one by one, whether it is there and cannot be read."""
    _, unreadable = read_shapes(shapes.to_pylist())
    return pa.array(unreadable)


def _unpacked_type(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _unpacked(column: Any) -> int:
    """Return the bytes of a column once its values are written out, without writing them out."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    if not _is_text(column.type.value_type) and not pa.types.is_large_string(column.type.value_type):
        return 8 * len(column)
    lengths = pc.binary_length(column.dictionary)
    return int(pc.sum(pc.take(lengths, column.indices)).as_py() or 0)


def _write(path: Path, place: Path, about: _About, batches: Any) -> None:
    with warnings.catch_warnings(), safely():
        warnings.simplefilter("ignore", UserWarning)  # "crs was not provided": scenes without one exist
        write_arrow(
            batches,
            place,
            layer=path.stem,
            driver="GPKG",
            geometry_name=about.column,
            geometry_type="Unknown",
            crs=about.crs,
        )
