from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from pyproj import CRS, Geod, Transformer

from rsgraph.errors import WorkspaceError
from rsgraph.exporters.ground_areas import hectares
from rsgraph.workspace import SceneInfo


def scene(crs: object, transform: tuple[float, ...], name: str = "coast", size: int = 100) -> SceneInfo:
    text = None if crs is None else CRS.from_user_input(crs).to_wkt()
    return SceneInfo(name, ("B02",), size, size, text, transform, (), None)


def segments(area: list[int], row: list[float], column: list[float] | None = None) -> pd.DataFrame:
    return pd.DataFrame({"area_px": area, "row": row, "column": row if column is None else column})


def geodesic(crs: object, corners: np.ndarray) -> float:
    """Hectares of a polygon (many points per side) on the ellipsoid, in another way."""
    lonlat = Transformer.from_crs(crs, CRS.from_user_input(crs).geodetic_crs, always_xy=True).transform(*corners.T)
    return abs(Geod(ellps="WGS84").polygon_area_perimeter(*lonlat)[0]) / 1e4


def outline(left: float, bottom: float, right: float, top: float) -> np.ndarray:
    along = np.linspace(0, 1, 200)[:, None]
    corners = np.array([[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]])
    return np.concatenate([a + along * (b - a) for a, b in pairwise(corners)])


def test_utm_segments_have_their_pixels_times_a_hundredth_of_a_hectare() -> None:
    found = hectares(segments([1, 250], [3, 50]), [scene(32633, (10, 0, 5e5, 0, -10, 4e6))])
    np.testing.assert_array_equal(found, [0.01, 2.5])


def test_rotated_pixels_have_the_area_of_the_parallelogram() -> None:
    found = hectares(segments([100], [3]), [scene(32633, (6, 8, 5e5, 8, -6, 4e6))])
    np.testing.assert_allclose(found, [1.0])


def test_feet_are_not_metres() -> None:
    found = hectares(segments([1000], [3]), [scene(2263, (10, 0, 9.8e5, 0, -10, 2e5))])
    np.testing.assert_allclose(found, 1000 * (10 * 1200 / 3937) ** 2 / 1e4, rtol=1e-9)


@pytest.mark.parametrize("latitude", [0.0, 52.0, -78.0])
def test_degrees_give_the_geodesic_area_at_the_segments_row(latitude: float) -> None:
    step = 0.001
    found = hectares(segments([1, 3], [20, 80]), [scene(4326, (step, 0, 10.0, 0, -step, latitude))])
    for area, (n, row) in zip(found, [(1, 20), (3, 80)], strict=True):
        top = latitude - row * step
        cell = geodesic(4326, outline(10.0, top - step, 10.0 + step, top))
        assert area == pytest.approx(n * cell, rel=1e-6)


def test_coarse_cells_of_a_degree_are_exact_too() -> None:
    found = hectares(segments([1], [0]), [scene(4326, (1, 0, 0, 0, -1, 80))])
    assert found[0] == pytest.approx(geodesic(4326, outline(0, 79, 1, 80)), rel=1e-5)


def test_web_mercator_is_corrected_for_its_distortion() -> None:
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(10, 52)
    found = hectares(segments([1, 1], [0, 99]), [scene(3857, (10, 0, x, 0, -10, y))])
    expected = [geodesic(3857, outline(x, y - 10, x + 10, y)), geodesic(3857, outline(x, y - 1000, x + 10, y - 990))]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert found[0] < 0.4 * 0.01


def test_pixel_space_and_local_coordinates_have_no_area() -> None:
    assert np.isnan(hectares(segments([5], [1]), [scene(None, (1, 0, 0, 0, 1, 0))])).all()
    local = 'LOCAL_CS["here",UNIT["metre",1]]'
    info = SceneInfo("coast", ("B02",), 9, 9, local, (1, 0, 0, 0, 1, 0), (), None)
    assert np.isnan(hectares(segments([5], [1]), [info])).all()


def test_each_segment_of_a_collection_has_its_own_scenes_pixels() -> None:
    table = segments([100, 100, 100], [1, 1, 1]).assign(scene_id=["b", "a", "b"])
    scenes = [scene(32633, (10, 0, 5e5, 0, -10, 4e6), "a"), scene(32633, (20, 0, 5e5, 0, -20, 4e6), "b")]
    np.testing.assert_array_equal(hectares(table, scenes), [4, 1, 4])
    with pytest.raises(WorkspaceError, match="scene 'b'"):
        hectares(table, scenes[:1])


def test_no_segments_have_no_areas_and_a_crs_that_is_none_is_said() -> None:
    assert hectares(segments([], []), [scene(32633, (10, 0, 5e5, 0, -10, 4e6))]).shape == (0,)
    broken = SceneInfo("coast", ("B02",), 9, 9, "nonsense", (1, 0, 0, 0, 1, 0), (), None)
    with pytest.raises(WorkspaceError, match="coordinate system that is none"):
        hectares(segments([5], [1]), [broken])
