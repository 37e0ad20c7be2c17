from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.pictures.curves import Curve, draw_curves
from rsgraph.pictures.figure import save_png
from rsgraph.pictures.memberships import columns_of_panels, draw_memberships
from rsgraph.pictures.neighbours import choose_queries, draw_neighbours
from rsgraph.pictures.outlines import YELLOW, draw_outlines, outlined
from rsgraph.pictures.quicklook import draw_quicklook


@pytest.mark.parametrize("shape", [(50, 50), (10, 400), (400, 10)])
def test_draw_quicklook_has_the_scene_s_proportions(shape: tuple[int, int], tmp_path: Path) -> None:
    figure = draw_quicklook(np.zeros((*shape, 3), np.uint8), title="t", caption="c", metres=10.0)
    box = figure.axes[0].get_position()
    width, height = box.width * figure.get_figwidth(), box.height * figure.get_figheight()
    assert width / height == pytest.approx(shape[1] / shape[0], rel=1e-3)
    assert len(figure.axes[0].texts) == 1
    assert save_png(figure, tmp_path / "q.png").exists()


def test_draw_quicklook_without_grid_has_no_scale_bar() -> None:
    assert not draw_quicklook(np.zeros((5, 5, 3), np.uint8), title="t", caption="c").axes[0].texts


def test_draw_memberships_heads_panels_with_number_and_share(tmp_path: Path) -> None:
    memberships = np.zeros((3, 4, 4), np.float32)
    memberships[0], memberships[2, :, 0] = 0.5, 0.9
    valid = np.ones((4, 4), bool)
    valid[0] = False
    figure = draw_memberships(memberships, valid, title="t", caption="c")
    titles = [axes.get_title(loc="left") for axes in figure.axes[:3]]
    assert titles == ["cluster 1  ·  75.0%", "cluster 2  ·  0.0%", "cluster 3  ·  25.0%"]
    assert figure.axes[3].get_ylabel() == "membership"
    assert figure.axes[3].get_ylim() == (0, 1)
    assert save_png(figure, tmp_path / "m.png").exists()


def test_columns_of_panels() -> None:
    assert [columns_of_panels(n, 1.0) for n in (1, 2, 8, 18, 60)] == [1, 2, 3, 5, 6]


def test_outlined_draws_where_segments_meet_and_not_at_the_data_s_edge() -> None:
    labels = np.array([[1, 1, 2, 0]], dtype=np.int32)
    image = outlined(np.zeros((1, 4, 3), np.uint8), labels, side=16)
    assert image.shape == (4, 16, 3)
    yellow = (image == YELLOW).all(axis=2)
    np.testing.assert_array_equal(np.flatnonzero(yellow[0]), [7, 8])
    assert (yellow == yellow[0]).all()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_draw_outlines_shows_up_to_four_chips(count: int, tmp_path: Path) -> None:
    images, labels = [np.zeros((8, 8, 3), np.uint8)] * count, [np.ones((8, 8), np.int32)] * count
    names = [f"chip {i}" for i in range(count)]
    figure = draw_outlines(images, labels, names=names, title="t", caption="c")
    assert [axes.get_title(loc="left") for axes in figure.axes] == names[:4]
    assert save_png(figure, tmp_path / "o.png").exists()


def test_curve_best_epoch() -> None:
    nan = float("nan")
    assert Curve("m", "l", [3, 1, 2], [3, 2, 1]).best_epoch == 2
    assert Curve("m", "l", [3, 1, 2]).best_epoch == 1
    assert Curve("m", "l", [3, 1, 2], [nan, 2, 2]).best_epoch == 1
    assert Curve("m", "l", [3, 1], [2, 1], best=0).best_epoch == 0
    assert Curve("m", "l", [nan]).best_epoch is None
    assert Curve("m", "l", []).best_epoch is None


def test_draw_curves_marks_the_best_epoch(tmp_path: Path) -> None:
    curves = [
        Curve("unet", "Dice", [3, 2, 1], [3, 1.5, 2]),
        Curve("gcn", "cross-entropy", [1.0]),
        Curve("n", "l", []),
    ]
    figure = draw_curves(curves, title="t", caption="c")
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["training chips", "test chips", "best: epoch 2, loss 1.5000"]
    assert figure.axes[2].get_legend() is None
    assert save_png(figure, tmp_path / "c.png").exists()


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


def test_draw_neighbours_of_a_single_chip(tmp_path: Path) -> None:
    nothing = np.zeros((1, 0))
    figure = draw_neighbours(
        [0], nothing.astype(int), nothing, [np.zeros((8, 8, 3), np.uint8)], title="t", caption="c"
    )
    assert "no other chip" in [text.get_text() for text in figure.texts]
    assert save_png(figure, tmp_path / "n.png").exists()
