"""Shares of clouds and of their shadows, per segment, on eight squares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
from numpy.typing import NDArray

from rsgraph.stages.scene import scene
from rsgraph.stages.segments import segments
from rsgraph.types import CLEAR, CLOUD, LOST, SHADOW, Window
from tests.stages.squares import IDS, context, segmented, speckled, squares

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # pixel space

CODES = np.full(IDS.shape, CLEAR, dtype=np.uint8)
CODES[:2, :8] = CLOUD  # a quarter of segment 1
CODES[IDS == 2] = SHADOW
CODES[IDS == 5] = CLOUD
CODES[12:, 24:28] = LOST  # of segment 8, though its pixels are there


@dataclass(frozen=True)
class Marks:
    """Codes in memory."""

    codes: NDArray[np.uint8]
    knows_shadows: bool = True

    def read(self, window: Window) -> NDArray[np.uint8]:
        row, column, rows, columns = window
        return self.codes[row : row + rows, column : column + columns]


def test_segments_have_their_share_of_clouds_and_shadows(tmp_path: Path) -> None:
    given = context(tmp_path, scenes=[squares(marks=Marks(CODES))])
    scene(given)
    facts = segments(given)
    table = pd.read_parquet(tmp_path / "segments.parquet")
    assert table["cloud_share"].tolist() == [0.25, 0, 0, 0, 1, 0, 0, 0]
    assert table["shadow_share"].tolist() == [0, 1, 0, 0, 0, 0, 0, 0]
    assert (facts["clouds"], facts["shadows"]) == ("15.6%", "12.5%")


def test_nothing_is_added_where_nothing_is_marked(tmp_path: Path) -> None:
    segmented(tmp_path)
    assert not {"cloud_share", "shadow_share"} & {*pd.read_parquet(tmp_path / "segments.parquet").columns}


def test_what_is_not_known_of_a_scene_is_nan(tmp_path: Path) -> None:
    scenes = [squares("a"), squares("b", marks=Marks(CODES, knows_shadows=False))]
    segmented(tmp_path, scenes=scenes)
    table = pd.read_parquet(tmp_path / "segments.parquet")
    assert table["cloud_share"][:8].isna().all()
    assert table["cloud_share"][8:].tolist() == [0.25, 0, 0, 0, 1, 0, 0, 0]
    assert table["shadow_share"].isna().all()


def test_shares_of_stitched_segments_count_all_their_pixels(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    codes = rng.choice([CLEAR, SHADOW, CLOUD], (40, 56)).astype(np.uint8)
    given = segmented(
        tmp_path, "segmenter=slic", "segmenter.seams=stitch", scenes=[replace(speckled(), marks=Marks(codes))]
    )
    with rasterio.open(given.workspace.segment_file()) as file:
        ids = file.read(1)
    table = given.workspace.segments
    for column, code in (("cloud_share", CLOUD), ("shadow_share", SHADOW)):
        expected = [np.mean(codes[ids == number] == code) for number in table["segment_id"]]
        np.testing.assert_allclose(table[column], expected, rtol=1e-6)
