"""Places and distances on the ground."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_rsgraph.session.spread import Ground
from napari_rsgraph.session.tables import Tables


def test_places_are_in_metres_where_the_scene_says_how_large_a_pixel_is(tables: Tables) -> None:
    ground = Ground(tables)
    assert ground.metric
    assert ground.places("segments", np.array([0, 4])) == pytest.approx(np.array([[20, 20], [70, 170]]), rel=1e-3)
    assert ground.places("chips", np.array([1])) == pytest.approx(np.array([[45, 145]]), rel=1e-3)
    assert ground.scenes_of("chips", np.array([0, 1])).tolist() == [0, 0]


def test_distances_go_from_a_segment_to_the_side_of_the_scene(tables: Tables) -> None:
    ground = Ground(tables)
    assert ground.distances == [0, 100, 200]
    assert ground.usual == 100
    assert [ground.written(each) for each in (200, 5000)] == ["200 m", "5 km"]


def test_without_a_crs_distances_are_in_pixels(tables: Tables) -> None:
    bare: Any = tables.scenes[0].__class__("s", ("B04",), 10, 20, None, tables.scenes[0].transform, (), None)
    tables.scenes = [bare]
    ground = Ground(tables)
    assert not ground.metric
    assert ground.places("segments", np.array([4])).tolist() == [[7, 17]]
    assert ground.written(ground.distances[1]) == "10 pixels"
