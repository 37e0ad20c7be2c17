"""A raster of the user's over a scene: where its pixels come to lie, and in which colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.crs import CRS
from rasterio.errors import NotGeoreferencedWarning
from rasterio.warp import transform

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.view.overlay_levels import grid_of
from rsgraph.view.overlay_rasters import open_raster_overlay
from rsgraph.warning_filters import ignored
from rsgraph.workspace import SceneInfo

UTM = CRS.from_epsg(32630).to_wkt()
GRID = (10.0, 0.0, 600_000.0, 0.0, -10.0, 5_600_000.0)


def scene(*, crs: str | None = UTM, rows: int = 60, columns: int = 80) -> SceneInfo:
    return SceneInfo("here", ("B02",), rows, columns, crs, GRID, (), None)


def write(
    path: Path, values: np.ndarray, *, crs: str | None = UTM, grid: Affine | None = None, **more: object
) -> Path:
    about = {"driver": "GTiff", "count": len(values), "height": values.shape[1], "width": values.shape[2]}
    with (
        ignored(category=NotGeoreferencedWarning),
        rasterio.open(
            path, "w", dtype=values.dtype, crs=crs, transform=grid or Affine(*GRID), **about, **more
        ) as file,
    ):
        file.write(values)
    return path


def whole(path: Path, over: SceneInfo, *, times: int = 1) -> np.ndarray:
    grid = grid_of(over) @ Affine.scale(1 / times)
    return open_raster_overlay(path).paint(over, grid, over.rows * times, over.columns * times)


def test_raster_on_the_scenes_grid_is_shown_pixel_by_pixel(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (3, 60, 80)).astype(np.uint8)
    picture = whole(write(tmp_path / "a.tif", values, photometric="RGB"), scene())
    np.testing.assert_array_equal(picture[..., :3], np.moveaxis(values, 0, -1))
    assert (picture[..., 3] == 255).all()


def test_raster_in_another_crs_comes_to_lie_where_its_places_are(tmp_path: Path) -> None:
    """A mark of 0.0002 degrees, about 15 m, in a raster of longitudes and latitudes."""
    (west,), (north,) = transform(UTM, "EPSG:4326", [600_000], [5_600_000])
    values = np.zeros((1, 60, 120), dtype=np.uint8)
    values[0, 20, 50] = 7
    grid = Affine(0.0002, 0, west, 0, -0.0002, north)
    path = write(tmp_path / "a.tif", values, crs="EPSG:4326", grid=grid, nodata=0)
    (x,), (y,) = transform("EPSG:4326", UTM, [west + 50.5 * 0.0002], [north - 20.5 * 0.0002])
    values[0, 20, 51] = 9
    write(path, values, crs="EPSG:4326", grid=grid, nodata=0)
    covered = np.argwhere(whole(path, scene())[..., 3] > 0)
    expected = ((5_600_000 - y) / 10, (x - 600_000) / 10)
    assert np.abs(covered.mean(axis=0) + 0.5 - (expected[0], expected[1] + 0.7)).max() < 0.8
    assert 4 <= len(covered) <= 12


def test_finer_raster_shows_its_own_pixels_where_the_scene_is_magnified(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(1, 4, (1, 240, 320)).astype(np.uint8)
    path = write(tmp_path / "a.tif", values, grid=Affine(2.5, 0, 600_000, 0, -2.5, 5_600_000))
    overlay = open_raster_overlay(path)
    assert overlay.finest(scene()) == pytest.approx(0.25)
    picture = whole(path, scene(), times=4)
    for code in (1, 2, 3):
        assert len(np.unique(picture[values[0] == code], axis=0)) == 1
    assert len(np.unique(picture.reshape(-1, 4), axis=0)) == 3


def test_what_is_no_data_covers_nothing(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 60 * 80, dtype=np.float32).reshape(1, 60, 80)
    values[0, :10] = -9999
    values[0, 20, 20] = np.nan
    picture = whole(write(tmp_path / "a.tif", values, nodata=-9999), scene())
    assert (picture[:10, :, 3] == 0).all()
    assert picture[20, 20, 3] == 0
    assert (picture[11:20, :, 3] == 255).all()
    assert picture[15, 0, 0] < picture[50, 0, 0]  # dark to bright


def test_colours_of_a_colour_table_are_kept(tmp_path: Path) -> None:
    values = np.tile(np.arange(4, dtype=np.uint8), (60, 20))[None]
    path = write(tmp_path / "a.tif", values)
    with rasterio.open(path, "r+") as file:
        file.write_colormap(1, {0: (0, 0, 0, 0), 1: (1, 2, 3, 255), 2: (250, 0, 0, 255), 3: (9, 99, 9, 255)})
    picture = whole(path, scene())
    assert picture[0, :4].tolist() == [[0, 0, 0, 0], [1, 2, 3, 255], [250, 0, 0, 255], [9, 99, 9, 255]]


def test_turned_raster_is_laid_down_as_its_transform_says(tmp_path: Path) -> None:
    turned = Affine.translation(600_400, 5_599_700) @ Affine.rotation(30) @ Affine.scale(10, -10)
    values = np.zeros((1, 20, 20), dtype=np.uint8)
    values[0, 10, 15] = 200
    values[0, 0, 0] = 100
    path = write(tmp_path / "a.tif", values, grid=turned)
    x, y = turned @ (15.5, 10.5)
    picture = whole(path, scene(), times=4)
    column, row = ~(grid_of(scene()) @ Affine.scale(1 / 4)) @ (x, y)
    assert picture[int(row), int(column), 3] > 0


def test_raster_in_pixels_lies_over_a_scene_in_pixels(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 256, (3, 60, 80)).astype(np.uint8)
    path = write(tmp_path / "a.tif", values, crs=None, grid=Affine.identity(), photometric="RGB")
    np.testing.assert_array_equal(whole(path, scene(crs=None))[..., :3], np.moveaxis(values, 0, -1))


def test_raster_elsewhere_or_without_place_is_told_apart(tmp_path: Path) -> None:
    values = np.ones((1, 60, 80), dtype=np.uint8)
    far = write(tmp_path / "far.tif", values, grid=Affine(10, 0, 700_000, 0, -10, 5_600_000))
    assert not open_raster_overlay(far).covers(scene())
    assert (whole(far, scene())[..., 3] == 0).all()
    bare = write(tmp_path / "bare.tif", values, crs=None)
    with pytest.raises(NotUsable, match="has no CRS"):
        open_raster_overlay(bare).covers(scene())
    with pytest.raises(NotUsable, match="scene 'here' has no CRS"):
        open_raster_overlay(far).covers(scene(crs=None))
    with pytest.raises(NotUsable, match="expected 61 x 80"):
        open_raster_overlay(bare).covers(scene(crs=None, rows=61))


def test_virtual_raster_that_asks_a_server_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.vrt"
    source = "<SimpleSource><SourceFilename>/vsicurl/http://127.0.0.1:9/a.tif</SourceFilename></SimpleSource>"
    path.write_text(
        f'<VRTDataset rasterXSize="80" rasterYSize="60"><VRTRasterBand dataType="Byte" band="1">{source}'
        "</VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(NotReadable):
        open_raster_overlay(path)
