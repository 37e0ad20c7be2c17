from __future__ import annotations

from rsgraph.io.palette import COLOURS, colour, colours


def test_colours_start_with_okabe_and_ito_and_are_all_different() -> None:
    assert colours(2) == ["#0072b2", "#e69f00"]
    assert len(set(colours(24))) == 24
    assert colours(3) == colours(24)[:3]


def test_after_the_last_colour_they_begin_again() -> None:
    assert COLOURS == 24
    assert colour(24) == colour(0) == "#0072b2"
    assert [colour(number) for number in range(30)] == colours(30)
