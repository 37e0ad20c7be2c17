"""Files of some kilobytes that ask for gigabytes or hours: one sentence, within limits that the fuzzer watches.

More of them, called directly and as whole commands, are in ``tests/tampered/test_sizes.py``.
"""

from __future__ import annotations

import io
import json
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.fuzz import originals
from tests.fuzz.campaign import Child, child

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "


def entries_without_end(_: Path) -> bytes:
    """A TIFF whose directory says that it has 65 535 entries, where there are none."""
    return b"II*\0" + struct.pack("<LH", 8, 65535) + bytes(12)


def entries_of_big_tiff(_: Path) -> bytes:
    """A BigTIFF whose directory says that it has 10^9 entries."""
    return b"II+\0" + struct.pack("<HHQQ", 8, 0, 16, 10**9) + bytes(20)


def values_without_end(_: Path) -> bytes:
    """A TIFF with offsets of 2^32 - 1 strips, none of them there."""
    entries = [(256, 4, 1, 10**6), (257, 4, 1, 10**6), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 2**32 - 1, 8), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, 2**32 - 1, 8)]
    directory = b"".join(struct.pack("<HHLL", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<LH", 8, len(entries)) + directory + bytes(4)


def directories_in_a_ring(_: Path) -> bytes:
    """A TIFF whose directory names itself as the next."""
    data = bytearray(originals.geotiffs()[1])
    start = int.from_bytes(data[4:8], "little")
    end = start + 2 + 12 * int.from_bytes(data[start : start + 2], "little")
    data[end : end + 4] = struct.pack("<L", start)
    return bytes(data)


def a_gigabyte_of_zeros(_: Path) -> bytes:
    """A zip of a megabyte whose image unpacks to a gigabyte of zeros."""
    target = io.BytesIO()
    info = zipfile.ZipInfo("2750/River/River_1.jpg")
    info.compress_type = zipfile.ZIP_DEFLATED
    with (
        zipfile.ZipFile(target, "w", compresslevel=1) as archive,
        archive.open(info, "w", force_zip64=True) as member,
    ):
        for _ in range(256):
            member.write(bytes(4 * 2**20))
    return target.getvalue()


def paths_that_escape(_: Path) -> bytes:
    """A zip whose members lead out of it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("../../River/River_1.jpg", "/River/River_2.jpg", "..\\River\\River_3.jpg"):
            archive.writestr(name, b"x")
    return target.getvalue()


def entities(_: Path) -> bytes:
    """Metadata in which ten entities of ten make 10^10 letters."""
    lines = [f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 10)]
    return f'<!DOCTYPE a [<!ENTITY e0 "aaaaaaaaaa">{"".join(lines)}]><a>&e9;</a>'.encode()


def a_file_elsewhere(_: Path) -> bytes:
    """Metadata that name a file of this machine."""
    return b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'


def rows_without_end(_: Path) -> bytes:
    """A table of segments of 10^9 rows in a few kilobytes, without a value."""
    target = io.BytesIO()
    none = pa.table({"segment_id": pa.nulls(10**7)})
    with pq.ParquetWriter(target, none.schema) as writer:
        for _ in range(100):
            writer.write_table(none, row_group_size=10**7)
    return target.getvalue()


def _changed(folder: Path, data: bytes, script: str) -> bytes:
    path = folder / "changed.sqlite"
    path.write_bytes(data)
    database = sqlite3.connect(path)
    database.executescript(script)
    database.close()
    return path.read_bytes()


def layer_without_end(folder: Path) -> bytes:
    """A GeoPackage whose layer is a view of 10^9 rows."""
    view = f'CREATE VIEW labels AS {ENDLESS} SELECT i AS fid, "geom", "class" FROM n, was'
    return _changed(folder, originals.vectors("gpkg", "GPKG")[0], f"ALTER TABLE labels RENAME TO was; {view}")


def events_without_end(folder: Path) -> bytes:
    """A journal whose log is a view of 10^9 rows."""
    data = originals.of_workspace("labels.sqlite")[0]
    return _changed(folder, data, f"DROP TABLE event; CREATE VIEW event AS {ENDLESS} SELECT i AS id FROM n")


def array_of_a_terabyte(_: Path) -> bytes:
    """An array that says that it has 10^12 values."""
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header


def anchors(_: Path) -> bytes:
    """A config in which nine anchors of ten make 10^9 values."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    return "\n".join(lines).encode()


def nested_lists(_: Path) -> bytes:
    """JSON nested a million deep."""
    return b"[" * 10**6


def tensors_without_end(_: Path) -> bytes:
    """Weights of 50 000 tensors without a value."""
    about = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header = json.dumps({f"t{i}": about for i in range(50_000)}).encode()
    return struct.pack("<Q", len(header)) + header


def header_without_end(_: Path) -> bytes:
    """Weights whose header says that it has 2^60 bytes."""
    return struct.pack("<Q", 2**60) + b"{}"


BOMBS: list[tuple[str, str, Callable[[Path], bytes]]] = [
    ("geotiff", "x_B02.tif", entries_without_end),
    ("geotiff", "x_B02.tif", entries_of_big_tiff),
    ("geotiff", "x_B02.tif", values_without_end),
    ("geotiff", "x_B02.tif", directories_in_a_ring),
    ("zip", "x.zip", a_gigabyte_of_zeros),
    ("zip", "x.zip", paths_that_escape),
    ("safe", "2A.SAFE/MTD_MSIL2A.xml", entities),
    ("safe", "2A.SAFE/manifest.safe", entities),
    ("safe", "2A.SAFE/MTD_MSIL2A.xml", a_file_elsewhere),
    ("parquet", "workspace/segments.parquet", rows_without_end),
    ("gpkg", "x.gpkg", layer_without_end),
    ("sqlite", "labels.sqlite", events_without_end),
    ("npy", "workspace/embeddings/gnn3.npy", array_of_a_terabyte),
    ("npy", "workspace/edges.npy", array_of_a_terabyte),
    ("selection", "x.npy", array_of_a_terabyte),
    ("yaml", "workspace/config.yaml", anchors),
    ("json", "workspace/manifest.json", nested_lists),
    ("json", "workspace/scene.json", nested_lists),
    ("classes.json", "x.json", nested_lists),
    ("geojson", "x.geojson", nested_lists),
    ("safetensors", "x.safetensors", tensors_without_end),
    ("safetensors", "x.safetensors", header_without_end),
]

READ_ALL_THE_SAME = {directories_in_a_ring}
"""Of a ring the first directory is read."""


@pytest.fixture(scope="module")
def reader() -> Iterator[Child]:
    with child() as found:
        yield found


@pytest.mark.parametrize(
    ("kind", "name", "make"), BOMBS, ids=lambda each: each.__name__ if callable(each) else str(each).replace("/", "-")
)
def test_what_asks_for_too_much_ends_in_one_sentence_within_limits(
    kind: str, name: str, make: Callable[[Path], bytes], reader: Child, tmp_path: Path
) -> None:
    data = make(tmp_path)
    assert len(data) < 4 * 2**20
    found = reader.read(kind, name, data)
    assert found["outcome"] == "sentence" or (found["outcome"] == "fine" and make in READ_ALL_THE_SAME), found
    assert found["peak_mb"] < 512
    assert found["seconds"] < 5
