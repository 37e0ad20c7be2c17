"""The words after `rsgraph label`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rsgraph.errors import ConfigError, NotReadable
from rsgraph.label_line import Asked, asked
from rsgraph.workspace import Workspace


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("a scene (Raw), 1.tif").write_text("")
    return "a scene (Raw), 1.tif"


def workspace(folder: Path, **manifest: Any) -> Path:
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_a_scene_is_run_with_all_options_that_are_not_the_windows(scene: str) -> None:
    found = asked([scene, "read_only=true", "gnn=gat", "--config-dir", "mine", "display=false_colour", "train=false"])
    run = (scene, "gnn=gat", "--config-dir", "mine")
    assert found == Asked(None, run, "false_colour", read_only=True, train=False)


def test_a_scene_may_be_named_by_options() -> None:
    assert asked(["reader=synthetic", "workspace=coast"]).run == ("reader=synthetic", "workspace=coast")
    assert asked(["data.path=[a.tif,b.tif]"]).run == ("data.path=[a.tif,b.tif]",)


def test_a_finished_workspace_is_opened_and_nothing_is_run(tmp_path: Path) -> None:
    done = workspace(tmp_path / "done", run={"stages": ["scene"]}, stages={"scene": {}})
    assert asked([str(done)]) == Asked(done)
    assert asked([f"workspace={done}", "display=[B04,B03,B02]"]) == Asked(done, display=["B04", "B03", "B02"])
    old = workspace(tmp_path / "old", stages={"scene": {}})
    assert asked([str(old)]) == Asked(old), "a run of an earlier version did not say what it planned"


def test_an_unfinished_workspace_goes_on_unless_it_is_only_looked_at(tmp_path: Path) -> None:
    stages = {"stages": {"project": {}}, "run": {"stages": ["project", "encoder"]}}
    begun = workspace(tmp_path / "it's begun", **stages)
    assert asked([str(begun)]).run == (f"workspace='{tmp_path}/it\\'s begun'",)
    assert asked([str(begun), "read_only=true"]).run == ()
    assert asked([str(begun), "train=false"]).run == ()


def test_a_workspace_without_maps_gets_them_also_where_nothing_is_trained(tmp_path: Path) -> None:
    begun = workspace(tmp_path / "begun", run={"stages": ["project", "encoder"]}, stages={"scene": {}})
    assert asked([str(begun), "train=false"]).run == (f"workspace='{begun}'",)
    assert asked([str(begun), "read_only=true"]).run == ()


def test_a_workspace_that_another_process_makes_is_opened_as_soon_as_it_can_be_labelled(tmp_path: Path) -> None:
    stages = {"run": {"stages": ["project", "encoder"]}}
    mapped = workspace(tmp_path / "mapped", **stages, stages={"project": {}})
    begun = workspace(tmp_path / "begun", **stages, stages={})
    with Workspace(mapped).being_made(), Workspace(begun).being_made():
        assert asked([str(mapped)]).run == ()
        assert asked([str(begun)]).run, "a second run waits for the first, stage by stage"
    assert asked([str(mapped)]).run


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "which workspace or scene?; type `rsgraph label WORKSPACE` or `rsgraph label SCENE`"),
        (["workspace=nowhere"], "nowhere is no workspace; type"),
        (["reader=synthetic", "train=maybe"], "`train` must be true or false. Got maybe instead."),
        (["reader=synthetic", "-m", "seed=1,2"], "rsgraph label opens one window; sweeps are for"),
    ],
)
def test_mistakes_are_named(words: list[str], sentence: str) -> None:
    with pytest.raises(ConfigError) as error:
        asked(words)
    assert sentence in str(error.value)


def test_options_of_a_run_are_refused_for_a_workspace(tmp_path: Path) -> None:
    made = workspace(tmp_path / "made", stages={})
    with pytest.raises(ConfigError, match=r"other options are those of `rsgraph run`\. Got gnn"):
        asked([str(made), "gnn=gat"])


def test_a_path_that_does_not_exist_is_neither_scene_nor_workspace() -> None:
    with pytest.raises(NotReadable, match="nowhere does not exist; give a workspace"):
        asked(["nowhere"])


def test_links_are_for_the_window_and_for_the_run(scene: str, tmp_path: Path) -> None:
    assert asked([scene, "links=true"]) == Asked(None, (scene, "links=true"), links=True)
    begun = workspace(tmp_path / "begun", run={"stages": ["project", "encoder"]}, stages={"scene": {}})
    assert asked([str(begun), "links=true"]).run == (f"workspace='{begun}'", "links=true")
    assert not asked([str(begun)]).links
