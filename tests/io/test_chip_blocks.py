from __future__ import annotations

import pickle

import numpy as np
import pytest

from rsgraph import build
from rsgraph.io.chip_blocks import chip_blocks
from rsgraph.io.chips import cut
from rsgraph.types import Chip, Scene, Window


def test_blocks_do_not_mix_old_chips_with_new_ones() -> None:
    whole = [Chip(number, 0, Window(0, 256 * number, 256, 256), "train") for number in range(64)]
    found = chip_blocks([scene()], whole, old=6)
    assert [len(block.chips) for block in found] == [4, 2, *[4] * 14, 2]
    assert [chip for block in found for chip in block.chips] == whole


@pytest.mark.parametrize(
    ("chips", "side", "blocks", "largest"),
    [
        (1, 256, 1, 1),
        (12, 256, 12, 1),
        (64, 256, 16, 4),
        (1764, 256, 111, 16),
        (200, 64, 16, 13),
        (5400, 64, 22, 256),
    ],
)
def test_blocks_hold_16_chips_or_as_many_pixels_of_smaller_ones(
    chips: int, side: int, blocks: int, largest: int
) -> None:
    whole = [Chip(number, 0, Window(0, side * number, side, side), "train") for number in range(chips)]
    found = chip_blocks([scene()], whole)
    assert [chip for block in found for chip in block.chips] == whole
    assert (len(found), max(len(block.chips) for block in found)) == (blocks, largest)


def test_a_block_reads_its_chips_after_a_journey() -> None:
    scenes = [scene(seed) for seed in (1, 2)]
    chips = cut(scenes, size=32)
    block = pickle.loads(pickle.dumps(chip_blocks(scenes, chips)[-1]))  # noqa: S301  # what was pickled here
    chip = block.chips[-1]
    assert list(block.scenes) == [1]
    np.testing.assert_array_equal(block.read(chip).values, scenes[1].source.read(chip.window).values)
    assert block.read_square(chip, 48).values.shape == (12, 48, 48)
    assert len(pickle.dumps(block)) < 20_000


def test_blocks_carry_the_rows_of_their_segments() -> None:
    chips = cut([scene()], size=16)[:4]
    rows = [range(0, 5), range(5, 5), range(5, 9), range(9, 30)]
    found = chip_blocks([scene()], chips, rows)
    assert [each for block in found for each in block.rows] == rows
    assert found[-1].segments == range(9, 30)


def test_blocks_carry_the_rows_of_all_segments_of_their_scenes() -> None:
    scenes = [scene(seed) for seed in (1, 2)]
    chips = cut(scenes, size=32)
    rows = [range(3 * number, 3 * number + 3) for number in range(len(chips))]
    whole = {0: range(12), 1: range(12, 24)}
    for block in chip_blocks(scenes, chips, rows):
        assert block.scene_rows == {index: whole[index] for index in block.scenes}
    assert chip_blocks(scenes, chips)[0].scene_rows == {}


def scene(seed: int = 0) -> Scene:
    (found,) = build("reader", name="synthetic", rows=64, columns=64, seed=seed).open(None)
    return found
