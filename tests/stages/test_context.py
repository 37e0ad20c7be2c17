"""A scene as stages see it: which chips are old, which bands there are, how a chip is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rsgraph.io.chips import cut
from rsgraph.stages.context import Opened
from rsgraph.types import Window
from tests.stages.squares import COLOURS, context, squares


def test_opened_counts_the_chips_of_scenes_that_were_held_before() -> None:
    scenes = [squares("a"), squares("b")]
    chips = cut(scenes, size=16)
    assert Opened(scenes, chips, 16).old == 0
    assert Opened(scenes, chips, 16, held=1).old == 2
    assert Opened(scenes, chips, 16, held=2).old == 4


def test_opened_is_a_collection_from_two_scenes_on() -> None:
    assert not Opened([squares()], [], 16).collection
    assert Opened([squares("a"), squares("b")], [], 16).collection
    assert Opened([squares("a")], [], 16).bands == ("B04", "B08")


def test_opened_reads_a_chip_and_pads_it_to_the_square() -> None:
    scene = squares()
    opened = Opened([scene], cut([scene], size=16), 48)
    second = opened.chips[1]
    assert second.window == Window(0, 16, 16, 16)
    assert opened.read(second).values[:, 0, 0].tolist() == COLOURS[4].tolist()
    padded = opened.read_square(second)
    assert padded.values.shape == (2, 48, 48)
    np.testing.assert_array_equal(padded.values[:, :16, :16], opened.read(second).values)
    assert padded.valid.sum() == 16 * 16


def test_context_seed_is_the_run_s(tmp_path: Path) -> None:
    assert context(tmp_path, "seed=7").seed == 7
