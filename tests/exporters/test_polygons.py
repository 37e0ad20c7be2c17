from __future__ import annotations

import numpy as np
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rasterio.features import rasterize

from rsgraph.exporters.polygons import outlines

TO_GROUND = Affine(10.0, 0.0, 500_000.0, 0.0, -10.0, 4_000_000.0)


def test_outlines_of_known_segments() -> None:
    ids = np.array([[7, 7, 0], [7, 9, 0]], dtype=np.uint32)
    found, geometries = outlines(ids, Affine.identity())
    np.testing.assert_array_equal(found, [7, 9])
    assert geometries[0].equals(shapely.Polygon([(0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)]))
    assert geometries[1].equals(shapely.box(1, 1, 2, 2))


def test_outlines_keep_holes_and_large_ids() -> None:
    ids = np.full((3, 3), 4_294_967_295, dtype=np.uint32)
    ids[1, 1] = 4_000_000_000
    found, geometries = outlines(ids, Affine.identity())
    np.testing.assert_array_equal(found, [4_000_000_000, 4_294_967_295])
    assert [geometry.area for geometry in geometries] == [1, 8]
    assert len(geometries[1].interiors) == 1


def test_outlines_of_pieces_that_touch_at_a_corner_are_one_valid_multipolygon() -> None:
    found, geometries = outlines(np.array([[1, 2], [2, 1]], dtype=np.uint32), Affine.identity())
    np.testing.assert_array_equal(found, [1, 2])
    assert [geometry.geom_type for geometry in geometries] == ["MultiPolygon", "MultiPolygon"]
    assert all(geometry.is_valid and geometry.area == 2 for geometry in geometries)


def test_outlines_of_nothing() -> None:
    found, geometries = outlines(np.zeros((2, 2), dtype=np.uint32), Affine.identity())
    assert len(found) == len(geometries) == 0


@given(ids=arrays(np.uint32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 4)))
@settings(max_examples=60, deadline=None)
def test_outlines_rasterise_to_the_same_ids_and_have_their_area(ids: np.ndarray) -> None:
    found, geometries = outlines(ids, TO_GROUND)
    np.testing.assert_array_equal(found, np.unique(ids[ids > 0]))
    assert all(shapely.is_valid(geometries))
    for number, geometry in zip(found, geometries, strict=True):
        assert geometry.area == 100 * np.count_nonzero(ids == number)
    if len(found):
        drawn = rasterize(zip(geometries, found, strict=True), out_shape=ids.shape, transform=TO_GROUND)
        np.testing.assert_array_equal(drawn, ids)
