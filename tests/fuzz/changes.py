"""Changes of bytes that know a format: which numbers are lengths and types, where a token ends."""

from __future__ import annotations

import json
import random
import re
import struct
from collections.abc import Callable, Iterator
from typing import Any

Change = Callable[[random.Random, bytes], bytes]
"""Takes a whole file and returns another; all that is random comes from the generator."""

SIZES = (0, 1, 2, 3, 4, 7, 8, 16, 255, 256, 1000, 32767, 32768, 65535, 65536, 10**6, 2**31 - 1, 2**31, 2**32 - 1)
"""Numbers at which lengths and counts overflow, or ask for more than there is."""


def rounds(change: Change, most: int = 4) -> Change:
    """Make a change that is done once or a few times."""

    def several(draw: random.Random, data: bytes) -> bytes:
        for _ in range(draw.choice([1, 1, 1, 2, most])):
            data = change(draw, data)
        return data

    return several


def one_of(*changes: Change) -> Change:
    """Make a change that is one of several; who stands twice is drawn twice as often."""
    return lambda draw, data: draw.choice(changes)(draw, data)


# any file


def of_bytes(draw: random.Random, data: bytes) -> bytes:
    """Flip a bit, set bytes, cut the end off, remove, repeat or zero a piece."""
    if not data:
        return bytes(draw.randrange(256) for _ in range(draw.randrange(9)))
    changed, at = bytearray(data), draw.randrange(len(data))
    length = min(draw.choice([1, 2, 4, 8, 64, 512, 4096]), len(data) - at)
    kind = draw.randrange(7)
    if kind == 0:
        changed[at] ^= 1 << draw.randrange(8)
    elif kind == 1:
        changed[at : at + length] = bytes([draw.choice([0, 1, 0x7F, 0x80, 0xFF])]) * length
    elif kind == 2:
        return bytes(changed[:at])
    elif kind == 3:
        del changed[at : at + length]
    elif kind == 4:
        changed[at:at] = changed[at : at + length]
    elif kind == 5:
        size = draw.choice([1, 2, 4, 8])
        number = draw.choice(SIZES) % 2 ** (8 * size)
        changed[at : at + size] = number.to_bytes(size, draw.choice(["little", "big"]))
    else:
        changed[at : at + length] = draw.randbytes(length)
    return bytes(changed)


def _set(data: bytes, at: int, length: int, number: int, order: Any) -> bytes:
    """Put a number into a file, cut to its length."""
    return data[:at] + (number % 2 ** (8 * length)).to_bytes(length, order) + data[at + length :]


# TIFF


def of_tiff(draw: random.Random, data: bytes) -> bytes:
    """Change an entry of a directory of a TIFF or BigTIFF: its tag, type, count or value, or how many there are."""
    order: Any = "little" if data[:2] == b"II" else "big"
    big = data[2:4] in (b"+\0", b"\0+")
    places = list(_directories(data, order, big))
    if not places:
        return of_bytes(draw, data)
    start, entries, size = draw.choice(places)
    head, word = (8, 8) if big else (2, 4)
    if draw.random() < 0.1:
        return _set(data, start, head, draw.choice(SIZES), order)
    if draw.random() < 0.1:  # where the next directory is: none, itself, anywhere
        number = draw.choice([0, start, draw.randrange(len(data)), *SIZES])
        return _set(data, start + head + entries * size, word, number, order)
    at = start + head + draw.randrange(max(entries, 1)) * size
    field, length = draw.choice([(0, 2), (2, 2), (4, word), (4, word), (4 + word, word), (4 + word, word)])
    tags = (254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330, 338, 339, 347)
    known = (*tags, 33550, 33922, 34735, 34737, 42112, 42113)
    number = draw.choice(known if field == 0 else tuple(range(20)) if field == 2 else SIZES)
    if field > 2 and draw.random() < 0.3:
        now = int.from_bytes(data[at + field : at + field + length], order)
        number = draw.choice([now + 1, now - 1, now * 2, now // 2, now * 65536, -now])
    return _set(data, at + field, length, number, order)


def _directories(data: bytes, order: Any, big: bool) -> Iterator[tuple[int, int, int]]:
    """Yield where each directory starts, its number of entries and their size in bytes."""
    head, word, size = (8, 8, 20) if big else (2, 4, 12)
    at, seen = int.from_bytes(data[8:16] if big else data[4:8], order), set[int]()
    while 0 < at < len(data) - head and at not in seen:
        seen.add(at)
        entries = int.from_bytes(data[at : at + head], order)
        end = at + head + entries * size
        if end + word > len(data):
            return
        yield at, entries, size
        at = int.from_bytes(data[end : end + word], order)


# JPEG 2000


_SUPERBOXES = (b"jp2h", b"asoc", b"uinf", b"res ")


def of_jp2(draw: random.Random, data: bytes) -> bytes:
    """Change the length, type or content of a box, or of a marker segment of the codestream."""
    boxes, markers = list(_boxes(data, 0, len(data))), list(_markers(data))
    if not boxes:
        return of_bytes(draw, data)
    if markers and draw.random() < 0.5:
        at, length = draw.choice(markers)
        if draw.random() < 0.3:
            return _set(data, at + 2, 2, draw.choice(SIZES), "big")
        return _inside(draw, data, at + 4, at + 2 + length)
    at, end = draw.choice(boxes)
    kind = draw.randrange(5)
    if kind == 0:
        return _set(data, at, 4, draw.choice(SIZES), "big")
    if kind == 1:
        other = draw.choice(
            [b"jp2c", b"jp2h", b"ihdr", b"uuid", b"colr", b"pclr", b"cmap", b"cdef", b"asoc", b"xml "]
        )
        return data[: at + 4] + other + data[at + 8 :]
    if kind == 2:
        return data[:at] + data[end:]
    if kind == 3:
        return data[:at] + data[at:end] * draw.choice([2, 3, 200]) + data[end:]
    return _inside(draw, data, at + 8, end)


def _inside(draw: random.Random, data: bytes, start: int, end: int) -> bytes:
    """Change bytes of a piece only."""
    return data[:start] + of_bytes(draw, data[start:end]) + data[end:]


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[int, int]]:
    while at + 8 <= end:
        length = int.from_bytes(data[at : at + 4], "big") or end - at
        if length < 8:
            return
        yield at, min(at + length, end)
        if data[at + 4 : at + 8] in _SUPERBOXES:
            yield from _boxes(data, at + 8, min(at + length, end))
        at += length


def _markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each marker segment of the main header starts, and its length after the marker."""
    at = data.find(b"\xff\x4f\xff\x51") + 2
    while 2 <= at < len(data) - 4 and data[at] == 0xFF and data[at + 1] != 0x93:
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        yield at, length
        at += 2 + length


# text


NUMBERS = (
    "0",
    "-1",
    "1",
    "NaN",
    "nan",
    "inf",
    "-Infinity",
    "1e400",
    "1e308",
    "9" * 30,
    "0x10",
    "1_0",
    "3.0",
    "٣",
    "½",
)
_ODD_TEXTS = (
    "",
    " ",
    "\0",
    "..",
    "../../x",
    "/",
    "/etc/passwd",
    "http://127.0.0.1:9/x",
    "\ud7ff",
    "\U0001f600",
    "a" * 5000,
)
TEXTS = (*NUMBERS, *_ODD_TEXTS)


def of_text(*kinds: str, tokens: str) -> Change:
    """Make a change that removes, repeats or swaps what a regular expression finds, or puts ``kinds`` there."""
    found = re.compile(tokens.encode(), re.DOTALL)
    others = [kind.encode("utf-8", "surrogatepass") for kind in (*kinds, *TEXTS)]

    def change(draw: random.Random, data: bytes) -> bytes:
        spans = [match.span() for match in found.finditer(data)]
        if not spans or draw.random() < 0.1:
            return of_bytes(draw, data)
        start, end = draw.choice(spans)
        kind = draw.randrange(6)
        if kind == 0:
            return data[:start] + data[end:]
        if kind == 1:
            return data[:start] + data[start:end] * draw.choice([2, 2, 50]) + data[end:]
        if kind == 2:
            other = draw.choice(spans)
            return data[:start] + data[slice(*other)] + data[end:]
        return data[:start] + draw.choice(others) + data[end:]

    return change


of_xml = one_of(
    of_text(
        "<a/>",
        "<![CDATA[",
        "&x;",
        "&#0;",
        "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>",
        tokens=r"<[^>]*>",
    ),
    of_text("-1000", "1e-320", tokens=r"(?<=>)[^<>\s][^<>]*(?=<)|(?<=\")[^\"<>]+(?=\")"),
)
of_yaml = one_of(
    of_text(
        *("*a", "&a ", "&a [*a]", "!!python/object:os.system x", "!!binary aGk=", "2024-13-45", "2024-01-01"),
        *(".nan", "[", "{"),
        *("null", "~", "true", "[]", "{}", "? ", "- ", "\t", "!!set {a}", "<<: *a", "${x}", "${oc.env:HOME}"),
        tokens=r"(?<=: )[^\n]+",
    ),
    of_text("_target_", "a.b", "null", "1", "? [a]", tokens=r"(?<=\n)\s*[\w]+(?=:)"),
    of_text(tokens=r"[^\n]*\n"),
)  # fmt: skip
of_table = of_text(";", ",", "\t", '"', "\n", "\r", "#ff0000", "#12", "rgb(1,2,3)", tokens=r"[^,;\t\n]+|[,;\t\n]")


# JSON


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 1.5, 2**31, 2**63, 2**64, 10**40, float("nan"), float("inf"), 1e308, -1e-320),
    *("", "a", "NaN", "1", "..", "../../x", "/etc/passwd", "\0", "\ud800", "a" * 5000, [], {}, [None], [[]], {"": 0}),
)


def of_json(draw: random.Random, data: bytes) -> bytes:
    """Replace, remove, repeat or nest one value of a JSON document; now and then change its bytes."""
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        return of_bytes(draw, data)
    if draw.random() < 0.1:
        return of_bytes(draw, data)
    places = list(_places(whole))
    if not places or draw.random() < 0.02:
        return json.dumps(draw.choice(VALUES)).encode()
    holder, key = draw.choice(places)
    kind = draw.randrange(8)
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * draw.choice([1, 2, 1000])
    elif kind == 2:
        other, there = draw.choice(places)
        holder[key] = json.loads(json.dumps(other[there]))
    elif kind == 3:
        holder[key] = draw.choice([[holder[key]], {"a": holder[key]}, str(holder[key])])
    elif kind == 4:
        holder[key] = _nested(draw.choice([3, 100, 2000]))
    elif kind == 5 and isinstance(holder, dict):
        holder[draw.choice(["", "a", "type", "name", "__class__", "\ud800", key.upper()])] = holder.pop(key)
    else:
        holder[key] = draw.choice(VALUES)
    try:
        return json.dumps(whole).encode()
    except (ValueError, RecursionError):
        return data[:-1]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield value, key
        yield from _places(inner)


def _nested(deep: int) -> Any:
    value: Any = []
    for _ in range(min(deep, 400)):  # as deep as Python itself can write
        value = [value]
    return value


# what has a header of text


def of_safetensors(draw: random.Random, data: bytes) -> bytes:
    """Change the header's JSON with its length, the length by itself, or the values."""
    length = int.from_bytes(data[:8], "little")
    kind = draw.random()
    if kind < 0.1 or length > len(data) - 8:
        return struct.pack("<Q", draw.choice([*SIZES, 2**63, 2**64 - 1])) + data[8:]
    if kind < 0.8:
        header = of_json(draw, data[8 : 8 + length])
        return struct.pack("<Q", len(header)) + header + data[8 + length :]
    return _inside(draw, data, 8 + length, len(data))


def of_npy(draw: random.Random, data: bytes) -> bytes:
    """Change the header's words with its length, or any bytes."""
    if data[:6] != b"\x93NUMPY" or draw.random() < 0.3:
        return of_bytes(draw, data)
    length = int.from_bytes(data[8:10], "little")
    kinds = ("|O", "<U9", "<c16", "<M8[s]", ">f4", "<f8", "|b1", "[('a', '<i4')]", "(0, 0)", "(-1,)", "(1, 10**12)")
    change = of_text(*kinds, "(99999999999, 9999)", "()", "True", "1+1", tokens=r"'[^']*'|\([^)]*\)|\w+|[{}:,]")
    header = change(draw, data[10 : 10 + length])[:60000]
    return data[:8] + struct.pack("<H", len(header)) + header + data[10 + length :]
