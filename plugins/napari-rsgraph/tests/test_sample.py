"""The demo workspace as a sample of napari."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_rsgraph import sample


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Path]]:
    """What would be opened in a window: viewer and folder."""
    heard: list[tuple[Any, Path]] = []
    monkeypatch.setattr(sample, "open_in", lambda viewer, folder: heard.append((viewer, folder)))
    return heard


def test_demo_of_this_folder_is_opened(
    workspace: Path,
    make_napari_viewer_proxy: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    opened: list[tuple[Any, Path]],
    qtbot: Any,
) -> None:
    viewer = make_napari_viewer_proxy()
    monkeypatch.setattr("napari.current_viewer", lambda: viewer)
    (workspace.parent / "demo").symlink_to(workspace)
    monkeypatch.chdir(workspace.parent)
    for data in sample.open_demo():
        viewer.add_points(data[0], **data[1])
    assert len(viewer.layers) == 1
    qtbot.waitUntil(lambda: bool(opened), timeout=5000)
    assert opened[0][1] == workspace.parent / "demo"
    assert len(viewer.layers) == 0


def test_demo_is_made_where_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any, make_napari_viewer_proxy: Callable[..., Any]
) -> None:
    make_napari_viewer_proxy()
    folder = tmp_path / "cache" / "demo"
    made = (
        f"import pathlib; f = pathlib.Path({str(folder)!r}); f.mkdir(); print('  scene        0.3 s   chips 12'); "
        "[(f / name).write_text('{}') for name in ('manifest.json', 'segments.parquet')]"
    )
    monkeypatch.setattr(sample, "_COMMAND", made)
    heard: list[Path] = []
    run = sample.DemoRun(folder, heard.append, lambda: heard.append(Path("failed")))
    qtbot.waitUntil(lambda: bool(heard), timeout=20000)
    assert heard == [folder]
    assert run.bar.n == 1
    assert run not in sample.DemoRun.running


def test_a_demo_that_fails_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any, make_napari_viewer_proxy: Callable[..., Any]
) -> None:
    make_napari_viewer_proxy()
    said: list[str] = []
    monkeypatch.setattr(sample, "_COMMAND", "import sys; print('rsgraph: the disk is full'); sys.exit(2)")
    monkeypatch.setattr(sample, "show_error", said.append)
    failed: list[bool] = []
    sample.DemoRun(tmp_path / "c" / "demo", lambda folder: None, lambda: failed.append(True))
    qtbot.waitUntil(lambda: bool(failed), timeout=20000)
    assert "the disk is full" in said[0]


def test_a_demo_can_be_cancelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any, make_napari_viewer_proxy: Callable[..., Any]
) -> None:
    make_napari_viewer_proxy()
    monkeypatch.setattr(sample, "_COMMAND", "import time; time.sleep(60)")
    monkeypatch.setattr(sample, "show_info", lambda text: None)
    failed: list[bool] = []
    run = sample.DemoRun(tmp_path / "c" / "demo", lambda folder: None, lambda: failed.append(True))
    qtbot.waitUntil(lambda: run.process.state() == run.process.ProcessState.Running, timeout=20000)
    run.cancel()
    qtbot.waitUntil(lambda: bool(failed), timeout=20000)


def test_stages_are_counted_from_what_a_run_says() -> None:
    said = "  scene     0.3 s   chips 12\n  note: generated\n  encoder   1 min 04 s  epochs 2\nwarning 3 s\n"
    assert len(sample._STAGE.findall(said)) == 2
