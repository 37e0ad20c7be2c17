from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pyproj import CRS

from rsgraph.exporters.geoparquet import GeoParquet
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import leaving


def test_export_metadata_is_that_of_geoparquet_1_0(labelled: Workspace, tmp_path: Path) -> None:
    (path,) = GeoParquet().export(leaving(labelled), tmp_path)
    stored = pq.ParquetFile(path).metadata.metadata
    geo = json.loads(stored[b"geo"])
    assert geo["version"] == "1.0.0"
    column = geo["columns"][geo["primary_column"]]
    assert column["encoding"] == "WKB"
    assert column["geometry_types"] == ["Polygon"]
    assert CRS.from_json_dict(column["crs"]).to_epsg() == 32633
    assert column["bbox"] == gpd.read_parquet(path).total_bounds.tolist()
    assert json.loads(stored[b"rsgraph"])["label_origins"] == {"human": 3}


def test_export_without_crs_says_so(without_crs: Workspace, tmp_path: Path) -> None:
    (path,) = GeoParquet().export(leaving(without_crs), tmp_path)
    column = json.loads(pq.ParquetFile(path).metadata.metadata[b"geo"])["columns"]["geometry"]
    assert column["crs"] is None  # a missing key would mean longitude and latitude
    assert column["bbox"] == [0, 0, 64, 40]


def test_export_is_exact_and_reads_without_geopandas(workspace: Workspace, tmp_path: Path) -> None:
    (path,) = GeoParquet(layer="bands").export(leaving(workspace), tmp_path)
    found = pd.read_parquet(path)
    np.testing.assert_array_equal(found[[f"e0{i}" for i in range(5)]], workspace.embedding("bands"))
    assert found["segment_id"].dtype == np.uint32
    assert found["e00"].dtype == np.float32
