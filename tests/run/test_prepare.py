"""A run before its first stage: name, workspace, cache and plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.config import Typed
from rsgraph.errors import ConfigError, NotThere, WorkspaceMismatch
from rsgraph.options import read_options
from rsgraph.run.paths import Point
from rsgraph.run.prepare import _with_model, prepare
from rsgraph.run.record import Record
from rsgraph.stages.plan import GivenModel
from rsgraph.workspace import Workspace
from tests.small_runs import TINY, Configure, composed


def test_prepare_names_the_workspace_by_the_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = prepare(composed(*TINY), point=None, typed=None)
    assert found.name == "synthetic_160x200_seed0"
    assert found.workspace.folder == Path("workspaces/synthetic_160x200_seed0")
    assert found.cache.folder == Path("workspaces/.rsgraph-cache")
    assert found.record is None
    trained = ("target", "encoder", "gnn1", "gnn2", "gnn3", "own+gnn1")
    assert (found.plan.layers, found.plan.layer) == (("bands", "own", "surroundings", *trained), "own")
    assert found.plan.maps == ("own", "surroundings", "own+gnn1")
    assert (found.plan.chips_by, found.plan.model, found.plan.addition) == ("segments", None, None)
    assert len(found.plan.identity) == 64
    assert not list(tmp_path.glob("workspaces/*/*")), "nothing is written before the first stage"


def test_prepare_puts_points_of_a_sweep_and_their_cache_beside_each_other(tmp_path: Path) -> None:
    found = prepare(composed(*TINY), point=Point(tmp_path / "sweep" / "graph.k=4", tmp_path), typed=None)
    assert found.workspace.folder == tmp_path / "sweep" / "graph.k=4"
    assert found.beside == tmp_path


def test_prepare_refuses_imports_in_a_config() -> None:
    with pytest.raises(ConfigError, match="a config must not name an import"):
        prepare({**composed(), "x": {"_target_": "os.system"}}, point=None, typed=None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", "database: {host: here}\n"),
        ("config.yaml", "- 1\n"),
        ("config.yaml", "{"),
        ("manifest.json", '{"name": "an app", "icons": []}'),
        ("segments.tif", "mine"),
        ("models/encoder.json", "{}"),
        ("reference.tif.aux.xml", None),
        ("notes.txt", None),
        ("pictures/mine.png", None),
    ],
)
@pytest.mark.parametrize("more", [[], ["overwrite=true"]])
def test_files_of_somebody_else_are_never_replaced(
    name: str, text: str | None, more: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "w" / name
    path.parent.mkdir(parents=True)
    path.write_text(text or "mine")
    config = composed(*TINY, f"workspace={tmp_path / 'w'}", *more)
    if text is None:  # nothing of that name is written
        assert prepare(config, point=None, typed=None).record is None
        return
    with pytest.raises(WorkspaceMismatch, match=f"{path} is there and not of an rsgraph workspace"):
        prepare(config, point=None, typed=Typed([]))
    assert path.read_text() == text


@pytest.mark.parametrize("lost", ["config.yaml", "manifest.json", "segments.tif"])
def test_a_workspace_that_lost_a_file_is_still_one(lost: str, made: Workspace, configure: Configure) -> None:
    made.path(lost).unlink()
    assert prepare(configure(), point=None, typed=Typed([])).workspace.folder == made.folder


@pytest.mark.parametrize("words", [[], ["overwrite=true"]])
def test_a_workspace_keeps_the_model_that_it_has_though_it_is_gone(words: list[str], tmp_path: Path) -> None:
    gone = GivenModel(str(tmp_path / "gone"), "identity", ("B04",))
    options = read_options(composed(f"model.from={gone.folder}", *words))
    record = Record("scene", "segments", gone, None)
    assert _with_model(options, record, Typed(["graph.k"])) == (options, gone)
    with pytest.raises(NotThere):
        _with_model(options, record, Typed(["model.from"]))
