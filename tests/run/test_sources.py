"""Scenes and workspaces that are copied, renamed and moved, together or apart; what a cache must not hand over."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from rsgraph.config import Typed
from rsgraph.errors import NotReadable, WorkspaceMismatch
from rsgraph.exporters.export import export_workspace
from rsgraph.run.runner import run
from rsgraph.run.scenes import Reopened
from rsgraph.run.sources import located
from rsgraph.workspace import Workspace
from tests.run.several import write_scene
from tests.small_runs import TINY, composed

WORDS = [word for word in TINY if not word.startswith(("reader", "encoder", "training"))]


def config_of(scene: Path | None, workspace: Path, *options: str) -> dict[str, Any]:
    config = composed(*WORDS, f"workspace={workspace}", *options)
    config["data"]["path"] = None if scene is None else str(scene)
    return config


def both(scenes: list[Path], workspace: Path) -> dict[str, Any]:
    config = config_of(None, workspace, "experiment=untrained")
    config["data"]["path"] = [str(scene) for scene in scenes]
    return config


def run_on(scene: Path | None, workspace: Path, *options: str) -> Workspace:
    names = [word.partition("=")[0] for word in ("workspace=", *options)] + ([] if scene is None else ["data.path"])
    return run(config_of(scene, workspace, "experiment=untrained", *options), typed=Typed(names))


@pytest.fixture(scope="module")
def made_once_here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project: scenes/S2A_20230501_field.tif, and the workspace results/field."""
    project = tmp_path_factory.mktemp("first") / "project"
    scene = write_scene(project / "scenes" / "S2A_20230501_field.tif", 100, 130)
    run_on(scene, project / "results" / "field")
    return project


@pytest.fixture
def project(made_once_here: Path, tmp_path: Path) -> Path:
    """A project as it was made where it is."""
    shutil.copytree(made_once_here, tmp_path / "project")
    run_on(scene_in(tmp_path / "project"), tmp_path / "project" / "results" / "field")
    return tmp_path / "project"


def scene_in(project: Path) -> Path:
    return project / "scenes" / "S2A_20230501_field.tif"


def field(project: Path) -> Workspace:
    return Workspace(project / "results" / "field")


def opened_from(workspace: Workspace) -> str:
    (scene,) = Reopened(workspace.folder).opened()
    assert scene.name == workspace.scene.name
    return str(scene.files[0])


def test_a_copy_gets_its_own_name_out_of_the_cache(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = project / "scenes" / "for_labelling.tif"
    shutil.copy(scene_in(project), copy)
    capsys.readouterr()
    workspace = run_on(copy, project / "results" / "for_labelling")
    assert "taken from the cache" in capsys.readouterr().out
    assert (workspace.scene.name, workspace.scene.files) == ("for_labelling", (str(copy),))
    assert opened_from(workspace) == str(copy)
    assert opened_from(field(project)) == str(scene_in(project)), "the first one keeps its own"
    assert workspace.intact()["scene.json"] == workspace.manifest["stages"]["scene"]["outputs"]["scene.json"]


def test_a_copy_in_another_folder_can_be_exported_when_the_first_one_is_gone(project: Path) -> None:
    other = project.parent / "elsewhere" / "S2A_20230501_field.tif"
    other.parent.mkdir()
    shutil.copy(scene_in(project), other)
    workspace = run_on(other, project / "results" / "again")
    scene_in(project).unlink()
    assert opened_from(workspace) == str(other)
    assert export_workspace(workspace.folder, "chips")


def stac_item(folder: Path) -> dict[str, Any]:
    """Label everything, export it, and return what the catalogue says of the scene."""
    workspace = Reopened(folder)
    with workspace.journal() as journal:
        journal.define("all")
        journal.assign(workspace.segments["segment_id"].to_numpy(), "all", author="ann")
    export_workspace(folder, "stac")
    name = workspace.scene.name
    found = json.loads(workspace.path("exports", "stac", name, f"{name}.json").read_text())
    assert isinstance(found, dict)
    return found


def test_a_copy_has_no_date_of_the_first_one(project: Path) -> None:
    copy = project / "scenes" / "for_labelling.tif"
    shutil.copy(scene_in(project), copy)
    run_on(copy, project / "results" / "for_labelling")

    first, second = (stac_item(project / "results" / name) for name in ("field", "for_labelling"))
    assert first["properties"]["start_datetime"] == "2023-05-01T00:00:00Z"
    assert second["properties"].get("start_datetime") != "2023-05-01T00:00:00Z"
    assert "not known" in second["properties"]["label:description"]
    sources = [link["href"] for link in second["links"] if link["rel"] == "source"]
    assert sources == [copy.as_uri()]


def test_a_link_takes_the_date_of_what_it_points_to(project: Path) -> None:
    link = project / "scenes" / "latest.tif"
    link.symlink_to(scene_in(project).name)
    workspace = run_on(link, project / "results" / "latest")
    assert workspace.scene.name == "latest"
    assert stac_item(workspace.folder)["properties"]["start_datetime"] == "2023-05-01T00:00:00Z"


def test_what_moves_together_stays_together(project: Path) -> None:
    moved = project.rename(project.parent / "moved")
    assert field(moved).scene.files == (str(scene_in(moved)),)
    assert opened_from(field(moved)) == str(scene_in(moved))


def test_of_two_copies_of_a_project_each_reads_its_own_scene(project: Path) -> None:
    copy = project.parent / "copy"
    shutil.copytree(project, copy)
    assert opened_from(field(copy)) == str(scene_in(copy))
    assert opened_from(field(project)) == str(scene_in(project))


def test_a_workspace_that_moves_finds_the_scene_where_it_was(project: Path) -> None:
    (project / "results" / "field").rename(project.parent / "lonely")
    workspace = Workspace(project.parent / "lonely")
    assert workspace.scene.files == (str(scene_in(project)),)
    assert opened_from(workspace) == str(scene_in(project))


def test_another_scene_that_lies_where_the_own_one_would_be_is_not_taken(project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    write_scene(elsewhere / "scenes" / scene_in(project).name, 64, 80)
    (elsewhere / "results").mkdir()
    (project / "results" / "field").rename(elsewhere / "results" / "field")
    workspace = Workspace(elsewhere / "results" / "field")
    assert located(workspace, str(scene_in(project))) == str(scene_in(project))
    assert opened_from(workspace) == str(scene_in(project))


def test_a_renamed_scene_is_found_by_what_it_holds(project: Path) -> None:
    write_scene(project / "scenes" / "another.tif", 64, 80)
    renamed = scene_in(project).rename(project / "scenes" / "renamed.tif")
    assert opened_from(field(project)) == str(renamed)
    assert export_workspace(field(project).folder, "geotiff")


def test_a_scene_that_is_gone_is_asked_for_and_may_be_named_anew(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hidden = project.parent / "deep" / "hidden" / "renamed.tif"
    hidden.parent.mkdir(parents=True)
    scene_in(project).rename(hidden)
    folder = field(project).folder
    with pytest.raises(NotReadable, match=r"is not there any more; put it back, or say .* workspace=.*field"):
        Reopened(folder).opened()
    capsys.readouterr()
    workspace = run_on(hidden, folder)
    assert "nothing to do" in capsys.readouterr().out
    assert (workspace.scene.name, workspace.scene.files) == ("renamed", (str(hidden),))
    assert workspace.config["data"]["path"] == str(hidden)
    assert opened_from(workspace) == str(hidden)


def test_a_scene_that_was_changed_is_not_asked_to_be_put_back(project: Path) -> None:
    write_scene(scene_in(project), 100, 130, metres=20)
    with pytest.raises(WorkspaceMismatch, match=r"it was changed, or is read otherwise.*overwrite=true") as refused:
        Reopened(field(project).folder).opened()
    assert "back" not in str(refused.value)


def test_a_run_without_a_path_goes_on_with_the_scene_that_moved_along(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = project.rename(project.parent / "moved")
    capsys.readouterr()
    workspace = run_on(None, moved / "results" / "field")
    assert "nothing to do" in capsys.readouterr().out
    assert workspace.config["data"]["path"] == str(scene_in(moved))


def test_a_folder_of_bands_is_found_under_another_name(tmp_path: Path) -> None:
    import rasterio

    whole = write_scene(tmp_path / "whole.tif", 64, 80)
    folder = tmp_path / "bands"
    folder.mkdir()
    with rasterio.open(whole) as file:
        for number, name in enumerate(file.descriptions, start=1):
            with rasterio.open(folder / f"{name}.tif", "w", **{**file.profile, "count": 1}) as band:
                band.write(file.read(number), 1)
    workspace = run_on(folder, tmp_path / "w")
    renamed = folder.rename(tmp_path / "other")
    assert located(workspace, str(folder)) == str(renamed)
    assert len(Reopened(workspace.folder).opened()[0].files) == 12


def test_scenes_of_a_collection_keep_their_names_in_the_tables_when_they_are_renamed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [write_scene(tmp_path / "a.tif", 64, 80), write_scene(tmp_path / "b.tif", 80, 64)]
    run(both(paths, tmp_path / "w"))
    renamed = [paths[0].rename(tmp_path / "b_new.tif"), paths[1].rename(tmp_path / "a_new.tif")]
    assert [scene.name for scene in Reopened(tmp_path / "w").opened()] == ["a", "b"]
    capsys.readouterr()
    typed = Typed(["data.path", "workspace"])
    workspace = run(both(renamed[::-1], tmp_path / "w"), typed=typed)
    assert "nothing to do" in capsys.readouterr().out
    assert [(scene.name, scene.files[0]) for scene in workspace.scenes] == [
        ("a", str(renamed[0])),
        ("b", str(renamed[1])),
    ]


def test_a_workspace_without_the_record_goes_on_as_before(project: Path) -> None:
    field(project).path("sources.json").unlink()
    assert opened_from(field(project)) == str(scene_in(project))
    moved = project.rename(project.parent / "moved")
    assert field(moved).scene.files == (str(scene_in(project)),)


def test_sources_say_where_everything_was(project: Path) -> None:
    workspace = field(project)
    assert workspace.sources["folder"] == str(workspace.folder)
    assert workspace.sources["path"] == str(scene_in(project))
    (about,) = workspace.sources["files"].values()
    assert about["bytes"] == os.path.getsize(scene_in(project))
    assert len(about["sha256"]) == 64
