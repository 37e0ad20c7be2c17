"""Options of a workspace that is continued: its own, except those that were typed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rsgraph.config import Typed
from rsgraph.errors import WorkspaceMismatch
from rsgraph.run.continuing import check_same, continued, own_config
from rsgraph.run.keys import AS_BEFORE
from rsgraph.workspace import Workspace
from tests.small_runs import composed

NOW = composed("workspace=w", "data.path=now.tif")


def made(folder: Path, *overrides: str, **run: Any) -> Workspace:
    """A workspace of which nothing is there but its options and its record."""
    workspace = Workspace(folder)
    workspace.path("config.yaml").write_text(yaml.safe_dump(composed("data.path=then.tif", *overrides)))
    record = {"identity": "1" * 64, "chips_by": "segments", "model": None, "addition": None, "experiment": []}
    workspace.write_manifest({"run": record | run})
    return workspace


@pytest.mark.parametrize(
    ("typed", "option", "value"),
    [
        ([], "segmenter.n_segments", 60),
        (["segmenter.n_segments"], "segmenter.n_segments", 500),
        (["segmenter"], "segmenter.n_segments", 60),
        (["gnn"], "gnn.name", "gcn"),
        (["gnn"], "gnn.hidden", 60),
        ([], "gnn.name", "sage"),
        ([], "gnn.hidden", 12),
        ([], "seed", 3),
        (["seed"], "seed", 0),
        ([], "data.path", "now.tif"),
        ([], "executor.workers", None),
        ([], "workspace", "w"),
    ],
)
def test_continued_takes_what_was_typed_and_keeps_the_rest(
    tmp_path: Path, typed: list[str], option: str, value: object
) -> None:
    workspace = made(tmp_path, "segmenter.n_segments=60", "gnn=sage", "gnn.hidden=12", "seed=3", "executor.workers=7")
    found: Any = continued(NOW, workspace, Typed(typed))
    for part in option.split("."):
        found = found[part]
    assert found == value


def test_continued_is_the_config_of_now_for_a_new_workspace_and_for_python(tmp_path: Path) -> None:
    assert continued(NOW, Workspace(tmp_path), Typed([])) == NOW
    assert continued(NOW, made(tmp_path, "seed=3"), None) == NOW


@pytest.mark.parametrize(("chosen", "width"), [(["laptop"], 32), (["paper"], 16)])
def test_an_experiment_that_was_chosen_before_changes_nothing(tmp_path: Path, chosen: list[str], width: int) -> None:
    workspace = made(tmp_path, "encoder.width=32", experiment=chosen)
    typed = Typed([], experiments=("laptop",), by_experiments=["encoder.width"])
    assert continued(NOW, workspace, typed)["encoder"]["width"] == width


def test_own_config_names_no_model_that_scenes_were_added_with(tmp_path: Path) -> None:
    addition = {"scenes": [], "files": [], "trained_on": [], "identity": "1" * 64, "model": None, "stages": {}}
    workspace = made(tmp_path, "model.from=/w", addition=addition)
    assert own_config(workspace)["model"] == {"from": None}


def test_check_same_names_up_to_six_differences(tmp_path: Path) -> None:
    workspace = made(tmp_path)

    def check(*overrides: str, same_scenes: bool = True, same_model: bool = True) -> None:
        config = composed("data.path=x.tif", "trainer.threads=2", *overrides)
        check_same(workspace, config, same_scenes=same_scenes, same_model=same_model, shown=("a", "b"))

    check()
    with pytest.raises(WorkspaceMismatch, match=r"the scene \(a there, b now\); graph\.k \(8 there, 9 now\)\."):
        check("graph.k=9", same_scenes=False)
    with pytest.raises(WorkspaceMismatch, match=r"the model in None \(its files changed\)"):
        check(same_model=False)
    many = ["graph.k=9", "seed=1", "draw=false", "chips.size=64", "chips.test_every=3", "display=x"]
    with pytest.raises(WorkspaceMismatch, match=r"; and 2 more\. Give another folder"):
        check(*many, "chips.edges=drop", "target.n_clusters=3")


def test_a_kind_of_component_that_came_later_is_that_of_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = made(tmp_path)
    config = workspace.config
    config.pop("matcher")
    workspace.path("config.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.setitem(AS_BEFORE, "matcher", {"name": "mean", "k": 3})
    assert own_config(workspace)["matcher"] == {"name": "mean", "k": 3}
    assert continued(NOW, workspace, Typed([]))["matcher"] == {"name": "mean", "k": 3}
