"""Files that were dropped on the window."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from napari_rsgraph.scene.dropped_files import is_workspace, open_dropped, open_otherwise


def test_workspace_is_its_folder_or_the_manifest_in_it(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").touch()
    assert not is_workspace(tmp_path)
    (tmp_path / "segments.parquet").touch()
    assert is_workspace(tmp_path)
    assert is_workspace(tmp_path / "manifest.json")
    assert not is_workspace(tmp_path / "segments.parquet")


def test_files_are_laid_over_the_scene_and_workspaces_opened(tmp_path: Path, qtbot: Any) -> None:
    added: list[list[Path]] = []
    opened: list[tuple[list[str], str]] = []
    viewer: Any = SimpleNamespace(open=lambda paths, plugin: opened.append((paths, plugin)))
    overlays: Any = SimpleNamespace(add=added.append)
    open_dropped(viewer, overlays, [tmp_path / "a.tif", tmp_path / "b.gpkg"])
    assert added == [[tmp_path / "a.tif", tmp_path / "b.gpkg"]]
    for name in ("manifest.json", "segments.parquet"):
        (tmp_path / name).touch()
    open_dropped(viewer, overlays, [tmp_path])
    qtbot.waitUntil(lambda: bool(opened))
    assert opened == [([str(tmp_path)], "napari-rsgraph")]
    assert len(added) == 1


def test_what_no_plugin_of_the_users_takes_is_left(tmp_path: Path) -> None:
    viewer: Any = SimpleNamespace(open=lambda paths, plugin: 1 / 0)
    assert not open_otherwise(viewer, tmp_path / "a.tif")  # napari's own reader takes every picture
