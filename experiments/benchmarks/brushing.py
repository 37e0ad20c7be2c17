"""The cost of a moving brush without a window: selection, counts, pictures, tints, search; a million points.

The points lie in 20 clumps with bridges between them, as UMAP makes them. ``ours_s`` is the 99th percentile of the
steps, ``p50_s`` their median, ``cpu_p99_s`` the 99th percentile of CPU seconds: the two differ where other programs
run. What each peer selects is asserted to be the same.

``OMP_NUM_THREADS=2 python -m experiments.benchmarks.brushing [POINTS]``
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.path import Path as Polygon
from sklearn.neighbors import NearestNeighbors

from experiments.benchmarks.record import Value, record
from rsgraph.brushing.dimming import BLUE, GREEN, OF_COLOUR, OF_LUMINANCE, RED
from rsgraph.brushing.drawing import UNLABELLED, Viewport, dim, draw_points, overlay_points
from rsgraph.brushing.index import PointIndex
from rsgraph.brushing.shapes import Circle, Lasso, Rectangle, combine
from rsgraph.brushing.tinting import dim_unchosen
from rsgraph.io.palette import colours
from rsgraph.neighbours.examples import nearest_rows

SEED = 0
STEPS = 300
CLASSES = 8
CHIPS = 200
FEATURES = 64

Step = Callable[[], object]


def main(n: int = 1_000_000) -> None:
    """Measure, print and record."""
    compile_all()
    points, codes = clumps(n)
    start = perf_counter()
    index = PointIndex(points)
    print(f"index of {n:,} points: {perf_counter() - start:.3f} s, {megabytes(index):.0f} MB")
    rows = [*selections(index, codes), *lassos(index), *pictures(index, codes), *tints(), *searches(n)]
    for row in rows:
        p50, p99, cpu, peer = (float(row[key]) * 1e3 for key in ("p50_s", "ours_s", "cpu_p99_s", "peer_s"))
        print(
            f"{row['work']}: p50 {p50:.2f} ms, p99 {p99:.2f} ms (CPU {cpu:.2f}), peer {peer:.1f} ms: x{row['ratio']}"
        )
    print(record("brushing", rows, seed=SEED))


def compile_all() -> None:
    """Call each compiled function once, with few points and with so many that they are a density."""
    points = np.linspace(0, 1, 80_000, dtype=np.float32).reshape(-1, 2)
    codes, palette = np.ones(len(points), dtype=np.int16), np.zeros((2, 3), dtype=np.uint8)
    index, viewport = PointIndex(points), Viewport(0, 1, 0, 1, 32, 32)
    for shape in (Circle(0, 0, 1), Rectangle(0, 0, 1, 1), Lasso(np.array([[0, 0], [1, 0], [1, 1]]))):
        index.counts(shape, codes, 1)
        index.inside(shape)
    image = dim(draw_points(points, codes, viewport, palette=palette, index=index), 0.5)
    overlay_points(image, points, np.arange(3), codes, viewport, palette=palette, index=index)
    dim_unchosen(np.zeros((2, 2, 3), dtype=np.uint8), np.ones((2, 2), dtype=np.uint32), np.ones(2, dtype=np.bool_))
    nearest_rows(points[:9], np.array([0]), k=1)


def clumps(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return n points (n, 2) in 20 clumps, a tenth of them on bridges between two, and their classes, 0 for half."""
    random = np.random.default_rng(SEED)
    centres, spreads = random.normal(0, 10, (20, 2)), random.uniform(0.05, 1.5, 20)
    own = random.choice(20, n, p=random.dirichlet(np.full(20, 1.5)))
    points = centres[own] + random.normal(0, 1, (n, 2)) * spreads[own, None]
    bridge = random.random(n) < 0.1
    share = random.random((bridge.sum(), 1))
    points[bridge] += share * (centres[(own[bridge] + 1) % 20] - centres[own[bridge]])
    codes = np.where(random.random(n) < 0.5, own % CLASSES + 1, 0)
    return points.astype(np.float32), codes.astype(np.int16)


def selections(index: PointIndex, codes: np.ndarray) -> Iterator[dict[str, Value]]:
    """A brush that moves once round the map: its rows, the new selection and its counts by class."""
    selected = np.zeros(len(index), dtype=np.bool_)
    for share in (0.05, 0.5):
        radius = radius_of(index, share)
        for name, shapes in (("circle", circles(index, radius)), ("rectangle", rectangles(index, radius))):

            def step(shape: Circle | Rectangle) -> None:
                combine(selected, index.inside(shape), "replace", out=selected)
                index.counts(shape, codes, CLASSES)

            seconds = [timed(lambda shape=shape: step(shape)) for shape in shapes]
            largest = max(shapes, key=lambda shape: len(index.inside(shape)))
            equal = np.array_equal(np.sort(index.inside(largest)), plain(index.points, largest))
            assert equal, largest
            peer = best(lambda: np.bincount(codes[plain(index.points, largest)], minlength=9), 5)  # noqa: B023
            work = f"{name} over up to {len(index.inside(largest)) / len(index):.0%} of {len(index):,} points"
            yield measured(
                f"{work}: rows, selection, counts", seconds, peer, "peer: numpy over all points, no selection"
            )


def lassos(index: PointIndex) -> Iterator[dict[str, Value]]:
    """A lasso of so many corners, drawn by a shaking hand, against matplotlib over all points."""
    random = np.random.default_rng(SEED)
    for corners, share in ((30, 0.5), (200, 0.05), (200, 0.5), (1_000, 0.5)):
        radius = radius_of(index, share)
        angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
        ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * random.uniform(0.9, 1.1, (corners, 1)) * radius
        places = [ring + (circle.x, circle.y) for circle in circles(index, radius)]  # noqa: RUF005  # a sum
        seconds = [timed(lambda place=place: index.inside(Lasso(place))) for place in places]
        largest = max(places, key=lambda place: len(index.inside(Lasso(place))))
        expected = np.flatnonzero(Polygon(largest).contains_points(index.points))
        assert np.array_equal(np.sort(index.inside(Lasso(largest))), expected)
        peer = best(lambda: Polygon(largest).contains_points(index.points), 2)  # noqa: B023
        work = f"lasso of {corners:,} corners over up to {len(expected) / len(index):.0%} of {len(index):,} points"
        yield measured(work, seconds, peer, "peer: matplotlib.path.Path.contains_points, equal rows")


def pictures(index: PointIndex, codes: np.ndarray) -> Iterator[dict[str, Value]]:
    """The whole map anew, and only what is selected above a kept picture of the rest, on 800 x 600 pixels."""
    n, viewport = len(index), Viewport.around(index.bounds, 800, 600)
    classes = np.rint([np.multiply(to_rgb(one), 255) for one in colours(CLASSES)])
    palette = np.vstack([[UNLABELLED], classes]).astype(np.uint8)
    base = dim(draw_points(index.points, codes, viewport, palette=palette, index=index), 0.4)
    radius = radius_of(index, 0.2)
    brushed = [index.inside(circle) for circle in circles(index, radius)]
    most = max(brushed, key=len)

    def overlay(rows: np.ndarray) -> Step:
        return lambda: overlay_points(base.copy(), index.points, rows, codes, viewport, palette=palette, index=index)

    note = "peer: one scatter of the same points by matplotlib (Agg)"
    seconds = [timed(overlay(rows)) for rows in brushed]
    peer = matplotlib_scatter(index.points[most], palette[codes[most]], viewport)
    yield measured(f"redraw under a moving brush, up to {len(most):,} of {n:,} points above", seconds, peer, note)
    spread = np.random.default_rng(SEED).choice(n, n // 5, replace=False)
    seconds = [timed(overlay(spread)) for _ in range(STEPS // 3)]
    peer = matplotlib_scatter(index.points[spread], palette[codes[spread]], viewport)
    yield measured(f"redraw, {len(spread):,} of {n:,} points all over the map above", seconds, peer, note)
    peer = matplotlib_scatter(index.points, palette[codes], viewport)
    for name, views in (("whole map", [viewport] * 60), ("zoomed 1 to 40 times", list(zooms(viewport, index)))):
        draws = (
            lambda view=view: draw_points(index.points, codes, view, palette=palette, index=index) for view in views
        )
        yield measured(f"full redraw of {n:,} points, {name}", [timed(draw) for draw in draws], peer, note)


def tints() -> Iterator[dict[str, Value]]:
    """The gallery: segments that are not chosen, dimmed."""
    random = np.random.default_rng(SEED)
    rgb = random.integers(0, 256, (CHIPS, 128, 128, 3), dtype=np.uint8)
    tiles = np.arange(CHIPS * 256, dtype=np.uint32).reshape(CHIPS, 16, 16) + 1
    ids = tiles.repeat(8, axis=1).repeat(8, axis=2)
    chosen = random.random(CHIPS * 256 + 1) < 0.3
    out = np.empty_like(rgb)

    def peer() -> np.ndarray:
        return np.where(chosen[ids][..., None], rgb, grayer_and_darker(rgb))

    assert np.array_equal(dim_unchosen(rgb, ids, chosen), peer())
    seconds = [timed(lambda: dim_unchosen(rgb, ids, chosen, out=out)) for _ in range(STEPS)]
    yield measured(f"tints of {CHIPS} chips of 128 x 128", seconds, best(peer, 3), "peer: numpy, equal pixels")


def grayer_and_darker(rgb: np.ndarray) -> np.ndarray:
    """Return what ``dimmed`` returns, with numpy."""
    wide = rgb.astype(np.int32)
    light = (wide @ np.array([RED, GREEN, BLUE]) + 128) >> 8
    return ((OF_COLOUR * wide + OF_LUMINANCE * light[..., None] + 128) >> 8).astype(np.uint8)


def searches(n: int) -> Iterator[dict[str, Value]]:
    """The 200 most similar of a memory-mapped embedding, against scikit-learn's brute force in memory."""
    vectors = np.random.default_rng(SEED).normal(0, 1, (n, FEATURES)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        np.save(Path(folder) / "vectors.npy", vectors)
        mapped = np.load(Path(folder) / "vectors.npy", mmap_mode="r")
        model = NearestNeighbors(n_neighbors=201, algorithm="brute", metric="cosine").fit(vectors)
        for m in (1, 20):
            examples = np.arange(m)
            seconds = [timed(lambda: nearest_rows(mapped, examples, k=200)) for _ in range(10)]  # noqa: B023
            peer = best(lambda: model.kneighbors(vectors[:m]), 2)  # noqa: B023
            if m == 1:
                assert np.array_equal(
                    nearest_rows(mapped, examples, k=200)[0], model.kneighbors(vectors[:1])[1][0, 1:]
                )
            work = f"search by {m} example{'s' * (m > 1)} in {n:,} x {FEATURES}, memory-mapped"
            yield measured(work, seconds, peer, "peer: scikit-learn NearestNeighbors, brute, cosine, in memory")


def circles(index: PointIndex, radius: float) -> list[Circle]:
    """Places of a brush on a round over the map."""
    x_min, x_max, y_min, y_max = index.bounds
    angles = np.linspace(0, 2 * np.pi, STEPS)
    x = (x_min + x_max) / 2 + (x_max - x_min) * 0.3 * np.cos(angles)
    y = (y_min + y_max) / 2 + (y_max - y_min) * 0.3 * np.sin(2 * angles)
    return [Circle(a, b, radius) for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def rectangles(index: PointIndex, radius: float) -> list[Rectangle]:
    return [Rectangle(circle.x, circle.y, radius, radius * 0.8) for circle in circles(index, radius)]


def zooms(viewport: Viewport, index: PointIndex) -> Iterator[Viewport]:
    """Windows nearer and nearer to single points."""
    for number, row in enumerate(np.random.default_rng(SEED).integers(0, len(index), 60)):
        column, line = viewport.to_pixels(index.points[row]).tolist()
        yield viewport.zoomed(40 ** (number / 59), column, line)


def radius_of(index: PointIndex, share: float) -> float:
    """Return the radius at which the brush covers about so many of the points where it covers most."""
    low, high = 0.0, 100.0
    for _ in range(12):
        middle = (low + high) / 2
        most = max(len(index.inside(circle)) for circle in circles(index, middle)[::10])
        low, high = (middle, high) if most < share * len(index) else (low, middle)
    return high


def plain(points: np.ndarray, shape: Circle | Rectangle) -> np.ndarray:
    """Return the rows inside by asking all points."""
    x, y = points[:, 0] - np.float64(shape.x), points[:, 1] - np.float64(shape.y)
    if isinstance(shape, Circle):
        return np.flatnonzero(x * x + y * y <= shape.radius**2)
    return np.flatnonzero((np.abs(x) <= shape.half_width) & (np.abs(y) <= shape.half_height))


def matplotlib_scatter(points: np.ndarray, rgb: np.ndarray, viewport: Viewport) -> float:
    """Return the seconds of one drawing."""
    figure = Figure((viewport.width / 100, viewport.height / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(viewport.x_min, viewport.x_max), ylim=(viewport.y_min, viewport.y_max))
    axes.scatter(points[:, 0], points[:, 1], s=2, c=rgb / 255, linewidths=0)
    canvas = FigureCanvasAgg(figure)
    return timed(canvas.draw)[0]


def measured(work: str, seconds: list[tuple[float, float]], peer: float, note: str) -> dict[str, Value]:
    """Return a row for the record; the peer is compared with our 99th percentile."""
    (p50, _), (p99, cpu) = np.percentile(seconds, [50, 99], axis=0).tolist()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return {
        "work": work,
        "ours_s": round(p99, 6),
        "p50_s": round(p50, 6),
        "cpu_p99_s": round(cpu, 6),
        "peer_s": round(peer, 6),
        "ratio": round(peer / p99, 1),
        "peak_gb": round(peak, 2),
        "note": f"ours: p99 of {len(seconds)} steps; {note}",
    }


def timed(step: Step) -> tuple[float, float]:
    """Return seconds by the clock and by the processor."""
    start, start_cpu = perf_counter(), process_time()
    step()
    return perf_counter() - start, process_time() - start_cpu


def best(step: Step, rounds: int) -> float:
    return min(timed(step)[0] for _ in range(rounds))


def megabytes(index: PointIndex) -> float:
    """Memory of an index."""
    return sum(value.nbytes for value in vars(index).values() if isinstance(value, np.ndarray)) / 1e6


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    main(*map(int, sys.argv[1:2]))
