from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.brushing.drawing import (
    BACKGROUND,
    HIGHLIGHT,
    UNLABELLED,
    Viewport,
    dim,
    dot_size,
    draw_points,
    overlay_points,
)
from rsgraph.brushing.index import PointIndex

VIEWPORT = Viewport(0, 80, 0, 60, 80, 60)
PALETTE = np.array([UNLABELLED, (230, 159, 0), (0, 114, 178)], dtype=np.uint8)


def many(n: int = 40_000) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Return two dense clumps, class 1 at (20, 30) and class 2 at (60, 30), and a single point at (40, 5)."""
    own = np.arange(n) % 2
    points = np.random.default_rng(0).normal(0, 3, (n, 2)) + np.stack([20 + 40 * own, np.full(n, 30)], axis=1)
    points[-1] = (40.5, 5.5)
    return points.astype(np.float32), (own + 1).astype(np.int16)


def hue(pixel: NDArray[np.uint8]) -> NDArray[np.float64]:
    return pixel[:3].astype(float) / np.linalg.norm(pixel[:3].astype(float))


def test_an_empty_map_is_background() -> None:
    for points in (
        np.empty((0, 2), np.float32),
        np.full((3, 2), np.nan, np.float32),
        np.full((3, 2), 1e9, np.float32),
    ):
        image = draw_points(points, np.zeros(len(points), int), VIEWPORT, palette=PALETTE)
        assert image.shape == (60, 80, 4)
        assert image.dtype == np.uint8
        assert image.flags.c_contiguous
        assert (image == (*BACKGROUND, 255)).all()


def test_a_dot_is_round_with_a_darker_edge() -> None:
    image = draw_points(np.array([[40, 30]], np.float32), np.array([[255, 0, 0]], np.uint8), VIEWPORT, size=8)
    assert dot_size(8, 1) == 12
    assert image[29, 39].tolist() == [255, 0, 0, 255]
    red = image[30, :, 0]
    assert red[34] < 0.5 * 255 < red[35]  # the edge, between five and six pixels from the middle
    assert image[30, 32].tolist() == [*BACKGROUND, 255]
    np.testing.assert_array_equal(image, image[:, ::-1])
    np.testing.assert_array_equal(image, image[::-1])
    np.testing.assert_array_equal(image[20:40, 30:50], image[20:40, 30:50].transpose(1, 0, 2))


def test_y_points_upwards() -> None:
    image = draw_points(np.array([[10, 50]], np.float32), np.array([1]), VIEWPORT, palette=PALETTE)
    assert image[9, 9].tolist() == [230, 159, 0, 255]
    assert image[49, 9].tolist() == [*BACKGROUND, 255]


def test_dots_at_the_border_are_cut_not_dropped() -> None:
    image = draw_points(np.array([[-1, 30]], np.float32), np.array([1]), VIEWPORT, palette=PALETTE, size=8)
    assert image[29, 0].tolist() == [230, 159, 0, 255]


def test_labelled_points_lie_above_the_others() -> None:
    points = np.full((3, 2), 30, dtype=np.float32)
    image = draw_points(points, np.array([0, 2, 0]), VIEWPORT, palette=PALETTE)
    assert image[29, 29].tolist() == [0, 114, 178, 255]


def test_dots_get_smaller_and_then_a_density() -> None:
    sizes = [dot_size(6, n) for n in (0, 1, 300, 2_000, 10_000, 30_000)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == sizes[2] == 9
    assert sizes[3] == 6
    assert 2 < sizes[5] < 3
    assert dot_size(6, 30_001) == 0


def test_a_density_shows_class_and_crowd() -> None:
    points, codes = many()
    image = draw_points(points, codes, VIEWPORT, palette=PALETTE)
    for column, code in ((20, 1), (60, 2)):
        middle, border = image[30, column], image[30, column + 8]
        np.testing.assert_allclose(hue(middle), hue(PALETTE[code]), atol=0.25)
        assert middle[:3].sum() > border[:3].sum() > sum(BACKGROUND)
    single, beside, nothing = image[54, 40], image[54, 41], image[54, 45]
    assert single[:3].astype(int).sum() > beside[:3].sum() > sum(BACKGROUND)  # a single point, and still to be seen
    assert nothing.tolist() == [*BACKGROUND, 255]


def test_a_density_averages_light() -> None:
    points = np.full((40_000, 2), 30.5, dtype=np.float32)
    rgb = np.zeros((40_000, 3), dtype=np.uint8)
    rgb[::2] = (200, 0, 0)
    rgb[1::2] = (0, 200, 0)
    image = draw_points(points, rgb, VIEWPORT)
    glow = (image[29, 30, :2].astype(float) - image[29, 30, 2]) / (255 - image[29, 30, 2])
    np.testing.assert_allclose(glow * 255, [200 * 0.5**0.5] * 2, atol=2)  # not 100: light, not its code


@pytest.mark.parametrize("n", [500, 40_000])
def test_the_index_changes_nothing(n: int) -> None:
    points, codes = many(n)
    index = PointIndex(points)
    for viewport in (VIEWPORT, VIEWPORT.zoomed(3, 20, 30), VIEWPORT.zoomed(0.3, 0, 0), VIEWPORT.zoomed(50, 5, 5)):
        plain = draw_points(points, codes, viewport, palette=PALETTE)
        np.testing.assert_array_equal(draw_points(points, codes, viewport, palette=PALETTE, index=index), plain)
        rgb = draw_points(points, PALETTE[codes], viewport, index=index)
        if n > 30_000:
            np.testing.assert_array_equal(rgb, plain)


@pytest.mark.parametrize("n", [500, 40_000])
def test_filtered_points_are_not_drawn(n: int) -> None:
    points, codes = many(2 * n)
    visible = codes == 1
    kept = draw_points(points[visible], codes[visible], VIEWPORT, palette=PALETTE)
    for index in (None, PointIndex(points)):
        image = draw_points(points, codes, VIEWPORT, palette=PALETTE, visible=visible, index=index)
        np.testing.assert_array_equal(image, kept)


def test_read_only_and_other_layouts_are_drawn_alike() -> None:
    points, codes = many()
    expected = draw_points(points, codes, VIEWPORT, palette=PALETTE)
    other = np.asfortranarray(points.astype(np.float64))
    other.flags.writeable = False
    np.testing.assert_array_equal(draw_points(other, codes.astype(np.uint8), VIEWPORT, palette=PALETTE), expected)


def test_selected_dots_have_a_border_and_their_colour() -> None:
    points = np.array([[20, 30], [60, 30]], dtype=np.float32)
    codes = np.array([1, 2])
    image = dim(draw_points(points, codes, VIEWPORT, palette=PALETTE), 0.4)
    before = image.copy()
    for rows in (np.array([0]), np.array([True, False])):
        drawn = overlay_points(image, points, rows, codes, VIEWPORT, palette=PALETTE)
        assert drawn is image
        assert image[29, 19].tolist() == [230, 159, 0, 255]
        assert image[30, 12:16, 0].max() > 0.9 * HIGHLIGHT[0]
        np.testing.assert_array_equal(image[:, 40:], before[:, 40:])


def test_a_crowd_of_selected_dots_keeps_its_colours() -> None:
    points = np.random.default_rng(0).normal(30, 2, (400, 2)).astype(np.float32)
    image = draw_points(points, np.ones(400, int), VIEWPORT, palette=PALETTE)
    overlay_points(image, points, np.arange(400), np.ones(400, int), VIEWPORT, palette=PALETTE)
    assert not (image[27:33, 27:33, :3] > 245).all(axis=-1).any()  # no white between them


def test_a_selected_density_stands_out() -> None:
    points, codes = many(80_000)
    base = dim(draw_points(points, codes, VIEWPORT, palette=PALETTE), 0.4)
    image = overlay_points(base.copy(), points, codes == 1, codes, VIEWPORT, palette=PALETTE)
    np.testing.assert_array_equal(image[:, 45:], base[:, 45:])
    assert (image[25:36, 15:26, :3].sum(axis=-1) > base[25:36, 15:26, :3].sum(axis=-1, dtype=int)).all()
    np.testing.assert_allclose(hue(image[30, 20]), hue(PALETTE[1]), atol=0.3)


def test_nothing_selected_changes_nothing() -> None:
    points, codes = many()
    image = draw_points(points, codes, VIEWPORT, palette=PALETTE)
    for rows in (np.array([], dtype=np.int64), np.zeros(len(points), dtype=bool)):
        np.testing.assert_array_equal(
            overlay_points(image.copy(), points, rows, codes, VIEWPORT, palette=PALETTE), image
        )


def test_dim_keeps_a_share_of_the_contrast() -> None:
    image = np.array([[[0x16, 0x19, 0x1F, 255], [222, 25, 131, 255]]], dtype=np.uint8)
    assert dim(image, 0.5).tolist() == [[[0x16, 0x19, 0x1F, 255], [122, 25, 81, 255]]]
    np.testing.assert_array_equal(dim(image, 1), image)
    np.testing.assert_array_equal(dim(image, 1, saturation=0)[0, 0], image[0, 0])
    gray = dim(image, 1, saturation=0)[0, 1, :3] - np.array([0x16, 0x19, 0x1F])
    assert len(set(gray.tolist())) == 1  # as far from the background in all three
    part = dim(image, 0.5, saturation=0.5)[0, 1, :3].astype(int)
    assert np.ptp(part) < np.ptp(dim(image, 0.5)[0, 1, :3].astype(int))
    with pytest.raises(ValueError, match=r"`factor` must lie in 0 \.\.\. 1. Got 2"):
        dim(image, 2)


def test_what_does_not_fit_is_refused() -> None:
    points = np.zeros((3, 2), dtype=np.float32)
    image = np.zeros((60, 80, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"`colours` must have shape \(3, 3\). Got \(3,\)"):
        draw_points(points, np.zeros(3, int), VIEWPORT)
    with pytest.raises(ValueError, match=r"`colours` must have shape \(3,\). Got \(2,\)"):
        overlay_points(image, points, np.array([0]), np.zeros(2, int), VIEWPORT, palette=PALETTE)
    with pytest.raises(ValueError, match=r"`colours` must lie in 0 \.\.\. 2, as the palette. Got 3"):
        draw_points(points, np.full(3, 3), VIEWPORT, palette=PALETTE)
    with pytest.raises(ValueError, match=r"`image` must be uint8 of shape \(60, 80, 4\)"):
        overlay_points(image[:5], points, np.array([0]), np.zeros(3, int), VIEWPORT, palette=PALETTE)
