"""Changes of files that hold rows or members: SQLite, Parquet, zip."""

from __future__ import annotations

import io
import random
import sqlite3
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rsgraph.warning_filters import ignored
from tests.fuzz.changes import SIZES, TEXTS, Change, of_bytes

# SQLite


_NUMBERS = (0, -1, 1, 2**31, 2**32, 2**53, 2**63 - 1, -(2**63), 1.5, 1e308)
_MANY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) SELECT i FROM n"


def of_sqlite_pages(draw: random.Random, data: bytes) -> bytes:
    """Change the header, a page's kind, its number of cells, where they lie, or a cell; swap or repeat pages."""
    size = int.from_bytes(data[16:18], "big")
    size = 65536 if size == 1 else size
    if size < 512 or len(data) < 2 * size:
        return of_bytes(draw, data)
    count, changed = len(data) // size, bytearray(data)
    start = draw.randrange(count) * size
    head = start + (100 if start == 0 else 0)
    kind = draw.randrange(7)
    if kind == 0:
        at = draw.choice([16, 18, 19, 20, 21, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60, 64, 68, 92, 96])
        changed[at] = draw.choice([0, 1, 2, 3, 4, 5, 127, 255])
    elif kind == 1:
        changed[head] = draw.choice([0, 2, 5, 10, 13, 255])
    elif kind == 2:
        changed[head + 3 : head + 5] = (draw.choice(SIZES) % 65536).to_bytes(2, "big")
    elif kind == 3:
        at = head + 8 + 2 * draw.randrange(20)
        changed[at : at + 2] = (draw.randrange(size)).to_bytes(2, "big")
    elif kind == 4:
        other = draw.randrange(count) * size
        changed[start : start + size] = data[other : other + size]
    elif kind == 5:
        del changed[start : start + size]
    else:
        page = of_bytes(draw, data[start : start + size])
        changed[start : start + size] = page[:size].ljust(size, b"\0")
    return bytes(changed)


def of_sqlite_rows(draw: random.Random, data: bytes) -> bytes:
    """Change a cell, remove rows, drop or rename columns and tables, put views and triggers in their place."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.sqlite")
        path.write_bytes(data)
        database = sqlite3.connect(path, isolation_level=None)
        try:
            _change_rows(draw, database)
        except (sqlite3.Error, UnicodeDecodeError):  # SQLite quotes a damaged schema in its message, as it is
            return of_sqlite_pages(draw, data)
        finally:
            database.close()
        return path.read_bytes()


def _change_rows(draw: random.Random, database: sqlite3.Connection) -> None:
    database.execute("PRAGMA foreign_keys = OFF")
    database.text_factory = lambda text: text.decode(errors="replace")
    names = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'rtree%'"
    )
    tables = [name for (name,) in database.execute(names)]
    table = draw.choice(tables or ["none"])
    columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')] or ["none"]
    column = draw.choice(columns)
    kind = draw.randrange(10)
    if kind <= 4:
        value: Any = draw.choice([None, *_NUMBERS, *TEXTS[:-1], b"", b"GP\0\1", draw.randbytes(40), bytes(10**5)])
        value = value.replace("\0", "") if isinstance(value, str) else value
        where = draw.choice(["1", f"rowid = {draw.randrange(1, 6)}"])
        database.execute(f'UPDATE OR REPLACE "{table}" SET "{column}" = ? WHERE {where}', (value,))
    elif kind == 5:
        database.execute(f'UPDATE "{table}" SET "{column}" = substr("{column}", 1, {draw.randrange(40)})')
    elif kind == 6:
        database.execute(draw.choice([f'DELETE FROM "{table}"', f'DROP TABLE "{table}"']))
    elif kind == 7:
        renamed = draw.choice(["x", "label", "fid", "geom2", "segment_id"])
        database.execute(
            draw.choice([
                f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{renamed}"',
                f'ALTER TABLE "{table}" DROP COLUMN "{column}"',
                f'ALTER TABLE "{table}" ADD COLUMN "{renamed}" BLOB DEFAULT x\'00\'',
            ])
        )  # fmt: skip
    elif kind == 8:
        database.execute(f'ALTER TABLE "{table}" RENAME TO "was"')
        listed = ", ".join(f'"{name}"' for name in columns)
        other = draw.choice([f"SELECT {listed} FROM was", _view_of_many(columns)])
        database.execute(f'CREATE VIEW "{table}" AS {other}')
    else:
        when = draw.choice(["BEFORE", "AFTER"])
        what = draw.choice(["INSERT", "UPDATE", "DELETE"])
        database.execute(f'CREATE TRIGGER t {when} {what} ON "{table}" BEGIN SELECT RAISE(IGNORE); END')


def _view_of_many(columns: list[str]) -> str:
    """Return a query of 10^9 rows that takes no room."""
    listed = ", ".join(f'i AS "{name}"' for name in columns)
    return f"SELECT {listed} FROM ({_MANY})"


# Parquet


def of_parquet_footer(draw: random.Random, data: bytes) -> bytes:
    """Change the footer, which says what lies where, or its length."""
    length = int.from_bytes(data[-8:-4], "little")
    if draw.random() < 0.15 or not 0 < length <= len(data) - 12:
        return data[:-8] + (draw.choice(SIZES) % 2**32).to_bytes(4, "little") + data[-4:]
    start = len(data) - 8 - length
    footer = of_bytes(draw, data[start:-8])
    return data[:start] + footer + len(footer).to_bytes(4, "little") + data[-4:]


def of_parquet_columns(draw: random.Random, data: bytes) -> bytes:
    """Drop, rename, retype or repeat a column, set cells to what is out of range, change the number of rows."""
    try:
        table = pq.read_table(io.BytesIO(data))
        names = table.column_names
    except (pa.ArrowException, OSError, ValueError):  # names that are not UTF-8 are a ValueError
        return of_bytes(draw, data)
    if not names:
        return of_bytes(draw, data)
    at = draw.randrange(len(names))
    name, n = names[at], table.num_rows
    kind = draw.randrange(6)
    if kind == 0:
        table = table.remove_column(at)
    elif kind == 1:
        other = draw.choice(["", "segment_id", "x", "geometry", table.column_names[0]])
        table = table.rename_columns([other if i == at else each for i, each in enumerate(table.column_names)])
    elif kind == 2:
        table = draw.choice([table.slice(0, 0), table.slice(0, max(n - 1, 0)), pa.concat_tables([table, table])])
    else:
        table = table.set_column(at, name, _cells(draw, table.column(at), n))
    target = io.BytesIO()
    pq.write_table(table, target)
    return target.getvalue()


def _cells(draw: random.Random, column: pa.ChunkedArray, n: int) -> pa.Array:
    """Return n values of another type, or the same with some that cannot be."""
    others: tuple[Any, ...] = (
        pa.nulls(n),
        pa.array(["a"] * n),
        pa.array([b"\xff"] * n),
        pa.array([[1]] * n),
        pa.array([{"a": 1}] * n),
        pa.array(np.full(n, draw.choice([np.nan, np.inf, -1, 1e300, 0]))),
        pa.array(np.full(n, draw.choice([0, -1, 1, 2**31, 2**63 - 1, -(2**63)]))),
        pa.array(np.full(n, 2**64 - 1, dtype=np.uint64)),
        pa.array([True] * n),
        pa.array(np.zeros(n, dtype="datetime64[s]")),
        pa.array(["a"] * n).dictionary_encode(),
    )
    if draw.random() < 0.6:
        return draw.choice(others)
    values = column.to_pylist()
    for _ in range(draw.choice([1, 3])):
        if values:
            values[draw.randrange(n)] = draw.choice([None, values[0]])
    return pa.array(values, column.type)


# zip


def of_zip(member: Change) -> Change:
    """Make a change of an archive's records, or by ``member`` of a file in it."""

    def change(draw: random.Random, data: bytes) -> bytes:
        if draw.random() < 0.4:
            return _of_records(draw, data)
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [(info.filename, archive.read(info)) for info in archive.infolist()]
        except (zipfile.BadZipFile, zlib.error, ValueError, OSError, RuntimeError, EOFError):
            return of_bytes(draw, data)
        return _packed(_of_members(draw, members, member))

    return change


def _of_records(draw: random.Random, data: bytes) -> bytes:
    """Change a number of a local header, of the directory, or of the end record."""
    mark, last = draw.choice([(b"PK\3\4", 30), (b"PK\1\2", 46), (b"PK\1\2", 46), (b"PK\5\6", 22)])
    places = [at for at in range(len(data)) if data.startswith(mark, at)]
    if not places:
        return of_bytes(draw, data)
    at = draw.choice(places) + draw.randrange(4, last)
    length = draw.choice([1, 2, 4])
    return data[:at] + (draw.choice(SIZES) % 2 ** (8 * length)).to_bytes(length, "little") + data[at + length :]


def _of_members(draw: random.Random, members: list[tuple[str, bytes]], change: Change) -> list[tuple[str, bytes]]:
    if not members:
        return members
    at = draw.randrange(len(members))
    name, content = members[at]
    kind = draw.randrange(5)
    if kind == 0:
        return members[:at] + members[at + 1 :]
    if kind == 1:
        other = draw.choice(["../../x", "/x", "a\\..\\b", "", "\U0001f600", name.upper(), members[0][0], "x" * 300])
        return [*members[:at], (other, content), *members[at + 1 :]]
    return [*members[:at], (name, change(draw, content)), *members[at + 1 :]]


def _packed(members: list[tuple[str, bytes]]) -> bytes:
    target = io.BytesIO()
    with ignored(), zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:  # two members of one name
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name or "_"), content)
    return target.getvalue()
