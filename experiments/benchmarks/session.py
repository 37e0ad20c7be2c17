"""The viewer with a million segments: opened, brushed, labelled and undone, with real windows under Xvfb.

Run it as ``make bench BENCHMARKS=session``, or under a screen as ``python -m experiments.benchmarks.session``.

Every figure is taken by Qt's own events through the whole window: the 2-D map, the gallery, the scene map and the
panel of labels all follow. ``stall`` is the longest time in which the window's thread did not answer, measured by a
timer that ought to fire every five milliseconds.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

import numpy as np
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from experiments.benchmarks.large_workspace import TILE, make_workspace
from experiments.benchmarks.record import record
from rsgraph.background import BackgroundRun

sys.path.insert(0, str(Path(__file__).parents[2] / "plugins" / "napari-rsgraph"))

from napari_rsgraph.widgets.refresh import Ticks  # the plugin need not be installed

_MOVES = 120
MANY, BRUSHED = 500_000, (0.05, 0.1)
"""Segments from which on a motion of the brush may take 100 ms instead of 50."""
_UNDONE = 0.15
_TURNS = 3


Timed = tuple[float, float]
"""Seconds by the clock, and of work in the window's thread."""


class Heartbeat:
    """The longest gap between two beats of a timer on the window's thread."""

    def __init__(self) -> None:
        self.last, self.longest = perf_counter(), 0.0
        self.timer = QTimer()
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.timeout.connect(self._beat)
        self.timer.start(5)

    def _beat(self) -> None:
        now = perf_counter()
        self.longest, self.last = max(self.longest, now - self.last), now

    def during(self, work: Callable[[], Any]) -> tuple[float, float]:
        """Return (seconds, longest stall in seconds) of something that lets the window live."""
        process_events()
        self.last, self.longest = perf_counter(), 0.0
        start = perf_counter()
        work()
        seconds = perf_counter() - start
        QApplication.processEvents()
        self._beat()
        return seconds, self.longest


def process_events(milliseconds: int = 400) -> None:
    """Let the window finish what it had to do."""
    end = perf_counter() + milliseconds / 1000
    while perf_counter() < end:
        QApplication.processEvents()


def peak_gb() -> float:
    """Return the largest resident memory so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def open_window(folder: Path) -> tuple[Any, float]:
    """Open the workspace; return the window and the seconds until it can be brushed."""
    import napari

    from napari_rsgraph.window import open_workspace

    viewer = napari.Viewer(show=False)
    start = perf_counter()
    window = open_workspace(viewer, folder)
    viewer.window.resize(1280, 800)
    viewer.window.show()
    window.main.repaint()
    QApplication.processEvents()
    return window, perf_counter() - start


def brush_moves(window: Any, tool: str) -> list[Timed]:
    """Drag the brush across the map; return the seconds from each move until everything is painted again.

    The second of each pair are those that the window's thread worked: other programs of the machine do not add to
    them, and what OpenGL computes in threads of its own is not in them.
    """
    points = window.overview.points
    points.tool = tool
    points.radius = 4.0
    rng = np.random.default_rng(0)
    places = np.cumsum(rng.normal(scale=12, size=(_MOVES, 2)), axis=0)
    middle = np.array([points.width(), points.height()]) / 2
    places = (middle + places) % np.array([points.width(), points.height()])
    QTest.mousePress(points, Qt.MouseButton.LeftButton, pos=QPoint(*places[0].astype(int).tolist()))
    seconds = []
    for place in places[1:]:
        start, worked = perf_counter(), thread_time()
        QTest.mouseMove(points, QPoint(*place.astype(int).tolist()))
        for _ in range(3):
            QApplication.processEvents()
        seconds.append((perf_counter() - start, thread_time() - worked))
    QTest.mouseRelease(points, Qt.MouseButton.LeftButton, pos=QPoint(*places[-1].astype(int).tolist()))
    process_events()
    return seconds


def rows_of(work: str, seconds: Sequence[float | Timed], *, limit: float, note: str) -> dict[str, Any]:
    """Return one measurement: median, 99th percentile and the limit that the issue sets, in milliseconds."""
    values = 1000 * np.array(seconds).reshape(len(seconds), -1)
    p50, p99 = np.percentile(values, (50, 99), axis=0)
    print(f"{work}: p50 {p50[0]:.0f} ms, p99 {p99[0]:.0f} ms (limit {limit * 1000:.0f} ms)")
    found = {"work": work, "p50_ms": round(p50[0], 1), "p99_ms": round(p99[0], 1), "limit_ms": limit * 1000}
    if values.shape[1] > 1:
        found |= {"thread_p50_ms": round(p50[1], 1), "thread_p99_ms": round(p99[1], 1)}
    return {**found, "note": note}


def only_composed(window: Any) -> list[Timed]:
    """Compose the window with nothing new but one pixel of the map: no motion of a brush can cost less."""
    points, seconds = window.overview.points, []
    for _ in range(_MOVES):
        start, worked = perf_counter(), thread_time()
        points.update(0, 0, 1, 1)
        for _ in range(3):
            QApplication.processEvents()
        seconds.append((perf_counter() - start, thread_time() - worked))
    return seconds


def in_pairs(window: Any, n: int) -> list[dict[str, Any]]:
    """Brush with all that follows painted together, and each by its own tick, turn by turn."""
    together, apart = Ticks.take_along, lambda self: None
    found: dict[str, list[Timed]] = {"together": [], "by its own tick": []}
    for turn in range(2 * _TURNS):
        for name, call in (("together", together), ("by its own tick", apart)):
            Ticks.take_along = call  # type: ignore[method-assign]  # put back below
            try:
                found[name] += brush_moves(window, ("circle", "rectangle")[turn % 2])
            finally:
                Ticks.take_along = together  # type: ignore[method-assign]
    limit = BRUSHED[n > MANY]
    bound = rows_of(f"window of {n} segments composed, nothing new", only_composed(window), limit=limit, note="bound")
    note = "mouse move until map, gallery, scene and panels are painted; circles and rectangles, turn by turn"
    return [
        bound,
        *(rows_of(f"brush over {n} segments, {name}", f, limit=limit, note=note) for name, f in found.items()),
    ]


def measure(folder: Path) -> list[dict[str, Any]]:
    """Time everything on one workspace."""
    found: list[dict[str, Any]] = []
    window, seconds = open_window(folder)
    n = window.session.tables.n_segments
    found.append(rows_of(f"open a session with {n} segments", [seconds], limit=10, note="until it can be brushed"))
    start = perf_counter()
    window.work.wait(1_200_000)
    pictures = perf_counter() - start
    print(f"pictures in the background: {pictures:.0f} s; peak {peak_gb():.2f} GB")
    beat = Heartbeat()
    window.session.selection.set_level("segments")
    process_events(1500)
    for tool in ("circle", "rectangle"):
        moves = brush_moves(window, tool)
        note = "mouse move until map, gallery, scene and panels are painted"
        found.append(rows_of(f"brush of a {tool} moves over {n} segments", moves, limit=BRUSHED[n > MANY], note=note))
    found.extend(in_pairs(window, n))
    found.extend(label_rows(window, beat))
    found.append({"work": f"peak memory of the session with {n} segments", "note": f"{peak_gb():.2f} GB resident"})
    viewer = window.viewer
    window.close()
    viewer.close()
    return found


def label_rows(window: Any, beat: Heartbeat) -> list[dict[str, Any]]:
    """Time labelling and undoing 100 000 segments, from the key until it is durable and shown."""
    session, work = window.session, window.work
    session.labels.define("water", colour="#0072b2", key="1")
    session.labels.define("land", colour="#e69f00", key="2")
    work.wait()
    labelled, undone, stalls, n = [], [], [], session.tables.n_segments
    rng = np.random.default_rng(1)
    for turn in range(10):
        rows = np.sort(rng.choice(session.tables.n_segments, 100_000, replace=False))
        session.selection.select(rows)
        action = window.commands.class_action("water" if turn % 2 else "land")
        seconds, stall = beat.during(lambda action=action: (action.trigger(), work.wait()))
        labelled.append(seconds)
        stalls.append(stall)
        seconds, stall = beat.during(lambda: (window.commands.run("undo"), work.wait()))
        undone.append(seconds)
        stalls.append(stall)
        window.commands.run("redo")
        work.wait()
    return [
        rows_of(f"label 100000 of {n} segments", labelled, limit=0.2, note="from the key until durable and shown"),
        rows_of(f"undo 100000 of {n} segments", undone, limit=_UNDONE, note="from the key until durable and shown"),
        rows_of("stall of the window while labelling", stalls, limit=0.05, note="longest time without an answer"),
    ]


def rows_while_training(folder: Path) -> list[dict[str, Any]]:
    """Brush with nothing else running and while a network is trained at low priority, turn by turn."""
    window, _ = open_window(folder)
    n = window.session.tables.n_segments
    window.work.wait(1_200_000)
    window.session.selection.set_level("segments")
    process_events(1500)
    brush_moves(window, "circle")  # what later brushes find compiled and read
    by_itself: list[Timed] = []
    meanwhile: list[Timed] = []
    with tempfile.TemporaryDirectory() as temporary:
        training = _in_training(Path(temporary) / "w")
        for _ in range(_TURNS):
            training.hold()
            by_itself += brush_moves(window, "circle")
            training.go_on()
            meanwhile += brush_moves(window, "circle")
        training.stop()
    viewer = window.viewer
    window.close()
    viewer.close()
    note = "mouse move until map, gallery, scene and panels are painted; turn by turn with the other row"
    return [
        rows_of(f"brush over {n} segments, no training", by_itself, limit=0.1, note=note),
        rows_of(f"brush over {n} segments while a network is trained", meanwhile, limit=0.1, note=note),
    ]


def _in_training(folder: Path) -> _Training:
    """Start a run on a generated coast; return it as soon as its encoder is being trained."""
    heard: list[Mapping[str, Any]] = []
    words = ["reader=synthetic", "reader.rows=1024", "reader.columns=1024", f"workspace={folder}"]
    training = _Training([*words, "tracking.uri=none"], heard.append)
    training.wait_until_ready()
    while not any(event.get("stage") == "encoder" for event in heard):
        process_events(200)
    return training


class _Training(BackgroundRun):
    """A run that can be held up for the other half of a pair."""

    def hold(self) -> None:
        """Let all of its processes rest."""
        os.killpg(self.group, signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them work again."""
        os.killpg(self.group, signal.SIGCONT)


def main() -> None:
    """Make the workspace where it is missing, measure, record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where the workspace is kept between runs")
    parser.add_argument("--side", type=int, default=TILE, help="pixels; 3373 for 100 000 segments")
    parser.add_argument("--no-training", action="store_true", help="leave out the brush beside a training")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_workspace(chosen.folder or Path(temporary) / "large", side=chosen.side)
        for ending in ("", "-wal", "-shm", ".lock"):
            (folder / f"labels.sqlite{ending}").unlink(missing_ok=True)
        rows = measure(folder)
        if not chosen.no_training:
            rows += rows_while_training(folder)
    record("session", rows)


if __name__ == "__main__":
    main()
