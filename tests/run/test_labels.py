"""Labels of a workspace whose segments are made anew: kept, carried over, or set aside."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from rsgraph.errors import JournalLocked
from rsgraph.journal.journal import Journal
from rsgraph.run.labels import carry_labels, check_unlocked, keep_segments
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import scene, write_ids

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
OLD = np.array([[1, 1, 2, 2], [1, 1, 2, 2]], np.uint32)
NEW = np.array([[1, 1, 1, 2], [1, 1, 1, 2]], np.uint32)


def raster(path: Path, ids: np.ndarray) -> None:
    write_ids(path, ids, scene(rows=ids.shape[0], columns=ids.shape[1]))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two segments, 1 and 2, labelled water and sand."""
    folder = tmp_path / "w"
    raster(folder / "segments.tif", OLD)
    about = {"rows": 2, "columns": 4, "bands": [], "crs": None, "transform": [], "files": [], "class_name": None}
    (folder / "scene.json").write_text(json.dumps({"scenes": [{"name": "coast", **about}], "survey": {}}))
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


def test_labels_go_to_the_segment_that_holds_most_of_their_pixels(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep_segments(workspace, same_scenes=True)
    os.remove(workspace.path("segments.tif"))  # as forgetting the stage does
    raster(tmp_path / "made" / "segments.tif", NEW)
    carry_labels(workspace, tmp_path / "made")
    assert labels(workspace.path("labels.sqlite")) == {1: "water", 2: "sand"}
    (kept,) = workspace.folder.glob("labels.2*.sqlite")
    assert labels(kept) == {1: "water", 2: "sand"}
    assert not workspace.path("labels.before").exists()
    assert "1 (1) are mixed" in " ".join(capsys.readouterr().out.split())


def test_a_journal_of_the_same_segments_is_not_touched(workspace: Workspace, tmp_path: Path) -> None:
    before = workspace.path("labels.sqlite").read_bytes()
    keep_segments(workspace, same_scenes=True)
    raster(tmp_path / "made" / "segments" / "coast.tif", OLD)  # another scene was added
    carry_labels(workspace, tmp_path / "made")
    assert workspace.path("labels.sqlite").read_bytes() == before
    assert not workspace.path("labels.before").exists()


def test_an_interruption_between_two_steps_is_continued(workspace: Workspace, tmp_path: Path) -> None:
    keep_segments(workspace, same_scenes=True)
    raster(tmp_path / "made" / "segments.tif", np.where(OLD == 1, 2, 0).astype(np.uint32))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rsgraph.run.labels._replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            carry_labels(workspace, tmp_path / "made")
    assert labels(workspace.path("labels.sqlite")) == {1: "water", 2: "sand"}
    keep_segments(workspace, same_scenes=True)
    carry_labels(workspace, tmp_path / "made")
    carry_labels(workspace, tmp_path / "made")
    assert labels(workspace.path("labels.sqlite")) == {2: "water"}


def test_labels_of_other_scenes_are_set_aside(workspace: Workspace, tmp_path: Path) -> None:
    keep_segments(workspace, same_scenes=False)
    assert not workspace.path("labels.sqlite").exists()
    assert len(list(workspace.folder.glob("labels.2*.sqlite"))) == 1
    carry_labels(workspace, tmp_path)
    assert not workspace.path("labels.sqlite").exists()


def test_check_unlocked_refuses_while_someone_labels(workspace: Workspace) -> None:
    check_unlocked(workspace)
    with Journal(workspace.path("labels.sqlite")), pytest.raises(JournalLocked):
        check_unlocked(workspace)
