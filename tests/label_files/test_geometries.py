"""Polygons moved, cut and taken apart: areas by hand, coordinates by pyproj."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import Transformer
from shapely import GeometryCollection, MultiPoint, MultiPolygon, Point, Polygon, box

from rsgraph.errors import NotUsable
from rsgraph.label_files.geometries import (
    bounds_of,
    cut,
    dense,
    frame_of,
    moved,
    pixel_size,
    reprojected,
    simple_parts,
    union,
    usable,
    valid_parts,
)
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo

GRID = Affine(10, 0, 500_000, 0, -10, 4_000_000)
UTM, GEOGRAPHIC = "EPSG:32633", "EPSG:4326"


def shapes(*found: shapely.Geometry | None) -> np.ndarray:
    return np.array([*found, None], dtype=object)[:-1]


def test_simple_parts_know_the_geometry_that_they_come_from() -> None:
    one, two, point = box(0, 0, 1, 1), box(2, 0, 3, 1), Point(5, 5)
    nested = GeometryCollection([MultiPolygon([one, two]), GeometryCollection([MultiPoint([(5, 5)])])])
    parts, owners = simple_parts(shapes(two, nested))
    assert list(parts) == [two, one, two, point]
    assert owners.tolist() == [0, 1, 1, 1]
    assert simple_parts(shapes(two, nested), np.array([5, 9]))[1].tolist() == [5, 9, 9, 9]


EIGHT = Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
STAR = Polygon([(np.sin(4 * np.pi * i / 5), np.cos(4 * np.pi * i / 5)) for i in range(5)])


def test_polygons_that_cross_themselves_have_all_that_they_enclose() -> None:
    square, flat = box(20, 0, 21, 1), Polygon([(0, 0), (1, 1), (2, 2)])
    parts, owners, crossing = valid_parts(shapes(EIGHT, square, STAR, flat), np.arange(4))
    assert owners.tolist() == [0, 0, 1, 2]
    assert crossing == 2
    assert shapely.is_valid(parts).all()
    assert shapely.area(parts).tolist() == [25, 25, 1, pytest.approx(1.12257, abs=1e-5)]  # the middle of the star too
    whole, owners, none = valid_parts(shapes(square), np.array([7]))
    assert (list(whole), owners.tolist(), none) == ([square], [7], 0)


def test_usable_geometries_have_a_place() -> None:
    found = usable(shapes(Point(1, 2), None, Polygon(), Point(np.inf, 0), box(0, 0, 1, 1)))
    assert found.tolist() == [True, False, False, False, True]
    assert usable(shapes()).tolist() == []


def test_frames_are_windows_on_the_ground() -> None:
    frame = frame_of(GRID, Window(2, 3, 4, 5))
    assert frame.bounds == (500_030, 3_999_940, 500_080, 3_999_980)
    rotated = GRID @ Affine.rotation(45)
    assert frame_of(rotated, Window(0, 0, 1, 1)).area == pytest.approx(200)  # the square round a square on its corner
    assert pixel_size(GRID) == 10
    assert pixel_size(rotated) == pytest.approx(10 * 2**0.5)
    scene = SceneInfo("a", (), 4, 5, UTM, GRID[:6], (), None)
    assert bounds_of(scene) == (500_000, 3_999_960, 500_050, 4_000_000)
    assert union([(0, 5, 1, 6), (-1, 7, 0, 8)]) == (-1, 5, 1, 8)


def test_cut_leaves_what_lies_inside_and_simple_polygons_within_the_margin() -> None:
    inside, large = box(1, 1, 2, 2), box(0, 0, 100, 100)
    circle = Point(0, 0).buffer(50, quad_segs=100)
    frame = box(0, 0, 10, 10)
    exact = cut(shapes(inside, large), frame, 0)
    assert exact[0] is inside
    assert exact[1].area == 100
    near = cut(shapes(large, circle), frame, 5)
    assert near[0] is large  # four corners cost nothing
    assert near[1].area == pytest.approx(20 * 20)  # the frame and its margin, all of it within the circle


def test_dense_edges_are_not_longer_than_a_two_hundredth_of_the_scenes() -> None:
    (found,) = dense(shapes(box(0, 0, 100, 10)), (0, 0, 400, 100))
    lengths = np.hypot(*np.diff(shapely.get_coordinates(found), axis=0).T)
    assert lengths.max() <= 400 / 200 + 1e-9
    assert found.area == pytest.approx(1000)


def test_moved_coordinates_are_those_of_pyproj_with_the_easting_first() -> None:
    (found,) = moved(shapes(Point(15.0, 36.1)), GEOGRAPHIC, UTM)
    expected = Transformer.from_crs(GEOGRAPHIC, UTM).transform(36.1, 15.0)  # latitude first, as EPSG has it
    assert (found.x, found.y) == pytest.approx(expected)
    assert found.x == pytest.approx(500_000)  # the central meridian of zone 33


def test_reprojected_bounds_hold_the_rectangle_and_a_little_more() -> None:
    bounds = (500_000, 3_990_000, 510_000, 4_000_000)
    left, bottom, right, top = reprojected(bounds, UTM, GEOGRAPHIC, Path("a.gpkg"))
    transformer = Transformer.from_crs(UTM, GEOGRAPHIC, always_xy=True)
    x, y = transformer.transform([500_000, 500_000, 510_000, 510_000], [3_990_000, 4_000_000] * 2)
    assert left < min(x) < max(x) < right
    assert bottom < min(y) < max(y) < top
    assert right - left < 1.2 * (max(x) - min(x))
    drawing = 'LOCAL_CS["drawing",UNIT["metre",1]]'
    with pytest.raises(NotUsable, match=r"a\.dxf has coordinates that cannot be brought to the scene's CRS"):
        reprojected(bounds, UTM, drawing, Path("a.dxf"))
