"""A full disk leaves nothing half-written and is told in one sentence, by every exporter."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rsgraph.errors import OutputError
from rsgraph.exporters.chips import Chips
from rsgraph.exporters.geojson import GeoJson
from rsgraph.exporters.geopackage import GeoPackage
from rsgraph.exporters.geoparquet import GeoParquet
from rsgraph.exporters.geotiff import GeoTiff
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import OpenedWorkspace


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
    ("exporter", "said"),
    [
        (GeoTiff(), "could not write"),  # of this limit (not of a full disk) GDAL's raster drivers do not say enough
        (GeoPackage(), "the disk is full"),
        (GeoJson(), "the disk is full"),
        (GeoParquet(), "the disk is full"),
        (Chips(), "the disk is full"),
        (Chips(format="tif"), "could not write"),
    ],
    ids=KINDS,
)
def test_export_to_a_full_disk_leaves_nothing_and_says_so(
    exporter: Any, said: str, workspace: OpenedWorkspace, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with (
        files_of_at_most(1500),
        pytest.raises(OutputError, match=said),
    ):
        exporter.export(workspace, out)
    assert [path for path in out.rglob("*") if path.is_file()] == []


def test_export_to_a_file_instead_of_a_folder_says_so(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match=r"could not write .*taken.* Choose a folder that you may write to"):
        GeoParquet().export(workspace, tmp_path / "taken")
