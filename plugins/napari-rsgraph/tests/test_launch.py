"""The start of `rsgraph label`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from napari_rsgraph.launch import check_screen, close_on_interrupt, label
from rsgraph.errors import NotInstalled, NotThere


def test_without_a_screen_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    with pytest.raises(NotInstalled, match="xvfb-run"):
        check_screen()
    monkeypatch.setenv("DISPLAY", ":7")
    check_screen()


def test_napari_loads_where_a_part_of_pydantic_was_loaded_before_qt() -> None:
    lines = "import pydantic; from napari_rsgraph.launch import check_screen; check_screen(); import napari.viewer"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_folder_that_is_no_workspace_is_named_before_napari_loads(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="not an rsgraph workspace"):
        label(tmp_path)


def test_ctrl_c_closes_the_window(qtbot: Any) -> None:
    closed: list[bool] = []
    before = signal.getsignal(signal.SIGINT)
    try:
        listening = close_on_interrupt(lambda: closed.append(True))
        os.kill(os.getpid(), signal.SIGINT)
        qtbot.waitUntil(lambda: closed == [True])
        listening.stop()
    finally:
        signal.signal(signal.SIGINT, before)
