from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.brushing.viewport import Viewport

VIEWPORT = Viewport(-1, 3, 10, 12, 400, 200)


def test_pixels_of_the_corners() -> None:
    corners = np.array([[-1, 12], [3, 10], [1, 11]], dtype=np.float32)
    np.testing.assert_array_equal(VIEWPORT.to_pixels(corners), [[0, 0], [400, 200], [200, 100]])
    np.testing.assert_array_equal(VIEWPORT.to_data(np.array([100, 50])), [0, 11.5])
    assert VIEWPORT.scale == (100, 100)


@given(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))
def test_there_and_back(x: float, y: float) -> None:
    np.testing.assert_allclose(VIEWPORT.to_data(VIEWPORT.to_pixels(np.array([x, y]))), [x, y], atol=1e-9)


@given(st.floats(0.01, 100), st.floats(0, 400), st.floats(0, 200))
def test_zoom_keeps_what_is_under_the_pointer(factor: float, column: float, row: float) -> None:
    zoomed = VIEWPORT.zoomed(factor, column, row)
    here = np.array([column, row])
    np.testing.assert_allclose(zoomed.to_data(here), VIEWPORT.to_data(here), atol=1e-9)
    np.testing.assert_allclose(zoomed.scale, np.array(VIEWPORT.scale) * factor)


def test_around_shows_everything_with_equal_units() -> None:
    viewport = Viewport.around((0, 10, 0, 1), 800, 600)
    np.testing.assert_allclose(viewport.scale, (72, 72))  # 10 units on nine tenths of 800 pixels
    np.testing.assert_allclose(viewport.to_pixels(np.array([[0, 0.5], [10, 0.5]])), [[40, 300], [760, 300]])


@pytest.mark.parametrize("place", [0.0, 1e-20, 5.0, -3e7, 1e30])
def test_around_a_single_point_shows_it_in_the_middle(place: float) -> None:
    viewport = Viewport.around((place, place, place, place), 800, 600)
    np.testing.assert_allclose(viewport.to_pixels(np.array([place, place])), [400, 300])


def test_around_what_is_too_narrow_for_its_place() -> None:
    viewport = Viewport.around((1e7, 1e7 + 1e-9, 0, 1e-9), 800, 600)
    assert viewport.x_min < viewport.x_max


@pytest.mark.parametrize(
    "edges", [(0, 0, 0, 1, 8, 8), (1, 0, 0, 1, 8, 8), (0, 1, 1, 1, 8, 8), (0, np.nan, 0, 1, 8, 8), (0, 1, 0, 1, 0, 8)]
)
def test_a_viewport_without_extent_is_refused(edges: tuple[float, float, float, float, int, int]) -> None:
    with pytest.raises(ValueError, match="a viewport must have"):
        Viewport(*edges)
