from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rsgraph.pictures import chip_map
from rsgraph.pictures.chip_map import (
    MOST,
    compose,
    draw_chip_map,
    fit,
    free_cells,
    resized,
    sample_chips,
    thumbnail_side,
)
from rsgraph.pictures.figure import save_png
from rsgraph.pictures.palette import cluster_colours
from rsgraph.pictures.segment_map import draw_segment_map, marker_area, opacity


@given(seed=st.integers(0, 10**6), count=st.integers(1, 60))
@settings(max_examples=25, deadline=None)
def test_compose_never_puts_one_chip_on_another(seed: int, count: int) -> None:
    points = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32) ** 3
    thumbnails = [np.zeros((4, 4, 3), np.uint8)] * count
    image, corners, moved = compose(points, thumbnails, 500, 400)
    side = thumbnail_side(count, 500, 400)
    assert len({tuple(corner) for corner in corners.tolist()}) == count
    assert (image == 0).all(axis=2).sum() == count * (side - 1) ** 2
    assert moved.min() >= 0


def test_free_cells_keep_chips_that_have_room() -> None:
    corners = free_cells(np.array([[15, 25], [85, 95]], np.float32), 100, 100, 10)
    np.testing.assert_array_equal(corners, [[10, 20], [80, 90]])


def test_fit_keeps_proportions_and_turns_y_up() -> None:
    placed = fit(np.array([[0, 0], [2, 1]], np.float32), 220, 220, 10)
    np.testing.assert_allclose(placed, [[10, 160], [210, 60]])
    np.testing.assert_allclose(fit(np.zeros((2, 2), np.float32), 100, 80, 5), [[50, 40], [50, 40]])


def test_resized_keeps_proportions() -> None:
    square = resized(np.zeros((10, 20, 3), np.uint8), 8)
    np.testing.assert_array_equal((square == 0).all(axis=2).sum(axis=1), [0, 0, 8, 8, 8, 8, 0, 0])


def test_sample_chips() -> None:
    np.testing.assert_array_equal(sample_chips(5), range(5))
    many = sample_chips(27_000)
    assert len(set(many.tolist())) == MOST
    assert (np.diff(many) > 0).all()


@pytest.mark.parametrize("count", [1, 2, 7])
def test_draw_chip_map_numbers_large_chips(count: int, tmp_path: Path) -> None:
    points = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    figure = draw_chip_map(points, [np.zeros((8, 8, 3), np.uint8)] * count, title="t", caption="c")
    assert [text.get_text() for text in figure.axes[0].texts] == [str(i) for i in range(count)]
    assert save_png(figure, tmp_path / "map.png").exists()


def test_draw_chip_map_says_that_it_is_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chip_map, "HEIGHT", 2.0)
    figure = draw_chip_map(
        np.eye(2, dtype=np.float32), [np.zeros((8, 8, 3), np.uint8)] * 2, title="t", caption="c", total=9
    )
    assert "Shown are 2 of 9 chips" in figure.texts[1].get_text().replace("\n", " ")
    assert not figure.axes[0].texts


def test_draw_segment_map_counts_clusters(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    strongest = np.repeat([0, 2], [30, 10])
    colours = np.zeros((3, 3), np.uint8)
    figure = draw_segment_map(points, strongest, 3, title="t", caption="c", true_colours=colours)
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "3"]
    shown = [text.get_text() for text in figure.axes[1].texts][2:]
    assert shown == ["1", "75.0%", "2", "0.0%", "3", "25.0%"]
    assert save_png(figure, tmp_path / "map.png").exists()


def test_points_shrink_and_fade_with_their_number() -> None:
    counts = [10, 10**3, 10**5, 10**6]
    assert sorted(map(marker_area, counts), reverse=True) == [marker_area(n) for n in counts]
    assert [opacity(n) for n in counts] == pytest.approx([0.9, 0.9, 0.4, 0.15])


def test_cluster_colours_all_differ() -> None:
    colours = cluster_colours(24)
    distances = np.abs(colours[:, None] - colours[None]).max(axis=2) + np.eye(24)
    assert distances.min() > 0.04
    assert ((colours >= 0) & (colours <= 1)).all()
