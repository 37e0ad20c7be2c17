"""Chips: every pixel once, every fourth for testing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rsgraph.errors import ConfigError
from rsgraph.io.chips import chip_extent, cut, read_padded
from rsgraph.types import Raster, Scene, Window


@dataclass(frozen=True)
class Ramp:
    """Band 0 is the row, band 1 the column."""

    def read(self, window: Window) -> Raster:
        row, column, rows, columns = window
        places = np.mgrid[row : row + rows, column : column + columns].astype(np.float32)
        return Raster(places, np.ones((rows, columns), dtype=bool), 2)


def scene(rows: int, columns: int) -> Scene:
    return Scene("ramp", ("band1", "band2"), rows, columns, Ramp())


def test_cut_counts_row_by_row_and_holds_every_fourth_out() -> None:
    chips = cut([scene(64, 96)], size=32)
    assert [chip.chip_id for chip in chips] == list(range(6))
    assert [chip.window[:2] for chip in chips] == [(0, 0), (0, 32), (0, 64), (32, 0), (32, 32), (32, 64)]
    assert [chip.split for chip in chips] == ["train", "train", "train", "test", "train", "train"]


def test_cut_counts_over_the_whole_collection() -> None:
    chips = cut([scene(16, 16)] * 9, size=16)
    assert [chip.scene for chip in chips] == list(range(9))
    assert [chip.chip_id for chip in chips if chip.split == "test"] == [3, 7]


def test_cut_small_collections_hold_no_chip_out() -> None:
    assert {chip.split for chip in cut([scene(16, 48)], size=16)} == {"train"}
    assert {chip.split for chip in cut([scene(16, 64)], size=16)} == {"train", "test"}


def test_cut_drop_leaves_partial_chips_out_unless_the_scene_is_smaller() -> None:
    assert [chip.window for chip in cut([scene(40, 70)], size=32, edges="drop")] == [(0, 0, 32, 32), (0, 32, 32, 32)]
    assert [chip.window for chip in cut([scene(20, 70)], size=32, edges="drop")] == [(0, 0, 20, 32), (0, 32, 20, 32)]
    assert [chip.window for chip in cut([scene(20, 30)], size=32, edges="drop")] == [(0, 0, 20, 30)]


@given(rows=st.integers(1, 200), columns=st.integers(1, 200), size=st.sampled_from([16, 32, 48]))
def test_cut_pad_covers_every_pixel_once(rows: int, columns: int, size: int) -> None:
    seen = np.zeros((rows, columns), dtype=int)
    for chip in cut([scene(rows, columns)], size=size):
        row, column, height, width = chip.window
        assert 1 <= height <= size
        assert 1 <= width <= size
        seen[row : row + height, column : column + width] += 1
    assert (seen == 1).all()


def test_chip_extent_shrinks_for_small_images() -> None:
    assert chip_extent([scene(64, 64)], 256) == 64
    assert chip_extent([scene(64, 64), scene(101, 100)], 256) == 112
    assert chip_extent([scene(20, 1000)], 256) == 256
    assert chip_extent([], 256) == 256


def test_read_padded_pads_below_and_right() -> None:
    raster = read_padded(scene(100, 100), Window(90, 96, 10, 4), 16)
    assert raster.values.shape == (2, 16, 16)
    assert raster.valid.sum() == 40
    assert raster.valid[:10, :4].all()
    assert raster.values[:, 9, 3].tolist() == [99, 99]
    assert raster.values[:, ~raster.valid].max() == 0
    assert raster.not_finite == 2


@pytest.mark.parametrize(
    "options", [{"size": 100}, {"size": 0}, {"size": 32.0}, {"edges": "crop"}, {"test_every": 1}]
)
def test_cut_refuses_options_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        cut([scene(64, 64)], **options)
