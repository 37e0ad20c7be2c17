"""Rows of an SQLite file read from its pages, for files that SQLite itself refuses.

Only what a label journal needs: leaf pages of tables, rows that overflow onto other pages, and the frames of a
write-ahead log. Format: https://www.sqlite.org/fileformat2.html. Nothing is believed: whoever reads rows here
checks them (events carry a checksum).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

Value = int | float | str | bytes | None

_LEAF = 0x0D
_FRAME = 24
_WAL = struct.Struct(">8I")


def pages_of(path: Path, page: int, *, strict: bool) -> dict[int, bytes]:
    """Read the pages of a database, with those of its write-ahead log over them.

    Parameters
    ----------
    path
        The database; it may be missing, cut short or damaged.
    page
        Bytes per page.
    strict
        Take only what was committed to the log; else all of its frames, whether their checksums fit or not.

    Returns
    -------
    Mapping
        Number, from 1 -> bytes.
    """
    data = path.read_bytes() if path.is_file() else b""
    pages = {at // page + 1: data[at : at + page] for at in range(0, len(data) - page + 1, page)}
    log = path.with_name(f"{path.name}-wal")
    if log.is_file():
        pages.update(_logged(log.read_bytes(), page, strict=strict))
    return pages


def _logged(data: bytes, page: int, *, strict: bool) -> dict[int, bytes]:
    """Return the pages in a write-ahead log."""
    if len(data) < _WAL.size:
        return {}
    magic, _, size, _, *salts, _, _ = _WAL.unpack_from(data)
    if strict and (magic & ~1 != 0x377F0682 or size != page):
        return {}
    order = ">" if magic & 1 else "<"
    sums, committed, pending = _sum(data[:24], order, (0, 0)), dict[int, bytes](), dict[int, bytes]()
    for at in range(_WAL.size, len(data) - _FRAME - page + 1, _FRAME + page):
        number, commit, salt_1, salt_2, sum_1, sum_2 = struct.unpack_from(">6I", data, at)
        content = data[at + _FRAME : at + _FRAME + page]
        if strict:
            sums = _sum(content, order, _sum(data[at : at + 8], order, sums))
            if [salt_1, salt_2] != salts or sums != (sum_1, sum_2):
                break
        pending[number] = content
        if commit or not strict:
            committed.update(pending)
            pending.clear()
    return committed


def _sum(data: bytes, order: str, start: tuple[int, int]) -> tuple[int, int]:
    """Continue the running checksum of a write-ahead log."""
    first, second = start
    for one, two in struct.iter_unpack(f"{order}2I", data):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second


def rows_of(pages: Mapping[int, bytes], columns: int) -> Iterator[tuple[Value, ...]]:
    """Give all rows that have a number of columns, of whatever table; the first column is the row's number.

    Damaged rows are left out where that shows. Where many rows claim the same pages it ends early: no more is
    gathered than some times what there is.
    """
    left = _TIMES * sum(map(len, pages.values()))
    for number, content in pages.items():
        start = 100 if number == 1 else 0
        if content[start] != _LEAF:
            continue
        (count,) = struct.unpack_from(">H", content, start + 3)
        pointers = np.frombuffer(content, ">u2", count=min(count, (len(content) - start - 8) // 2), offset=start + 8)
        for pointer in pointers.tolist():
            try:
                row = _row(content, pointer, pages, columns, left)
            except (IndexError, KeyError, ValueError, struct.error):
                continue
            if row is not None:
                left -= sum(len(value) for value in row if isinstance(value, str | bytes))
                yield row
            left -= 1
            if left <= 0:
                return


_TIMES = 8


def _row(content: bytes, at: int, pages: Mapping[int, bytes], columns: int, longest: int) -> tuple[Value, ...] | None:
    """Read one cell of a leaf page. Raises ValueError where it would have more bytes than ``longest``."""
    size, at = _varint(content, at)
    rowid, at = _varint(content, at)
    here = _local(size, len(content))
    head, body = _varint(content, at)
    kinds = []
    while body < at + min(head, here):
        kind, body = _varint(content, body)
        kinds.append(kind)
    if len(kinds) != columns:
        return None
    if size > longest:
        raise ValueError("the row is longer than the file")
    payload = _payload(content, at, size, here, pages)
    row = _values(payload, head, kinds)
    return (rowid, *row[1:])


def _local(size: int, page: int) -> int:
    """Return how many bytes of a row are on its own page."""
    if size <= page - 35:
        return size
    least = (page - 12) * 32 // 255 - 23
    most = least + (size - least) % (page - 4)
    return most if most <= page - 35 else least


def _payload(content: bytes, at: int, size: int, here: int, pages: Mapping[int, bytes]) -> bytes:
    """Gather a row from its page and those that it overflows to."""
    parts, missing = [content[at : at + here]], size - here
    number = int.from_bytes(content[at + here : at + here + 4], "big") if missing else 0
    while missing > 0:
        more = pages[number]
        parts.append(more[4 : 4 + missing])
        missing -= len(more) - 4
        number = int.from_bytes(more[:4], "big")
    return b"".join(parts)


def _values(payload: bytes, at: int, kinds: list[int]) -> list[Value]:
    """Read a row's columns."""
    values: list[Value] = []
    for kind in kinds:
        width = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)[kind] if kind < 10 else (kind - 12) // 2
        data = payload[at : at + width]
        if len(data) != width or kind in (10, 11):
            raise ValueError("the row is cut short")
        values.append(_value(kind, data))
        at += width
    return values


def _value(kind: int, data: bytes) -> Value:
    if kind == 0:
        return None
    if kind == 7:
        return float(struct.unpack(">d", data)[0])
    if kind in (8, 9):
        return kind - 8
    if kind < 7:
        return int.from_bytes(data, "big", signed=True)
    return data if kind % 2 == 0 else data.decode("utf-8")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of variable length; return it and where it ends."""
    value = 0
    for count in range(9):
        byte = data[at + count]
        if count == 8:
            return (value << 8) | byte, at + 9
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            return value, at + count + 1
    raise ValueError("unreachable")
