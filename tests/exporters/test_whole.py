"""A full disk leaves nothing half-written and is reported in one sentence, by every exporter."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from rsgraph.errors import OutputError
from rsgraph.exporters.chips import Chips
from rsgraph.exporters.coco import Coco
from rsgraph.exporters.geojson import GeoJson
from rsgraph.exporters.geopackage import GeoPackage
from rsgraph.exporters.geoparquet import GeoParquet
from rsgraph.exporters.geotiff import GeoTiff
from rsgraph.exporters.stac import Stac
from rsgraph.exporters.training import Training
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import OpenedWorkspace, leaving, write_labels
from tests.io.test_writers import can_mount, small_disk


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
        exporter.export(leaving(workspace), out)
    assert [path for path in out.rglob("*") if path.is_file()] == []


EVERY: dict[str, Any] = {
    "geotiff": GeoTiff(),
    "geopackage": GeoPackage(),
    "geopackage-class": GeoPackage(dissolve="class"),
    "geojson": GeoJson(),
    "geojson-regions": GeoJson(dissolve="regions", crs="wgs84"),
    "geoparquet": GeoParquet(),
    "chips-tif": Chips(format="tif"),
    "coco": Coco(),
    "training-tif": Training(),
    "training-png": Training(format="png"),
    "stac": Stac(),
}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", EVERY)
def test_a_full_disk_leaves_the_earlier_export_as_it_was(
    name: str, labelled: OpenedWorkspace, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    EVERY[name].export(leaving(labelled), out)
    before = contents(out)
    write_labels_anew(labelled)
    with files_of_at_most(700), pytest.raises(OutputError, match=r"could not write .*half-written") as raised:
        EVERY[name].export(leaving(labelled), out)
    assert contents(out) == before
    assert "\n" not in str(raised.value)
    assert "/." not in str(raised.value), "the user never sees temporary names"


@pytest.mark.skipif(not can_mount(), reason="no right to mount a small disk here")
@pytest.mark.parametrize("name", EVERY)
def test_a_disk_that_is_really_full_is_reported_as_one(name: str, labelled: OpenedWorkspace, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with small_disk(out):
        EVERY[name].export(leaving(labelled), out)
        before = contents(out)
        write_labels_anew(labelled)
        filler = (out / "filler").open("wb", buffering=0)
        with filler, suppress(OSError):
            while filler.write(bytes(2**12)):
                pass
        with pytest.raises(OutputError, match="the disk is full") as raised:
            EVERY[name].export(leaving(labelled), out)
        (out / "filler").unlink()
        assert contents(out) == before
        assert "/." not in str(raised.value)


def write_labels_anew(workspace: OpenedWorkspace) -> None:
    """Change the labels, so that a second export would differ from the first."""
    workspace.path("labels.sqlite").unlink()
    rows = [(i, "other", "human", 1.0, "me", "later") for i in range(1, 9)]
    write_labels(workspace.path("labels.sqlite"), rows)


@pytest.mark.parametrize("name", EVERY)
def test_an_export_that_is_stopped_leaves_the_earlier_one_as_it_was(
    name: str, labelled: OpenedWorkspace, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    EVERY[name].export(leaving(labelled), out)
    before = contents(out)
    write_labels_anew(labelled)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        EVERY[name].export(leaving(labelled), out, progress=stop)
    assert contents(out) == before


def test_export_to_a_file_instead_of_a_folder_says_so(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match=r"could not write .*taken.* Choose a folder that you may write to"):
        GeoParquet().export(leaving(workspace), tmp_path / "taken")
