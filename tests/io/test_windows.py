"""Windows from which is judged what a file does not say."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsgraph.io.windows import corners_and_centre, sample
from tests.io.rasters import counts, write_tiff


def test_small_files_are_looked_at_as_a_whole_and_their_border_is_known(tmp_path: Path) -> None:
    numbers = counts(2, 5, 4)
    found = sample(str(write_tiff(tmp_path / "a.tif", numbers)), [2, 1], 5, 4)
    np.testing.assert_array_equal(found.numbers, numbers[::-1].reshape(2, -1))
    assert np.flatnonzero(~found.border).tolist() == [5, 6, 9, 10, 13, 14]
    np.testing.assert_array_equal(found.band(1), numbers[0].ravel())


def test_large_files_are_looked_at_in_nine_places(tmp_path: Path) -> None:
    assert [window[:2] for window in corners_and_centre(200, 300)] == [
        (row, column) for row in (0, 68, 136) for column in (0, 118, 236)
    ]
    found = sample(str(write_tiff(tmp_path / "a.tif", counts(1, 200, 300))), [1], 200, 300)
    assert found.numbers.shape == (1, 9 * 64 * 64)
    assert int(found.border.sum()) == 4 * 127 + 4 * 64  # four corners, four middles of edges
