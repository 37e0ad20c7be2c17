"""Densities of points against a convolution, and single pixels worked out by hand."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve

from rsgraph.brushing.density import Strength, blend_density
from rsgraph.brushing.viewport import Viewport

VIEWPORT = Viewport(0, 8, 0, 6, 8, 6)
PLAIN = Strength(single=1.0, glow=0.0)
WHITE = 0xFFFFFF


def blended(
    points: list[tuple[float, float]] | NDArray[np.float32],
    colours: list[int],
    *,
    strength: Strength = PLAIN,
    visible: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Red, green and blue of the points on black."""
    image = np.zeros((VIEWPORT.height, VIEWPORT.width, 4), dtype=np.uint8)
    places = np.asarray(points, dtype=np.float32)
    blend_density(image, places, np.array(colours, dtype=np.uint32), VIEWPORT, strength, visible=visible)
    return image[..., :3]


def test_blend_density_spreads_a_point_by_halves_and_quarters() -> None:
    image = blended([(3.5, 3.5)], [200])  # row 2, column 3; red only
    assert image[1:4, 2:5, 0].tolist() == [[50, 100, 50], [100, 200, 100], [50, 100, 50]]
    image[1:4, 2:5, 0] = 0
    assert not image.any()


def test_blend_density_equals_a_convolution_of_the_counts() -> None:
    points = np.random.default_rng(0).uniform(-1, 9, (20, 2)).astype(np.float32)
    counts, _, _ = np.histogram2d(6 - points[:, 1], points[:, 0], bins=(6, 8), range=((0, 6), (0, 8)))
    soft = convolve(counts, np.outer([0.5, 1, 0.5], [0.5, 1, 0.5]), mode="constant")
    expected = np.floor(255 * np.minimum(soft, 1) + 0.5)
    assert 0 < np.count_nonzero(expected == 255) < expected.size
    np.testing.assert_array_equal(blended(points, [WHITE] * 20), np.repeat(expected[..., None], 3, axis=2))


def test_blend_density_averages_light_not_its_code() -> None:
    image = blended([(3.5, 3.5), (3.4, 3.6)], [0x0000FF, 0xFF0000])
    assert image[2, 3].tolist() == [180, 0, 180]  # 255 times the root of a half


def test_blend_density_leaves_hidden_and_endless_points_out() -> None:
    points = [(3.5, 3.5), (6.5, 1.5), (np.nan, 2.0), (np.inf, 2.0)]
    image = blended(points, [200] * 4, visible=np.array([True, False, True, True]))
    np.testing.assert_array_equal(image, blended(points[:1], [200]))


def test_blend_density_draws_an_edge_round_crowds_only() -> None:
    strength = Strength(single=1.0, glow=0.0, edge=(100, 0, 200))
    single = blended([(3.5, 3.5)], [200], strength=strength)
    np.testing.assert_array_equal(single, blended([(3.5, 3.5)], [200]))
    pair = blended([(3.5, 3.5)] * 2, [200] * 2, strength=strength)
    np.testing.assert_allclose(pair[2, 5].astype(int), [70, 0, 140], atol=1)  # seven tenths of the edge's colour
    assert pair[0, 1].tolist() == [0, 0, 0]  # the corner touches half a point only
