"""The chips' map: their places in pixels, free cells of the grid, thumbnails and numbers."""

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


def test_thumbnail_side_covers_two_fifths_of_the_map_between_14_and_150_pixels() -> None:
    assert thumbnail_side(100, 1000, 400) == 40  # 100 of 40 x 40 are 0.4 of 1000 x 400
    assert thumbnail_side(1, 1000, 1000) == 150
    assert thumbnail_side(10**6, 1000, 1000) == 14


def test_free_cells_keep_chips_that_have_room() -> None:
    corners = free_cells(np.array([[15, 25], [85, 95]], np.float32), 100, 100, 10)
    np.testing.assert_array_equal(corners, [[10, 20], [80, 90]])


def test_free_cells_move_the_second_of_one_place_to_the_nearest_cell() -> None:
    corners = free_cells(np.array([[15, 15], [18, 15]], np.float32), 100, 100, 10)
    np.testing.assert_array_equal(corners, [[10, 10], [20, 10]])


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
