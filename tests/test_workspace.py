"""Files of a workspace, written here with numpy and pandas as the documentation says."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import threading
import time
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

from rsgraph.cache import StageCache
from rsgraph.errors import NotThere, OutputError, WorkspaceError
from rsgraph.files import read_arrays
from rsgraph.types import Similarity
from rsgraph.workspace import (
    Workspace,
    similarity_arrays,
    write_array,
    write_arrays,
    write_table,
)

SCENE = {
    "name": "coast",
    "bands": ["B02", "B03"],
    "rows": 40,
    "columns": 64,
    "crs": None,
    "transform": [10, 0, 5, 0, -10, 7],
    "files": ["coast.tif"],
    "class_name": None,
}
VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Four segments in one scene, with the layers of two stages."""
    found = Workspace(tmp_path / "w")
    (found.folder / "embeddings").mkdir(parents=True)
    found.path("scene.json").write_text(json.dumps({"scenes": [SCENE], "survey": {"bands": ["B02"]}}))
    stages = {
        "encode": {"outputs": {"embeddings/encoder.npy": ""}},
        "gnn": {"outputs": {"embeddings/gnn1.npy": ""}},
    }
    manifest = {"stages": stages, "layers": ["encoder", "gnn1"], "default_layer": "gnn1"}
    found.path("manifest.json").write_text(json.dumps(manifest))
    for name, vectors in (("embeddings/encoder", VECTORS), ("embeddings/gnn1", -VECTORS)):
        np.save(found.path(f"{name}.npy"), vectors)
    pd.DataFrame({"segment_id": [1, 2, 3, 4], "area_px": [9, 8, 7, 6]}).to_parquet(found.path("segments.parquet"))
    return found


def test_workspace_reads_scene_table_and_layers(workspace: Workspace) -> None:
    scene = workspace.scene
    assert (scene.bands, scene.transform, scene.files) == (("B02", "B03"), (10, 0, 5, 0, -10, 7), ("coast.tif",))
    assert scene.reflectance
    assert workspace.survey == {"bands": ["B02"]}
    assert workspace.segments["area_px"].tolist() == [9, 8, 7, 6]
    np.testing.assert_array_equal(workspace.embedding(), -VECTORS)
    np.testing.assert_array_equal(workspace.embedding("encoder"), VECTORS)
    assert isinstance(workspace.embedding(), np.memmap)


def test_layers_in_a_metric_are_compared_by_euclidean_distance(workspace: Workspace) -> None:
    found = {layer: workspace.compared_by(layer) for layer in ("bands", "gnn2", "own", "surroundings", "own+gnn1")}
    assert [layer for layer, distance in found.items() if distance == "euclidean"] == [
        *("own", "surroundings", "own+gnn1")
    ]
    assert set(found.values()) == {"cosine", "euclidean"}


def test_maps_are_those_of_the_manifest_or_of_older_ones_the_default(workspace: Workspace) -> None:
    workspace.path("config.yaml").write_text("projector: {name: umap}")
    assert workspace.maps == [{"layer": "gnn1", "projector": "umap", "path": "segments.parquet"}]
    drawn = [{"layer": "own", "projector": "pca", "path": "projections/own-pca.parquet"}]
    workspace.write_manifest({**workspace.manifest, "maps": drawn})
    assert workspace.maps == drawn


def test_workspace_says_what_it_does_not_hold(workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="has no layer 'gnn2'; choose one of: encoder, gnn1"):
        workspace.embedding("gnn2")
    with pytest.raises(NotThere, match=r"holds no chips\.parquet: it is unfinished; make it with `rsgraph run"):
        workspace.chips  # noqa: B018  # reading is the point
    with pytest.raises(NotThere, match=r"holds no scene\.json: it is not an rsgraph workspace"):
        Workspace(tmp_path).scenes  # noqa: B018  # as above
    with pytest.raises(NotThere, match="its encoder makes none"):
        workspace.latents  # noqa: B018  # as above


def test_workspace_names_damaged_files(workspace: Workspace) -> None:
    workspace.path("embeddings", "gnn1.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(WorkspaceError, match=r"gnn1\.npy is damaged"):
        workspace.embedding("gnn1")
    workspace.path("segments.parquet").write_bytes(b"PAR1")
    workspace.path("manifest.json").write_text("[]")
    with pytest.raises(
        WorkspaceError, match=r"segments\.parquet is damaged: .*; `rsgraph run` on its scene restores it"
    ):
        workspace.segments  # noqa: B018  # reading is the point
    with pytest.raises(WorkspaceError, match=r"manifest\.json is damaged: expected a JSON object"):
        workspace.manifest  # noqa: B018  # as above


def test_intact_hashes_the_files_of_the_manifest(workspace: Workspace) -> None:
    workspace.path("embeddings", "gnn1.npy").unlink()
    names = ("embeddings/encoder.npy",)
    assert workspace.intact() == {
        name: hashlib.sha256(workspace.path(name).read_bytes()).hexdigest() for name in names
    }


def test_forget_removes_files_that_no_other_stage_owns(workspace: Workspace) -> None:
    both = {"project": ["x-pca", "y-pca"], "trained_maps": ["y-pca", "z-pca"]}
    stages = {
        name: {"outputs": {f"projections/{file}.parquet": "" for file in files}} for name, files in both.items()
    }
    workspace.change_manifest(lambda manifest: {**manifest, "stages": {**manifest["stages"], **stages}})
    workspace.path("projections").mkdir()
    for file in ("x-pca", "y-pca", "z-pca"):
        workspace.path("projections", f"{file}.parquet").touch()
    workspace.forget(["gnn", "match", "trained_maps"])
    assert list(workspace.manifest["stages"]) == ["encode", "project"]
    assert workspace.layers == ["encoder"]
    assert [path.name for path in workspace.folder.rglob("*.npy")] == ["encoder.npy"]
    assert sorted(path.stem for path in workspace.path("projections").iterdir()) == ["x-pca", "y-pca"]


def test_forget_drops_the_maps_of_what_it_forgets(workspace: Workspace) -> None:
    maps = [
        {"layer": "encoder", "projector": "umap", "path": "segments.parquet"},
        {"layer": "gnn1", "projector": "umap", "path": "projections/gnn1-umap.parquet"},
    ]
    manifest = workspace.manifest
    for stage, layer in (("project", "encoder"), ("trained_maps", "gnn1")):
        manifest["stages"][stage] = {"outputs": {f"projections/{layer}-umap.parquet": ""}}
    workspace.write_manifest({**manifest, "maps": maps})
    workspace.forget(["trained_maps"])
    assert workspace.maps == maps[:1]
    workspace.forget(["project"])
    assert workspace.maps == []


def test_adopt_brings_a_stored_stage_in(workspace: Workspace, tmp_path: Path) -> None:
    cache = StageCache(tmp_path / "cache")
    folder = cache.partial("project", "a" * 64)
    (folder / "projections").mkdir()
    (folder / "projections" / "encoder-umap.parquet").touch()
    (folder / "projections" / "found-umap.parquet").write_bytes(b"points")
    record = cache.commit("project", "a" * 64, 2.0, {"pairs": 6})
    maps = [
        {"layer": "encoder", "projector": "umap", "path": "segments.parquet"},
        {"layer": "gnn1", "projector": "umap", "path": "projections/gnn1-umap.parquet"},
    ]
    workspace.adopt(record, cache, run_id="run", layers=["target", "encoder"], default_layer="encoder", maps=maps)
    assert workspace.path("projections", "found-umap.parquet").read_bytes() == b"points"
    assert workspace.manifest["stages"]["project"]["mlflow_run"] == "run"
    assert (workspace.layers, workspace.default_layer) == (["encoder"], "encoder")
    assert workspace.maps == maps[:1], "the other is not drawn yet"
    assert workspace.ready
    workspace.mark_ready()
    since = workspace.manifest["ready"]
    assert datetime.fromisoformat(since).tzinfo is not None
    workspace.change_manifest(lambda manifest: {**manifest, "ready": "2026-01-01"})
    workspace.mark_ready()
    assert workspace.manifest["ready"] == "2026-01-01", "it was ready before"
    workspace.forget(["project"])
    assert not workspace.ready
    assert "ready" not in workspace.manifest


def test_stages_are_entered_in_an_mlflow_run_that_is_opened_after_them(workspace: Workspace) -> None:
    workspace.enter_tracked(["gnn", "gone"], "later")
    stages = workspace.manifest["stages"]
    assert stages["gnn"]["mlflow_run"] == "later"
    assert "gone" not in stages
    assert stages["encode"].get("mlflow_run") != "later"


def test_unfinished_stages_are_those_that_the_run_planned_and_has_not_made(workspace: Workspace) -> None:
    assert workspace.unfinished == [], "an earlier version did not say what it planned"
    planned = ["encode", "gnn", "match", "pictures"]
    workspace.change_manifest(lambda manifest: {**manifest, "run": {"stages": planned}})
    assert workspace.unfinished == [name for name in planned if name not in workspace.manifest["stages"]]
    assert "pictures" in workspace.unfinished


def _add(folder: Path, name: str) -> None:
    for number in range(20):
        Workspace(folder).change_manifest(partial(_with, f"{name}{number}", number))


def _with(name: str, number: int, manifest: dict[str, Any]) -> dict[str, Any]:
    return {**manifest, name: number}


def test_two_processes_that_change_the_manifest_lose_nothing_of_each_other(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    other = context.Process(target=_add, args=(workspace.folder, "theirs"))
    other.start()
    while "theirs0" not in workspace.manifest:
        time.sleep(0.01)
    _add(workspace.folder, "ours")
    other.join()
    found = workspace.manifest
    assert [found[f"{name}{number}"] for name in ("ours", "theirs") for number in range(20)] == [*range(20)] * 2


def test_others_see_that_a_run_goes_on_with_a_workspace(workspace: Workspace) -> None:
    same = Workspace(workspace.folder)
    assert not same.is_being_made
    with workspace.being_made(), same.being_made():
        assert same.is_being_made
    assert not same.is_being_made


def test_a_mark_that_cannot_be_set_is_told_and_one_that_cannot_be_asked_is_none(workspace: Workspace) -> None:
    workspace.path("run.lock").mkdir()  # so that it cannot be opened, as in a folder of somebody else
    assert not workspace.is_being_made
    with pytest.raises(OutputError, match=r"run\.lock"), workspace.being_made():
        pass


def test_a_run_sets_its_mark_though_somebody_asks_for_it_at_that_moment(workspace: Workspace) -> None:
    asking = FileLock(workspace.path("run.lock"), thread_local=False)
    asking.acquire()
    threading.Timer(0.1, asking.release).start()
    with workspace.being_made():
        assert workspace.is_being_made


def test_similarity_comes_back_as_it_was_written(workspace: Workspace) -> None:
    bounds = np.array([0.5, -1], dtype=np.float32)
    written = Similarity(
        np.array([[1], [0]]), np.full((2, 1), 0.9, np.float32), np.zeros((2, 1), np.float32), None, 3,
        ceiling=bounds, given_up={"signature": 4, "dual": 0},
    )  # fmt: skip
    write_arrays(workspace.path("similarity.npz"), similarity_arrays(written))
    found = workspace.similarity
    assert (found.solved, found.given_up, found.matrix, found.dual) == (3, {"signature": 4, "dual": 0}, None, None)
    np.testing.assert_array_equal(found.indices, [[1], [0]])
    np.testing.assert_array_equal(found.ceiling, bounds)
    with np.load(workspace.path("similarity.npz")) as plain:
        assert sorted(plain.files) == sorted(read_arrays(workspace.path("similarity.npz")))
        assert plain["given_up_signature"] == 4


def test_arrays_and_tables_are_written_whole(workspace: Workspace) -> None:
    write_array(workspace.path("new", "a.npy"), VECTORS)
    write_table(workspace.path("new", "a.parquet"), pd.DataFrame({"a": [1]}, index=[5]))
    np.testing.assert_array_equal(np.load(workspace.path("new", "a.npy")), VECTORS)
    assert pd.read_parquet(workspace.path("new", "a.parquet")).to_dict("list") == {"a": [1]}
    assert sorted(path.name for path in workspace.path("new").iterdir()) == ["a.npy", "a.parquet"]


def test_segment_files_are_one_or_one_per_scene(workspace: Workspace) -> None:
    assert workspace.segment_overlap == 0
    workspace.path("segments").mkdir()
    workspace.path("segments", "coast.tif").touch()
    workspace.path("segments.json").write_text('{"overlap": 24}')
    assert workspace.segment_file("coast") == workspace.path("segments", "coast.tif")
    assert workspace.segment_overlap == 24
    workspace.path("segments.tif").touch()
    assert workspace.segment_file("coast") == workspace.segment_file() == workspace.path("segments.tif")


@pytest.mark.parametrize(
    ("layer", "distance"),
    [("own", "euclidean"), ("surroundings", "euclidean"), ("own+gnn1", "euclidean"), ("gnn2", "cosine")],
)
def test_layer_that_a_metric_made_is_compared_by_euclidean_distance(
    tmp_path: Path, layer: str, distance: str
) -> None:
    assert Workspace(tmp_path).compared_by(layer) == distance


@pytest.mark.parametrize("layer", ["../../secret", "/etc/secret", "a/../../secret"])
def test_names_that_lead_out_are_refused_whoever_gives_them(workspace: Workspace, layer: str) -> None:
    np.save(workspace.folder.parent / "secret.npy", VECTORS)
    with pytest.raises(WorkspaceError, match="is refused as the name of a file"):
        workspace.embedding(layer)
    with pytest.raises(WorkspaceError, match="is refused as the name of a file"):
        workspace.segment_file(f"{layer}")


def test_vectors_that_are_not_finite_or_not_of_the_segments_are_refused(workspace: Workspace) -> None:
    np.save(workspace.path("embeddings", "gnn1.npy"), VECTORS.astype(np.float64))
    with pytest.raises(WorkspaceError, match=r"gnn1\.npy is damaged: expected float32"):
        workspace.embedding("gnn1")
    wrong = np.where(VECTORS == 7, np.float32(np.nan), VECTORS)
    np.save(workspace.path("embeddings", "gnn1.npy"), wrong)
    with pytest.raises(WorkspaceError, match=r"gnn1\.npy is damaged: .* not finite, first in row 2"):
        workspace.embedding("gnn1")
    np.save(workspace.path("embeddings", "gnn1.npy"), VECTORS[:3])
    with pytest.raises(WorkspaceError, match=r"it has 3 rows, where the workspace's other files say 4"):
        workspace.embedding("gnn1")


def test_what_links_lead_out_is_not_written_unless_it_is_said(workspace: Workspace) -> None:
    workspace.check_writable()
    workspace.path("exports").symlink_to(workspace.folder.parent)
    with pytest.raises(WorkspaceError, match="exports is a symbolic link to"):
        workspace.check_writable()
    Workspace(workspace.folder, links=True).check_writable()


def test_a_lock_that_is_a_link_empties_nothing(workspace: Workspace) -> None:
    victim = workspace.folder.parent / "victim"
    victim.write_text("mine")
    workspace.path("manifest.json.lock").symlink_to(victim)
    with pytest.raises(OutputError, match="is a symbolic link, which no lock of ours is"):
        workspace.change_manifest(lambda manifest: manifest)
    assert victim.read_text() == "mine"


@pytest.mark.parametrize(
    "content", ["{}", '{"overlap": -1}', '{"overlap": "13"}', '{"overlap": 100000000}', "[]", ""]
)
def test_an_overlap_is_a_number_of_pixels(workspace: Workspace, content: str) -> None:
    workspace.path("segments.json").write_text(content)
    with pytest.raises(WorkspaceError, match=r"segments\.json is damaged"):
        _ = workspace.segment_overlap
