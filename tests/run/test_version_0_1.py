"""Keys of version 0.1.0 are known, and give way to those of today."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from rsgraph.files import digest, read_json
from rsgraph.run.keys import keys
from rsgraph.run.record import read_record
from rsgraph.run.scenes import Reopened
from rsgraph.run.version_0_1 import keys_of_0_1, upgrade

KEPT = Path(__file__).resolve().parents[1] / "workspaces_of_0_1"


@pytest.mark.parametrize("name", ["one", "two"])
def test_keys_of_0_1_are_those_in_its_manifests(name: str) -> None:
    made = yaml.safe_load((KEPT / name / "config.yaml").read_text())
    stages = read_json(KEPT / name / "manifest.json")["stages"]
    assert keys_of_0_1(made, "0.1.0") == {stage: entry["key"] for stage, entry in stages.items()}


def test_key_of_the_first_stage_held_the_version() -> None:
    made = yaml.safe_load((KEPT / "one" / "config.yaml").read_text())
    options = {"identity": made["identity"], "chips": made["chips"], "data.limit": None, "model.bands": None}
    content = {"stage": "scene", "code": 1, "rsgraph": "0.1.0", "options": options, "inputs": []}
    assert keys_of_0_1(made, "0.1.0")["scene"] == digest(content)


def test_upgrade_leaves_a_stage_that_was_made_otherwise(tmp_path: Path) -> None:
    shutil.copytree(KEPT / "one", tmp_path / "w")
    workspace = Reopened(tmp_path / "w")
    manifest, record = workspace.manifest, read_record(workspace)
    manifest["stages"]["graph"]["key"] = "f" * 64
    workspace.write_manifest(manifest)
    assert record is not None
    upgrade(workspace, workspace.plan, record)
    found = {stage: entry["key"] for stage, entry in workspace.manifest["stages"].items()}
    assert found == {**keys(workspace.plan), "graph": "f" * 64}
    upgrade(workspace, workspace.plan, record)
    assert {stage: entry["key"] for stage, entry in workspace.manifest["stages"].items()} == found
