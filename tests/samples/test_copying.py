"""The user's copy of the sample: where it goes, what is kept of it, what it holds."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from rsgraph import Workspace
from rsgraph.cli import main
from rsgraph.errors import OutputError, WorkspaceError, WorkspaceMismatch
from rsgraph.evaluate.reference import reference_counts
from rsgraph.files import read_json
from rsgraph.run.scenes import Reopened
from rsgraph.samples import copying
from rsgraph.samples.copying import NAME, SCENE, sample_copy, samples_folder, shipped
from rsgraph.view.view import find_view

SHIPPED = Path(str(shipped()))


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder, but that which says where the scene lies."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "config.yaml")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the right to write from a folder and all in it, as an administrator's installation does."""
    places = [folder, *folder.rglob("*")]
    modes = {place: place.stat().st_mode for place in places}
    for place in reversed(places):
        place.chmod(modes[place] & ~0o222)
    try:
        yield
    finally:
        for place in places:
            place.chmod(modes[place])


# what is shipped


def test_it_is_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 6_000_000


def test_every_file_that_its_manifest_claims_is_there_undamaged() -> None:
    workspace = Workspace(SHIPPED)
    claimed: dict[str, str] = {}
    for record in workspace.manifest["stages"].values():
        claimed |= record["outputs"]
    assert len(claimed) > 20
    assert workspace.intact() == claimed
    assert workspace.unfinished == []
    assert workspace.ready


def test_it_has_a_map_of_a_trained_layer_beside_the_first_two() -> None:
    workspace = Workspace(SHIPPED)
    assert [each["layer"] for each in workspace.maps] == ["own", "surroundings", "own+gnn1"]
    for layer in workspace.layers:
        assert np.isfinite(workspace.embedding(layer)).all()


def test_licence_and_source_are_beside_it() -> None:
    assert "Apache License" in (SHIPPED / "LICENSE").read_text()
    about = (SHIPPED / "README.md").read_text()
    for words in ("IBM/terramind", "site_282D_485L_3_3", "Apache-2.0", "modified Copernicus Sentinel data"):
        assert words in about


def test_nothing_in_it_says_where_it_was_made() -> None:
    texts = (path for path in SHIPPED.rglob("*") if path.suffix in (".json", ".yaml"))
    assert not [path for path in texts if re.search(r"/(tmp|home|work|root)/", path.read_text())]
    assert Workspace(SHIPPED).scene.files == (SCENE,)


def test_nothing_that_somebody_did_in_it_is_in_it() -> None:
    names = {path.name for path in SHIPPED.rglob("*")}
    assert not {name for name in names if name.startswith(".") or name.endswith((".lock", ".sqlite"))}
    assert not names & {"exports", "evaluation", "window.json"}


def test_its_pictures_need_not_be_made_before_a_window_opens(tmp_path: Path) -> None:
    view = find_view(Workspace(sample_copy(tmp_path / "mine")))
    assert view is not None
    rgb, ids = view.levels()[0]
    assert rgb.shape == (224, 224, 3)
    assert np.array_equal(np.unique(ids), Workspace(SHIPPED).segments["segment_id"])


# the copy


def test_the_copy_is_complete_and_names_its_own_scene(tmp_path: Path) -> None:
    folder = sample_copy(tmp_path / "mine")
    assert contents(folder) == contents(SHIPPED)
    assert Reopened(folder).config["data"]["path"] == str(folder / SCENE)
    (scene,) = Reopened(folder).opened()
    assert (scene.name, scene.files) == (NAME, (folder / SCENE,))
    assert scene.crs is not None


def test_the_copy_can_be_written_where_the_installation_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = Path(shutil.copytree(SHIPPED, tmp_path / "installed" / NAME))
    monkeypatch.setattr(copying, "shipped", lambda: installed)
    with read_only(installed.parent):
        folder = sample_copy(tmp_path / "mine")
    places = [folder, *folder.rglob("*")]
    assert all(place.stat().st_mode & 0o200 for place in places)
    with Workspace(folder).journal() as journal:
        journal.define("water")
        journal.assign([1, 2], "water", origin="human")


def test_a_labelled_copy_is_kept(tmp_path: Path) -> None:
    folder = sample_copy(tmp_path / "mine")
    with Workspace(folder).journal() as journal:
        journal.define("sand")
        journal.assign([5], "sand", origin="human")
    before = contents(folder)
    assert sample_copy(tmp_path / "mine") == folder
    assert contents(folder) == before
    with Workspace(folder).journal(read_only=True) as journal:
        assert journal.labels()["segment_id"].tolist() == [5]


def test_a_copy_that_was_moved_finds_its_scene_again(tmp_path: Path) -> None:
    moved = sample_copy(tmp_path / "mine").rename(tmp_path / "moved")
    assert sample_copy(moved) == moved
    assert Reopened(moved).opened()[0].files == (moved / SCENE,)


def test_a_copy_without_its_scene_says_so(tmp_path: Path) -> None:
    moved = sample_copy(tmp_path / "mine").rename(tmp_path / "moved")
    (moved / SCENE).unlink()
    with pytest.raises(WorkspaceError, match=f"lost its scene {SCENE}; remove the folder"):
        sample_copy(moved)


@pytest.mark.parametrize("kind", ["file", "other files", "another workspace"])
def test_a_place_that_holds_something_else_is_left_as_it_is(kind: str, tmp_path: Path) -> None:
    place = tmp_path / "taken"
    if kind == "file":
        place.write_text("mine")
    else:
        place.mkdir()
        named = "manifest.json" if kind == "another workspace" else "notes.txt"
        (place / named).write_text('{"run": {"identity": "another scene"}}')
    before = place.read_text() if place.is_file() else contents(place)
    with pytest.raises(WorkspaceMismatch, match="holds something else than the sample"):
        sample_copy(place)
    assert (place.read_text() if place.is_file() else contents(place)) == before


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert Workspace(sample_copy(tmp_path / "empty")).ready


def test_a_copy_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copying, "sync_tree", full)
    with pytest.raises(OutputError, match="the disk is full"):
        sample_copy(tmp_path / "mine")
    assert list(tmp_path.iterdir()) == []


def test_of_two_that_copy_at_once_the_first_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = copying.sync_tree

    def first(folder: Path) -> None:
        monkeypatch.setattr(copying, "sync_tree", written)
        sample_copy(tmp_path / "mine")
        (tmp_path / "mine" / "labels.sqlite").write_text("of the first")
        written(folder)

    monkeypatch.setattr(copying, "sync_tree", first)
    assert sample_copy(tmp_path / "mine") == tmp_path / "mine"
    assert (tmp_path / "mine" / "labels.sqlite").read_text() == "of the first"
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize(
    ("platform", "environment", "folder"),
    [
        ("linux", {}, "/home/me/.local/share"),
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "/home/me/.local/share"),
        ("darwin", {"XDG_DATA_HOME": "/data"}, "/home/me/Library/Application Support"),
        ("win32", {"LOCALAPPDATA": "/c/me/local"}, "/c/me/local"),
        ("win32", {}, "/home/me/AppData/Local"),
    ],
)
def test_the_folder_is_that_of_the_system(platform: str, environment: dict[str, str], folder: str) -> None:
    assert copying._data_folder(platform, environment, Path("/home/me")) == Path(folder)


def test_without_a_folder_it_goes_to_the_users_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("sys.platform", "linux")
    assert samples_folder() == tmp_path / "data" / "rsgraph" / "samples"
    assert sample_copy() == samples_folder() / NAME


# what a user does with it


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Types a command in the folder that holds the copy ``mine``; returns what it says."""
    sample_copy(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["rsgraph"])

    def type_in(*words: str) -> str:
        main(words)
        return capsys.readouterr().out

    return type_in


@pytest.mark.parametrize("words", [("run", f"mine/{SCENE}", "workspace=mine"), ("run", "workspace=mine")])
def test_a_run_has_nothing_to_do(words: tuple[str, ...], typed: Any, tmp_path: Path) -> None:
    before = contents(tmp_path / "mine")
    assert "mine is up to date: nothing to do" in typed(*words)
    after = contents(tmp_path / "mine")
    assert json.loads(after.pop("sources.json"))["path"] == str(tmp_path / "mine" / SCENE), "where it is now"
    assert after == before


def test_its_land_cover_has_names_and_lies_on_its_segments(tmp_path: Path) -> None:
    workspace = Workspace(sample_copy(tmp_path / "mine"))
    found = reference_counts(workspace, None)
    assert found is not None
    assert dict(zip(found.codes, found.names, strict=True)) == {
        1: "water",
        2: "trees",
        6: "bare ground",
        9: "rangeland",
    }
    with rasterio.open(workspace.path("reference.tif")) as file:
        codes = file.read(1)
    labelled = workspace.segments["area_px"].sum()
    assert found.segments.sum() == np.count_nonzero(codes) == labelled
    purity = found.segments.max(axis=1).sum() / found.segments.sum()
    assert purity > 0.85, "segments follow the classes"


def test_evaluate_measures_it_against_its_land_cover(typed: Any, tmp_path: Path) -> None:
    said = typed("evaluate", "mine", "parts=[retrieval]")
    assert "retrieval" in said
    assert (tmp_path / "mine" / "evaluation" / "retrieval.csv").is_file()
    recorded = read_json(tmp_path / "mine" / "evaluation" / "evaluation.json")
    assert recorded["retrieval"]["reference"] == "the scene's own"
