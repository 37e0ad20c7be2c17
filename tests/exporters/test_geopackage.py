from __future__ import annotations

import json
from pathlib import Path

import pyogrio
import pytest

from rsgraph.errors import OutputError
from rsgraph.exporters.geopackage import GeoPackage
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import leaving


def test_export_has_one_layer_of_one_type_and_its_provenance(labelled: Workspace, tmp_path: Path) -> None:
    (path,) = GeoPackage().export(leaving(labelled), tmp_path)
    assert pyogrio.list_layers(path).tolist() == [["segments", "MultiPolygon"]]
    about = pyogrio.read_info(path)
    assert about["features"] == len(labelled.segments)
    facts = json.loads(about["dataset_metadata"]["rsgraph"])
    assert facts["label_origins"] == {"human": 3}
    assert facts["stages"]["encoder"]["mlflow_run"] == "run-1"


def test_export_does_not_touch_a_file_that_is_open_elsewhere(workspace: Workspace, tmp_path: Path) -> None:
    (path,) = GeoPackage().export(leaving(workspace), tmp_path)
    before = path.read_bytes()
    path.with_name(f"{path.name}-wal").write_bytes(b"pages of another program")
    with pytest.raises(OutputError, match=r"segments_polygons\.gpkg-wal .* another program has it open; close it"):
        GeoPackage().export(leaving(workspace), tmp_path)
    assert path.read_bytes() == before
