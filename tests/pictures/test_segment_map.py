"""The segments' map: size and opacity of points, numbers of clusters and their shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rsgraph.pictures.figure import save_png
from rsgraph.pictures.segment_map import draw_segment_map, marker_area, opacity


def test_draw_segment_map_counts_clusters(tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    strongest = np.repeat([0, 2], [30, 10])
    colours = np.zeros((3, 3), np.uint8)
    figure = draw_segment_map(points, strongest, 3, title="t", caption="c", true_colours=colours)
    assert [text.get_text() for text in figure.axes[0].texts] == ["1", "3"]
    shown = [text.get_text() for text in figure.axes[1].texts][2:]
    assert shown == ["1", "75.0%", "2", "0.0%", "3", "25.0%"]
    assert save_png(figure, tmp_path / "map.png").exists()


def test_draw_segment_map_numbers_a_cluster_at_the_member_nearest_its_median() -> None:
    points = np.array([[0, 0], [4, 0], [5, 0.5], [6, 0], [99, 7]], np.float32)  # their median is (5, 0.5)
    figure = draw_segment_map(points, np.zeros(5, np.int64), 1, title="t", caption="c")
    (number,) = figure.axes[0].texts
    assert number.get_position() == (5, 0.5)


def test_draw_segment_map_paints_each_point_in_its_cluster_s_colour() -> None:
    points = np.array([[0, 0], [1, 0], [2, 0]], np.float32)
    figure = draw_segment_map(points, np.array([1, 0, 1]), 2, title="t", caption="c")
    drawn = figure.axes[0].collections[0]
    of_place = {round(x): colour for (x, _), colour in zip(drawn.get_offsets(), drawn.get_facecolors(), strict=True)}
    blue, orange = (0, 0x72 / 255, 0xB2 / 255), (0xE6 / 255, 0x9F / 255, 0)
    for x, colour in ((0, orange), (1, blue), (2, orange)):
        np.testing.assert_allclose(of_place[x][:3], colour, atol=1e-6)


def test_marker_area_shares_a_quarter_of_the_map_within_limits() -> None:
    assert marker_area(11_944) == pytest.approx((9.6 * 72) ** 2 / 4 / 11_944)
    assert (marker_area(1), marker_area(10**6)) == (40, 0.8)


def test_opacity_falls_with_the_number_of_points() -> None:
    assert [opacity(n) for n in (10, 10**3, 10**5, 10**6)] == pytest.approx([0.9, 0.9, 0.4, 0.15])
