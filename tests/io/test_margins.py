"""Chips with a margin: real pixels of their neighbours, reflected at the edge of the scene only."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.io.chips import cut, read_padded
from rsgraph.io.margins import fitting_margin, is_whole, pixels_of, read_with_margin
from rsgraph.types import Scene, Window
from tests.stages.squares import Pixels


def ramp(rows: int, columns: int) -> Scene:
    """Band 0 is the row, band 1 the column; the pixel (5, 7) has no data."""
    values = np.mgrid[:rows, :columns].astype(np.float32)
    valid = np.ones((rows, columns), dtype=bool)
    valid[5:6, 7:8] = False
    return Scene("ramp", ("band1", "band2"), rows, columns, Pixels(values, valid))


def test_margin_holds_the_neighbours_pixels() -> None:
    raster = read_with_margin(ramp(64, 64), Window(16, 16, 16, 16), margin=4, rows=24, columns=28)
    assert raster.values.shape == (2, 24, 28)
    assert raster.values[0, :, 0].tolist() == list(range(12, 36))
    assert raster.values[1, 0].tolist() == list(range(12, 40))
    assert raster.valid.all()


def test_margin_is_reflected_at_the_edge_of_the_scene() -> None:
    raster = read_with_margin(ramp(20, 20), Window(0, 16, 16, 4), margin=3, rows=22, columns=10)
    assert raster.values[0, :, 5].tolist() == [3, 2, 1, *range(19)]
    assert raster.values[1, 6].tolist() == [13, 14, 15, 16, 17, 18, 19, 18, 17, 16]


def test_without_a_margin_a_whole_chip_is_read_as_without_this_module() -> None:
    scene, window = ramp(40, 40), Window(0, 0, 16, 16)
    plain, found = read_padded(scene, window, 16), read_with_margin(scene, window, margin=0, rows=16, columns=16)
    np.testing.assert_array_equal(found.values, plain.values)
    np.testing.assert_array_equal(found.valid, plain.valid)


def test_a_partial_chip_has_its_neighbours_inwards_and_reflections_outwards() -> None:
    raster = read_with_margin(ramp(20, 20), Window(16, 0, 4, 16), margin=4, rows=15, columns=24)
    assert raster.values[0, :, 8].tolist() == [*range(12, 20), *range(18, 11, -1)]
    assert raster.values[1, 0].tolist() == [4, 3, 2, 1, *range(20)]


def test_pixels_of_chips_are_those_that_a_margin_took_from_them() -> None:
    scene = ramp(48, 48)
    chips = [chip for chip in cut([scene], size=16) if chip.window.column != 32]
    found = pixels_of(chips, scene, Window(16, 16, 16, 16), margin=4, rows=24, columns=24)
    assert found.shape == (24, 24)
    assert found[:, :20].all()
    assert not found[:, 20:].any(), "these belong to the chip on the right"
    corner = pixels_of(chips[:1], scene, Window(0, 0, 16, 16), margin=4, rows=24, columns=24)
    assert corner[:20, :20].all(), "what is reflected belongs to whom it is a reflection of"
    assert not corner[20:].any()


def test_pixels_without_data_are_reflected_as_such() -> None:
    raster = read_with_margin(ramp(20, 20), Window(0, 0, 16, 16), margin=8, rows=32, columns=32)
    missing = np.argwhere(~raster.valid)
    assert missing.tolist() == [[3, 1], [3, 15], [13, 1], [13, 15]]
    assert not raster.values[:, ~raster.valid].any()


@pytest.mark.parametrize("shape", [(1, 40), (3, 3), (17, 5)])
def test_scenes_narrower_than_the_margin_are_reflected_to_and_fro(shape: tuple[int, int]) -> None:
    raster = read_with_margin(ramp(*shape), Window(0, 0, *shape), margin=16, rows=96, columns=96)
    assert raster.values.shape == (2, 96, 96)
    assert raster.values[0].max() == shape[0] - 1
    assert raster.values[1].min() == 0


@given(margin=st.integers(1, 64), side=st.integers(1, 20), stride=st.sampled_from([1, 2, 3, 8, 16, 32, 128]))
def test_fitting_margin_fills_whole_strides_and_is_hardly_larger(margin: int, side: int, stride: int) -> None:
    found = fitting_margin(margin, 16 * side, stride)
    assert (16 * side + 2 * found) % stride == 0
    assert margin <= found < margin + stride


def test_no_margin_stays_none() -> None:
    assert fitting_margin(0, 48, 32) == 0


def test_a_chip_is_whole_where_it_has_no_neighbours() -> None:
    small, large = ramp(16, 12), ramp(16, 20)
    assert is_whole(small, cut([small], size=16)[0])
    assert not any(is_whole(large, chip) for chip in cut([large], size=16, edges="drop"))
