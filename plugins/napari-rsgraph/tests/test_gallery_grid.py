"""Places of tiles, and what a gallery says of them."""

from __future__ import annotations

import numpy as np

from napari_rsgraph.gallery.grid import Grid, Shown


def test_grid_finds_the_place_of_every_corner() -> None:
    for columns in (1, 3, 7):
        grid = Grid(50, 12, columns)
        for place in range(20):
            x, y = grid.corner(place)
            assert grid.place(x, y, 20) == place
            assert grid.place(x + 49, y + 61, 20) == place
            assert grid.place(x + 50, y, 20) == -1
            assert grid.place(x, y + 62, 20) == -1
            assert place in grid.between(y, y + 1, 20)
            assert place not in grid.between(y + 68, y + 69, 20)
        assert grid.place(*grid.corner(20), 20) == -1
        assert grid.height(20) == grid.corner(19)[1] + 62 + 6


def test_grid_of_nothing_is_empty() -> None:
    assert Grid(50, 12, 3).height(0) == 0
    assert list(Grid(50, 12, 3).between(0, 500, 0)) == []


def test_a_header_counts_chips_and_segments() -> None:
    chosen = np.array([False, True, True, False])
    assert Shown(np.arange(25), None, None, 1764).header() == "25 of 1\u00a0764 chips"
    assert Shown(np.arange(1), chosen, None, 2).header() == "1 of 2 chips, 2 segments"
    assert Shown(np.arange(1)).header() == "1 chip"
