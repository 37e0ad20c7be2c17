"""Data that cross stages: frozen, with the defaults that the documentation names."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest

from rsgraph import types
from rsgraph.types import Chip, Labels, Raster, Scene, ScenePart, SceneSegments, Similarity, Window

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


MAP = np.array([[1, 1, 2, 2], [3, 3, 0, 4]], dtype=np.int32)
"""Numbers + 1 of four segments in a scene of 2 x 4 pixels."""

PLACES = np.array([[0, 0.5], [0, 2.5], [1, 0.5], [1, 3]], dtype=np.float32)


def part(own: range, column: int) -> ScenePart:
    """Segments that begin in a column of the scene; it is read from there on."""

    def read(margin: int) -> tuple[Window, Labels]:
        first = max(column - margin, 0)
        return Window(0, first, 2, 4 - first), MAP[:, first:]

    return ScenePart(SceneSegments(PLACES), own, read)


def test_scene_part_counts_what_lies_around_from_one_and_from_its_own_corner() -> None:
    segmentation, centroids, numbers = part(range(1, 2), 2).around(0)
    assert segmentation.labels.tolist() == [[1, 1], [0, 2]]
    assert (segmentation.n_segments, numbers.tolist()) == (2, [1, 3])
    assert centroids.tolist() == [[0, 0.5], [1, 1]]
    segmentation, centroids, numbers = part(range(1, 2), 2).around(1)
    assert segmentation.labels.tolist() == [[1, 2, 2], [3, 0, 4]]
    assert numbers.tolist() == [0, 1, 2, 3]
    assert centroids.tolist() == [[0, -0.5], [0, 1.5], [1, -0.5], [1, 2]]


def test_scene_part_without_a_masked_pixel_counts_from_one_as_well() -> None:
    whole = ScenePart(SceneSegments(PLACES), range(1), lambda margin: (Window(0, 0, 2, 2), MAP[:, :2]))
    assert whole.around(0).segmentation.labels.tolist() == [[1, 1], [2, 2]]


def test_scene_segments_are_searched_in_double_precision_by_one_tree() -> None:
    scene = SceneSegments(PLACES)
    assert scene.tree is scene.tree
    assert scene.tree.data.dtype == np.float64
    assert scene.tree.query([0.9, 2.9])[1] == 3


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
