from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from rsgraph.errors import ConfigError
from rsgraph.protocols import Segmenter
from rsgraph_hexagons import Hexagons, hexagon_ids

BANDS = np.zeros((2, 40, 60), np.float32)


def test_hexagons_have_the_wanted_area_and_six_neighbours() -> None:
    ids = hexagon_ids(120, 120, area=100.0)
    inner = np.setdiff1d(ids, np.concatenate([ids[0], ids[-1], ids[:, 0], ids[:, -1]]))
    assert np.bincount(ids.ravel())[inner].mean() == pytest.approx(100, rel=0.03)
    for each in inner:
        touching = np.unique(ids[ndimage.binary_dilation(ids == each)])
        assert len(touching) == 7


def test_hexagon_is_the_cell_of_the_nearest_centre() -> None:
    ids = hexagon_ids(60, 60, area=64.0)
    inner = np.setdiff1d(ids, np.concatenate([ids[0], ids[-1], ids[:, 0], ids[:, -1]]))
    one = np.argwhere(ids == inner[len(inner) // 2])
    reach = np.linalg.norm(one - one.mean(axis=0), axis=1).max()
    side = np.sqrt(2 * 64 / np.sqrt(27))
    assert 0.8 * side < reach < side + 0.8


@settings(max_examples=40, deadline=None)
@given(valid=arrays(np.bool_, (23, 31)), n_segments=st.integers(1, 800))
def test_segments_are_connected_numbered_without_gaps_and_cut_along_the_mask(valid, n_segments) -> None:
    found = Hexagons(n_segments).segment(np.zeros((1, 23, 31), np.float32), valid, chip_pixels=23 * 31)
    assert found.labels.dtype == np.int32
    assert np.array_equal(found.labels > 0, valid)
    assert np.array_equal(np.unique(found.labels[valid]), np.arange(1, found.n_segments + 1))
    for number in range(1, found.n_segments + 1):
        assert ndimage.label(found.labels == number)[1] == 1


def test_number_of_segments_refers_to_a_whole_chip() -> None:
    found = Hexagons(100).segment(BANDS, np.ones((40, 60), bool), chip_pixels=4 * 40 * 60)
    assert 25 <= found.n_segments <= 45  # a quarter of a chip, and cut hexagons along its edge


def test_hexagons_is_a_segmenter() -> None:
    assert isinstance(Hexagons(), Segmenter)


@pytest.mark.parametrize("wrong", [0, -3, 2.5, True, "many"])
def test_hexagons_refuses_a_wrong_number(wrong: object) -> None:
    with pytest.raises(ConfigError, match="`n_segments` must be a whole number of at least 1"):
        Hexagons(wrong)  # type: ignore[arg-type]
