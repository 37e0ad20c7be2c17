"""Data that cross stages: frozen, with the defaults that the documentation names."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from rsgraph import types
from rsgraph.types import Chip, Raster, Scene, Similarity, Window

VALUES = np.zeros((2, 3, 4), dtype=np.float32)


class Black:
    """A scene's pixels, all 0."""

    def read(self, window: Window) -> Raster:
        return Raster(VALUES[:, : window.rows, : window.columns], np.ones(window[2:], dtype=bool))


def test_window_is_row_column_rows_columns() -> None:
    window = Window(1, 2, 30, 40)
    assert tuple(window) == (window.row, window.column, window.rows, window.columns) == (1, 2, 30, 40)
    assert pickle.loads(pickle.dumps(window)) == window  # noqa: S301  # our own bytes


def test_scene_without_a_grid_is_in_pixel_space() -> None:
    scene = Scene("a", ("B02", "B03"), 3, 4, Black())
    assert scene.window == Window(0, 0, 3, 4)
    assert scene.transform == (1, 0, 0, 0, 1, 0)  # x is the column, y the row
    assert (scene.crs, scene.reflectance, scene.class_name, scene.reference) == (None, True, None, None)
    assert scene.source.read(scene.window).values.shape == (2, 3, 4)
    assert scene.source.read(scene.window).not_finite == 0


def test_similarity_of_exact_matches_needs_no_bounds() -> None:
    found = Similarity(np.zeros((1, 0)), VALUES, VALUES, None, 7)
    assert (found.dual, found.ceiling, dict(found.given_up)) == (None, None, {})
    assert found.solved == 7


@pytest.mark.parametrize("name", [name for name, found in vars(types).items() if dataclasses.is_dataclass(found)])
def test_data_are_frozen_and_documented_field_by_field(name: str) -> None:
    found = getattr(types, name)
    assert found.__dataclass_params__.frozen
    listed = found.__doc__.partition("Parameters\n    ----------\n")[2]
    names = [word for line in listed.splitlines() if line[:5].strip() for word in line.strip().split(", ")]
    assert names == [field.name for field in dataclasses.fields(found)]


def test_a_chip_cannot_be_moved() -> None:
    chip = Chip(0, 0, Window(0, 0, 8, 8), "train")
    with pytest.raises(dataclasses.FrozenInstanceError):
        chip.window = Window(8, 0, 8, 8)  # type: ignore[misc]  # that is the point
