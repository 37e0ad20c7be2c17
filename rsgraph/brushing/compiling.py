"""Compilation of the brush's functions ahead of their first use, off the thread that draws the window."""

from __future__ import annotations

from threading import Thread

import numpy as np

from rsgraph.brushing.drawing import Viewport, dim, draw_points, overlay_points
from rsgraph.brushing.index import PointIndex, count_selected
from rsgraph.brushing.shapes import Circle, Lasso, Rectangle
from rsgraph.brushing.tinting import paint_classes, tint
from rsgraph.neighbours.examples import nearest_rows


def warm() -> Thread:
    """Start a thread that compiles everything once (seconds the first time, read from numba's cache later).

    Returns
    -------
    thread
        Running. Nothing needs to wait for it: what is called before it is done compiles by itself.
    """
    thread = Thread(target=compile_all, name="compile brushing")
    thread.start()
    return thread


def compile_all() -> None:
    """Call each compiled function once, with few points and with so many that they are a density."""
    points = np.linspace(0, 1, 80_000, dtype=np.float32).reshape(-1, 2)
    codes, palette = np.ones(len(points), dtype=np.int16), np.zeros((2, 3), dtype=np.uint8)
    index, viewport = PointIndex(points), Viewport(0, 1, 0, 1, 32, 32)
    for shape in (Circle(0, 0, 1), Rectangle(0, 0, 1, 1), Lasso(np.array([[0, 0], [1, 0], [1, 1]]))):
        index.counts(shape, codes, 1)
        index.inside(shape)
    index.nearest(0, 0, within=1)
    count_selected(np.ones(len(points), dtype=np.bool_), codes, 1)
    image = dim(draw_points(points, codes, viewport, palette=palette, index=index), 0.5)
    overlay_points(image, points, np.arange(3), codes, viewport, palette=palette, index=index)
    _compile_pictures_and_search(points)


def _compile_pictures_and_search(points: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> None:
    rgb, ids = np.zeros((2, 2, 3), dtype=np.uint8), np.ones((2, 2), dtype=np.uint32)
    tint(rgb, ids, np.ones(2, dtype=np.bool_))
    paint_classes(rgb, ids, np.ones(2, dtype=np.int64), np.zeros((2, 3), dtype=np.uint8))
    nearest_rows(points[:9], np.array([0]), k=1)
    points.flags.writeable = False  # as a memory map: another type, to numba
    nearest_rows(points[:9], np.array([0]), k=1)
