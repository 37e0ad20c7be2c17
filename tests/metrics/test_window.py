"""Means within a Gaussian window."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from rsgraph.metrics.window import window_means


def test_window_means_are_those_of_all_pixels() -> None:
    """Squares of 4 x 4 pixels, half of the scene without data: as if every pixel were averaged."""
    rng = np.random.default_rng(0)
    values = np.repeat(np.repeat(rng.normal(size=(30, 40)), 4, axis=0), 4, axis=1)
    valid = np.ones_like(values, dtype=bool)
    valid[:, :60] = False
    rows, columns = np.mgrid[0:30, 15:40].reshape(2, -1)
    places = np.stack([rows * 4 + 1.5, columns * 4 + 1.5], axis=1)
    found = window_means(values[rows * 4, columns * 4][:, None], places, np.full(len(rows), 16), sigma=16.0)[:, 0]
    exact = gaussian_filter(values * valid, 16, mode="constant") / gaussian_filter(valid * 1.0, 16, mode="constant")
    at = exact[rows * 4 + 1, columns * 4 + 1]
    assert np.abs(found - at).max() < 0.1 * at.std()


def test_a_constant_stays_what_it_is_up_to_the_edges() -> None:
    places = np.random.default_rng(1).uniform(0, 300, size=(200, 2))
    found = window_means(np.full((200, 2), [3.0, -1.0]), places, np.arange(1, 201), sigma=8.0)
    np.testing.assert_allclose(found, np.broadcast_to([3.0, -1.0], (200, 2)))


def test_a_large_segment_weighs_as_its_pixels() -> None:
    places = np.array([[0.0, 0.0], [0.0, 0.5]])
    found = window_means(np.array([[0.0], [1.0]]), places, np.array([300, 100]), sigma=16.0)
    assert found.ravel().tolist() == pytest.approx([0.25, 0.25], abs=0.01)


def test_one_segment_and_none() -> None:
    assert window_means(np.array([[2.0]]), np.array([[5.0, 5.0]]), np.array([9]), sigma=16.0).tolist() == [[2.0]]
    assert window_means(np.empty((0, 3)), np.empty((0, 2)), np.empty(0, dtype=int), sigma=16.0).shape == (0, 3)


def test_the_grid_of_a_narrow_window_is_no_larger_than_the_scene() -> None:
    """Far apart, each segment is its own mean."""
    places, areas = np.array([[0.0, 0.0], [1000.0, 1000.0]]), np.array([9, 9])
    found = window_means(np.array([[0.0], [1.0]]), places, areas, sigma=1.0)
    np.testing.assert_allclose(found, [[0.0], [1.0]])
