from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.kept_labels import read_carried, read_kept

KEPT = {"identity": "a", "scenes": ["coast"], "rasters": {"segments.tif": "0"}}
CARRIED = {"key": "k", "old": "labels.20260101T000000.sqlite", "report": "the segments change: 3 labels"}


def test_both_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "before.json").write_text(json.dumps(KEPT))
    (tmp_path / "carried.json").write_text(json.dumps(CARRIED))
    assert read_kept(tmp_path / "before.json") == KEPT
    assert read_carried(tmp_path / "carried.json") == CARRIED


@pytest.mark.parametrize(
    "wrong",
    [
        {"identity": 3},
        {"scenes": ["../x"]},
        {"scenes": []},
        {"rasters": {"../segments.tif": "0"}},
        {"rasters": {"labels.sqlite": "0"}},
        {"rasters": []},
    ],
)
def test_kept_rasters_are_those_of_segments(tmp_path: Path, wrong: dict[str, object]) -> None:
    (tmp_path / "before.json").write_text(json.dumps({**KEPT, **wrong}))
    with pytest.raises(WorkspaceError, match=r"before\.json is damaged"):
        read_kept(tmp_path / "before.json")


@pytest.mark.parametrize(
    "wrong", [{"old": "../victim"}, {"old": "/etc/x"}, {"old": "config.yaml"}, {"key": 3}, {"report": None}]
)
def test_an_old_journal_lies_beside_the_new_one(tmp_path: Path, wrong: dict[str, object]) -> None:
    (tmp_path / "carried.json").write_text(json.dumps({**CARRIED, **wrong}))
    with pytest.raises(WorkspaceError, match=r"carried\.json is damaged"):
        read_carried(tmp_path / "carried.json")
