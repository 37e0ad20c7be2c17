"""GeoTIFFs written window by window, read back by rasterio."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import rasterio
from rasterio.crs import CRS
from rasterio.enums import ColorInterp

from rsgraph.exporters.rasters import Style, blocks, write_geotiff
from rsgraph.types import Window
from rsgraph.workspace import SceneInfo
from tests.exporters.workspaces import GRID, UTM, read_tif

SIZE = (300, 500)


def place(crs: str | None = UTM) -> SceneInfo:
    return SceneInfo("coast", ("B02",), *SIZE, crs, GRID, (), None)


def test_blocks_tile_a_raster_row_by_row() -> None:
    assert list(blocks(*SIZE)) == [
        Window(0, 0, 256, 256),
        Window(0, 256, 256, 244),
        Window(256, 0, 44, 256),
        Window(256, 256, 44, 244),
    ]


def test_write_geotiff_puts_every_window_where_it_belongs(tmp_path: Path) -> None:
    rows, columns = np.indices(SIZE, dtype=np.float32)
    expected = np.stack([rows, columns])

    def paint(window: Window) -> np.ndarray:
        row, column, height, width = window
        return expected[:, row : row + height, column : column + width]

    style = Style("float32", float("nan"), ("row", "column"), {"RSGRAPH": "here"})
    (tmp_path / "a.tif.ovr").write_text("overviews of the former file")
    write_geotiff(tmp_path / "a.tif", place(), style, paint, blocks(*SIZE))
    found, about = read_tif(tmp_path / "a.tif")
    np.testing.assert_array_equal(found, expected)
    assert about.crs == CRS.from_epsg(32633)
    assert tuple(about.transform)[:6] == GRID
    assert about.descriptions == ("row", "column")
    assert np.isnan(about.nodata)
    assert about.tags["RSGRAPH"] == "here"
    assert (about.profile["blockxsize"], about.profile["tiled"]) == (256, True)
    assert about.compression is not None
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_write_geotiff_colours_codes(tmp_path: Path) -> None:
    def ones(window: Window) -> np.ndarray:
        return np.ones((1, window.rows, window.columns), dtype=np.uint8)

    style = Style("uint8", 0, ("class",), {}, {1: "#e69f00", 2: "#0072b2"})
    write_geotiff(tmp_path / "a.tif", place(), style, ones, blocks(*SIZE))
    with rasterio.open(tmp_path / "a.tif") as source:
        assert source.colorinterp == (ColorInterp.palette,)
        colours = source.colormap(1)
    assert [colours[code][:3] for code in (1, 2)] == [(0xE6, 0x9F, 0), (0, 0x72, 0xB2)]
