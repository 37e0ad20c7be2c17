"""Segments of scenes that were there before are taken over; those of others are cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from rsgraph.io.chip_blocks import chip_blocks
from rsgraph.stages.context import Context
from rsgraph.stages.known_segments import known_segments
from rsgraph.stages.scene import scene
from rsgraph.stages.segments import segments
from tests.stages.squares import COLOURS, context, segmented, speckled, squares
from tests.stages.test_stitched import ids_of

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # pixel space

STITCHED = ("segmenter=watershed", "segmenter.seams=stitch", "segmenter.n_segments=6")


def added_to(before: Context, folder: Path, *overrides: str) -> Context:
    """The context of the stage segments where speckled ``b`` is added to the scenes of ``before``."""
    old = before.opened.scenes
    made = context(folder, *overrides, scenes=[*old, speckled("b", seed=1)], known=before.out)
    made = replace(made, opened=replace(made.opened, held=len(old)))
    scene(made)
    return made


def test_nothing_is_known_where_no_scenes_were_added(tmp_path: Path) -> None:
    given = context(tmp_path)
    found = known_segments(given)
    assert (found.scenes, found.tables, found.means, found.next_id) == (0, (), (), 1)
    blocks = chip_blocks(given.opened.scenes, given.opened.chips)
    assert found.others(blocks) == blocks


def test_known_segments_are_those_of_before_in_a_file_of_their_scene(tmp_path: Path) -> None:
    made = added_to(segmented(tmp_path / "one", scenes=[squares("a")]), tmp_path / "two")
    found = known_segments(made)
    assert (tmp_path / "two/segments/a.tif").read_bytes() == (tmp_path / "one/segments.tif").read_bytes()
    assert found.next_id == 9
    assert found.tables[0]["scene_id"].tolist() == ["a"] * 8
    np.testing.assert_array_equal(found.means[0], COLOURS)
    others = found.others(chip_blocks(made.opened.scenes, made.opened.chips, old=made.opened.old))
    assert {chip.scene for block in others for chip in block.chips} == {1}


@pytest.mark.parametrize("overrides", [(), STITCHED], ids=["chip", "stitch"])
def test_a_collection_with_known_segments_is_cut_as_one_without(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    before = segmented(tmp_path / "one", *overrides, scenes=[speckled("a"), squares("c")])
    made = added_to(before, tmp_path / "two", *overrides)
    fresh = replace(added_to(before, tmp_path / "fresh", *overrides), known=None)
    assert segments(made) == segments(fresh)
    for name in ("a", "c", "b"):
        np.testing.assert_array_equal(ids_of(made.workspace, name), ids_of(fresh.workspace, name))
    pd.testing.assert_frame_equal(made.workspace.segments, fresh.workspace.segments)
    np.testing.assert_array_equal(made.workspace.embedding("bands"), fresh.workspace.embedding("bands"))
