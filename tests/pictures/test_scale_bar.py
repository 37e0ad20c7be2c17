from __future__ import annotations

import math

import pytest
from matplotlib.figure import Figure
from rasterio.crs import CRS

from rsgraph.pictures.scale_bar import draw_scale_bar, length_text, metres_per_pixel, round_length

UTM = CRS.from_epsg(32618).to_wkt()
DEGREES = CRS.from_epsg(4326).to_wkt()
FEET = CRS.from_epsg(2263).to_wkt()


def test_metres_per_pixel() -> None:
    assert metres_per_pixel(UTM, (20, 0, 4e5, 0, -20, 4e6), 100) == 20
    assert metres_per_pixel(FEET, (10, 0, 0, 0, -10, 0), 100) == pytest.approx(3.048, abs=1e-4)
    at_sixty = metres_per_pixel(DEGREES, (0.001, 0, 5, 0, -0.001, 60.05), 100)
    assert at_sixty == pytest.approx(111.32 * math.cos(math.radians(60)), rel=1e-6)
    assert metres_per_pixel(None, (1, 0, 0, 0, 1, 0), 100) is None


@pytest.mark.parametrize(
    ("metres", "expected"), [(999, 500), (1000, 1000), (2400, 2000), (0.7, 0.5), (51234, 50000), (1, 1)]
)
def test_round_length(metres: float, expected: float) -> None:
    assert round_length(metres) == pytest.approx(expected)


def test_length_text() -> None:
    assert [length_text(x) for x in (0.5, 500, 1000, 20000)] == ["0.5 m", "500 m", "1 km", "20 km"]


def test_draw_scale_bar_has_the_length_that_it_says() -> None:
    axes = Figure().add_subplot()
    draw_scale_bar(axes, columns=1000, rows=800, metres=20)
    assert [text.get_text() for text in axes.texts] == ["2 km"]
    assert axes.patches[1].get_width() * 20 == pytest.approx(2000)
