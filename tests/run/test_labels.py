"""Labels of a workspace whose segments are made anew: kept, carried over, or set aside."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from rsgraph.cache import StageRecord
from rsgraph.errors import JournalLocked
from rsgraph.files import sha256
from rsgraph.journal.journal import Journal
from rsgraph.run.labels import carry_labels, check_unlocked, forget_kept, keep_segments
from rsgraph.types import Scene
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import scene, write_ids

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
OLD = np.array([[1, 1, 2, 2], [1, 1, 2, 2]], np.uint32)
NEW = np.array([[1, 1, 1, 2], [1, 1, 1, 2]], np.uint32)


THIRD = np.where(OLD == 1, 2, 0).astype(np.uint32)


def raster(path: Path, ids: np.ndarray) -> None:
    write_ids(path, ids, scene(rows=ids.shape[0], columns=ids.shape[1]))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two segments, 1 and 2, labelled water and sand."""
    folder = tmp_path / "w"
    raster(folder / "segments.tif", OLD)
    about = {"rows": 2, "columns": 4, "bands": ["B02"], "crs": None, "files": [], "class_name": None}
    about["transform"] = [10, 0, 0, 0, -10, 0]
    (folder / "scene.json").write_text(json.dumps({"scenes": [{"name": "coast", **about}], "survey": {}}))
    outputs = {"segments.tif": sha256(folder / "segments.tif"), "segments.parquet": "-"}
    (folder / "manifest.json").write_text(json.dumps({"stages": {"segments": {"outputs": outputs}}}))
    with Journal(folder / "labels.sqlite", author="ana") as journal:
        journal.define("water")
        journal.define("sand")
        journal.assign([1], "water")
        journal.assign([2], "sand")
    return Workspace(folder)


def labels(path: Path) -> dict[int, str]:
    with Journal(path, read_only=True) as journal:
        found = journal.labels()
    return dict(zip(found["segment_id"].tolist(), found["label"], strict=True))


def forget(workspace: Workspace) -> None:
    """What a run does before the stages: the old segments go."""
    workspace.path("segments.tif").unlink(missing_ok=True)
    workspace.write_manifest({"stages": {}})


def change(workspace: Workspace, ids: np.ndarray, key: str = "k", name: str = "segments.tif") -> None:
    """What a run does at the stage of segments, before they are adopted."""
    made = workspace.folder.parent / key
    if not made.exists():
        raster(made / name, ids)
    carry_labels(workspace, StageRecord("segments", key, {name: sha256(made / name)}, 0.0), made)


def kept_journals(workspace: Workspace) -> list[Path]:
    return sorted(workspace.folder.glob("labels.2*.sqlite"))


def test_labels_go_to_the_segment_that_holds_most_of_their_pixels(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_segments(workspace, "coast", {"coast"})
    forget(workspace)
    change(workspace, NEW)
    forget_kept(workspace)
    assert labels(workspace.path("labels.sqlite")) == {1: "water", 2: "sand"}
    (kept,) = kept_journals(workspace)
    assert labels(kept) == {1: "water", 2: "sand"}
    assert not workspace.path("labels.before").exists()
    assert "1 (1) are mixed" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("damage", ["none", "gone", "damaged"])
def test_a_journal_of_the_same_segments_is_not_touched(workspace: Workspace, damage: str) -> None:
    before = workspace.path("labels.sqlite").read_bytes()
    shutil.copytree(workspace.folder, workspace.folder.parent / "k", ignore=shutil.ignore_patterns("labels*"))
    if damage != "none":
        workspace.path("segments.tif").unlink()
    if damage == "damaged":
        workspace.path("segments.tif").write_bytes(b"no raster")
    keep_segments(workspace, "coast", {"coast"})
    forget(workspace)
    change(workspace, OLD)
    assert workspace.path("labels.sqlite").read_bytes() == before
    assert kept_journals(workspace) == []


def test_a_journal_stays_where_another_scene_was_added(workspace: Workspace) -> None:
    before = workspace.path("labels.sqlite").read_bytes()
    keep_segments(workspace, "coast", {"both", "coast"})
    forget(workspace)
    change(workspace, OLD, name="segments/coast.tif")
    assert workspace.path("labels.sqlite").read_bytes() == before


def test_labels_of_a_damaged_raster_are_set_aside_where_segments_change(workspace: Workspace) -> None:
    workspace.path("segments.tif").write_bytes(b"no raster")
    keep_segments(workspace, "coast", {"coast"})
    forget(workspace)
    change(workspace, NEW)
    assert not workspace.path("labels.sqlite").exists()
    (kept,) = kept_journals(workspace)
    assert labels(kept) == {1: "water", 2: "sand"}


@pytest.mark.parametrize("moment", ["_replace", "os.replace", "adopt"])
@pytest.mark.parametrize(
    ("ids", "key", "expected"), [(THIRD, "k", {2: "water"}), (NEW, "other", {1: "water", 2: "sand"})]
)
def test_an_interruption_is_continued_also_with_other_options(
    workspace: Workspace, moment: str, ids: np.ndarray, key: str, expected: dict[int, str]
) -> None:
    keep_segments(workspace, "coast", {"coast"})
    forget(workspace)
    with pytest.MonkeyPatch.context() as patch:
        if moment == "_replace":
            patch.setattr("rsgraph.run.labels._replace", interrupted)
        elif moment == "os.replace":
            patch.setattr("rsgraph.run.labels.os.replace", interrupted)
        with pytest.raises(KeyboardInterrupt) if moment != "adopt" else nullcontext():
            change(workspace, THIRD)
    keep_segments(workspace, "coast", {"coast"})
    change(workspace, ids, key)
    forget_kept(workspace)
    assert labels(workspace.path("labels.sqlite")) == expected
    originals = [path for path in kept_journals(workspace) if labels(path) == {1: "water", 2: "sand"}]
    assert len(originals) == 1


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_labels_of_other_scenes_are_set_aside_also_after_an_interruption(workspace: Workspace) -> None:
    keep_segments(workspace, "coast", {"coast"})
    forget(workspace)
    keep_segments(workspace, "whatever was begun", {"hills"})
    assert not workspace.path("labels.sqlite").exists()
    assert not workspace.path("labels.before").exists()
    assert [labels(path) for path in kept_journals(workspace)] == [{1: "water", 2: "sand"}]


def test_journals_that_are_set_aside_in_one_second_have_names_of_their_own(workspace: Workspace) -> None:
    content = workspace.path("labels.sqlite").read_bytes()
    for _ in range(3):
        workspace.path("labels.sqlite").write_bytes(content)
        keep_segments(workspace, "coast", {"hills"})
    assert len(kept_journals(workspace)) == 3


def test_check_unlocked_refuses_while_someone_labels(workspace: Workspace) -> None:
    check_unlocked(workspace)
    with Journal(workspace.path("labels.sqlite")), pytest.raises(JournalLocked):
        check_unlocked(workspace)


def opened(name: str, *files: str, rows: int = 2, transform: Sequence[float] = ()) -> Scene:
    """A scene as a run opens it, on the grid of ``workspace`` unless that is said."""
    grid = tuple(transform) or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    source = scene(rows=rows, columns=4).source
    return Scene(name, ("B04",), rows, 4, source, None, grid, tuple(map(Path, files)))


def describe(workspace: Workspace, *scenes: tuple[str, str]) -> None:
    """Say that the workspace holds these scenes, given by name and file."""
    about = {"rows": 2, "columns": 4, "bands": [], "crs": None, "class_name": None}
    grid = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    listed = [{"name": name, **about, "transform": grid, "files": [file] if file else []} for name, file in scenes]
    workspace.path("scene.json").write_text(json.dumps({"scenes": listed, "survey": {}}))


@pytest.mark.parametrize(
    ("new", "carried"),
    [
        (opened("coast", "/data/coast.tif"), True),
        (opened("renamed", "/data/../data/coast.tif"), True),
        (opened("coast", "/data/july.tif"), False),
        (opened("coast", "/data/coast.tif", rows=3), False),
        (opened("coast", "/data/coast.tif", transform=(1.0, 0.0, 9.0, 0.0, 1.0, 0.0)), False),
        (opened("coast"), False),
    ],
)
def test_labels_of_a_scene_that_is_read_in_another_way_are_carried_over(
    new: Scene, carried: bool, workspace: Workspace
) -> None:
    describe(workspace, ("coast", "/data/coast.tif"))
    keep_segments(workspace, "counts", {"reflectance"}, [new])
    assert workspace.path("labels.sqlite").exists() == carried
    if carried:
        forget(workspace)
        change(workspace, NEW)
        assert labels(workspace.path("labels.sqlite")) == {1: "water", 2: "sand"}
    assert [labels(path) for path in kept_journals(workspace)] == [{1: "water", 2: "sand"}]


def test_generated_scenes_are_known_by_their_names(workspace: Workspace) -> None:
    describe(workspace, ("coast", ""))
    keep_segments(workspace, "noise", {"no noise"}, [opened("coast")])
    assert workspace.path("labels.sqlite").exists()


def test_labels_stay_where_the_manifest_was_lost(workspace: Workspace) -> None:
    describe(workspace, ("coast", "/data/coast.tif"))
    workspace.path("manifest.json").unlink()
    before = workspace.path("labels.sqlite").read_bytes()
    keep_segments(workspace, "", {"coast"}, [opened("coast", "/data/coast.tif")])
    change(workspace, OLD)
    assert workspace.path("labels.sqlite").read_bytes() == before
    assert kept_journals(workspace) == []


def test_labels_of_scenes_that_left_a_collection_leave_with_them(workspace: Workspace) -> None:
    describe(workspace, ("coast", "/data/coast.tif"), ("hills", "/data/hills.tif"))
    workspace.path("segments").mkdir()
    raster(workspace.path("segments", "hills.tif"), OLD)
    workspace.path("segments.tif").rename(workspace.path("segments", "coast.tif"))
    raster(workspace.path("segments", "coast.tif"), OLD + 2)  # nothing of it is labelled
    outputs = {
        f"segments/{name}.tif": sha256(workspace.path("segments", f"{name}.tif")) for name in ("coast", "hills")
    }
    workspace.write_manifest({"stages": {"segments": {"outputs": outputs}}})
    keep_segments(workspace, "both", {"hills"}, [opened("hills_1", "/data/hills.tif")])
    workspace.write_manifest({"stages": {}})
    change(workspace, OLD)
    assert labels(workspace.path("labels.sqlite")) == {1: "water", 2: "sand"}
    assert len(kept_journals(workspace)) == 1


def test_an_interruption_of_another_reading_is_continued(workspace: Workspace) -> None:
    describe(workspace, ("coast", "/data/coast.tif"))
    for wanted in ("reflectance", "counts again"):
        keep_segments(workspace, "counts", {wanted}, [opened("coast", "/data/coast.tif")])
        forget(workspace)
    change(workspace, NEW)
    assert labels(workspace.path("labels.sqlite")) == {1: "water", 2: "sand"}
