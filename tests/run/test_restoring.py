"""A finished workspace of which a file is damaged or gone is whole again after one run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rsgraph.files import sha256
from rsgraph.journal.journal import Journal
from rsgraph.run.runner import run
from rsgraph.workspace import Workspace
from tests.small_runs import Configure

_OTHERWISE = ("run.lock", "manifest.json.lock", "labels.sqlite-wal", "labels.sqlite-shm")
"""Files that say who is at work, and not what was made."""

_AGAIN = (
    "scene.json",
    "chips.parquet",
    "levels.npz",
    "segments.tif",
    "segments.parquet",
    "segments.json",
    "embeddings/bands.npy",
    "edges.npy",
    "embeddings/own.npy",
    "models/metric.json",
    "projections/own-pca.parquet",
    "projections/chips-pca.parquet",
    "projections/own+gnn1-pca.parquet",
    "similarity.npz",
    "targets.npz",
    "models/encoder.safetensors",
    "embeddings/gnn2.npy",
    "config.yaml",
    "sources.json",
    "manifest.json",
)
"""One file of every stage at least, all that two stages write, and those of the run itself."""


def _held(workspace: Workspace) -> dict[str, str]:
    """Return file -> hash of a workspace, but for its manifest."""
    files = [path for path in workspace.folder.rglob("*") if path.is_file() and path.name not in _OTHERWISE]
    found = {path.relative_to(workspace.folder).as_posix(): sha256(path) for path in files}
    return {name: each for name, each in found.items() if name != "manifest.json"}


def _claimed(workspace: Workspace) -> dict[str, tuple[str, dict[str, str]]]:
    """Return stage -> its key and what the manifest claims that it made."""
    return {name: (each["key"], each["outputs"]) for name, each in workspace.manifest["stages"].items()}


def _remove(path: Path) -> None:
    path.unlink()


def _damage(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()  # the cache may hold the same file by another name
    path.write_bytes(content[: len(content) // 2])


def _check_restored(made: Workspace, configure: Configure, name: str, harm: Callable[[Path], None]) -> None:
    run(configure())  # it was copied: its config and sources name this folder now
    held, claimed, maps = _held(made), _claimed(made), made.maps
    harm(made.path(name))
    run(configure())
    after = Workspace(made.folder)
    assert _held(after) == held
    assert _claimed(after) == claimed
    assert after.maps == maps
    assert {"x", "y"} <= {*after.segments.columns} & {*after.chips.columns}


@pytest.mark.parametrize("name", _AGAIN)
def test_a_file_that_is_gone_is_there_again_after_one_run(made: Workspace, configure: Configure, name: str) -> None:
    _check_restored(made, configure, name, _remove)


@pytest.mark.parametrize("name", [name for name in _AGAIN if name not in ("config.yaml", "manifest.json")])
def test_a_file_that_is_damaged_is_whole_again_after_one_run(
    made: Workspace, configure: Configure, name: str
) -> None:
    _check_restored(made, configure, name, _damage)


@pytest.mark.parametrize("name", ["scene.json", "segments.tif"])
def test_a_file_is_made_again_where_the_cache_is_lost_and_later_stages_stay(
    made: Workspace, configure: Configure, tmp_path: Path, name: str
) -> None:
    run(configure())
    shutil.rmtree(tmp_path / ".rsgraph-cache")
    tables = {each: os.stat(made.path(each)).st_ino for each in ("segments.parquet", "chips.parquet")}
    _check_restored(made, configure, name, _remove)
    assert {each: os.stat(made.path(each)).st_ino for each in tables} == tables


@pytest.mark.parametrize("names", [["segments.tif"], ["segments.tif", "scene.json"], ["chips.parquet"]])
@pytest.mark.parametrize("harm", [_remove, _damage])
def test_labels_stay_where_segments_are_restored(
    made: Workspace, configure: Configure, names: list[str], harm: Callable[[Path], None]
) -> None:
    with Journal(made.path("labels.sqlite")) as journal:
        journal.define("water")
        journal.assign([1, 2, 3], "water")
    for name in names:
        harm(made.path(name))
    run(configure())
    with Journal(made.path("labels.sqlite"), read_only=True) as journal:
        assert journal.labels()["segment_id"].tolist() == [1, 2, 3]
    assert not [*made.folder.glob("labels.2*.sqlite"), *made.folder.glob("labels.before")]


def test_several_files_are_restored_together(made: Workspace, configure: Configure) -> None:
    run(configure())
    held, claimed = _held(made), _claimed(made)
    for name in ("scene.json", "segments.tif", "projections/chips-pca.parquet", "similarity.npz", "sources.json"):
        _damage(made.path(name))
    for name in ("config.yaml", "embeddings/own.npy", "embeddings/target.npy", "chips.parquet"):
        _remove(made.path(name))
    run(configure())
    assert (_held(made), _claimed(Workspace(made.folder))) == (held, claimed)


def test_a_map_that_waits_for_the_paper_s_layer_is_restored_alike(made: Workspace, configure: Configure) -> None:
    words = ("embedding.layer=gnn2", "embedding.maps=[gnn2]")
    workspace = run(configure(*words, workspace="paper"))
    held = _held(workspace)
    for name in ("segments.tif", "scene.json", "similarity.npz"):
        _remove(workspace.path(name))
        run(configure(*words, workspace="paper"))
        assert _held(workspace) == held, name
