"""Which scenes of a collection lie at one place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rasterio.warp import transform_bounds

from napari_rsgraph.scene.blinking import same_place, shared
from rsgraph.workspace import SceneInfo

GRID = (10.0, 0.0, 600_000.0, 0.0, -10.0, 5_600_000.0)
SUMMER = SceneInfo("summer", ("B02",), 100, 100, "EPSG:32630", GRID, (), None)


def moved(east: float, name: str) -> SceneInfo:
    return replace(SUMMER, name=name, transform=(10.0, 0.0, 600_000.0 + east, 0.0, -10.0, 5_600_000.0))


def test_scenes_that_share_half_of_their_area_lie_at_one_place() -> None:
    scenes = [SUMMER, moved(400, "winter"), moved(600, "next"), moved(5000, "far")]
    assert same_place(scenes, 0) == [0, 1]
    assert same_place(scenes, 1) == [0, 1, 2]
    assert same_place(scenes, 3) == [3]


def test_small_scene_within_a_large_one_lies_at_its_place() -> None:
    assert same_place([SUMMER, replace(moved(200, "part"), rows=10, columns=10)], 0) == [0, 1]


def test_scene_in_another_crs_is_compared_on_the_ground() -> None:
    west, _, east, north = transform_bounds("EPSG:32630", "EPSG:4326", 600_000, 5_599_000, 601_000, 5_600_000)
    grid = ((east - west) / 100, 0.0, west, 0.0, -(east - west) / 100, north)
    assert same_place([SUMMER, replace(SUMMER, name="degrees", crs="EPSG:4326", transform=grid)], 0) == [0, 1]


def test_of_scenes_without_a_crs_nobody_knows() -> None:
    bare = [replace(SUMMER, crs=None, name=name) for name in "ab"]
    assert same_place(bare, 0) == [0]
    assert same_place([SUMMER, *bare], 0) == [0]


def test_shared_is_the_part_of_the_smaller_one() -> None:
    assert shared((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(0.5)
    assert shared((0, 0, 2, 2), (0, 0, 1, 1)) == 1
    assert shared((0, 0, 2, 2), (2, 2, 3, 3)) == 0
    assert shared((0, 0, 2, 2), None) == 0
