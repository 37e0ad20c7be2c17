"""The quick start of the README: every line works, in its order, from an empty folder."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsgraph import Workspace
from rsgraph.components import build
from tests.io.rasters import write_tiff
from tests.run.several import write_scene
from tests.small_runs import TINY

README = Path(__file__).parents[1] / "README.md"
ROWS, COLUMNS = 160, 200
OPENED_WITHIN, OPEN_FOR = 200, 20
"""Seconds within which a window draws the workspace, and for which it must then stay open."""


def quick_start() -> list[list[list[str]]]:
    """The words of each line of each code block."""
    section = README.read_text(encoding="utf-8").partition("## Quick start\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE)
    return [[shlex.split(line, comments=True) for line in block.splitlines()] for block in blocks]


def quick(words: list[str]) -> list[str]:
    """Options that make a run quick, without those that a line sets itself and those that do not fit it."""
    own = tuple(f"{word.partition('=')[0]}=" for word in words if "=" in word)
    unfit = ("reader", "projector", *(["encoder."] if "experiment=untrained" in words else []))
    return [word for word in TINY if not word.startswith((*own, *unfit))]


def run_line(words: list[str], folder: Path, *options: str) -> None:
    """Run a line to its end; where it opens a window, label, and let it be open for a while."""
    assert words[0] == "rsgraph"
    command = [sys.executable, "-m", *words, *options]
    if words[1] == "label":
        scene = words[2].endswith(".tif")
        workspace = folder / "workspaces" / words[2].removesuffix(".tif") if scene else folder / words[2]
        if not scene:
            label_some(workspace)  # before, as a journal has one writer
        stays_open(command, folder, workspace)
        return
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=500)
    assert done.returncode == 0, f"{shlex.join(words)}\n{done.stdout}{done.stderr}"


def stays_open(command: list[str], folder: Path, workspace: Path) -> None:
    """Open a window on a virtual screen until it has drawn the workspace and a while longer; end all that runs."""
    environment = {**os.environ, "QT_QPA_PLATFORM": "xcb"}
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24"]
    with (
        (folder / "window.log").open("w") as log,
        subprocess.Popen(
            [*screen, *command], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        ) as window,
    ):
        drawn = workspace / "view"
        opened = any(drawn.exists() or ended(window, seconds=1) for _ in range(OPENED_WITHIN))
        closed = ended(window, seconds=OPEN_FOR)
        if not closed:
            os.killpg(window.pid, signal.SIGTERM)
    assert opened, "the window did not open"
    assert not closed, (folder / "window.log").read_text()


def ended(process: subprocess.Popen[bytes], *, seconds: float) -> bool:
    """Wait for the end of a process."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def write_classes(path: Path, beside: Path) -> None:
    """Write the true classes of the scene that ``write_scene`` wrote ``beside``, on its grid."""
    (scene,) = build("reader", name="synthetic", rows=ROWS, columns=COLUMNS).open(None)
    codes = scene.reference.read(scene.window)
    with rasterio.open(beside) as written:
        write_tiff(path, codes[None].astype(np.uint8), crs=written.crs, transform=written.transform, nodata=0)


def label_some(workspace: Path) -> None:
    """Label a few segments, as a person does in the window."""
    with Workspace(workspace).journal() as journal:
        journal.define("water", colour="#2060c0", key="1")
        journal.assign([1, 2, 3], "water", origin="human")


@pytest.mark.slow
def test_quick_start_makes_its_own_scene(tmp_path: Path) -> None:
    lines, _, _ = quick_start()
    for words in lines:
        own = [*quick(words), f"reader.rows={ROWS}", f"reader.columns={COLUMNS}"]
        run_line(words, tmp_path, *(own if "reader=synthetic" in words else []))
    assert (tmp_path / "coast" / "exports").is_dir()


@pytest.mark.slow
def test_quick_start_works_on_scenes_of_the_user(tmp_path: Path) -> None:
    write_scene(tmp_path / "scene.tif", ROWS, COLUMNS)
    write_scene(tmp_path / "other.tif", 128, 128)
    write_classes(tmp_path / "landcover.tif", beside=tmp_path / "scene.tif")
    _, (first,), lines = quick_start()
    run_line(first, tmp_path, *quick(first))
    assert Workspace(tmp_path / "workspaces" / "scene").ready
    for words in lines:
        run_line(words, tmp_path, *(quick(words) if words[1] == "run" else []))
    assert (tmp_path / "workspaces" / "other" / "segments.tif").is_file()
    assert (tmp_path / "full" / "exports" / "segments_polygons.gpkg").is_file()
