from __future__ import annotations

import numpy as np
import pytest
from matplotlib.path import Path

from napari_rsgraph.point_map.brush import (
    Stroke,
    covers,
    half_sizes,
    middle,
    moved,
    outline,
    scaled,
    stamps,
)
from rsgraph.brushing.shapes import Circle, Lasso, Rectangle

SQUARE = Lasso(np.array([[0, 0], [4, 0], [4, 2], [0, 2]], float))
SHAPES = [Circle(1, 2, 3), Rectangle(1, 2, 3, 0.5), SQUARE]


def test_a_box_has_its_corners_at_the_first_and_the_last_place_of_the_trail() -> None:
    assert outline("rectangle", [(4, 1), (9, 9), (0, 3)]) == Rectangle(2, 2, 2, 1)
    assert outline("rectangle", [(4, 1)]) is None


def test_a_lasso_is_the_trail() -> None:
    lasso = outline("lasso", [(0, 0), (4, 0), (4, 2)])
    assert isinstance(lasso, Lasso)
    assert lasso.points.tolist() == [[0, 0], [4, 0], [4, 2]]
    assert outline("lasso", [(0, 0), (4, 0)]) is None


@pytest.mark.parametrize("shape", SHAPES)
def test_moved_shifts_the_middle_and_keeps_the_size(shape: Circle | Rectangle | Lasso) -> None:
    after = moved(shape, 5, -1)
    assert middle(after) == pytest.approx((middle(shape)[0] + 5, middle(shape)[1] - 1))
    assert half_sizes(after) == pytest.approx(half_sizes(shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_scaled_keeps_the_middle(shape: Circle | Rectangle | Lasso) -> None:
    after = scaled(shape, 2)
    assert middle(after) == pytest.approx(middle(shape))
    assert half_sizes(after) == pytest.approx(tuple(2 * half for half in half_sizes(shape)))


def test_covers_agrees_with_matplotlib() -> None:
    rng = np.random.default_rng(0)
    star = Lasso(rng.normal(size=(15, 2)))
    points = rng.normal(size=(400, 2))
    expected = Path(star.points).contains_points(points)
    assert [covers(star, x, y) for x, y in points] == expected.tolist()


def test_covers_circle_and_rectangle_with_their_border() -> None:
    assert covers(Circle(0, 0, 1), 0, 1)
    assert not covers(Circle(0, 0, 1), 0.8, 0.8)
    assert covers(Rectangle(0, 0, 1, 2), 1, -2)
    assert not covers(Rectangle(0, 0, 1, 2), 1.1, 0)


def test_stamps_leave_no_gap_and_end_at_the_end() -> None:
    way = stamps(Circle(0, 0, 1), Circle(10, 0, 1))
    assert way[-1] == Circle(10, 0, 1)
    assert np.diff([0, *(middle(shape)[0] for shape in way)]).max() <= 1


def test_stamps_of_a_leap_are_bounded() -> None:
    assert len(stamps(Circle(0, 0, 1e-6), Circle(10, 0, 1e-6))) == 32


@pytest.mark.parametrize("mode", ["add", "subtract"])
def test_stroke_gathers_what_it_touched(mode: str) -> None:
    stroke = Stroke(mode, 9)  # type: ignore[arg-type]
    stroke.touch(np.array([5, 1]))
    assert stroke.touch(np.array([7])).tolist() == [1, 5, 7]


@pytest.mark.parametrize("mode", ["replace", "intersect"])
def test_stroke_replaces_by_what_is_under_it_now(mode: str) -> None:
    stroke = Stroke(mode, 9)  # type: ignore[arg-type]
    stroke.touch(np.array([5, 1]))
    assert stroke.touch(np.array([7])).tolist() == [7]
