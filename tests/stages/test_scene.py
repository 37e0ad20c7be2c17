"""The stage scene: chips that hold data, numbered anew, and what is written of the scene."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from rsgraph.files import read_json
from rsgraph.stages.scene import scene
from rsgraph.types import Scene
from tests.stages.squares import Pixels, context, squares


def with_hole() -> Scene:
    """Four chips, columns of 0.25 and 0.75 by turns: the second chip has no data, a quarter of the third neither."""
    valid = np.ones((32, 32), dtype=bool)
    valid[:16, 16:] = False
    valid[16:24, :8] = False
    values = np.tile(np.array([0.25, 0.75], np.float32), (2, 32, 16))
    return Scene("hole", ("B04", "B08"), 32, 32, Pixels(values, valid))


def test_scene_numbers_the_chips_that_hold_data(tmp_path: Path) -> None:
    facts = scene(context(tmp_path, "chips.test_every=2", scenes=[with_hole()]))
    assert (facts["chips"], facts["empty_chips"], facts["scenes"]) == (3, 1, 1)
    table = pd.read_parquet(tmp_path / "chips.parquet")
    assert table["chip_id"].tolist() == [0, 1, 2]
    assert table[["row_offset", "column_offset"]].values.tolist() == [[0, 0], [16, 0], [16, 16]]
    assert table["valid_fraction"].tolist() == [1, 0.75, 1]
    assert table["split"].tolist() == ["train", "test", "train"]
    assert "scene_id" not in table


def test_scene_writes_what_was_surveyed(tmp_path: Path) -> None:
    scene(context(tmp_path, scenes=[with_hole()]))
    found = read_json(tmp_path / "scene.json")
    assert found["side"] == 16
    assert found["scenes"][0]["name"] == "hole"
    assert found["scenes"][0]["bands"] == ["B04", "B08"]
    assert found["survey"]["mean"] == [0.5, 0.5]
    assert found["survey"]["std"] == [0.25, 0.25]


def test_scene_names_the_scene_and_class_of_each_chip_of_a_collection(tmp_path: Path) -> None:
    images = [squares("River_1", class_name="River"), squares("Sea_2", class_name="Sea")]
    assert scene(context(tmp_path, scenes=images))["scenes"] == 2
    table = pd.read_parquet(tmp_path / "chips.parquet")
    assert table["scene_id"].tolist() == ["River_1", "River_1", "Sea_2", "Sea_2"]
    assert table["class_name"].tolist() == ["River", "River", "Sea", "Sea"]
    assert table["column_offset"].tolist() == [0, 16, 0, 16]


def test_scene_keeps_the_levels_of_chips_that_hold_data(tmp_path: Path) -> None:
    scene(context(tmp_path, scenes=[with_hole()]))
    found = np.load(tmp_path / "levels.npz")
    assert found["pixels"].tolist() == [256, 192, 256]
    np.testing.assert_allclose(found["mean"], np.full((3, 2), 0.5))
    np.testing.assert_allclose(found["deviation"], np.full((3, 2), 0.25))
