from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from rsgraph.pictures.scale_bar import draw_scale_bar, length_text, round_length


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
