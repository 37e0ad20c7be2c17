from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.manifest import STAGE_FILES, UNKNOWN, check_manifest, complete, is_key, is_local, may_write
from rsgraph.stages.plan import STAGES
from rsgraph.workspace import Workspace

KEY = "0123456789abcdef" * 4
KEPT = Path(__file__).parents[1] / "workspaces_of_0_1"


def manifest() -> dict[str, Any]:
    outputs = {"edges.npy": KEY}
    model = {"folder": "/models/coast", "identity": KEY, "bands": ["B02"], "metric": True}
    addition = {
        "scenes": ["may"],
        "files": [["/s/may.tif"]],
        "trained_on": ["may"],
        "identity": KEY,
        "model": None,
        "stages": {"scene": KEY},
    }
    run = {"identity": KEY, "chips_by": "segments", "model": model, "addition": addition, "experiment": ["laptop"]}
    record = {"stage": "graph", "key": KEY, "outputs": outputs, "seconds": 1.5, "facts": {}, "mlflow_run": None}
    return {
        "stages": {"graph": record},
        "layers": ["bands", "own+gnn1"],
        "default_layer": "own+gnn1",
        "maps": [{"layer": "own", "projector": "umap", "path": "projections/own-umap.parquet"}],
        "ready": "2026-01-01T00:00:00+00:00",
        "run": {**run, "stages": ["scene", "graph"]},
    }


def put(*path: str | int, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(found: dict[str, Any]) -> None:
        place: Any = found
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value

    return change


OUTPUTS = [
    *("../victim", "/etc/passwd", "embeddings/../../victim", "labels.sqlite", "exports/a.tif", "config.yaml"),
    *("edges.npy/x", "./edges.npy", "", "edges.npy\n", "models/encoder.safetensors", "segments/../labels.sqlite"),
    *("..\\victim", "manifest.json", "edges.npy\0", "~/x"),
]

ATTACKS = {
    **{f"outputs {name!r}": put("stages", "graph", "outputs", value={name: KEY}) for name in OUTPUTS},
    "outputs a list": put("stages", "graph", "outputs", value=["edges.npy"]),
    "outputs a text": put("stages", "graph", "outputs", value="edges.npy"),
    "hash a number": put("stages", "graph", "outputs", value={"edges.npy": 3}),
    "stage is a path": put("stages", "../../victim", value={"key": KEY, "outputs": {}}),
    "stage unknown": put("stages", "walk", value={"key": KEY, "outputs": {}}),
    "stage is another": put("stages", "graph", "stage", value="../../victim"),
    "key is a path": put("stages", "graph", "key", value="../../victim"),
    "key is absolute": put("stages", "graph", "key", value="/etc"),
    "key is short": put("stages", "graph", "key", value="abc"),
    "key with a line": put("stages", "graph", "key", value=KEY + "\n"),
    "key is a number": put("stages", "graph", "key", value=7),
    "key is null": put("stages", "graph", "key", value=None),
    "seconds a text": put("stages", "graph", "seconds", value="1"),
    "seconds below 0": put("stages", "graph", "seconds", value=-1),
    "seconds infinite": put("stages", "graph", "seconds", value=float("inf")),
    "facts a list": put("stages", "graph", "facts", value=[]),
    "run id a number": put("stages", "graph", "mlflow_run", value=3),
    "stages a list": put("stages", value=[]),
    "stages null": put("stages", value=None),
    "a stage a text": put("stages", "graph", value="done"),
    "layer a path": put("layers", value=["../../victim"]),
    "layers a text": put("layers", value="bands"),
    "layers null": put("layers", value=None),
    "default layer a path": put("default_layer", value="../../../etc/victim"),
    "default layer null": put("default_layer", value=None),
    "map of a path": put("maps", 0, "layer", value="../x"),
    "map by a path": put("maps", 0, "projector", value="../x"),
    "map elsewhere": put("maps", 0, "path", value="../../victim.parquet"),
    "map in another file": put("maps", 0, "path", value="labels.sqlite"),
    "maps an object": put("maps", value={}),
    "ready a number": put("ready", value=1),
    "run a list": put("run", value=[]),
    "identity a path": put("run", "identity", value="../x"),
    "chips by nothing": put("run", "chips_by", value="pixels"),
    "experiment a text": put("run", "experiment", value="laptop"),
    "planned stage unknown": put("run", "stages", value=["../x"]),
    "model identity a path": put("run", "model", "identity", value="../../../victim"),
    "model a text": put("run", "model", value="/models"),
    "model remote": put("run", "model", "folder", value="http://127.0.0.1/model"),
    "model by gdal": put("run", "model", "folder", value="/vsicurl/http:/127.0.0.1/model"),
    "bands numbers": put("run", "model", "bands", value=[1]),
    "metric a text": put("run", "model", "metric", value="yes"),
    "addition of a path": put("run", "addition", "scenes", value=["../x"]),
    "trained on a path": put("run", "addition", "trained_on", value=["/x"]),
    "addition's key a path": put("run", "addition", "stages", value={"scene": "../../victim"}),
    "addition's stage a path": put("run", "addition", "stages", value={"../x": KEY}),
    "addition's files remote": put("run", "addition", "files", value=[["/vsis3/bucket/a.tif"]]),
    "addition's files too few": put("run", "addition", "files", value=[]),
    "addition's files flat": put("run", "addition", "files", value=["/s/may.tif"]),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_manifest_that_says_anything_else_is_refused(tmp_path: Path, attack: str) -> None:
    found = manifest()
    ATTACKS[attack](found)
    (tmp_path / "manifest.json").write_text(json.dumps(found))
    with pytest.raises(WorkspaceError, match=r"manifest\.json is damaged: '") as caught:
        _ = Workspace(tmp_path).manifest
    assert "\n" not in str(caught.value)


def test_a_manifest_as_it_is_written_is_read(tmp_path: Path) -> None:
    found = manifest()
    (tmp_path / "manifest.json").write_text(json.dumps(found))
    assert Workspace(tmp_path).manifest == found


@pytest.mark.parametrize("name", ["one", "two"])
def test_manifests_of_version_0_1_are_read(name: str) -> None:
    check_manifest(json.loads((KEPT / name / "manifest.json").read_text()), KEPT)


def test_a_tampered_manifest_changes_nothing_outside(tmp_path: Path) -> None:
    victim, workspace = tmp_path / "victim", Workspace(tmp_path / "w")
    victim.write_text("mine")
    workspace.folder.mkdir()
    found = copy.deepcopy(manifest())
    found["stages"]["graph"]["outputs"] = {"../victim": KEY}
    workspace.path("manifest.json").write_text(json.dumps(found))
    with pytest.raises(WorkspaceError):
        workspace.forget(["graph"])
    with pytest.raises(WorkspaceError):
        workspace.intact()
    assert victim.read_text() == "mine"


def test_all_stages_of_the_plan_have_their_files_and_no_others() -> None:
    assert {stage.name for stage in STAGES} == {*STAGE_FILES}
    for name, patterns in STAGE_FILES.items():
        for pattern in patterns:
            assert may_write(name, pattern.replace("*", "x"))


def test_what_is_not_said_of_a_stage_is_nothing() -> None:
    assert complete("graph", {}) == {"stage": "graph", "key": UNKNOWN, "outputs": {}, "seconds": 0.0, "facts": {}}
    assert not is_key(UNKNOWN)
    assert complete("graph", {"key": KEY})["key"] == KEY


@pytest.mark.parametrize(
    "path",
    ["http://h/a", "https://h/a", "/vsicurl/http://h/a", "/vsis3/b/a", "vsizip/x", "ftp:/h/a", "s3:/b", 7, "a\0"],
)
def test_remote_paths_are_told(path: object) -> None:
    assert not is_local(path)


@pytest.mark.parametrize(
    "path", ["/s/may.tif", "C:\\scenes\\a.tif", "C:/scenes/a.tif", "scenes/a, b (Raw).tif", "a:b"]
)
def test_local_paths_are_told(path: str) -> None:
    assert is_local(path)
