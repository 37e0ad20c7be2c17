"""A vector layer of the user's over a scene: where its lines come to lie."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from affine import Affine
from rasterio.crs import CRS

from rsgraph.errors import NotUsable
from rsgraph.view.overlay_levels import grid_of
from rsgraph.view.overlay_vectors import VectorOverlay, open_vector_overlay
from rsgraph.workspace import SceneInfo

UTM = CRS.from_epsg(32630).to_wkt()
GRID = (10.0, 0.0, 600_000.0, 0.0, -10.0, 5_600_000.0)
COLOUR = (255, 60, 200)
SCENE = SceneInfo("here", ("B02",), 60, 80, UTM, GRID, (), None)
BOX = shapely.box(600_200, 5_599_600, 600_500, 5_599_800)


def overlay(folder: Path, shapes: list[object], *, to: str | None = None) -> VectorOverlay:
    frame = geopandas.GeoDataFrame(geometry=shapes, crs=UTM)
    path = folder / "a.gpkg"
    (frame.to_crs(to) if to else frame).to_file(path, layer="a")
    return open_vector_overlay(path, "a", COLOUR)


def drawn(found: VectorOverlay, *, times: int = 1) -> np.ndarray:
    grid = grid_of(SCENE) @ Affine.scale(1 / times)
    picture = found.paint(SCENE, grid, SCENE.rows * times, SCENE.columns * times)
    return (picture[..., :3] == COLOUR).all(axis=-1) & (picture[..., 3] == 255)


@pytest.mark.parametrize("to", [None, "EPSG:4326", "EPSG:3857"])
def test_outline_lies_where_the_polygon_ends(tmp_path: Path, to: str | None) -> None:
    found = overlay(tmp_path, [BOX], to=to)
    assert found.covers(SCENE)
    rows, columns = np.nonzero(drawn(found, times=4))
    assert abs(rows.min() / 4 - 20) <= 0.5
    assert abs(rows.max() / 4 - 40) <= 0.75
    assert abs(columns.min() / 4 - 20) <= 0.5
    assert abs(columns.max() / 4 - 50) <= 0.75
    assert not drawn(found, times=4)[110:130, 90:190].any()


def test_polygon_is_filled_thinly_and_its_hole_is_not(tmp_path: Path) -> None:
    holed = shapely.Polygon(BOX.exterior, [shapely.box(600_300, 5_599_650, 600_400, 5_599_750).exterior])
    picture = overlay(tmp_path, [holed]).paint(SCENE, grid_of(SCENE), 60, 80)
    assert picture[23, 24].tolist() == [*COLOUR, 60]
    assert picture[30, 35, 3] == 0


def test_lines_and_points_are_drawn(tmp_path: Path) -> None:
    line = shapely.LineString([(600_000, 5_599_950), (600_800, 5_599_950)])
    assert drawn(overlay(tmp_path, [line]))[5].all()
    (tmp_path / "a.gpkg").unlink()
    marks = drawn(overlay(tmp_path, [shapely.Point(600_405, 5_599_705)]))
    rows, columns = np.nonzero(marks)
    assert (rows.min(), columns.min()) == (26, 37)
    assert marks.sum() == 64


def test_layer_elsewhere_does_not_cover(tmp_path: Path) -> None:
    assert not overlay(tmp_path, [shapely.box(700_000, 5_599_600, 700_500, 5_599_800)]).covers(SCENE)


def test_layer_without_crs_is_refused_in_a_sentence(tmp_path: Path) -> None:
    geopandas.GeoDataFrame(geometry=[BOX], crs=UTM).to_file(tmp_path / "a.shp")
    (tmp_path / "a.prj").unlink()
    with pytest.raises(NotUsable, match="has no CRS, so it cannot be laid over scene 'here'"):
        open_vector_overlay(tmp_path / "a.shp", "a", COLOUR).covers(SCENE)


def test_empty_layer_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotUsable, match="has no features"):
        overlay(tmp_path, [])
