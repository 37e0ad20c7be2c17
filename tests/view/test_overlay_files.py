"""Files that the user drags onto the window: opened by what is in them."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.view.overlay_files import NoLayer, open_overlays
from rsgraph.view.overlay_rasters import RasterOverlay
from rsgraph.view.overlay_vectors import VectorOverlay


def test_each_layer_of_a_vector_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    for name in ("roads", "fields"):
        geopandas.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=4326).to_file(path, layer=name)
    found = open_overlays(path)
    assert [each.name for each in found] == ["a.gpkg: roads", "a.gpkg: fields"]
    assert all(isinstance(each.source, VectorOverlay) for each in found)
    assert found[0].source.colour != found[1].source.colour  # type: ignore[union-attr]


def test_raster_is_opened_whatever_its_name_is(tmp_path: Path) -> None:
    path = tmp_path / "picture of a stranger"
    about = {"driver": "GTiff", "count": 1, "height": 4, "width": 4, "dtype": "uint8", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=Affine(0.5, 0, 0, 0, -0.5, 0), **about) as file:
        file.write(np.arange(16, dtype=np.uint8).reshape(1, 4, 4))
    (found,) = open_overlays(path)
    assert found.name == path.name
    assert isinstance(found.source, RasterOverlay)


def test_what_is_neither_is_one_sentence(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_bytes(b"\0\1\2 no layer at all")
    with pytest.raises(NoLayer, match=r"neither as a raster nor as vector data; expected"):
        open_overlays(text)
    with pytest.raises(NotReadable, match="is a folder"):
        open_overlays(tmp_path)
    empty = tmp_path / "empty.tif"
    empty.touch()
    with pytest.raises(NotReadable, match="is empty"):
        open_overlays(empty)
    with pytest.raises(NotReadable, match="does not exist"):
        open_overlays(tmp_path / "gone.tif")


def test_table_without_places_is_said_to_be_one(tmp_path: Path) -> None:
    table = tmp_path / "a.csv"
    table.write_text("name,number\na,1\n")
    with pytest.raises(NotUsable, match="table without geometries"):
        open_overlays(table)


def test_damaged_raster_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    about = {"driver": "GTiff", "count": 1, "height": 400, "width": 400, "dtype": "uint8", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", transform=Affine(0.5, 0, 0, 0, -0.5, 0), **about) as file:
        file.write(np.arange(160000, dtype=np.uint8).reshape(1, 400, 400))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(NotReadable):
        open_overlays(path)
