"""The stage segments on eight squares: their ids, the table, their mean bands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio

from rsgraph.stages.scene import scene
from rsgraph.stages.segments import segments
from tests.stages.squares import COLOURS, IDS, context, segmented, squares

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")  # pixel space


def test_segments_are_the_squares(tmp_path: Path) -> None:
    given = context(tmp_path)
    scene(given)
    assert segments(given) == {"segments": 8, "per_chip": 4.0}
    with rasterio.open(tmp_path / "segments.tif") as file:
        assert file.dtypes == ("uint32",)
        np.testing.assert_array_equal(file.read(1), IDS)


def test_segments_table_has_chip_centroid_and_area(tmp_path: Path) -> None:
    segmented(tmp_path)
    table = pd.read_parquet(tmp_path / "segments.parquet")
    assert table["segment_id"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert table["chip_id"].tolist() == [0] * 4 + [1] * 4
    assert table["row"].tolist() == [3.5, 3.5, 11.5, 11.5] * 2
    assert table["column"].tolist() == [3.5, 11.5, 3.5, 11.5, 19.5, 27.5, 19.5, 27.5]
    assert table["area_px"].tolist() == [64] * 8


def test_segments_bands_are_the_mean_of_each_band(tmp_path: Path) -> None:
    segmented(tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "embeddings" / "bands.npy"), COLOURS)


def test_segments_of_a_collection_count_on_from_scene_to_scene(tmp_path: Path) -> None:
    segmented(tmp_path, scenes=[squares("a"), squares("b")])
    with rasterio.open(tmp_path / "segments" / "b.tif") as file:
        np.testing.assert_array_equal(file.read(1), IDS + 8)
    table = pd.read_parquet(tmp_path / "segments.parquet")
    assert table["scene_id"].tolist() == ["a"] * 8 + ["b"] * 8
    assert table["chip_id"].tolist() == np.repeat([0, 1, 2, 3], 4).tolist()
