"""Files of a few kilobytes that ask for gigabytes or hours: what they say of their size is looked at first.

Everything is generated. Readers are called directly; ``test_commands.py`` types whole commands.
"""

from __future__ import annotations

import io
import json
import struct
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from rsgraph.components import build
from rsgraph.config import refuse_targets_in_folder
from rsgraph.errors import ConfigError, InputError, RsgraphError
from rsgraph.exporters.selection import read_selection
from rsgraph.io.archive import tree
from rsgraph.io.auto import Auto
from rsgraph.io.eurosat import EuroSat
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.safe import Safe
from rsgraph.io.safe_metadata import parse
from rsgraph.io.swed import read_npy
from rsgraph.label_files import vector_files
from rsgraph.label_files.class_lists import listed_classes
from rsgraph.label_files.class_names import Names
from tests.own_files.test_plain_yaml import bomb

MEGABYTE = 2**20


@contextmanager
def within(seconds: float = 10.0, megabytes: int = 1024) -> Iterator[None]:
    """Assert that a body takes no more of the processor and of Python's memory."""
    tracemalloc.start()
    started = time.process_time()
    try:
        yield
        assert time.process_time() - started < seconds
        assert tracemalloc.get_traced_memory()[1] < megabytes * MEGABYTE
    finally:
        tracemalloc.stop()


# archives


def zeros(size: int) -> bytes:
    return bytes(size)


def claimed(path: Path, member: str, size: int) -> Path:
    """Write a .zip whose directory says that a member of nothing but zeros has ``size`` bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, zeros(MEGABYTE))
    data = bytearray(path.read_bytes())
    at = data.rindex(b"PK\1\2")
    struct.pack_into("<L", data, at + 24, size)
    path.write_bytes(bytes(data))
    return path


def of_many(path: Path, members: int, *, large: bool = False) -> Path:
    """Write a .zip that says at its end that it has so many members."""
    claimed(path, "A/A_1.png", 10)
    data = path.read_bytes()
    at = data.rindex(b"PK\5\6")
    directory = int.from_bytes(data[at + 16 : at + 20], "little")
    if large:
        start = at
        end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, members, members, 47, directory)
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, start, 1)
        last = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
        path.write_bytes(data[:at] + end + locator + last)
    else:
        changed = bytearray(data)
        struct.pack_into("<2HL", changed, at + 8, members, members, 2**30)
        path.write_bytes(bytes(changed))
    return path


def overlapping(path: Path, times: int) -> Path:
    """Write a .zip whose directory names one member of 4 MB many times."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("A/A_1.png", zeros(4 * MEGABYTE))
    data = path.read_bytes()
    start, end = data.index(b"PK\1\2"), data.index(b"PK\5\6")
    entry, last = data[start:end], bytearray(data[end:])
    struct.pack_into("<2HL", last, 8, times, times, times * len(entry))
    path.write_bytes(data[:start] + entry * times + bytes(last))
    return path


ARCHIVES: dict[str, Callable[[Path], Path]] = {
    "a member of 3 GB in some kilobytes": lambda path: claimed(path, "A/A_1.png", 3 * 2**30),
    "the same as a scene": lambda path: claimed(path, "scene.tif", 3 * 2**30),
    "the same in a SAFE": lambda path: claimed(path, "S2A_X.SAFE/MTD_MSIL2A.xml", 3 * 2**30),
    "the same beside others": lambda path: claimed(path, "readme.txt", 4_000_000_000),
    "a billion members": lambda path: of_many(path, 2**40, large=True),
    "a directory of a gigabyte": lambda path: of_many(path, 60_000),
    "one member many times": lambda path: overlapping(path, 20_000),
}


@pytest.mark.parametrize("make", ARCHIVES.values(), ids=ARCHIVES)
@pytest.mark.parametrize("reader", [Auto, EuroSat, Safe])
def test_an_archive_that_unpacks_to_more_than_it_can_is_refused(
    tmp_path: Path, make: Callable[[Path], Path], reader: Callable[[], Auto]
) -> None:
    path = make(tmp_path / "given.zip")
    with within(), pytest.raises(InputError):
        reader().open(path)
    with (
        within(),
        pytest.raises(InputError, match=r"given\.zip cannot be read: (its .* unpack to|it says that it has)"),
    ):
        tree(path)


def test_an_archive_that_holds_much_of_one_value_is_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "masks.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mask.bin", zeros(200 * MEGABYTE))
    assert tree(tmp_path / "masks.zip").members == ("mask.bin",)


def test_a_picture_larger_than_any_is_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "e.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("A/A_1.png", zeros(65 * MEGABYTE))
    with within(megabytes=40), pytest.raises(InputError, match="expected at most 67,108,864"):
        EuroSat().open(tmp_path / "e.zip")
    (tmp_path / "A").mkdir()
    with (tmp_path / "A" / "A_1.png").open("wb") as file:
        file.truncate(6 * 2**30)
    with within(), pytest.raises(InputError, match="larger than 67,108,864"):
        EuroSat().open(tmp_path)


def png(columns: int, rows: int) -> bytes:
    """Return a PNG that says so many pixels, and holds none."""
    head = struct.pack(">2L5B", columns, rows, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    chunks = [struct.pack(">L", len(d)) + k + d + struct.pack(">L", zlib.crc32(k + d)) for k, d in parts]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (100_000, 100_000), (5_000, 10), (14_000, 14_000)])
def test_a_picture_that_says_to_be_huge_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    (tmp_path / "A").mkdir()
    (tmp_path / "A" / "A_1.png").write_bytes(png(*size))
    with within(), pytest.raises(InputError, match=r"A_1\.png cannot be read"):
        EuroSat().open(tmp_path)


def test_a_picture_of_zeros_that_is_one_is_read_as_far_as_it_may_be(tmp_path: Path) -> None:
    (tmp_path / "A").mkdir()
    stream = io.BytesIO()
    Image.new("RGB", (4097, 16)).save(stream, "PNG")
    (tmp_path / "A" / "A_1.png").write_bytes(stream.getvalue())
    with pytest.raises(InputError, match="4097 x 16 pixels; expected at most 4096"):
        EuroSat().open(tmp_path)


# metadata


@pytest.mark.parametrize(
    "text",
    [
        b"<r>" + b"<a/>" * (16 * MEGABYTE) + b"</r>",
        b"<a>" * (5 * MEGABYTE // 3),
        b"<r a='" + b"x" * (5 * MEGABYTE) + b"'/>",
        b"<!DOCTYPE r [<!ENTITY a 'xxxxxxxxxx'>]><r>" + b"&a;" * 10 + b"</r>",
        b"<!DOCTYPE r SYSTEM 'http://127.0.0.1:9/x.dtd'><r/>",
    ],
    ids=["64 MB of elements", "nested", "an attribute", "entities", "a document type elsewhere"],
)
def test_metadata_of_another_size_or_kind_are_refused(tmp_path: Path, text: bytes) -> None:
    folder = tmp_path / "S2A_X.SAFE"
    folder.mkdir()
    (folder / "MTD_MSIL2A.xml").write_bytes(text)
    with within(megabytes=200), pytest.raises(InputError, match=r"MTD_MSIL2A\.xml"):
        Safe().open(folder)


@pytest.mark.parametrize("text", [b"<r>" + b"<a/>" * (MEGABYTE - 2) + b"</r>", b"<a>" * 599_186 + b"</a>" * 599_186])
def test_metadata_as_large_as_they_may_be_are_read_within_the_limits(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "MTD.xml").write_bytes(text)
    started = time.process_time()
    parse(tree(tmp_path), "MTD.xml")
    assert time.process_time() - started < 8


# configs


@pytest.mark.parametrize(
    "text",
    [bomb(), bomb(30), "&a [*a]", "[" * 100_000, "{" * 100_000, "a: &a {b: *a}", "x: " + "y" * (3 * MEGABYTE),
     f"[{'1, ' * 500_000}]", "a: " + "9" * 6000, "a: !!python/object/apply:os.system [true]", "\x00",
     "a: 2026-13-13"],
)  # fmt: skip
def test_a_config_that_says_too_much_or_nothing_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "gnn").mkdir()
    (tmp_path / "gnn" / "mine.yaml").write_text(text)
    started = time.process_time()
    with pytest.raises(ConfigError, match=r"mine\.yaml is not valid YAML"):
        refuse_targets_in_folder(tmp_path)
    assert time.process_time() - started < 10


# rasters


def sparse(path: Path, rows: int, columns: int, *, bands: int = 1, **options: object) -> Path:
    """Write a GeoTIFF of any size that holds no pixels."""
    profile = {"compress": "deflate", "sparse_ok": True, "dtype": "uint16", "crs": "EPSG:32633", **options}
    grid = {"width": columns, "height": rows, "count": bands, "transform": rasterio.Affine(10, 0, 0, 0, -10, 0)}
    rasterio.open(path, "w", driver="GTiff", **grid, **profile).close()
    return path


RASTERS: dict[str, Callable[[Path], Path]] = {
    "400 000 x 400 000 pixels": lambda path: sparse(
        path, 400_000, 400_000, tiled=True, blockxsize=32768, blockysize=32768, nodata=0
    ),
    "a row of 2 000 000 000": lambda path: sparse(path, 1, 2_000_000_000, nodata=0),
    "a column of 500 000": lambda path: sparse(path, 500_000, 4, nodata=0),
    "one part of 3 GB": lambda path: sparse(
        path, 40_000, 40_000, tiled=True, blockxsize=40_000, blockysize=40_000, nodata=0
    ),
    "one part of 3 GB in all bands": lambda path: sparse(
        path, 12_000, 12_000, bands=12, tiled=True, blockxsize=12_000, blockysize=12_000, interleave="pixel", nodata=0
    ),
    "holes": lambda path: sparse(path, 20_000, 20_000, tiled=True, blockxsize=512, blockysize=512),
    "more parts than bytes": lambda path: sparse(
        path, 30_000, 30_000, tiled=True, blockxsize=16, blockysize=16, nodata=0
    ),
}


@pytest.mark.parametrize("make", RASTERS.values(), ids=RASTERS)
def test_a_raster_that_is_larger_than_it_can_be_is_refused(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path / "scene.tif")
    with within(), pytest.raises(InputError, match=r"scene\.tif"):
        GeoTiff().open(path)


def test_an_array_of_another_size_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<u2", "fortran_order": False, "shape": (2**15, 2**14, 12)}
        )
        file.truncate(13 * 2**30)
    with within(), pytest.raises(InputError, match="expected a chip, of at most"):
        read_npy(str(path))
    with path.open("r+b") as file:
        file.truncate(1000)
    with within(), pytest.raises(InputError, match="it is cut off"):
        read_npy(str(path))


# labels and selections


def test_more_features_than_any_layer_has_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import geopandas
    from shapely import Point

    frame = geopandas.GeoDataFrame({"label": ["water"] * 3}, geometry=[Point(0, 0)] * 3, crs="EPSG:32633")
    path = tmp_path / "labels.gpkg"
    frame.to_file(path, engine="pyogrio")
    monkeypatch.setattr(vector_files, "_MOST_FEATURES", 2)
    with vector_files.untouched(path) as place, pytest.raises(InputError, match="has 3 features; expected at most 2"):
        vector_files.open_vector(path, place, None, None, Names(), predictions=False)


def test_a_hundred_thousand_classes_are_refused() -> None:
    names = Names()
    for number in range(4096):
        assert names.code(f"class {number}") == number + 1
    with pytest.raises(InputError, match="has more than 4096 classes, the last of them 'class 4096'"):
        names.code("class 4096")
    assert names.code("class 7") == 8


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("classes.json", "[" * 100_000),
        ("classes.json", json.dumps([f"class {number}" for number in range(100_000)])),
        ("classes.csv", "\n".join(f"class {number}" for number in range(100_000))),
        ("classes.txt", "x" * (65 * MEGABYTE)),
    ],
)
def test_a_list_that_is_no_list_of_classes_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with within(), pytest.raises(InputError, match=name):
        listed_classes(tmp_path / name, None)


def header_of(shape: str) -> bytes:
    text = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\1\0" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("s.npy", header_of("(1000000000000,)")),
        ("s.npy", header_of("(99999999999999999999999,)")),
        ("s.npy", header_of("(-1,)")),
        ("s.npy", b"\x93NUMPY\1\0\xff\xff"),
        ("s.npy", b""),
        ("s.json", b"[" * 100_000),
        ("s.json", b'{"segment_id": "all"}'),
        ("s.json", b"[1e400]"),
        ("s.json", b"[[1], [2, 3]]"),
        ("s.txt", b"9" * 5000),
        ("s.txt", b"\xff\xfe\x00"),
        ("s.csv", b"segment_id,x\n,1\n"),
        ("s.csv", b"a,segment_id\n1\n"),
        ("s.csv", b'"' + b"x" * 200_000),
    ],
)
def test_a_selection_that_is_none_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with within(), pytest.raises(RsgraphError):
        read_selection(tmp_path / name)


def test_a_selection_larger_than_any_is_not_read(tmp_path: Path) -> None:
    for name in ("s.npy", "s.csv", "s.txt", "s.json"):
        with (tmp_path / name).open("wb") as file:
            file.truncate(2**34)
        with within(), pytest.raises(InputError, match=rf"{name} is larger than 64 MB"):
            read_selection(tmp_path / name)


# networks and other options


@pytest.mark.parametrize(
    ("kind", "name", "options"),
    [
        ("gnn", "gcn", {"layers": 1_000_000}),
        ("gnn", "gcn", {"hidden": 1_000_000}),
        ("gnn", "sage", {"layers": 33}),
        ("gnn", "sage", {"hidden": 10**9}),
        ("gnn", "gat", {"layers": 1_000_000}),
        ("gnn", "gat", {"heads": 1_000_000}),
        ("gnn", "gat", {"features_per_head": 1_000_000}),
        ("gnn", "rings", {"layers": 1_000_000}),
        ("encoder", "unet", {"width": 1_000_000}),
        ("encoder", "unet", {"width": 64, "depth": 8}),
        ("encoder", "autoencoder", {"latent": 10**9}),
        ("encoder", "autoencoder", {"width": 4096, "depth": 5}),
        ("target", "fuzzy_c_means", {"n_clusters": 100_000}),
        ("target", "kmeans", {"n_clusters": 1001}),
        ("target", "unmixing", {"n_clusters": 10**9}),
        ("graph", "nearest", {"k": 10**9}),
        ("projector", "parametric", {"hidden": 10**6}),
    ],
)
def test_a_network_of_a_million_layers_is_not_made(kind: str, name: str, options: dict[str, int]) -> None:
    with within(3), pytest.raises(ConfigError, match="at most"):
        build(kind, name=name, **options)
