"""A full disk leaves nothing half-written and is told in one sentence, by every exporter."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rsgraph.errors import OutputError
from rsgraph.exporters.chips import Chips
from rsgraph.exporters.geojson import GeoJson
from rsgraph.exporters.geopackage import GeoPackage
from rsgraph.exporters.geoparquet import GeoParquet
from rsgraph.exporters.geotiff import GeoTiff
from rsgraph.exporters.rasters import Style, blocks, write_geotiff
from rsgraph.workspace import SceneInfo, Workspace
from tests.exporters.workspaces import GRID, UTM, OpenedWorkspace


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let every write beyond ``size`` bytes fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


KINDS = ["geotiff", "geopackage", "geojson", "geoparquet", "chips-png", "chips-tif"]


@pytest.mark.parametrize(
    "exporter", [GeoTiff(), GeoPackage(), GeoJson(), GeoParquet(), Chips(), Chips(format="tif")], ids=KINDS
)
def test_export_to_a_full_disk_leaves_nothing_and_says_so(
    exporter: Any, workspace: OpenedWorkspace, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with (
        files_of_at_most(1500),
        pytest.raises(OutputError, match=r"could not write .* the disk is full"),
    ):
        exporter.export(workspace, out)
    assert [path for path in out.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("limit", [200, 5_000, 40_000, 90_000])
def test_write_geotiff_finds_a_full_disk_even_where_gdal_keeps_silent(limit: int, tmp_path: Path) -> None:
    info = SceneInfo("x", (), 160, 160, UTM, GRID, (), None)
    noise = np.random.default_rng(0).integers(0, 2**32, (1, 160, 160), dtype=np.uint32)
    path = tmp_path / "noise.tif"
    with files_of_at_most(limit), pytest.raises(OutputError, match="the disk is full"):
        write_geotiff(path, info, Style("uint32", 0, ["x"], {}), lambda _: noise, blocks(160, 160))
    assert list(tmp_path.iterdir()) == []


def test_export_to_a_file_instead_of_a_folder_says_so(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match=r"could not write .*taken.* Choose a folder that you may write to"):
        GeoParquet().export(workspace, tmp_path / "taken")
