from __future__ import annotations

import numpy as np

from rsgraph.segmenters.grid import Grid, grid_cells


def test_cells_are_squares() -> None:
    labels, n = grid_cells(np.ones((4, 6), dtype=bool), 6, min_size=1)
    assert n == 6
    assert labels.tolist() == [[1, 1, 2, 2, 3, 3]] * 2 + [[4, 4, 5, 5, 6, 6]] * 2


def test_default_chip_has_506_cells() -> None:
    found = Grid().segment(
        np.zeros((1, 256, 256), dtype=np.float32), np.ones((256, 256), dtype=bool), chip_pixels=65_536
    )
    assert found.n_segments == 506
    assert set(np.bincount(found.labels.ravel())[1:]) == {121, 132, 144}


def test_remainder_of_a_cell_joins_its_neighbour() -> None:
    valid = np.ones((4, 4), dtype=bool)
    valid[:, 3] = False
    labels, n = grid_cells(valid, 4, min_size=3)
    assert labels.tolist() == [[1, 1, 1, 0]] * 2 + [[2, 2, 2, 0]] * 2
    assert n == 2
