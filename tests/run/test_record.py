"""The record that a workspace keeps of its run: written, read, and read from a config of version 0.1.0."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from rsgraph.run.record import Record, read_record, write_record
from rsgraph.stages.plan import Addition, GivenModel
from rsgraph.workspace import Workspace

MODEL = GivenModel("/models/coast", "c" * 64, ("B04", "B08"))
ADDITION = Addition(("may",), (("/s/may.tif",),), ("may",), "1" * 64, None, {"scene": "2" * 64})


@pytest.mark.parametrize("addition", [None, ADDITION])
@pytest.mark.parametrize("model", [None, MODEL, replace(MODEL, metric=True)])
def test_a_record_comes_back(tmp_path: Path, model: GivenModel | None, addition: Addition | None) -> None:
    workspace, record = Workspace(tmp_path), Record("b" * 64, "latent", model, addition, ("laptop",))
    workspace.write_manifest({"stages": {"scene": {}}})
    write_record(workspace, record)
    assert read_record(workspace) == record
    found = json.loads((tmp_path / "manifest.json").read_text())
    assert {*found["stages"]} == {"scene"}
    assert found["run"]["identity"] == "b" * 64


def test_an_empty_folder_has_no_record(tmp_path: Path) -> None:
    assert read_record(Workspace(tmp_path)) is None


def test_a_config_of_0_1_holds_the_same(tmp_path: Path) -> None:
    before = {"from": None, "identity": None, "bands": None}
    made = {
        "identity": "b" * 64,
        "compared": "segments",
        "model": {"from": "/w", "identity": "c" * 64, "bands": ["B04"]},
        "grown_from": {
            "scenes": ["may"],
            "files": [["/s/may.tif"]],
            "learnt_from": ["may"],
            "identity": "1" * 64,
            "model": before,
            "stages": {"scene": "2" * 64},
        },
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(made))
    assert read_record(Workspace(tmp_path)) == Record(
        "b" * 64, "segments", GivenModel("/w", "c" * 64, ("B04",)), ADDITION
    )
