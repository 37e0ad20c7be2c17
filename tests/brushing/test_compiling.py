from __future__ import annotations

from threading import Thread
from types import ModuleType

import numpy as np
import pytest

from rsgraph.brushing import density, dots, drawing, index, marking, tinting
from rsgraph.brushing.compiling import compile_all, warm
from rsgraph.neighbours import examples


def compiled(module: ModuleType) -> dict[str, int]:
    """Return how many variants of each compiled function of a module exist."""
    functions = {name: value for name, value in vars(module).items() if hasattr(value, "signatures")}
    return {f"{module.__name__}.{name}": len(value.signatures) for name, value in functions.items()}


def test_warm_runs_beside() -> None:
    thread = warm()
    assert isinstance(thread, Thread)
    thread.join(timeout=250)
    assert not thread.is_alive()


def test_nothing_is_left_to_compile_for_a_real_session() -> None:
    """A variant that warm() does not know would hold the window up for seconds, at the first brush."""
    compile_all()
    modules = (density, dots, drawing, index, marking, examples, tinting)
    before = {name: count for module in modules for name, count in compiled(module).items()}
    assert sum(before.values()) > 10
    points = np.random.default_rng(0).normal(0, 1, (50_000, 2)).astype(np.float32)
    points.flags.writeable = False  # as pandas and pyarrow hand them out
    codes = np.zeros(len(points), dtype=np.uint16)
    codes.flags.writeable = False
    visible, palette = np.ones(len(points), dtype=bool), np.zeros((1, 3), dtype=np.uint8)
    visible.flags.writeable = False
    found = index.PointIndex(points)
    for viewport in (drawing.Viewport(-3, 3, -2, 2, 60, 40), drawing.Viewport.around(found.bounds, 60, 40)):
        for view in (viewport, viewport.zoomed(9, 3, 3)):
            image = drawing.draw_points(points, codes, view, palette=palette, visible=visible, index=found, size=6)
            image = drawing.dim(image, 0.5)
            drawing.overlay_points(image, points, visible, codes, view, palette=palette, index=found)
            drawing.overlay_points(image, points, np.array([3], dtype=np.int32), codes, view, palette=palette)
    for shape in (
        index.Circle(0, np.float32(1), 2),
        index.Rectangle(0, 0, 1, np.float64(2)),
        index.Lasso(points[:9]),
    ):
        found.counts(shape, codes, 1, visible)
        found.inside(shape, visible)
    found.nearest(0, np.float32(1), within=3)
    index.count_selected(visible, codes, 1)
    examples.nearest_rows(points, np.array([1, 2], dtype=np.int32), k=3, metric="euclidean", reduce="mean")
    rgb, ids = np.zeros((2, 3, 4, 3), dtype=np.uint8), np.ones((2, 3, 4), dtype=np.uint32)
    tinting.tint(rgb, ids, np.ones(2, dtype=np.uint8))
    tinting.paint_classes(rgb, ids, np.zeros(2, dtype=np.int16), palette)
    assert {name: count for module in modules for name, count in compiled(module).items()} == before


def test_compiling_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    compile_all()
    assert capsys.readouterr() == ("", "")
