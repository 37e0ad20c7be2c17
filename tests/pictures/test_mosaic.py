from __future__ import annotations

import numpy as np

from rsgraph.pictures.mosaic import mosaic, mosaic_columns


def test_mosaic_places_tiles_row_by_row_with_gaps() -> None:
    tiles = [np.full((2, 2), number, np.int32) for number in (1, 2, 3)]
    expected = [[1, 1, 0, 2, 2], [1, 1, 0, 2, 2], [0, 0, 0, 0, 0], [3, 3, 0, 0, 0], [3, 3, 0, 0, 0]]
    np.testing.assert_array_equal(mosaic(tiles, 2, gap=1, fill=0), expected)


def test_mosaic_takes_tiles_of_differing_size_and_colour() -> None:
    tiles = [np.zeros((1, 2, 3), np.uint8), np.zeros((3, 1, 3), np.uint8)]
    image = mosaic(tiles, gap=0)
    assert image.shape == (3, 4, 3)
    assert (image == 0).sum() == 3 * 5
    assert image.dtype == np.uint8


def test_mosaic_keeps_nan() -> None:
    assert np.isnan(mosaic([np.zeros((1, 1), np.float32)] * 2, 2, gap=1, fill=np.nan)).sum() == 1


def test_mosaic_columns() -> None:
    assert [mosaic_columns(n) for n in (1, 4, 500)] == [2, 3, 26]
    assert mosaic([np.zeros((4, 4))]).shape == (4, 4)
