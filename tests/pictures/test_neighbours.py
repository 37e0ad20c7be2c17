"""The sheet of nearest chips: which are asked for, and the similarities beneath."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsgraph.pictures.figure import save_png
from rsgraph.pictures.neighbours import SHOWN, choose_queries, draw_neighbours


def test_choose_queries_spreads_over_the_map() -> None:
    points = np.array([[0, 0], [0.1, 0], [10, 0], [10.1, 0], [0, 10]], np.float32)
    assert choose_queries(points, 3) == [1, 3, 4]
    assert choose_queries(points, 8) == [0, 1, 2, 3, 4]
    assert choose_queries(np.zeros((3, 2), np.float32), 2) == [0, 1]
    assert choose_queries(np.zeros((0, 2), np.float32)) == []


def test_draw_neighbours_prints_similarities(tmp_path: Path) -> None:
    indices, similarities = np.array([[1, 2], [0, 2], [1, 0]]), np.array([[0.9, 0.5], [0.9, 0.25], [0.25, 0.5]])
    thumbnails = [np.zeros((8, 6, 3), np.uint8)] * 3
    figure = draw_neighbours([0, 1], indices, similarities, thumbnails, title="t", caption="c")
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels == ["chip 0", "0.900  (chip 1)", "0.500  (chip 2)", "chip 1", "0.900  (chip 0)", "0.250  (chip 2)"]
    assert save_png(figure, tmp_path / "n.png").exists()


def test_draw_neighbours_shows_eight_of_many_and_the_picture_of_each() -> None:
    chips = 11
    indices = np.array([[*range(1, chips)]])
    thumbnails = {chip: np.full((4, 4, 3), chip, np.uint8) for chip in range(chips)}
    figure = draw_neighbours([0], indices, np.ones((1, chips - 1)), thumbnails, title="t", caption="c")
    grays = [int(np.unique(axes.images[0].get_array()).item()) for axes in figure.axes]
    assert grays == list(range(SHOWN + 1)) == [0, 1, 2, 3, 4, 5, 6, 7, 8]


def test_draw_neighbours_of_a_single_chip(tmp_path: Path) -> None:
    nothing = np.zeros((1, 0))
    figure = draw_neighbours(
        [0], nothing.astype(int), nothing, [np.zeros((8, 8, 3), np.uint8)], title="t", caption="c"
    )
    assert "no other chip" in [text.get_text() for text in figure.texts]
    assert save_png(figure, tmp_path / "n.png").exists()
