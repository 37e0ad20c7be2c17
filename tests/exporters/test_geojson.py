from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from rasterio.crs import CRS
from shapely.geometry import shape

from rsgraph.errors import ConfigError
from rsgraph.exporters.geojson import GeoJson
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import leaving, scene, write_workspace


def test_export_is_what_rfc_7946_asks_for(labelled: Workspace, tmp_path: Path) -> None:
    (path,) = GeoJson(crs="wgs84").export(leaving(labelled), tmp_path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["type"] == "FeatureCollection"
    assert "crs" not in found
    assert found["rsgraph"]["label_origins"] == {"human": 3}
    assert len(found["features"]) == len(labelled.segments)
    for feature in found["features"]:
        outline = shape(feature["geometry"])
        assert outline.is_valid
        assert outline.exterior.is_ccw
        assert not any(ring.is_ccw for ring in outline.interiors)
        numbers = shapely.get_coordinates(outline)
        np.testing.assert_allclose(numbers, np.round(numbers, 7), rtol=0, atol=1e-12)
    assert any(shape(feature["geometry"]).interiors for feature in found["features"])


def test_export_names_the_scene_s_crs_as_gdal_reads_it(labelled: Workspace, tmp_path: Path) -> None:
    (path,) = GeoJson().export(leaving(labelled), tmp_path)
    found = json.loads(path.read_text(encoding="utf-8"))
    assert found["crs"] == {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32633"}}
    frame = gpd.read_file(path)
    assert frame.crs.to_epsg() == 32633
    np.testing.assert_array_equal(frame.geometry.area, frame["area_px"] * 100)
    assert frame.total_bounds.tolist() == [500_000, 3_999_600, 500_640, 4_000_000]


def test_export_of_a_crs_without_code_falls_back_to_degrees(tmp_path: Path) -> None:
    own = CRS.from_proj4("+proj=laea +lat_0=3 +lon_0=15 +ellps=GRS80 +units=m").to_wkt()
    (path,) = GeoJson().export(leaving(write_workspace(tmp_path / "work", [scene(crs=own)])), tmp_path)
    assert gpd.read_file(path).crs.to_epsg() == 4326


def test_constructor_refuses_other_crs() -> None:
    with pytest.raises(ConfigError, match=r"`crs` must be one of: scene, wgs84\. Got 'utm' instead"):
        GeoJson(crs="utm")  # type: ignore[arg-type]


def test_export_writes_missing_labels_as_null(labelled: Workspace, tmp_path: Path) -> None:
    (path,) = GeoJson().export(leaving(labelled), tmp_path)
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    by_id = {feature["properties"]["segment_id"]: feature["properties"] for feature in features}
    assert by_id[1]["label"] == "water"
    assert by_id[3]["label"] is None
    assert by_id[3]["confidence"] is None


def test_export_cuts_segments_at_the_antimeridian(tmp_path: Path) -> None:
    crs = CRS.from_epsg(32701).to_wkt()
    across = scene(rows=20, columns=30, crs=crs, transform=(2000.0, 0.0, 145_000.0, 0.0, -2000.0, 8_000_000.0))
    workspace = write_workspace(tmp_path / "work", [across])
    (path,) = GeoJson(crs="wgs84").export(leaving(workspace), tmp_path)
    outlines = [shape(feature["geometry"]) for feature in json.loads(path.read_text())["features"]]
    assert max(piece.bounds[2] - piece.bounds[0] for outline in outlines for piece in shapely.get_parts(outline)) < 1
    west, _, east, _ = shapely.total_bounds(outlines)
    assert (west, east) == (-180, 180)
