from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from pyproj import CRS, Geod, Transformer

from rsgraph.errors import WorkspaceError
from rsgraph.ground import hectares, pixel_width, square_metres
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


SINUSOIDAL = "+proj=sinu +R=6371007.181"
ROTATED = "+proj=ob_tran +o_proj=longlat +o_lon_p=0 +o_lat_p=37.5 +lon_0=357.5 +to_meter=0.0174532925199433"


def cell(crs: object, transform: tuple[float, ...], row: float, column: float) -> float:
    """Square metres of a pixel, as the polygon of its sides on the ellipsoid."""
    along = np.linspace(0, 1, 50)
    columns = column + np.concatenate([along, 0 * along + 1, 1 - along, 0 * along])
    rows = row + np.concatenate([0 * along, along, 0 * along + 1, 1 - along])
    a, b, c, d, e, f = transform
    found = CRS.from_user_input(crs)
    ground = found.source_crs if found.is_derived and found.is_geographic else found.geodetic_crs
    lonlat = Transformer.from_crs(found, ground, always_xy=True).transform(
        a * columns + b * rows + c, d * columns + e * rows + f
    )
    unit = np.degrees(ground.axis_info[0].unit_conversion_factor)
    return float(abs(found.get_geod().polygon_area_perimeter(*(unit * np.asarray(lonlat)))[0]))


@pytest.mark.parametrize(
    ("crs", "transform", "size"),
    [
        (32633, (10, 0, 1.2e6, 0, -10, 6e6), 100),  # UTM, far beyond its zone
        (2154, (10, 0, 1e5, 0, -10, 7.1e6), 900),  # Lambert's cone, 0.35 % off
        (3857, (2000, 0, -1e6, 0, -2000, 1.2e7), 5000),  # from the Sahara to Spitsbergen
        (3857, (16, 0, 1.4e6, 0, 16, 6.8e6), 96),  # rows upwards
        (3857, (100, 0, 20_037_508 - 5000, 0, -100, 6e6), 100),  # across the antimeridian
        (3395, (30, 0, 1.4e6, 0, -30, -6.8e6), 96),  # Mercator on the ellipsoid, south
        (3413, (100, 0, -1e6, 0, -100, 1e6), 500),  # round the North Pole
        (3035, (10, 0, 4.3e6, 0, -10, 3.2e6), 100),  # keeps areas
        (SINUSOIDAL, (10_000, 0, -20_015_109, 0, -10_000, 10_007_554), 2000),  # whose corners lie off the Earth
        ("+proj=geos +h=35785831 +lon_0=0 +sweep=y", (3000, 0, -5.5e6, 0, -3000, 5.5e6), 3666),  # a weather satellite
        (ROTATED, (0.01, 0, 0, 0, -0.01, 1), 96),
        (4807, (1e-3, 0, 2, 0, -1e-3, 52), 96),  # grads
        (4326, (3e-4, 2e-4, 13, -1e-4, 2e-4, 52), 96),  # degrees, turned
        (4979, (1e-4, 0, 13, 0, -1e-4, -52), 96),  # with heights
        ("EPSG:3857+5773", (16, 0, 1.4e6, 0, -16, 6.8e6), 96),  # with heights above the sea
    ],
)
def test_pixels_of_any_crs_have_their_area_on_the_ellipsoid(
    crs: object, transform: tuple[float, ...], size: int
) -> None:
    places = np.array([size * 0.5, size * 0.31])
    found = square_metres(
        segments([1, 7], places.tolist(), places[::-1].tolist()), [scene(crs, transform, size=size)]
    )
    flat = str(crs).removesuffix("+5773")
    expected = [n * cell(flat, transform, r, c) for n, r, c in zip((1, 7), places, places[::-1], strict=True)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_national_grids_and_utm_in_its_zone_are_taken_at_their_word() -> None:
    for crs, place in ((27700, (2.5e5, 2.8e5)), (32633, (1.7e5, 1e6)), (25832, (5e5, 5.7e6)), (3006, (5e5, 6.6e6))):
        here = scene(crs, (10, 0, place[0], 0, -10, place[1]), size=900)
        np.testing.assert_array_equal(square_metres(segments([3], [5]), [here]), [300])


@pytest.mark.parametrize("latitude", [0.0, 52.0, 78.0])
def test_a_pixel_is_as_wide_as_the_geodesic_across_it(latitude: float) -> None:
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(10, latitude)
    step = 1e-4
    for crs, transform in ((3857, (10, 0, x - 500, 0, -10, y + 500)), (4326, (step, 0, 10, 0, -step, latitude))):
        here = CRS.from_user_input(crs).to_wkt()
        ends = transform[2] + transform[0] * np.array([49.5, 50.5]), np.full(2, transform[5] + 50 * transform[4])
        lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform(*ends)
        true = Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[2]
        assert pixel_width(here, transform, 100, 100) == pytest.approx(true, rel=1e-6)


def test_a_pixel_of_utm_is_as_wide_as_on_the_map_and_without_a_crs_it_has_no_width() -> None:
    assert pixel_width(CRS.from_epsg(32618).to_wkt(), (20, 0, 4e5, 0, -20, 4e6), 100, 100) == 20
    assert pixel_width(CRS.from_epsg(32618).to_wkt(), (6, 8, 4e5, 8, -6, 4e6), 100, 100) == 10
    feet = pixel_width(CRS.from_epsg(2263).to_wkt(), (10, 0, 9.8e5, 0, -10, 2e5), 100, 100)
    assert feet == pytest.approx(3.048006, abs=1e-6)
    assert pixel_width(None, (1, 0, 0, 0, 1, 0), 100, 100) is None
    assert pixel_width('LOCAL_CS["here",UNIT["metre",1]]', (1, 0, 0, 0, 1, 0), 100, 100) is None
    with pytest.raises(WorkspaceError, match="coordinate system that is none"):
        pixel_width("nonsense", (1, 0, 0, 0, 1, 0), 9, 9)
