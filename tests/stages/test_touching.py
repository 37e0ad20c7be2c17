"""Pairs of touching segments are those of the whole scene at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.borders import shared_borders
from rsgraph.stages.touching import touching_pairs
from tests.stages.squares import segmented, speckled, squares
from tests.stages.test_stitched import ids_of

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # pixel space

SQUARES = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 3), (3, 6), (4, 5), (4, 6), (5, 7), (6, 7)]
"""Rows of the squares that share a side; 1, 4 and 3, 6 across the border of the two chips."""


def as_pairs(found: NDArray[np.int64]) -> list[tuple[int, ...]]:
    return list(map(tuple, found.T.tolist()))


def test_touching_pairs_cross_the_border_of_chips(tmp_path: Path) -> None:
    assert as_pairs(touching_pairs(segmented(tmp_path))) == SQUARES


def test_touching_pairs_never_join_two_scenes(tmp_path: Path) -> None:
    found = touching_pairs(segmented(tmp_path, scenes=[squares("a"), squares("b")]))
    assert as_pairs(found) == [*SQUARES, *((i + 8, j + 8) for i, j in SQUARES)]


@pytest.mark.parametrize("seams", ["chip", "stitch"])
def test_touching_pairs_are_those_of_the_whole_raster(tmp_path: Path, seams: str) -> None:
    words = ("segmenter=slic", "segmenter.n_segments=12", f"segmenter.seams={seams}")
    given = segmented(tmp_path, *words, scenes=[speckled()])
    expected, _ = shared_borders(ids_of(given.workspace))
    np.testing.assert_array_equal(touching_pairs(given), expected.T)


def test_touching_pairs_of_a_single_segment_are_none(tmp_path: Path) -> None:
    found = touching_pairs(segmented(tmp_path, scenes=[speckled(rows=3, columns=3)]))
    assert found.shape == (2, 0)
    assert found.dtype == np.int64
