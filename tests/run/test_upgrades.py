"""Workspaces of version 0.1.0 after an upgrade: continued, opened, labelled, undone, exported; nothing is lost."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml

from rsgraph import Workspace
from rsgraph.cache import StageCache
from rsgraph.config import Typed
from rsgraph.exporters.export import export_workspace
from rsgraph.run.keys import AS_BEFORE
from rsgraph.run.runner import run
from rsgraph.segmenters.slic import Slic
from rsgraph.stages.plan import STAGES
from tests.small_runs import composed

KEPT = Path(__file__).resolve().parents[1] / "workspaces_of_0_1"
SCENES = {"one": ("may.tif",), "two": ("may.tif", "july.tif")}
LABELS = {"one": 23, "two": 29}


@pytest.fixture(params=["one", "two"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Workspace:
    """A copy of a workspace as version 0.1.0 left it, somewhere else, without its stage cache."""
    shutil.copytree(KEPT / request.param, tmp_path / request.param)
    shutil.copytree(KEPT / "scenes", tmp_path / "scenes")
    return Workspace(tmp_path / request.param)


def same_command(workspace: Workspace, *options: str) -> Workspace:
    """Run the workspace again as a user would who types the path of the scenes, its folder, and perhaps an option."""
    folder = workspace.folder.parent / "scenes"
    paths = ",".join(f"'{folder / name}'" for name in SCENES[workspace.folder.name])
    words = [f"data.path=[{paths}]", f"workspace={workspace.folder}", "tracking.uri=none", *options]
    names = [word.partition("=")[0] for word in words]
    run(composed(*words), typed=Typed(names))
    return workspace


def files_of(workspace: Workspace) -> dict[str, bytes]:
    changing = {"config.yaml", "manifest.json", "labels.sqlite.lock", "manifest.json.lock", "run.lock"}
    changing |= {"scene.json", "sources.json"}  # say where the scenes are now
    paths = (path for path in workspace.folder.rglob("*") if path.is_file() and path.name not in changing)
    return {path.relative_to(workspace.folder).as_posix(): path.read_bytes() for path in paths}


def scenes_of(workspace: Workspace) -> list[dict[str, Any]]:
    found = json.loads(workspace.path("scene.json").read_text())["scenes"]
    assert isinstance(found, list)
    return found


def labels_of(workspace: Workspace) -> pd.DataFrame:
    with workspace.journal(read_only=True) as journal:
        return journal.labels()


def test_run_continues_with_the_workspaces_own_options(old: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    before, scenes = files_of(old), scenes_of(old)
    same_command(old)
    assert "is up to date: nothing to do" in capsys.readouterr().out
    assert files_of(old) == before
    placed = [str(old.folder.parent / "scenes" / name) for name in SCENES[old.folder.name]]
    assert scenes_of(old) == [{**scene, "files": [path]} for scene, path in zip(scenes, placed, strict=True)]
    assert old.config["segmenter"]["n_segments"] == 24, "typed when it was made; the default is 500"
    assert old.config["encoder"]["width"] == 4


def test_it_gets_no_layer_no_map_and_no_stage_that_came_later(old: Workspace) -> None:
    same_command(old)
    assert old.layers == ["bands", "target", "encoder", "gnn1", "gnn2", "gnn3"]
    assert old.default_layer == "gnn2"
    projector = old.config["projector"]["name"]
    assert old.maps == [{"layer": "gnn2", "projector": projector, "path": "segments.parquet"}], "its one map"
    assert not {"metric", "join", "trained_maps"} & set(old.manifest["stages"])
    assert not [path for path in old.folder.rglob("*") if path.name.startswith(("own", "surroundings", "metric"))]


def test_an_option_makes_what_it_needs_anew_and_no_later_layer(old: Workspace) -> None:
    same_command(old)
    kept = old.manifest["stages"]["encoder"]["key"]
    same_command(old, "gnn.hidden=12", "training.gnn.max_epochs=1", "overwrite=true")
    if old.folder.name == "one":  # scenes were added to the other: overwriting trains anew on all of them
        assert old.manifest["stages"]["encoder"]["key"] == kept
    assert old.layers == ["bands", "target", "encoder", "gnn1", "gnn2", "gnn3"]
    assert [each["layer"] for each in old.maps] == ["gnn2"]


def test_the_new_layers_come_where_they_are_asked_for(old: Workspace) -> None:
    same_command(old)
    segments = old.manifest["stages"]["segments"]["key"]
    same_command(old, "embedding.own=true", "metric=touching", "overwrite=true")
    if old.folder.name == "one":  # as above
        assert old.manifest["stages"]["segments"]["key"] == segments
    assert len(labels_of(old)) == LABELS[old.folder.name]
    assert {"own", "surroundings", "own+gnn1"} < set(old.layers)
    assert [each["layer"] for each in old.maps] == ["own", "surroundings", "own+gnn1"]


def test_another_version_of_the_package_changes_no_key(
    old: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import rsgraph.run.runner as runner

    same_command(old)
    keys = {name: entry["key"] for name, entry in old.manifest["stages"].items()}
    monkeypatch.setattr(runner, "version", lambda name: "99.0")
    capsys.readouterr()
    same_command(old)
    assert "nothing to do" in capsys.readouterr().out
    assert {name: entry["key"] for name, entry in old.manifest["stages"].items()} == keys


def test_the_journal_is_read_written_and_undone(old: Workspace) -> None:
    same_command(old)
    assert len(labels_of(old)) == LABELS[old.folder.name]
    ids = old.segments["segment_id"].to_numpy()
    with old.journal(author="eve") as journal:
        journal.assign(ids[50:52], "water")
        assert len(journal.labels()) == LABELS[old.folder.name] + 2
        assert journal.undo()
        while journal.can_undo:
            journal.undo()
        assert len(journal.labels()) == 0, "undo reaches back to before the upgrade"
        while journal.can_redo:
            journal.redo()
        assert len(journal.labels()) == LABELS[old.folder.name] + 2


@pytest.mark.parametrize("exporter", ["geopackage", "geotiff"])
def test_export_writes(old: Workspace, exporter: str) -> None:
    same_command(old)
    written = export_workspace(old.folder, exporter, origins=["human"])
    assert written
    assert all(path.exists() for path in written)


def test_a_changed_default_leaves_it_as_it_is(
    old: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    later = composed(f"workspace={old.folder}", "tracking.uri=none", "segmenter.n_segments=999", "graph.k=7")
    paths = [str(old.folder.parent / "scenes" / name) for name in SCENES[old.folder.name]]
    later["data"]["path"] = paths
    run(later, typed=Typed(["data.path", "workspace", "tracking.uri"]))
    assert "nothing to do" in capsys.readouterr().out
    assert (old.config["segmenter"]["n_segments"], old.config["graph"]["k"]) == (24, 4)


def test_an_option_that_came_later_means_as_before(
    old: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An option of a component, and one of a section, that version 0.1.0 did not know."""
    made = old.config
    for section, option in ((made["segmenter"], "sigma"), (made["training"]["encoder"], "noise")):
        section.pop(option)
    old.path("config.yaml").write_text(yaml.safe_dump(made))
    monkeypatch.setattr(Slic, "as_before", {"sigma": 0.0})
    monkeypatch.setitem(AS_BEFORE, "training.encoder.noise", 0.05)
    manifest = old.manifest
    same_command(old)
    first = {name: entry["key"] for name, entry in old.manifest["stages"].items()}
    assert old.config["segmenter"]["sigma"] == 0.0
    assert old.config["training"]["encoder"]["noise"] == 0.05
    capsys.readouterr()
    same_command(old)
    assert "nothing to do" in capsys.readouterr().out
    assert {name: entry["key"] for name, entry in old.manifest["stages"].items()} == first
    assert manifest["stages"].keys() == first.keys()


def test_only_what_is_typed_may_differ_and_is_named(old: Workspace) -> None:
    from rsgraph.errors import WorkspaceMismatch

    with pytest.raises(WorkspaceMismatch, match=r"was made otherwise: graph\.k \(4 there, 6 now\)\. Give"):
        same_command(old, "graph.k=6")


def test_segments_of_a_raised_revision_carry_the_labels_over(
    old: Workspace, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, rasters = labels_of(old), rasters_of(old)
    monkeypatch.setattr(Slic, "revision", 2)
    segment = Slic.segment

    def fewer(self: Slic, *data: Any, **more: Any) -> Any:
        return segment(Slic(n_segments=12), *data, **more)

    monkeypatch.setattr(Slic, "segment", fewer)
    same_command(old)
    out = capsys.readouterr().out
    found = labels_of(old)
    expected, mixed = by_majority(rasters, before, rasters_of(old))
    assert dict(zip(found["segment_id"], found["label"], strict=True)) == expected
    assert set(found["author"]) <= set(before["author"])
    (kept,) = old.folder.glob("labels.*.sqlite")
    assert str(kept) in re.sub(r"\s+", " ", out)
    assert f"{len(mixed)} " in out.partition("unlabelled, ")[2]
    assert not old.path("labels.before").exists()


def test_segments_that_come_out_the_same_keep_the_journal(old: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = old.path("labels.sqlite").read_bytes()
    monkeypatch.setattr(Slic, "revision", 2)
    same_command(old)
    assert old.path("labels.sqlite").read_bytes() == journal
    assert not list(old.folder.glob("labels.2*.sqlite"))


def test_an_interrupted_change_of_segments_loses_no_label(old: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    before, rasters = labels_of(old), rasters_of(old)
    committed = StageCache.commit

    def interrupt(self: StageCache, stage: str, *rest: Any) -> Any:
        if stage == "segments":
            raise KeyboardInterrupt
        return committed(self, stage, *rest)

    options = ("segmenter.n_segments=12", "overwrite=true")
    with monkeypatch.context() as patch:
        patch.setattr(StageCache, "commit", interrupt)
        with pytest.raises(KeyboardInterrupt):
            same_command(old, *options)
    assert old.path("labels.sqlite").exists()
    same_command(old, *options)
    found = labels_of(old)
    expected, _ = by_majority(rasters, before, rasters_of(old))
    assert dict(zip(found["segment_id"], found["label"], strict=True)) == expected
    assert old.config["encoder"]["width"] == 4, "overwriting changes what was typed, nothing else"


def rasters_of(workspace: Workspace) -> dict[str, np.ndarray[Any, Any]]:
    found = {}
    for scene in workspace.scenes:
        with rasterio.open(workspace.segment_file(scene.name)) as file:
            found[scene.name] = file.read(1)
    return found


def by_majority(
    before: dict[str, np.ndarray[Any, Any]], labels: pd.DataFrame, after: dict[str, np.ndarray[Any, Any]]
) -> tuple[dict[int, str], list[int]]:
    """Label each new segment by more than half of its pixels, pixel by pixel; return those of several labels, too."""
    name_of = dict(zip(labels["segment_id"], labels["label"], strict=True))
    found, mixed = {}, []
    for scene, raster in after.items():
        for number in np.unique(raster[raster > 0]):
            pixels = [name_of.get(each) for each in before[scene][raster == number].tolist()]
            names = {each for each in pixels if each is not None}
            mixed += [int(number)] if len(names) > 1 else []
            best = max(names, key=pixels.count, default=None)
            if best is not None and pixels.count(best) * 2 > len(pixels):
                found[int(number)] = best
    return found, mixed


def test_every_stage_writes_what_the_plan_says(old: Workspace) -> None:
    from fnmatch import fnmatch

    recorded = json.loads(old.path("manifest.json").read_text())["stages"]
    stages = {stage.name: stage for stage in STAGES}
    for name, entry in recorded.items():
        writes = stages[name].writes
        assert all(any(fnmatch(file, pattern) for pattern in writes) for file in entry["outputs"]), name
