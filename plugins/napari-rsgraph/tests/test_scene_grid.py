"""The grid of a scene: pixels, world and coordinates."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.scene.grid import SceneGrid
from rsgraph.workspace import SceneInfo


def scene_with(transform: tuple[float, ...], crs: str | None) -> SceneInfo:
    return SceneInfo("s", ("B04",), 100, 120, crs, transform, (), None)


@pytest.mark.parametrize(
    "transform", [(10.0, 0.0, 399960.0, 0.0, -10.0, 5600040.0), (8.0, -6.0, 500000.0, -6.0, -8.0, 4000000.0)]
)
def test_places_are_those_of_the_transform(transform: tuple[float, ...]) -> None:
    from rasterio import Affine

    grid = SceneGrid(scene_with(transform, "EPSG:32630"))
    world = grid.to_world(np.array([[17.0, 42.0]]))
    y, x = grid.true((world[0, 0], world[0, 1]))
    assert (x, y) == pytest.approx(Affine(*transform) @ (42.5, 17.5))
    assert grid.to_pixel(world) == pytest.approx(np.array([[17.0, 42.0]]))
    assert grid.metric
    assert grid.pixel_size == pytest.approx(10.0)


def test_a_magnified_picture_covers_the_same_ground() -> None:
    grid = SceneGrid(scene_with((8.0, -6.0, 5e5, -6.0, -8.0, 4e6), "EPSG:32630"))
    corner = np.array([-0.5, -0.5, 1.0])
    assert grid.affine_of(16) @ corner == pytest.approx(grid.affine @ corner)
    far = np.array([100 * 16 - 0.5, 120 * 16 - 0.5, 1.0])
    assert grid.affine_of(16) @ far == pytest.approx(grid.affine @ [99.5, 119.5, 1.0])


def test_coordinates_are_said_as_a_person_writes_them() -> None:
    metres = SceneGrid(scene_with((10.0, 0.0, 399960.0, 0.0, -10.0, 5600040.0), "EPSG:32630"))
    assert metres.written((-5.0, 5.0)) == "399,965 E, 5,600,035 N (EPSG:32630)"
    degrees = SceneGrid(scene_with((0.1, 0.0, -4.0, 0.0, -0.1, 51.0), "EPSG:4326"))
    assert degrees.written((-0.05, 0.05)) == "50.95000° N, 3.95000° W"
    assert not degrees.metric
    # a metre on the map is 0.62 m on the ground: a scale bar in these would lie
    assert not SceneGrid(scene_with((10.0, 0.0, 1.4e6, 0.0, -10.0, 6.8e6), "EPSG:3857")).metric
    assert SceneGrid(scene_with((1.0, 0, 0, 0, 1.0, 0), None)).written((3.2, 7.9)) == "row 3, column 8"
