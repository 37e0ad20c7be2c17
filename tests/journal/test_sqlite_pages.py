from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rsgraph.journal.sqlite_pages import Value, pages_of, rows_of

ROWS: list[tuple[Value, ...]] = [
    (1, None, 0, 1, -1, "é", b""),
    (2, 1.5, 127, 128, -(2**40), "x" * 10_000, bytes(9000)),
    (300, "text", 2**31, 2**62, -(2**15), "", b"\x00\xff"),
]
"""Integers of all widths, texts and blobs that overflow onto other pages."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "some.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA page_size = 4096")
        database.execute("CREATE TABLE one (id INTEGER PRIMARY KEY, a, b, c, d, e, f)")
        database.execute("CREATE TABLE other (id INTEGER PRIMARY KEY, a)")
        database.executemany("INSERT INTO one VALUES (?, ?, ?, ?, ?, ?, ?)", ROWS)
        database.execute("INSERT INTO other VALUES (1, 'not asked for')")
        database.commit()
    return path


def found(path: Path, *, strict: bool = True) -> list[tuple[Value, ...]]:
    return sorted(rows_of(pages_of(path, 4096, strict=strict), 7), key=lambda row: int(row[0] or 0))


def test_rows_are_those_that_sqlite_wrote(path: Path) -> None:
    assert found(path) == ROWS


def test_rows_of_damaged_pages_are_left_out(path: Path) -> None:
    data = bytearray(path.read_bytes())
    at = data.index(b"x" * 4000)  # on a page of overflow
    data[at - 4 : at] = bytes([255] * 4)  # which page follows
    path.write_bytes(data)
    assert [row[0] for row in found(path)] == [1, 300]


def test_pages_of_a_file_that_is_cut_short_are_those_that_are_whole(path: Path) -> None:
    pages = pages_of(path, 4096, strict=True)
    path.write_bytes(path.read_bytes()[:5000])
    assert pages_of(path, 4096, strict=True) == {1: pages[1]}
    assert pages_of(path.with_name("gone"), 4096, strict=True) == {}


def test_the_write_ahead_log_lies_over_the_file_as_far_as_it_was_committed(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("INSERT INTO one VALUES (400, 1, 2, 3, 4, 'five', x'06')")
        copy.write_bytes(path.read_bytes())
        log = path.with_name("some.sqlite-wal").read_bytes()
    beside = tmp_path / "copy.sqlite-wal"
    beside.write_bytes(log)
    assert found(copy) == [*ROWS, (400, 1, 2, 3, 4, "five", b"\x06")]
    beside.write_bytes(log[:40] + b"\xff\xff\xff\xff" + log[44:])  # the salt of its first frame
    assert found(copy) == ROWS
    assert found(copy, strict=False)[-1][0] == 400
