"""From the command to the first stroke of the brush: where the time of the whole process goes, cold and warm.

    xvfb-run -a -s "-screen 0 1280x800x24" python -m experiments.benchmarks.first_brush [SIZE ...]

A crop of a real scene of 12 bands (256 and 1 000 pixels a side by default) goes through the commands of a user, each
in a process of its own: the maps are made, a window opens on them, and as soon as its map of points is painted a
mouse presses, moves and is released on it (QTest, on the shown window). The clock stops when segments are selected
and the gallery has made their pictures.

Cold: every process has empty folders for Python's byte code, numba's machine code, matplotlib's fonts and the user's
caches, and there is no stage cache; byte code of Python's own library is not there either, so that this is a
little worse than the first command after an installation. Warm: the same commands again, on a new workspace.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import thread_time, time
from typing import Any

import numpy as np
import rasterio
from rasterio.enums import Resampling

from experiments.benchmarks.places import real_scene
from experiments.benchmarks.record import Value, record

SIZES = (256, 1000)
AIMS = {("256", "cold"): 20, ("256", "warm"): 6, ("1000", "cold"): 60, ("1000", "warm"): 15}
"""Seconds to the first stroke, on two cores."""
OPENED = 4
"""Aim for a finished workspace, warm."""

MAPS = ("scene", "segments", "graph", "metric", "match", "project")
"""Stages up to the first maps."""
BANDS = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
SCENE = "S2B_MSIL2A_20200223T032739_T48QUE_bands"

_FOLLOW = "from experiments.benchmarks.first_brush import {what}; {what}({words!r}, {out!r}, {began!r})"
_PATIENCE = 300
"""Seconds after which a command is given up."""
_POLL = 10
"""Milliseconds between two looks at the window."""


def main(words: Sequence[str]) -> None:
    """Measure, print and record."""
    rows: list[dict[str, Value]] = []
    for size in words or map(str, SIZES):
        with tempfile.TemporaryDirectory() as folder:
            rows += of_size(size, Path(folder))
    for row in rows:
        print(f"{row['work']}: {row['ours_s']} s; {row['note']}")
    print(record("first_brush", rows))


def of_size(size: str, folder: Path) -> list[dict[str, Value]]:
    """Measure one size of scene, cold and then warm, and a finished workspace."""
    scene = crop(int(size), folder / f"{size}.tif")
    rows: list[dict[str, Value]] = []
    for state in ("cold", "warm"):
        place = folder / state
        maps = followed("make_maps", ["run", str(scene), f"workspace={place / 'w'}"], place, folder / "caches")
        window = followed("open_window", ["label", str(place / "w")], place, folder / "caches")
        work = f"first stroke on {size} x {size} x 12, {state}"
        total = maps["end"] + window["gallery filled"]
        note = f"aim {AIMS.get((size, state), '-')} s; maps: {described(maps)}; window: {described(window)}"
        rows.append({"work": work, "ours_s": round(total, 2), "note": note})
    stroke = window["gallery filled"]
    note = f"aim {OPENED} s; {described(window)}"
    return [*rows, {"work": f"finished workspace of {size} x {size}, warm", "ours_s": round(stroke, 2), "note": note}]


def described(found: Mapping[str, Any]) -> str:
    """Put what was measured of one process into one line."""
    parts = [f"{name} {value:.1f}" for name, value in found.items() if isinstance(value, float)]
    packages = ", ".join(f"{name} {value:.1f}" for name, value in found["imports"].items())
    return f"{', '.join(parts)} s; imports by package: {packages}"


def crop(size: int, path: Path) -> Path:
    """Write the first rows and columns of a real scene, its bands resampled to 10 m."""
    folder = real_scene(SCENE)
    with rasterio.open(folder / "B02.tif") as fine:
        shape, about = fine.shape, {"crs": fine.crs, "transform": fine.transform}
    about |= {"driver": "GTiff", "dtype": "uint16", "count": len(BANDS), "height": size, "width": size}
    with rasterio.open(path, "w", tiled=True, compress="deflate", **about) as scene:
        for number, band in enumerate(BANDS, start=1):
            with rasterio.open(folder / f"{band}.tif") as source:
                values = source.read(1, out_shape=shape, resampling=Resampling.nearest)
            scene.write(np.ascontiguousarray(values[:size, :size]), number)
            scene.set_band_description(number, band)
    return path


def followed(what: str, words: list[str], folder: Path, caches: Path) -> dict[str, Any]:
    """Run one command in a process of its own, with caches of its own; return what ``make_maps`` or so found."""
    folder.mkdir(exist_ok=True)
    out = folder / f"{what}.json"
    call = _FOLLOW.format(what=what, words=words, out=str(out), began=time())
    places = ("NUMBA_CACHE_DIR", "PYTHONPYCACHEPREFIX", "MPLCONFIGDIR", "XDG_CACHE_HOME")
    environment = {**os.environ, **{name: str(caches / name) for name in places}}
    log = folder / f"{what}.log"
    with log.open("w") as printed:
        command = [sys.executable, "-X", "importtime", "-c", call]
        settings = {"stdout": printed, "stderr": subprocess.STDOUT, "timeout": _PATIENCE}
        done = subprocess.run(command, env=environment, check=False, **settings)
    if not out.exists():
        sys.exit(f"{shlex.join(command)} ended with {done.returncode}:\n{log.read_text()[-2000:]}")
    found: dict[str, Any] = json.loads(out.read_text())
    return {**found, "imports": imports(log.read_text())}


def imports(text: str, *, least: float = 0.2) -> dict[str, float]:
    """Add up ``-X importtime`` by package: seconds of its own modules, packages of at least ``least``, all first."""
    own: Counter[str] = Counter()
    for line in text.splitlines():
        if line.startswith("import time:") and "[us]" not in line:
            microseconds, _, name = line.removeprefix("import time:").split("|")
            own[name.strip().partition(".")[0]] += int(microseconds)
    seconds = {name: value / 1e6 for name, value in own.most_common()}
    return {"all": sum(seconds.values()), **{name: value for name, value in seconds.items() if value >= least}}


class Clock:
    """Moments since the command was typed, and the seconds that numba compiled, written when the last has come."""

    def __init__(self, out: str, began: float) -> None:
        self.out, self.began = Path(out), began
        self.moments: dict[str, float] = {}
        self.compiling = 0.0

    def now(self, name: str) -> None:
        """Note a moment, the first time that it comes."""
        self.moments.setdefault(name, time() - self.began)

    def write(self) -> None:
        """Write everything down."""
        self.out.write_text(json.dumps({**self.moments, "compilation": self.compiling}))

    def listen_to_numba(self) -> None:
        """Count compilation of functions that were asked for, not those within: by the clock of their threads."""
        from numba.core import event

        clock, depth = self, threading.local()

        class Listener(event.Listener):
            def on_start(self, happened: event.Event) -> None:
                depth.stack = [*getattr(depth, "stack", []), thread_time()]

            def on_end(self, happened: event.Event) -> None:
                *depth.stack, began = depth.stack
                clock.compiling += 0.0 if depth.stack else thread_time() - began

        event.register("numba:compile", Listener())


def make_maps(words: list[str], out: str, began: float) -> None:
    """Run the stages up to the first maps, as the command does, and stop there; note the end of each."""
    clock = Clock(out, began)
    clock.now("start of Python")
    from rsgraph import cli
    from rsgraph.run import runner

    clock.now("rsgraph.run imported")
    obtain = runner._obtain

    def obtained(stage: Any, running: Any, opened: Any) -> None:
        if not clock.compiling and stage.name == MAPS[0]:
            clock.listen_to_numba()
        obtain(stage, running, opened)
        clock.now(stage.name)
        if stage.name == MAPS[-1]:
            clock.now("end")
            clock.write()
            raise KeyboardInterrupt

    runner._obtain = obtained
    cli.main(words)


def open_window(words: list[str], out: str, began: float) -> None:
    """Open the window, brush as soon as there are points to brush, and close it when the gallery shows the chips."""
    clock = Clock(out, began)
    clock.now("start of Python")
    import napari_rsgraph.launch as launch
    from rsgraph import cli

    listen, hands = launch.close_on_interrupt, list[_Hand]()

    def shown(close: Callable[[], None]) -> Any:
        clock.now("window shown")
        clock.listen_to_numba()
        hands.append(_Hand(close.__self__, clock))  # type: ignore[attr-defined]  # a method of the window
        hands[0].start()
        return listen(close)

    launch.close_on_interrupt = shown
    cli.main(words)


class _Hand:
    """Waits for the first paint, brushes once, waits for the pictures, closes the window."""

    def __init__(self, window: Any, clock: Clock) -> None:
        from qtpy.QtCore import QTimer

        self.window, self.clock = window, clock
        self.timer = QTimer()
        self.timer.timeout.connect(self.look)
        self.next: Callable[[], bool] = self.painted

    def start(self) -> None:
        """Look at the window again and again, beginning when Qt is idle."""
        self.timer.start(_POLL)

    def look(self) -> None:
        """Do the next step where its time has come."""
        if self.next():
            self.timer.stop()
            self.clock.write()
            self.window.close_viewer()

    def painted(self) -> bool:
        """Wait until the map of points is on the screen; then go to segments."""
        points = self.window.overview.points
        if points.isVisible() and self.window.session.map.points is not None:
            points.repaint()
            self.clock.now("first paint")
            self.window.commands.run("switch_level")
            self.next = self.brushed
        return False

    def brushed(self) -> bool:
        """Brush around some points, with the mouse."""
        from qtpy.QtCore import QPoint, Qt
        from qtpy.QtTest import QTest

        points, left = self.window.overview.points, Qt.MouseButton.LeftButton
        across, down = np.ravel(points.to_screen(self.window.session.map.points[[10]]))
        end = QPoint(round(float(across)), round(float(down)))
        QTest.mousePress(points, left, Qt.KeyboardModifier.NoModifier, end + QPoint(30, 30))
        for place in (end + QPoint(15, 15), end):
            QTest.mouseMove(points, place)
        QTest.mouseRelease(points, left, Qt.KeyboardModifier.NoModifier, end)
        self.next = self.selected
        return False

    def selected(self) -> bool:
        """Wait until segments are selected."""
        if len(self.window.session.selection.rows):
            self.clock.now("stroke selected")
            self.next = self.filled
        return False

    def filled(self) -> bool:
        """Wait until the gallery has the pictures of the chips that were brushed."""
        chips = self.window.session.selection.shown_chips()
        pictures = self.window.overview.gallery.tiles.pictures
        there = len(chips) > 0 and pictures[int(chips[0])] is not None
        if there:
            self.clock.now("gallery filled")
        return there


if __name__ == "__main__":
    main(sys.argv[1:])
