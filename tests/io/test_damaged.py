"""Damaged files of every kind: readers answer with an RsgraphError or with pixels, never otherwise, never late."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from rsgraph.errors import RsgraphError
from rsgraph.io.auto import Auto
from rsgraph.io.bands import Bands
from rsgraph.io.eurosat import EuroSat
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.safe import Safe
from rsgraph.io.swed import Swed
from rsgraph.protocols import Reader
from rsgraph.types import Window
from tests.io.rasters import counts, write_tiff
from tests.io.safe_product import write_jp2, write_safe, zipped

READERS: tuple[Callable[[], Reader], ...] = (Auto, GeoTiff, Bands, Safe, EuroSat, Swed)
PATIENT = settings(
    max_examples=40, deadline=timedelta(seconds=20), suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def read_all(path: Path) -> None:
    """Open with every reader and read the scenes' first chips; only an RsgraphError may stop that."""
    for reader in READERS:
        try:
            reader().accepts(path)
            for scene in reader().open(path)[:3]:
                raster = scene.source.read(Window(0, 0, min(scene.rows, 256), min(scene.columns, 256)))
                assert np.isfinite(raster.values).all()
                if scene.reference is not None:
                    scene.reference.read(scene.window)
        except RsgraphError as found:
            check_sentence(str(found))


def check_sentence(text: str) -> None:
    assert text.endswith("."), text
    assert "\n" not in text


@cache
def whole(kind: str) -> bytes:
    """A sound file of each kind."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "tif":
            return write_tiff(folder / "a.tif", counts(4, 80, 80)).read_bytes()
        if kind == "plain.tif":
            return write_tiff(
                folder / "a.tif", counts(2, 60, 60).astype(np.float32), compress=None, tiled=False
            ).read_bytes()
        if kind == "jp2":
            return write_jp2(folder / "a.jp2", counts(1, 64, 64)[0], 10).read_bytes()
        if kind == "zip":
            return zipped(write_safe(folder, level="1C")).read_bytes()
        if kind == "npy":
            stream = io.BytesIO()
            np.save(stream, counts(12, 16, 16).transpose(1, 2, 0))
            return stream.getvalue()
        stream = io.BytesIO()
        Image.fromarray(counts(3, 64, 64).transpose(1, 2, 0).astype(np.uint8)).save(stream, "JPEG")
        return stream.getvalue()


KINDS = st.sampled_from(["tif", "plain.tif", "jp2", "zip", "npy", "jpg"])


def place(folder: Path, kind: str, data: bytes) -> list[Path]:
    """Put a file where each reader that could meet it would look."""
    if kind == "npy":
        for name in ("train/images/x_image_0.npy", "train/labels/x_chip_0.npy"):
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_bytes(data)
        return [folder, folder / "train/images/x_image_0.npy"]
    if kind == "jpg":
        (folder / "A").mkdir()
        (folder / "A" / "A_1.jpg").write_bytes(data)
        return [folder, folder / "A" / "A_1.jpg"]
    ending = kind.rpartition(".")[2]
    (folder / f"x_B02.{ending}").write_bytes(data)
    return [folder / f"x_B02.{ending}"] if ending == "zip" else [folder, folder / f"x_B02.{ending}"]


def check(kind: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as name:
        for path in place(Path(name), kind, data):
            read_all(path)


@PATIENT
@given(kind=KINDS, share=st.floats(0, 1))
def test_readers_survive_truncation(kind: str, share: float) -> None:
    data = whole(kind)
    check(kind, data[: int(len(data) * share)])


@PATIENT
@given(kind=KINDS, flips=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 7)), min_size=1, max_size=6))
def test_readers_survive_flipped_bits(kind: str, flips: list[tuple[float, int]]) -> None:
    data = bytearray(whole(kind))
    for share, bit in flips:
        data[min(int(len(data) * share), len(data) - 1)] ^= 1 << bit
    check(kind, bytes(data))


@settings(PATIENT, max_examples=80)
@example(kind="npy", flips=[(9, 2)])
@given(kind=KINDS, flips=st.lists(st.tuples(st.integers(0, 300), st.integers(0, 7)), min_size=1, max_size=4))
def test_readers_survive_flipped_bits_in_headers(kind: str, flips: list[tuple[int, int]]) -> None:
    data = bytearray(whole(kind))
    for position, bit in flips:
        data[min(position, len(data) - 1)] ^= 1 << bit
    check(kind, bytes(data))


@PATIENT
@example(kind="npy", data=b"\x93NUMPY", keep=0)
@given(kind=KINDS, data=st.binary(max_size=200), keep=st.sampled_from([0, 4, 8, 64]))
def test_readers_survive_random_bytes(kind: str, data: bytes, keep: int) -> None:
    check(kind, whole(kind)[:keep] + data)


@PATIENT
@given(
    member=st.sampled_from(["MTD_MSIL1C.xml", "manifest.safe", "B02.jp2", "B05.jp2"]),
    share=st.floats(0, 1),
    bit=st.integers(0, 7),
    cut=st.booleans(),
)
def test_safe_survives_damaged_members(safe: Path, member: str, share: float, bit: int, cut: bool) -> None:
    path = next(safe.rglob(f"*{member}"))
    sound = path.read_bytes()
    data = bytearray(sound)
    data[min(int(len(data) * share), len(data) - 1)] ^= 1 << bit
    path.write_bytes(data[: int(len(data) * share)] if cut else data)
    try:
        read_all(safe)
    finally:
        path.write_bytes(sound)


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_safe(tmp_path_factory.mktemp("safe"), level="1C")
