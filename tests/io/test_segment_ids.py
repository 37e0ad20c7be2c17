from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsgraph.errors import WorkspaceError
from rsgraph.io import segment_ids
from rsgraph.io.segment_ids import check_ids, read_ids
from rsgraph.types import Window
from tests.exporters.workspaces import scene, write_ids


def test_read_ids_reads_a_window_and_names_a_damaged_file(tmp_path: Path) -> None:
    ids = np.arange(40 * 64, dtype=np.uint32).reshape(40, 64)
    write_ids(tmp_path / "segments.tif", ids, scene())
    found = read_ids(tmp_path / "segments.tif", Window(3, 60, 30, 4))
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, ids[3:33, 60:])
    (tmp_path / "segments.tif").write_bytes(b"II*\0")
    with pytest.raises(WorkspaceError, match=r"segments\.tif is damaged .*; `rsgraph run` on its scene restores it"):
        read_ids(tmp_path / "segments.tif", Window(0, 0, 1, 1))


def test_read_ids_refuses_the_raster_of_another_scene(tmp_path: Path) -> None:
    path = tmp_path / "segments.tif"
    write_ids(path, np.ones((40, 64), dtype=np.uint32), scene())
    assert read_ids(path, Window(0, 0, 2, 2), size=(40, 64)).tolist() == [[1, 1], [1, 1]]
    for rows, columns in ((39, 64), (40, 63), (64, 40)):
        with pytest.raises(WorkspaceError, match=rf"40 x 64 pixels, and its scene {rows} x {columns} in scene\.json"):
            read_ids(path, Window(0, 0, 2, 2), size=(rows, columns))


def test_check_ids_looks_at_all_of_a_raster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segment_ids, "STRIP", 16)
    path = tmp_path / "segments.tif"
    ids = np.arange(40 * 64, dtype=np.uint32).reshape(40, 64)
    write_ids(path, ids, scene())
    check_ids(path, 40, 64, most=40 * 64 - 1)
    with pytest.raises(WorkspaceError, match=r"it holds segment 2559, and segments\.parquet has 2558"):
        check_ids(path, 40, 64, most=40 * 64 - 2)
    for rows, columns in ((41, 64), (39, 64), (40, 63)):
        with pytest.raises(WorkspaceError, match=rf"40 x 64 pixels, and its scene {rows} x {columns} in scene\.json"):
            check_ids(path, rows, columns, most=None)


def test_check_ids_refuses_another_type_and_what_is_no_raster(tmp_path: Path) -> None:
    path = tmp_path / "segments.tif"
    grid = {"width": 64, "height": 40, "transform": rasterio.Affine(10, 0, 0, 0, -10, 0)}
    with rasterio.open(path, "w", driver="GTiff", count=1, dtype="float32", **grid) as file:
        file.write(np.zeros((1, 40, 64), np.float32))
    with pytest.raises(WorkspaceError, match="expected ids as uint32"):
        check_ids(path, 40, 64, most=None)
    path.write_bytes(b"MM\0*")
    with pytest.raises(WorkspaceError, match=r"segments\.tif is damaged"):
        check_ids(path, 40, 64, most=None)
