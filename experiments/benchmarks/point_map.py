r"""The 2-D map with a million points: from a motion of the mouse to the repainted window.

The real widget is shown on a (virtual) screen and driven by mouse events of Qt's test library. The points are those
of 300 clumps of very different sizes, as UMAP makes them. One step is: a mouse event, the rows under the brush, the
selection combined and given back to the widget (what the session does), and the repaint. ``ours_s`` is the 99th
percentile of the steps, ``p50_s`` their median. Steps while the whole picture is drawn anew by a thread (zoom, pan)
show the last picture, moved or scaled; ``refined_s`` says how long it took until the final one was there.

The peer draws 900 000 points with vispy's Markers, napari's own way, in the same process: one redraw, without any
selecting. On a machine without a GPU both run on the CPU (Mesa).

    QT_QPA_PLATFORM=xcb xvfb-run -a -s "-screen 0 1280x800x24" \
        python -m experiments.benchmarks.point_map [POINTS]
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import numpy as np
from qtpy.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from experiments.benchmarks.record import Value, record
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import combine

sys.path.insert(0, str(Path(__file__).parents[2] / "plugins" / "napari-rsgraph"))

from napari_rsgraph.point_map.point_map import PointMap  # the plugin need not be installed

SIZE = (1000, 720)
STEPS = 300
PEER = 900_000
NONE, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


def main(n: int = 1_000_000) -> None:
    """Measure, print and record."""
    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    application.setApplicationName("benchmark")
    point_map, built = shown(n)
    screen = Screen(point_map)
    rows: list[dict[str, Value]] = [
        {"work": f"{name}, {n:,} points", **measured(steps)}
        for name, steps in (
            ("small circle, replacing", dragged(screen, radius=0.06, keys=NONE)),
            ("large circle, replacing", dragged(screen, radius=0.22, keys=NONE)),
            ("circle painting with Shift, up to most points", dragged(screen, radius=0.06, keys=SHIFT)),
            ("lasso of 120 corners, dragged", lassoed(screen)),
            ("map moved by the middle button", moved(screen)),
        )
    ]
    zoom = list(zoomed(screen))
    refined = round(max(final for _, final in zoom), 4)
    rows.append(
        {"work": f"map zoomed, {n:,} points", **measured(iter([first for first, _ in zoom])), "refined_s": refined}
    )
    point_map.close()
    peer = vispy_redraw(PEER)
    note = f"p99 of {STEPS} steps; peer: one redraw of {PEER:,} vispy markers; index built in {built:.2f} s"
    results = [
        {**row, "peer_s": round(peer, 4), "ratio": round(peer / float(row["ours_s"]), 1), "note": note}
        for row in rows
    ]
    for row in results:
        print(row["work"], f"p50 {row['p50_s']} s, p99 {row['ours_s']} s, peer {row['peer_s']} s: x{row['ratio']}")
    print(record("point_map", results))


def clumps(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return n points (n, 2) in 300 clumps, and the clump of each."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.full(300, 0.6))
    of = random.choice(300, n, p=shares)
    middles, sizes = random.uniform(-10, 10, (300, 2)), random.lognormal(-1.0, 0.6, 300)
    return (middles[of] + random.normal(size=(n, 2)) * sizes[of, None]).astype(np.float32), of


def shown(n: int) -> tuple[PointMap, float]:
    """Return the widget on the screen, and how many seconds its index took."""
    points, of = clumps(n)
    start = perf_counter()
    index = PointIndex(points)
    built = perf_counter() - start
    point_map = PointMap()
    point_map.resize(*SIZE)
    point_map.set_points(points, index=index)
    point_map.set_colours(np.random.default_rng(1).integers(60, 255, (300, 3)).astype(np.uint8)[of])
    selected = np.zeros(n, np.bool_)

    def select(rows: np.ndarray, mode: str, final: bool) -> None:
        combine(selected, rows, mode, out=selected)  # type: ignore[arg-type]
        point_map.set_selection(selected)

    point_map.brushed.connect(select)
    point_map.show()
    assert QTest.qWaitForWindowExposed(point_map)
    return point_map, built


class Screen(QObject):
    """Waits until the widget has dealt with an event and painted."""

    def __init__(self, point_map: PointMap) -> None:
        super().__init__()
        self.point_map, self._painted = point_map, False
        point_map.installEventFilter(self)
        self.wait_until_final()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Note paint events."""
        self._painted = self._painted or event.type() == QEvent.Type.Paint
        return False

    def wait_until_final(self) -> float:
        """Return how many seconds it takes until the final picture is there."""
        start = perf_counter()
        while not self.point_map.at_rest:
            QApplication.processEvents()
        QTest.qWait(30)
        return perf_counter() - start

    def step(self, act: Qt.MouseButton, to: QPoint) -> float:
        """Return the seconds from a motion of the mouse to the end of the repaint that shows it."""
        start = perf_counter()
        QTest.mouseMove(self.point_map, to)
        return self.painted(start)

    def painted(self, start: float) -> float:
        """Return the seconds until all is dealt with and painted."""
        self._painted = False
        while self.point_map.pending or not self._painted:
            QApplication.processEvents()
        return perf_counter() - start


def circle_of_places(n: int) -> Iterator[QPoint]:
    """Places of the pointer on a round over the map."""
    for angle in np.linspace(0, 2 * np.pi, n):
        yield QPoint(round(SIZE[0] * (0.5 + 0.33 * np.cos(angle))), round(SIZE[1] * (0.5 + 0.33 * np.sin(2 * angle))))


def dragged(screen: Screen, *, radius: float, keys: Qt.KeyboardModifier) -> Iterator[float]:
    """Drag a circle across the map; its radius as a share of the window's height."""
    point_map = screen.point_map
    point_map.escape()
    point_map.fit()
    point_map.tool = "circle"
    point_map.radius = radius * 2 * point_map.map_window().half_height
    yield from _held(screen, LEFT, keys)


def lassoed(screen: Screen) -> Iterator[float]:
    """Draw a lasso with 120 corners, then drag it across the map."""
    point_map = screen.point_map
    point_map.tool = "lasso"
    angles = np.linspace(0, 2 * np.pi, 120)
    middle = next(circle_of_places(2))
    ring = [middle + QPoint(round(45 * np.cos(a)), round(45 * np.sin(a))) for a in angles]
    QTest.mousePress(point_map, LEFT, NONE, ring[0])
    for place in ring:
        QTest.mouseMove(point_map, place)
    QTest.mouseRelease(point_map, LEFT, NONE, ring[-1])
    yield from _held(screen, LEFT, NONE)
    point_map.tool = "circle"


def moved(screen: Screen) -> Iterator[float]:
    """Drag the map itself."""
    yield from _held(screen, MIDDLE, NONE)
    screen.point_map.fit()
    screen.wait_until_final()


def _held(screen: Screen, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> Iterator[float]:
    screen.wait_until_final()
    places = list(circle_of_places(STEPS))
    QTest.mousePress(screen.point_map, button, keys, places[0])
    screen.wait_until_final()
    for place in places[1:]:
        yield screen.step(button, place)
    QTest.mouseRelease(screen.point_map, button, keys, places[-1])
    screen.wait_until_final()


def zoomed(screen: Screen) -> Iterator[tuple[float, float]]:
    """Zoom in and out about places of the map: seconds to the first picture, and to the final one."""
    for number, place in enumerate(circle_of_places(40)):
        start = perf_counter()
        screen.point_map.zoom(1.2 if number % 8 < 4 else 1 / 1.2, QPointF(place))
        first = screen.painted(start)
        while not screen.point_map.at_rest:
            QApplication.processEvents()
        yield first, perf_counter() - start


def measured(steps: Iterator[float]) -> dict[str, Value]:
    """Return 99th percentile and median, in seconds."""
    seconds = list(steps)
    return {"ours_s": round(float(np.percentile(seconds, 99)), 4), "p50_s": round(float(np.median(seconds)), 4)}


def vispy_redraw(n: int) -> float:
    """Return the seconds (the shortest of 15) of one redraw of n markers by vispy."""
    from vispy import app, gloo, scene  # type: ignore[import-untyped]  # it ships no types

    app.use_app("pyside6")
    points, of = clumps(n)
    colours = np.random.default_rng(1).random((300, 4), np.float32)[of]
    canvas = scene.SceneCanvas(size=SIZE, show=True)
    view = canvas.central_widget.add_view()
    view.camera = scene.PanZoomCamera(aspect=1)
    markers = scene.visuals.Markers(parent=view.scene)
    markers.set_data(points, face_color=colours, edge_width=0, size=3)
    view.camera.set_range()
    seconds = []
    for _ in range(16):
        start = perf_counter()
        canvas.set_current()
        canvas.on_draw(None)
        gloo.finish()
        seconds.append(perf_counter() - start)
    canvas.close()
    return min(seconds)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:2]))
