"""Workspaces dropped on napari."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_rsgraph import reader
from rsgraph.run.scenes import Reopened
from rsgraph.view.view import find_view


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Path]]:
    """What would be opened in a window: viewer and folder."""
    heard: list[tuple[Any, Path]] = []
    monkeypatch.setattr(reader, "open_in", lambda viewer, folder: heard.append((viewer, folder)))
    return heard


def test_reader_takes_workspaces_and_nothing_else(workspace: Path, tmp_path: Path) -> None:
    for path in (str(workspace), str(workspace / "manifest.json"), [str(workspace)]):
        assert reader.get_reader(path) is reader.read
        assert reader.workspace_at(path) == workspace
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text("{}")
    for path in (str(tmp_path), str(tmp_path / "other"), str(tmp_path / "other" / "manifest.json"), "gone"):
        assert reader.get_reader(path) is None
    assert reader.get_reader(str(workspace / "segments.parquet")) is None
    assert reader.get_reader([str(workspace), str(workspace)]) is None


@pytest.mark.parametrize("name", ["", "manifest.json"])
def test_reading_opens_the_window(
    name: str,
    workspace: Path,
    make_napari_viewer_proxy: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    opened: list[tuple[Any, Path]],
) -> None:
    viewer = make_napari_viewer_proxy()
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    assert reader.read(str(workspace / name)) == [(None,)]
    assert opened == [(viewer, workspace)]


def test_without_a_viewer_picture_and_segments_are_layers(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("napari.current_viewer", lambda: None)
    (picture, about, kind), (ids, more, other) = reader.read(str(workspace))
    view = find_view(Reopened(workspace))
    assert view is not None
    assert (kind, other) == ("image", "labels")
    assert np.array_equal(picture[0], view.levels(0)[0][0])
    assert np.array_equal(ids[0], view.levels(0)[0][1])
    assert about["rgb"] is True
    assert more["multiscale"] is True
    assert about["metadata"]["crs"] == view.scenes[0].crs


def test_a_folder_that_is_no_workspace_is_named(tmp_path: Path) -> None:
    from rsgraph.errors import NotThere

    with pytest.raises(NotThere, match=r"segments\.parquet"):
        reader.read(str(tmp_path))
