from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.point_map.view_transform import ViewTransform
from rsgraph.brushing.shapes import Rectangle

VIEW = ViewTransform(x=2.0, y=-1.0, scale=50.0, width=400, height=300)


def test_to_screen_has_y_upwards_and_the_middle_in_the_middle() -> None:
    at = VIEW.to_screen(np.array([[2.0, -1.0], [3.0, 0.0]]))
    np.testing.assert_allclose(at, [[200, 150], [250, 100]])


def test_to_map_undoes_to_screen() -> None:
    assert VIEW.to_map(250, 100) == pytest.approx((3.0, 0.0))


def test_zoomed_keeps_the_point_under_the_pixel() -> None:
    zoomed = VIEW.zoomed(3.0, 30, 270)
    assert zoomed.scale == 150
    assert zoomed.to_map(30, 270) == pytest.approx(VIEW.to_map(30, 270))


def test_moved_takes_the_map_along_with_the_hand() -> None:
    x, y = VIEW.to_map(100, 100)
    assert VIEW.moved(25, 40).to_map(125, 140) == pytest.approx((x, y))


def test_window_is_what_the_corners_show() -> None:
    window = VIEW.window()
    left, top = VIEW.to_map(0, 0)
    assert (window.x - window.half_width, window.y + window.half_height) == pytest.approx((left, top))


def test_fitted_shows_all_points_with_one_scale() -> None:
    points = np.array([[0, 0], [10, 1]], np.float32)
    at = VIEW.fitted(points).to_screen(points)
    np.testing.assert_allclose(at, [[32, 166.8], [368, 133.2]])


def test_fitted_leaves_out_what_is_not_finite() -> None:
    points = np.array([[0, 0], [10, 1], [np.nan, 3], [np.inf, 0]], np.float32)
    assert VIEW.fitted(points) == VIEW.fitted(points[:2])


@pytest.mark.parametrize(
    "points", [np.empty((0, 2)), np.full((1, 2), 7.0), np.full((9, 2), 7.0), np.full((2, 2), np.nan)]
)
def test_fitted_to_one_place_shows_one_unit(points: np.ndarray) -> None:
    view = VIEW.fitted(points.astype(np.float32))
    assert view.scale == pytest.approx(300 * 0.84)
    assert (view.x, view.y) == ((7, 7) if np.isfinite(points).any() else (0, 0))


def test_a_rectangle_just_fits_into_the_view() -> None:
    view = ViewTransform(width=400, height=200).showing(Rectangle(3.0, -2.0, 10.0, 2.0))
    window = view.window()
    assert (window.x, window.y) == (3.0, -2.0)
    assert window.half_width == pytest.approx(10.0)
    assert window.half_height >= 2.0
