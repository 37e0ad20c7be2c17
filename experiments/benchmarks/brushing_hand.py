"""Commands that are followed from their first moment to the first stroke of the brush; for ``first_brush``.

What is imported here at the top is on everybody's way, and counted: nothing but Python's own.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from time import process_time, thread_time, time
from typing import Any

_POLL = 10
"""Milliseconds between two looks at the window."""


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
        spent = {"compilation": self.compiling, "processor time": process_time()}
        self.out.write_text(json.dumps({"moments": self.moments, "spent": spent}))

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
    from rsgraph.stages.plan import CLOSED_STAGES
    from rsgraph.workspace import MAPPED

    clock.now("rsgraph.run imported")
    obtain = runner._obtain

    def obtained(stage: Any, running: Any, opened: Any) -> None:
        if stage.name == CLOSED_STAGES[0]:
            clock.listen_to_numba()
        obtain(stage, running, opened)
        clock.now(stage.name)
        if stage.name == MAPPED:
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
        ((across, down),) = points.to_screen(self.window.session.map.points[[10]])
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
        tiles = self.window.overview.gallery.tiles
        chips, pictures = tiles.shown.chips, tiles.pictures
        there = len(chips) > 0 and pictures[int(chips[0])] is not None
        if there:
            self.clock.now("gallery filled")
        return there
