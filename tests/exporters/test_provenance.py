from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from rsgraph.exporters.provenance import as_text, provenance, tiff_tags
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import OpenedWorkspace, leaving, scene, write_labels, write_workspace


def test_provenance_says_what_made_the_export(workspace: Workspace) -> None:
    origins = ["human", "propagated", "human", "imported"]
    rows = [(number, "a", origin, 1.0, "me", "t") for number, origin in enumerate(origins, start=1)]
    write_labels(workspace.path("labels.sqlite"), rows)
    facts = provenance(leaving(workspace), layer="gnn2")
    assert facts["rsgraph"] == version("rsgraph")
    assert abs((datetime.now(UTC) - datetime.fromisoformat(facts["written"])).total_seconds()) < 60
    assert facts["workspace"] == "work"
    assert facts["scenes"] == ["coast"]
    assert facts["config_sha256"] == hashlib.sha256(b"seed: 0\n").hexdigest()
    assert facts["layer"] == "gnn2"
    assert facts["stages"]["gnn"] == {"key": "2" * 64, "mlflow_run": "run-2"}
    assert facts["labels"] == 4
    assert facts["label_origins"] == {"human": 2, "imported": 1, "propagated": 1}
    assert json.loads(as_text(facts)) == facts


def test_provenance_of_a_large_collection_stays_short(tmp_path: Path) -> None:
    images = [scene(f"i{'x' * number}", rows=8, columns=8) for number in range(12)]
    workspace: OpenedWorkspace = write_workspace(tmp_path, images)
    facts = provenance(leaving(workspace), layer=None)
    assert facts["scene_count"] == 12
    assert len(facts["scenes"]) == 10
    assert facts["label_origins"] == {}


def test_tiff_tags_name_software_and_time_as_tiff_does() -> None:
    tags = tiff_tags({"rsgraph": "1.2", "written": "2026-11-23T14:05:06+00:00"})
    assert tags["TIFFTAG_SOFTWARE"] == "rsgraph 1.2"
    assert tags["TIFFTAG_DATETIME"] == "2026:11:23 14:05:06"
