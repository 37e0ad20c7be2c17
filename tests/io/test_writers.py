"""Rasters are whole or absent, also on a disk that is really full, and scenes come back as they were."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from defusedxml import ElementTree
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rsgraph.errors import ConfigError, NotUsable, OutputError
from rsgraph.io.geotiff import GeoTiff
from rsgraph.io.synthetic.reader import NAMES, Synthetic
from rsgraph.io.writers import check_complete, raster_writer, windows, write_reference, write_scene
from rsgraph.types import Raster, Scene, Window

UTM = (10.0, 0.0, 399960.0, 0.0, -10.0, 5600040.0)


@dataclass(frozen=True)
class ArraySource:
    values: np.ndarray
    valid: np.ndarray

    def read(self, window: Window) -> Raster:
        part = (slice(window.row, window.row + window.rows), slice(window.column, window.column + window.columns))
        return Raster(self.values[(slice(None), *part)], self.valid[part])


def array_scene(values: np.ndarray, valid: np.ndarray | None = None) -> Scene:
    valid = np.ones(values.shape[1:], bool) if valid is None else valid
    bands = tuple(f"B{i:02d}" for i in range(1, len(values) + 1))
    return Scene("x", bands, *values.shape[1:], ArraySource(values, valid), "EPSG:32630", UTM)


def write_noise(path: Path, side: int = 600) -> np.ndarray:
    """Write what does not compress."""
    values = np.random.default_rng(0).integers(1, 60_000, (2, side, side)).astype(np.uint16)
    with raster_writer(path, rows=side, columns=side, count=2, dtype="uint16", transform=UTM) as writer:
        for row, column, rows, columns in windows(side, side):
            writer.write(values[:, row : row + rows, column : column + columns], Window(row, column, rows, columns))
    return values


@settings(max_examples=20, deadline=None)
@given(
    values=arrays(np.float32, (2, 5, 300), elements=st.floats(0, 1.5, width=32)),
    valid=arrays(np.bool_, (5, 300)),
)
def test_scene_comes_back_within_half_a_count(tmp_path_factory, values, valid) -> None:
    values = np.where(valid, np.maximum(values, np.float32(1e-4)), 0).astype(np.float32)
    path = tmp_path_factory.mktemp("scene") / "scene.tif"
    write_scene(array_scene(values, valid), path)
    back = GeoTiff(mask="declared").open(path)[0]  # else one number along the border is taken as fill
    raster = back.source.read(back.window)
    assert np.array_equal(raster.valid, valid)
    assert np.abs(raster.values - values).max(initial=0) <= 0.5e-4 * (1 + 1e-2)
    assert back.bands == ("B01", "B02")


def test_synthetic_scene_comes_back_with_its_georeference(tmp_path: Path) -> None:
    scene = Synthetic(rows=300, columns=1100, seed=2).open(None)[0]
    reports: list[tuple[int, int]] = []
    write_scene(scene, tmp_path / "scene.tif", progress=lambda done, total: reports.append((done, total)))
    back = GeoTiff().open(tmp_path / "scene.tif")[0]
    assert (back.bands, back.rows, back.columns, back.transform) == (
        scene.bands,
        scene.rows,
        scene.columns,
        scene.transform,
    )
    assert rasterio.crs.CRS.from_wkt(back.crs) == rasterio.crs.CRS.from_epsg(32630)
    here, there = scene.source.read(scene.window), back.source.read(back.window)
    assert np.abs(here.values - there.values).max() <= 0.51e-4
    assert there.valid.all()
    assert reports == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_scene_is_stored_as_tiled_compressed_counts(tmp_path: Path) -> None:
    values = np.array([0.0, 0.00004, 0.12344, 7.0], np.float32).reshape(1, 1, 4)
    write_scene(array_scene(values), tmp_path / "scene.tif")
    with rasterio.open(tmp_path / "scene.tif") as file:
        assert file.read(1).tolist() == [[1, 1, 1234, 65535]]
        assert (file.nodata, file.scales, file.descriptions) == (0, (1e-4,), ("B01",))
        assert (file.block_shapes, file.compression.value) == ([(256, 256)], "DEFLATE")
        assert file.profile["tiled"]


@pytest.mark.parametrize("compress", ["deflate", "zstd", "lzw", "none"])
def test_scene_is_the_same_under_every_compression(tmp_path: Path, compress: str) -> None:
    counts = np.random.default_rng(1).integers(1, 10_000, (3, 40, 50)).astype(np.uint16)
    values = (counts * 1e-4).astype(np.float32)
    write_scene(array_scene(values), tmp_path / "scene.tif", compress=compress)  # type: ignore[arg-type]
    with rasterio.open(tmp_path / "scene.tif") as file:
        assert np.array_equal(file.read(), counts)


def test_scene_refuses_a_scale_that_is_no_reflectance(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`scale` must be between 0 and 1"):
        write_scene(array_scene(np.ones((1, 2, 2), np.float32)), tmp_path / "scene.tif", scale=10_000)
    assert os.listdir(tmp_path) == []


def test_reference_has_codes_colours_and_names(tmp_path: Path) -> None:
    scene = Synthetic(rows=300, columns=400).open(None)[0]
    write_reference(scene, tmp_path / "truth.tif")
    with rasterio.open(tmp_path / "truth.tif") as file:
        assert file.dtypes == ("uint8",)
        assert np.array_equal(file.read(1), scene.reference.read(scene.window))
        assert file.colormap(1)[1] == (0x1F, 0x5F, 0xA8, 255)
        assert file.tags()["CLASS_1"] == "water"
        assert file.nodata == 0
    listed = ElementTree.parse(tmp_path / "truth.tif.aux.xml").findall(".//Category")
    assert [each.text for each in listed] == ["unknown", *NAMES.values()]
    assert sorted(os.listdir(tmp_path)) == ["truth.tif", "truth.tif.aux.xml"]


def test_reference_of_a_scene_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="scene 'x' came without ground truth"):
        write_reference(array_scene(np.ones((1, 2, 2), np.float32)), tmp_path / "truth.tif")


def test_writer_leaves_nodata_where_nothing_was_written(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "ids.tif"
    part = np.arange(1, 26, dtype=np.uint32).reshape(1, 5, 5)
    with raster_writer(path, rows=600, columns=520, count=1, dtype="uint32", nodata=7) as writer:
        writer.write(part, Window(300, 300, 5, 5))
    with rasterio.open(path) as file:
        back = file.read(1)
    assert np.array_equal(back[300:305, 300:305], part[0])
    assert (back == 7).sum() == 600 * 520 - 25 + 1


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_writer_leaves_the_former_file_where_the_body_fails(tmp_path: Path, failure: type[BaseException]) -> None:
    path = tmp_path / "raster.tif"
    path.write_text("former")

    def interrupted() -> None:
        with raster_writer(path, rows=600, columns=600, count=1, dtype="uint8") as writer:
            writer.write(np.ones((1, 256, 256), np.uint8), Window(0, 0, 256, 256))
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert os.listdir(tmp_path) == ["raster.tif"]
    assert path.read_text() == "former"


def test_writer_removes_what_a_viewer_noted_about_the_former_file(tmp_path: Path) -> None:
    (tmp_path / "raster.tif.aux.xml").write_text("statistics")
    write_noise(tmp_path / "raster.tif", 20)
    assert os.listdir(tmp_path) == ["raster.tif"]


def test_writer_refuses_a_shape_that_does_not_fit(tmp_path: Path) -> None:
    with (
        pytest.raises(ValueError, match=r"must have shape \(1, 4, 5\), as the window has. Got \(4, 5\)"),
        raster_writer(tmp_path / "raster.tif", rows=9, columns=9, count=1, dtype="uint8") as writer,
    ):
        writer.write(np.ones((4, 5), np.uint8), Window(0, 0, 4, 5))
    assert os.listdir(tmp_path) == []


def test_writer_refuses_an_unknown_crs(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match=r"`crs` must be well-known text or EPSG:<number>\. Got 'EPSG:one'"),
        raster_writer(tmp_path / "r.tif", rows=9, columns=9, count=1, dtype="uint8", crs="EPSG:one"),
    ):
        pass
    assert os.listdir(tmp_path) == []


def test_writer_names_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"could not (write|create|make).*file"):
        write_noise(tmp_path / "file" / "raster.tif", 20)


def test_check_complete_finds_a_cut_off_file_and_holes(tmp_path: Path) -> None:
    write_noise(tmp_path / "whole.tif")
    check_complete(tmp_path / "whole.tif")
    content = (tmp_path / "whole.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(content[:-1000])
    with pytest.raises(OSError, match="No space left"):
        check_complete(tmp_path / "cut.tif")
    with rasterio.open(
        tmp_path / "holes.tif", "w", driver="GTiff", height=300, width=300, count=1, dtype="uint8", tiled=True,
        blockxsize=256, blockysize=256, sparse_ok=True, transform=rasterio.Affine(*UTM),
    ) as file:  # fmt: skip
        file.write(np.ones((1, 256, 256), np.uint8), window=rasterio.windows.Window(0, 0, 256, 256))
    with pytest.raises(OSError, match="No space left"):
        check_complete(tmp_path / "holes.tif")


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """Mount 1 MiB at a folder; gives False where that is not allowed."""
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(folder)], check=True)


def can_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder, small_disk(Path(folder)) as mounted:
        return mounted


# A full disk where mounting is allowed; a limit on the size of files, which fails alike, everywhere.
PLACES = ["size limit", "full disk"] if can_mount() else ["size limit"]

PROGRAM = """
import resource, sys
from pathlib import Path
from rsgraph.errors import OutputError
from tests.io.test_writers import write_noise
if sys.argv[2] == "size limit":
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
try:
    write_noise(Path(sys.argv[1]))
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("cache_mb", ["1", "500"])  # GDAL fails while writing, or only on closing
@pytest.mark.parametrize("place", PLACES)
def test_writer_says_that_the_disk_is_full_and_leaves_nothing(tmp_path: Path, place: str, cache_mb: str) -> None:
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "GDAL_CACHEMAX": cache_mb}
    with small_disk(tmp_path) if place == "full disk" else tempfile.TemporaryDirectory():
        path = tmp_path / "raster.tif"
        path.write_text("former")
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path), place],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.fullmatch(rf"could not write {path}: the disk is full \(\d+ MB free\).*\n", done.stdout), done
        assert os.listdir(tmp_path) == ["raster.tif"]
        assert path.read_text() == "former"


SWEEP = """
import os, resource, sys
from pathlib import Path
import numpy as np, rasterio
from rsgraph.errors import OutputError
from tests.io.test_writers import write_noise
folder = Path(sys.argv[1])
values = write_noise(folder / "whole.tif", 300)
size = (folder / "whole.tif").stat().st_size
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
outcomes = []
for limit in [1, 100, 400, 1000, *range(5000, size, size // 23), size - 1, size, size + 50_000]:
    path = folder / f"{limit}.tif"
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        write_noise(path, 300)
        outcomes.append("whole")
    except OutputError:
        outcomes.append("absent")
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    if outcomes[-1] == "absent":
        assert not path.exists()
    else:
        with rasterio.open(path) as file:
            assert np.array_equal(file.read(), values)
assert not [name for name in os.listdir(folder) if name.startswith(".")]
print(outcomes.count("absent"), outcomes.count("whole"))
"""


def test_writer_is_whole_or_absent_wherever_the_disk_ends(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", SWEEP, str(tmp_path)], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    absent, whole = map(int, done.stdout.split())
    assert absent > 20
    assert whole >= 2
