"""Labels and classes that hold now, read from the label journal's file without the journal's code."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from rsgraph.errors import WorkspaceError
from rsgraph.io.palette import colours
from rsgraph.types import LabelClass
from rsgraph.workspace import Workspace

LABEL_COLUMNS = ("segment_id", "label", "origin", "confidence", "author", "time")

_AT_ONCE = 50_000
"""Rows in memory as Python objects at a time."""

_WAIT = 30.0
"""Seconds to wait for a writer that holds a rollback journal (network drives)."""

_NO_ROOM = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)

_SCHEMA = {
    "segment_id": pa.int64(),
    "label": pa.string(),
    "origin": pa.string(),
    "confidence": pa.float64(),
    "author": pa.string(),
}


def labels_of(workspace: Workspace) -> pd.DataFrame:
    """Read the labels that hold now: what ``workspace.journal().labels()`` gives, without the journal's code.

    The contract with the journal: ``labels.sqlite`` has a table or view ``labels`` with at least the columns
    segment_id, label, origin, confidence, author, time and one row per segment. Rows without a label are
    left out. The file is opened read-only, so that an open journal is not disturbed; a million labels take a few
    seconds.

    Returns
    -------
    DataFrame
        Those six columns; empty where the workspace has no ``labels.sqlite``.

    Raises
    ------
    WorkspaceError
        The file is damaged, has no such view, or labels a segment twice.
    """
    path = workspace.path("labels.sqlite")
    if not path.exists():
        return _frame([], pa.string())
    expected = f"expected an SQLite file with a table or view `labels` ({', '.join(LABEL_COLUMNS)})"
    with _opened(path, expected) as database:
        found = _read(database)
    twice = found.loc[found["segment_id"].duplicated(), "segment_id"]
    if len(twice):
        raise WorkspaceError(f"{path} labels segment {twice.iloc[0]} twice; expected one current label per segment")
    return found


def _read(database: sqlite3.Connection) -> pd.DataFrame:
    """Read in chunks of columns: twice as fast as rows, at a tenth of the memory."""
    kind = database.execute("SELECT typeof(time) FROM labels WHERE label IS NOT NULL LIMIT 1").fetchone()
    numeric = kind is not None and kind[0] in ("real", "integer")
    types = pa.schema(_SCHEMA | {"time": pa.float64() if numeric else pa.string()})
    cursor = database.execute(f"SELECT {', '.join(LABEL_COLUMNS)} FROM labels WHERE label IS NOT NULL")
    parts = []
    while rows := cursor.fetchmany(_AT_ONCE):
        columns = zip(zip(*rows, strict=True), types.types, strict=True)
        parts.append(pa.RecordBatch.from_arrays([_array(column, kind) for column, kind in columns], schema=types))
    return _frame(parts, types.field("time").type)


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return one column; where a text column holds numbers (class 1, class 2 ...), they become texts."""
    try:
        return pa.array(column, kind)
    except pa.ArrowException:
        if kind != pa.string():
            raise
        return pa.array([None if value is None else str(value) for value in column], kind)


def _frame(parts: Sequence[pa.RecordBatch], time: pa.DataType) -> pd.DataFrame:
    types = pa.schema(_SCHEMA | {"time": time})
    frame: pd.DataFrame = pa.Table.from_batches(parts, schema=types).to_pandas()
    return frame.astype({name: "str" for name in LABEL_COLUMNS if types.field(name).type == pa.string()})


def classes_of(workspace: Workspace, labels: pd.DataFrame) -> list[LabelClass]:
    """Read the classes with their colours.

    Parameters
    ----------
    workspace
        Its ``labels.sqlite`` may have a table or view ``classes`` with the columns name, colour and position.
    labels
        As ``labels_of`` gives them.

    Returns
    -------
    list of LabelClass
        All classes in the order of their definition, whether they are in use or not, so that a code means the
        same in every export. Labels that the view does not know follow in alphabetical order; without a view all
        do. Classes without a colour take one from rsgraph's palette.

    Raises
    ------
    WorkspaceError
        The file is damaged.
    """
    defined = _defined(workspace.path("labels.sqlite"))
    names = list(dict.fromkeys([*defined, *sorted(labels["label"].dropna().unique())]))
    palette = colours(len(names))
    return [
        LabelClass(code, name, defined.get(name) or palette[code - 1].lower())
        for code, name in enumerate(names, start=1)
    ]


def _defined(path: Path) -> dict[str, str | None]:
    """Return name -> colour of the view ``classes``, in order; nothing where there is no such view."""
    if not path.exists():
        return {}
    with _opened(path, "expected an SQLite file") as database:
        known = database.execute(
            "SELECT count(*) FROM sqlite_master WHERE name = 'classes' AND type IN ('table', 'view')"
        )
        if not known.fetchone()[0]:
            return {}
        rows = database.execute("SELECT name, colour FROM classes ORDER BY position").fetchall()
    return {str(name): _colour(colour) for name, colour in rows}


def _colour(text: object) -> str | None:
    """Return ``#rrggbb`` in lower case, or None for anything else."""
    found = str(text or "").strip().lower()
    digits = found.removeprefix("#")
    valid = len(digits) == 6 and all(digit in "0123456789abcdef" for digit in digits)
    return f"#{digits}" if valid else None


@contextmanager
def _opened(path: Path, expected: str) -> Iterator[sqlite3.Connection]:
    """Open a database for reading only. Raises WorkspaceError for whatever SQLite says."""
    try:
        with _readable(path) as address, closing(_connected(address)) as database:
            yield database
    except (sqlite3.Error, OSError, pa.ArrowException) as error:
        raise WorkspaceError(
            f"the labels in {path} cannot be read ({error}); {expected}, as `rsgraph label` writes it"
        ) from error


def _connected(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, timeout=_WAIT)


@contextmanager
def _readable(path: Path) -> Iterator[str]:
    """Give an address that SQLite can read.

    Even a reader of a database in WAL mode needs a small file beside it, which it cannot make on read-only media
    and full disks. Nobody writes there either: the database is then read as it is, or, where a log was left beside
    it, as a copy with its log.
    """
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(_connected(address)) as database:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in _NO_ROOM:
            raise
        log = path.with_name(f"{path.name}-wal")
        if not log.exists() or log.stat().st_size == 0:
            yield f"{address}&immutable=1"
            return
        with tempfile.TemporaryDirectory() as folder:
            for place in (path, log):
                shutil.copyfile(place, Path(folder) / place.name)
            yield f"{(Path(folder) / path.name).as_uri()}?mode=ro"
    else:
        yield address
