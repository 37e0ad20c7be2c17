"""Tables of a workspace: segments, chips and maps, ``.parquet``; columns, ranges, and agreement with each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rsgraph.errors import in_short
from rsgraph.own_files.fields import damaged, once, shown

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from rsgraph.types import Floats

MOST_ROWS = 20_000_000
"""Of a table: a whole tile of Sentinel-2 has 900 000 segments."""

_MOST_TEXT = 2**30
"""Bytes of all texts of a column together: a file says a text once that stands in millions of rows."""

_MOST_COLUMNS = 200

SPLITS = ("train", "test")


@dataclass(frozen=True)
class Grid:
    """The size of a scene in pixels."""

    rows: int
    columns: int


@dataclass(frozen=True)
class Column:
    """What the numbers of a column may be.

    Parameters
    ----------
    kind
        ``i`` whole numbers, ``f`` numbers.
    least, most
        Both may occur.
    gaps
        Whether rows may say nothing (NaN).
    """

    kind: str
    least: float = -np.inf
    most: float = np.inf
    gaps: bool = False


_FAR = 1e15
"""Coordinates of a map beyond which distances between its points are none in float32."""

_POINTS = {"x": Column("f", -_FAR, _FAR), "y": Column("f", -_FAR, _FAR)}
_SHARES = {name: Column("f", 0, 1, gaps=True) for name in ("cloud_share", "shadow_share")}
_MOST_ID = 2**31 - 1

SEGMENTS: Mapping[str, Column] = {
    "segment_id": Column("i", 1, _MOST_ID),
    "chip_id": Column("i", 0, MOST_ROWS),
    "row": Column("f"),
    "column": Column("f"),
    "area_px": Column("i", 1, _MOST_ID),
    **_POINTS,
}
"""Columns of ``segments.parquet``; of several scenes also ``scene_id``; where clouds are known, their shares."""

CHIPS: Mapping[str, Column] = {
    "chip_id": Column("i", 0, MOST_ROWS),
    "row_offset": Column("i", 0, _MOST_ID),
    "column_offset": Column("i", 0, _MOST_ID),
    "rows": Column("i", 1, _MOST_ID),
    "columns": Column("i", 1, _MOST_ID),
    "valid_fraction": Column("f", 0, 1),
    **_POINTS,
}
"""Columns of ``chips.parquet``; also ``split``, and of several scenes ``scene_id`` and ``class_name``."""


def read_table(path: Path, columns: Sequence[str] | None = None, *, most: int = MOST_ROWS) -> pd.DataFrame:
    """Read a table as it is; its size is known before it is read.

    Parameters
    ----------
    path
        Of the file.
    columns
        Those that are read; None: all.
    most
        Rows that it may have.

    Raises
    ------
    WorkspaceError
        It is no parquet file, lacks a column, or has more rows, columns or text than any table of ours.
    """
    import pyarrow.parquet as parquet
    from pyarrow import ArrowException

    try:
        about = parquet.read_metadata(path)
        texts = [name for name in _TEXTS if name in about.schema.names]
        with parquet.ParquetFile(path, metadata=about, read_dictionary=texts) as file:
            _check_schema(path, file, columns or (), most)
            found: pd.DataFrame = _texts_written_out(path, file.read(columns)).to_pandas()
    except FileNotFoundError:
        raise
    except (ArrowException, OSError, ValueError, TypeError, KeyError, AttributeError, MemoryError) as error:
        raise damaged(path, f"no whole parquet file ({in_short(error)})") from error
    return found


def row_count(path: Path) -> int:
    """Return how many rows a table says that it has. Raises WorkspaceError where it is no parquet file."""
    from pyarrow import ArrowException
    from pyarrow.parquet import read_metadata

    try:
        return int(read_metadata(path).num_rows)
    except (ArrowException, OSError, ValueError) as error:
        raise damaged(path, f"no whole parquet file ({in_short(error)})") from error


_TEXTS = ["scene_id", "class_name", "split"]
"""Columns of texts that stand in many rows."""


def _check_schema(path: Path, file: Any, columns: Sequence[str], most: int) -> None:
    """Check what a file says of itself, before anything is read."""
    from pyarrow import types

    rows, schema = file.metadata.num_rows, file.schema_arrow
    if not 0 <= rows <= min(most, MOST_ROWS) or len(schema) > _MOST_COLUMNS:
        raise damaged(path, f"it has {rows:,} rows and {len(schema)} columns, more than there can be")
    if len(set(schema.names)) < len(schema.names):
        raise damaged(path, "two of its columns have the same name")
    lacking = [name for name in columns if name not in schema.names]
    if lacking:
        raise damaged(path, f"it has no column '{lacking[0]}'")
    plain = (types.is_integer, types.is_float32, types.is_float64, types.is_boolean, types.is_dictionary)
    for field in schema:
        if not any(is_of(field.type) for is_of in plain) and not (field.name not in _TEXTS and _is_text(field.type)):
            raise damaged(path, f"column '{field.name}' is of type {field.type}, which no table of ours has")


def _is_text(type_: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(type_) or types.is_large_string(type_) or types.is_null(type_))


def _texts_written_out(path: Path, table: Any) -> Any:
    """Write out texts that the file says once, where all together they are not too much."""
    from pyarrow import types

    for number, field in enumerate(table.schema):
        if types.is_dictionary(field.type):
            column = table.column(number)
            if _all_texts(column) * table.num_rows > _MOST_TEXT and _longest(column) * table.num_rows > _MOST_TEXT:
                raise damaged(path, f"column '{field.name}' holds texts of {_longest(column):,} bytes")
            table = table.set_column(number, field.name, column.cast(field.type.value_type))
    return table


def _all_texts(column: Any) -> int:
    """Return the bytes of all texts that a column says, each counted once: no text is longer."""
    return int(sum(part.dictionary.nbytes for part in column.chunks))


def _longest(column: Any) -> int:
    """Return the bytes of the longest text of a column."""
    from pyarrow import compute  # where the crude bound does not do

    lengths = (compute.max(compute.binary_length(part.dictionary)).as_py() or 0 for part in column.chunks)
    return max(lengths, default=0)


def check_columns(path: Path, table: pd.DataFrame, columns: Mapping[str, Column]) -> None:
    """Check the numbers of those columns that a table has. Raises WorkspaceError naming the first that do not fit."""
    for name, column in columns.items():
        if name in table:
            _check_column(path, name, table[name].to_numpy(), column)


def _check_column(path: Path, name: str, values: NDArray[Any], column: Column) -> None:
    if values.dtype.kind not in ("iu" if column.kind == "i" else "iuf"):
        what = "whole numbers" if column.kind == "i" else "numbers"
        raise damaged(path, f"column '{name}' must hold {what}. Got {values.dtype} instead")
    if column.gaps and values.dtype.kind == "f":
        values = values[~np.isnan(values)]
    if not len(values):
        return
    low, high = values.min(), values.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise damaged(path, f"column '{name}' holds values that are not finite")
    if low < column.least or high > column.most:
        wrong = low if low < column.least else high
        raise damaged(path, f"column '{name}' holds {wrong}; expected {column.least:g} to {column.most:g}")


def _need(path: Path, table: pd.DataFrame, *names: str) -> None:
    lacking = [name for name in names if name not in table]
    if lacking:
        raise damaged(path, f"it has no column '{lacking[0]}'")


def read_segments(
    path: Path, scenes: Mapping[str, Grid] | None = None, chips: NDArray[Any] | None = None
) -> pd.DataFrame:
    """Read ``segments.parquet``.

    Parameters
    ----------
    path
        Of the file.
    scenes
        Name -> size of the scenes of the workspace; None: not known.
    chips
        (chips,) ``chip_id`` of ``chips.parquet``; None: not known.

    Raises
    ------
    WorkspaceError
        It is damaged: ids are not 1, 2, 3 ... in the order of the rows; a column has another type or values out of
        range; a segment lies in no chip or scene.
    """
    table = read_table(path, most=_pixels(scenes))
    _need(path, table, "segment_id")
    others = hash((tuple((scenes or {}).items()), b"" if chips is None else chips.tobytes()))
    once(path, f"beside {others}", lambda: _check_segments(path, table, scenes, chips))
    return table


def _check_segments(
    path: Path, table: pd.DataFrame, scenes: Mapping[str, Grid] | None, chips: NDArray[Any] | None
) -> None:
    check_columns(path, table, {**SEGMENTS, **_SHARES})
    _check_ids(path, table["segment_id"].to_numpy())
    if chips is not None and "chip_id" in table:
        _check_chip_ids(path, table["chip_id"].to_numpy(), chips)
    if scenes:
        _check_scenes(path, table, scenes)
        _check_places(path, table, scenes)


def _check_places(path: Path, table: pd.DataFrame, scenes: Mapping[str, Grid]) -> None:
    """Check that segments lie within the largest scene, and are together no larger than all."""
    rows, columns = (max(getattr(each, name) for each in scenes.values()) for name in ("rows", "columns"))
    check_columns(path, table, {"row": Column("f", 0, rows), "column": Column("f", 0, columns)})
    pixels = int(table["area_px"].sum()) if "area_px" in table else 0
    if pixels > _pixels(scenes):
        raise damaged(path, f"its segments have {pixels:,} pixels, and the scenes {_pixels(scenes):,}")


def _pixels(scenes: Mapping[str, Grid] | None) -> int:
    """Return how many segments there can be at most."""
    return MOST_ROWS if not scenes else sum(each.rows * each.columns for each in scenes.values())


def _check_chip_ids(path: Path, named: NDArray[Any], chips: NDArray[Any]) -> None:
    """Check that segments lie in chips that there are, chip after chip."""
    before, after = named[:-1], named[1:]  # not their differences, which of unsigned numbers are never below 0
    if (after < before).any():
        raise damaged(path, "'chip_id' must ascend from row to row")
    unknown = np.setdiff1d(named[np.append(0, np.flatnonzero(after != before) + 1)] if len(named) else named, chips)
    if len(unknown):
        raise damaged(path, f"column 'chip_id' names chip {unknown[0]}, which chips.parquet does not hold")


def read_segment_ids(path: Path) -> NDArray[Any]:
    """Read only the ids of ``segments.parquet``; raises as ``read_segments``."""
    table = read_table(path, ["segment_id"])
    check_columns(path, table, SEGMENTS)
    found = table["segment_id"].to_numpy()
    _check_ids(path, found)
    return found


def _check_ids(path: Path, ids: NDArray[Any]) -> None:
    """Check that ids count the rows: rasters, edges and embeddings name segments by them."""
    wrong = np.flatnonzero(ids != np.arange(1, len(ids) + 1))
    if len(wrong):
        row = int(wrong[0])
        raise damaged(path, f"'segment_id' must be 1, 2, 3 ... row by row. Got {ids[row]} in row {row}")


def _check_scenes(path: Path, table: pd.DataFrame, scenes: Mapping[str, Grid]) -> None:
    """Check that rows are of scenes that there are."""
    if "scene_id" not in table:
        if len(scenes) != 1 and len(table):
            raise damaged(path, f"it has no column 'scene_id', and scene.json has {len(scenes)} scenes")
        return
    unknown = [name for name in table["scene_id"].unique().tolist() if name not in scenes]
    if unknown:
        raise damaged(path, f"column 'scene_id' names {shown(unknown[0])}, which scene.json does not hold")


def read_chips(path: Path, scenes: Mapping[str, Grid] | None = None) -> pd.DataFrame:
    """Read ``chips.parquet``; ``scenes`` as in ``read_segments``.

    Raises
    ------
    WorkspaceError
        It is damaged: ids are not 0, 1, 2 ... in the order of the rows; a column has another type or values out of
        range; a chip does not lie in its scene.
    """
    table = read_table(path, most=_pixels(scenes))
    _need(path, table, "chip_id")
    check_columns(path, table, CHIPS)
    ids = table["chip_id"].to_numpy()
    if (ids[1:] <= ids[:-1]).any():
        raise damaged(path, "'chip_id' must ascend from row to row, each once")
    unknown = [name for name in table["split"].unique() if name not in SPLITS] if "split" in table else []
    if unknown:
        raise damaged(path, f"column 'split' must be train or test. Got {shown(unknown[0])} instead")
    if scenes is not None:
        _check_scenes(path, table, scenes)
        _check_windows(path, table, scenes)
    return table


def _check_windows(path: Path, table: pd.DataFrame, scenes: Mapping[str, Grid]) -> None:
    """Check that every chip lies in its scene."""
    if not scenes or any(name not in table for name in ("row_offset", "column_offset", "rows", "columns")):
        return
    names = table["scene_id"].to_list() if "scene_id" in table else [next(iter(scenes))] * len(table)
    sizes = np.array([(scenes[name].rows, scenes[name].columns) for name in names], dtype=np.int64).reshape(-1, 2)
    for axis, (offset, length) in enumerate((("row_offset", "rows"), ("column_offset", "columns"))):
        last = table[offset].to_numpy(np.int64) + table[length].to_numpy(np.int64)
        if (last > sizes[:, axis]).any():
            chip = int(np.argmax(last > sizes[:, axis]))
            raise damaged(
                path, f"chip {table['chip_id'].iloc[chip]} does not lie in its scene ({offset} and {length})"
            )


def check_complete(path: Path, table: pd.DataFrame, columns: Mapping[str, Column], *, points: bool) -> None:
    """Check that a table has all its columns; those of the map, which come later, where ``points`` says so.

    Raises WorkspaceError naming the first that is missing.
    """
    _need(path, table, *(name for name in columns if points or name not in _POINTS))


def read_points(path: Path, *, rows: int | None = None) -> tuple[Floats, dict[str, Any]]:
    """Read a 2-D map, ``projections/*.parquet``: points (n, 2) float32, and what was noted with it.

    Raises
    ------
    WorkspaceError
        It is damaged, a point is not finite, or there are not ``rows`` of them.
    """
    table = read_table(path)
    _need(path, table, "x", "y")
    check_columns(path, table, _POINTS)
    if rows is not None and len(table) != rows:
        raise damaged(path, f"it has {len(table)} points, where the workspace's other files say {rows}")
    points: Floats = table[["x", "y"]].to_numpy(np.float32)
    return points, {str(name): value for name, value in table.attrs.items()}
