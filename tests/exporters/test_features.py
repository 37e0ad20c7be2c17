"""The common behaviour of GeoPackage, GeoJSON and GeoParquet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from rasterio.crs import CRS
from rasterio.features import rasterize

from rsgraph.errors import ConfigError, NotThere, WorkspaceError
from rsgraph.exporters import features
from rsgraph.exporters.geojson import GeoJson
from rsgraph.exporters.geopackage import GeoPackage
from rsgraph.exporters.geoparquet import GeoParquet
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import GRID, UTM, OpenedWorkspace, leaving, read_tif, scene, write_workspace

KINDS = {"gpkg": GeoPackage, "geojson": GeoJson, "parquet": GeoParquet}
EXACT = ["gpkg", "parquet", "geojson"]


def read_back(path: Path) -> gpd.GeoDataFrame:
    """Open as any geopandas user would."""
    return gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)


def export(kind: str, workspace: Workspace, folder: Path, **options: Any) -> gpd.GeoDataFrame:
    (path,) = KINDS[kind](**options).export(leaving(workspace), folder)
    assert path == folder / f"segments_polygons.{kind}"
    assert [file.name for file in folder.iterdir()] == [path.name]
    return read_back(path)


def drawn(frame: gpd.GeoDataFrame, shape: tuple[int, int], transform: tuple[float, ...]) -> np.ndarray:
    pairs = zip(frame.geometry, frame["segment_id"], strict=True)
    return rasterize(pairs, out_shape=shape, transform=Affine(*transform), dtype=np.uint32)


@pytest.mark.parametrize("kind", EXACT)
def test_export_polygons_are_the_segments(kind: str, workspace: Workspace, tmp_path: Path) -> None:
    frame = export(kind, workspace, tmp_path / "out")
    ids, file = read_tif(workspace.path("segments.tif"))
    assert CRS.from_wkt(frame.crs.to_wkt()) == file.crs == CRS.from_epsg(32633)
    np.testing.assert_array_equal(frame.geometry.area, frame["area_px"] * 100)
    np.testing.assert_array_equal(frame["area_m2"], frame["area_px"] * 100)
    np.testing.assert_array_equal(drawn(frame, ids[0].shape, GRID), ids[0])


def test_export_geojson_is_in_degrees_and_comes_back_within_centimetres(workspace: Workspace, tmp_path: Path) -> None:
    frame = export("geojson", workspace, tmp_path / "out", crs="wgs84")
    assert frame.crs.to_epsg() == 4326
    assert frame.total_bounds == pytest.approx([15.0, 36.14, 15.007, 36.15], abs=0.01)
    back = frame.to_crs(UTM)
    np.testing.assert_allclose(back.geometry.area, frame["area_px"] * 100, rtol=5e-3)
    ids = read_tif(workspace.path("segments.tif"))[0][0]
    np.testing.assert_array_equal(drawn(back, ids.shape, GRID), ids)


@pytest.mark.parametrize("kind", KINDS)
def test_export_columns_agree_with_the_workspace(kind: str, labelled: Workspace, tmp_path: Path) -> None:
    frame = export(kind, labelled, tmp_path / "out", layer="encoder").sort_values("segment_id")
    table, memberships = labelled.segments, np.asarray(labelled.embedding("target"))
    for name in ("segment_id", "chip_id", "area_px", "x", "y"):
        np.testing.assert_array_equal(frame[name], table[name])
    np.testing.assert_array_equal(frame["strongest_membership"], memberships.argmax(axis=1) + 1)
    np.testing.assert_allclose(frame["membership"], memberships.max(axis=1), rtol=1e-6)
    vectors = frame[[f"e0{i}" for i in range(5)]].to_numpy(np.float32)
    np.testing.assert_allclose(vectors, labelled.embedding("encoder"), rtol=1e-6)
    given = frame.dropna(subset="label").set_index("segment_id")
    assert given["label"].to_dict() == {1: "water", 2: "sand", 5: "water"}
    assert given[["origin", "confidence", "author", "time"]].iloc[0].tolist() == ["human", 1.0, "me", "now"]
    assert "scene_id" not in frame


@pytest.mark.parametrize("kind", KINDS)
def test_export_without_labels_and_embeddings_has_no_such_columns(
    kind: str, workspace: Workspace, tmp_path: Path
) -> None:
    frame = export(kind, workspace, tmp_path / "out", embeddings=False)
    expected = "segment_id chip_id area_px area_m2 strongest_membership membership x y geometry"
    assert list(frame.columns) == expected.split()


@pytest.mark.parametrize("kind", KINDS)
def test_export_without_crs_is_in_pixels(kind: str, without_crs: Workspace, tmp_path: Path) -> None:
    frame = export(kind, without_crs, tmp_path / "out")
    ids = read_tif(without_crs.path("segments.tif"))[0][0]
    assert frame.crs is None or kind == "geojson"  # GeoJSON has no way to say so
    assert "area_m2" not in frame
    np.testing.assert_array_equal(drawn(frame, ids.shape, (1, 0, 0, 0, 1, 0)), ids)


@pytest.mark.parametrize("kind", KINDS)
def test_export_of_a_collection_names_the_scene(kind: str, collection: Workspace, tmp_path: Path) -> None:
    frame = export(kind, collection, tmp_path / "out")
    for name, part in frame.groupby("scene_id"):
        ids = read_tif(collection.path("segments", f"{name}.tif"))[0][0]
        np.testing.assert_array_equal(drawn(part, ids.shape, (1, 0, 0, 0, 1, 0)), ids)
    assert len(frame) == len(collection.segments)


@pytest.fixture
def several_crs(tmp_path: Path) -> OpenedWorkspace:
    found = {"a": 32633, "bb": 32701, "ccc": None, "dddd": 32633}
    crs = {name: CRS.from_epsg(code).to_wkt() if code else None for name, code in found.items()}
    return write_workspace(tmp_path / "work", [scene(name, rows=20, columns=20, crs=crs[name]) for name in crs])


@pytest.mark.parametrize("kind", EXACT)
def test_export_of_several_crs_has_a_file_for_each(kind: str, several_crs: Workspace, tmp_path: Path) -> None:
    written = KINDS[kind]().export(leaving(several_crs), tmp_path / "out")
    words = ["epsg32633", "epsg32701", "pixels"]
    assert [path.name for path in written] == [f"segments_polygons_{word}.{kind}" for word in words]
    frames = [read_back(path) for path in written]
    assert [set(frame["scene_id"]) for frame in frames] == [{"a", "dddd"}, {"bb"}, {"ccc"}]
    without = 4326 if kind == "geojson" else None  # GeoJSON has no way to say that there is none
    assert [frame.crs.to_epsg() if frame.crs else None for frame in frames] == [32633, 32701, without]
    for frame in frames:
        np.testing.assert_array_equal(shapely.area(frame.geometry.to_numpy()), frame["area_px"] * 100)


def test_export_of_several_crs_as_geojson_joins_those_with_one(several_crs: Workspace, tmp_path: Path) -> None:
    located, pixels = GeoJson(crs="wgs84").export(leaving(several_crs), tmp_path / "out")
    assert [located.name, pixels.name] == ["segments_polygons.geojson", "segments_polygons_pixels.geojson"]
    frame = read_back(located)
    assert set(frame["scene_id"]) == {"a", "bb", "dddd"}
    assert frame[frame["scene_id"] == "bb"].total_bounds[2] < -170
    assert frame[frame["scene_id"] == "a"].total_bounds[0] > 14
    assert set(read_back(pixels)["scene_id"]) == {"ccc"}


@pytest.mark.parametrize("kind", KINDS)
def test_export_in_many_parts_equals_export_in_one(
    kind: str, labelled: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = export(kind, labelled, tmp_path / "once")
    monkeypatch.setattr(features, "_AT_ONCE", 1)
    parts = export(kind, labelled, tmp_path / "parts")
    assert once.crs == parts.crs
    assert once.geometry.geom_equals_exact(parts.geometry, 0).all()
    assert once.drop(columns="geometry").equals(parts.drop(columns="geometry"))


@pytest.mark.parametrize("kind", KINDS)
def test_export_reports_every_chip(kind: str, workspace: Workspace, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    KINDS[kind]().export(leaving(workspace), tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("kind", KINDS)
def test_export_replaces_what_was_there(kind: str, workspace: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "out" / f"segments_polygons.{kind}"
    path.parent.mkdir()
    path.write_text("something else")
    assert len(export(kind, workspace, tmp_path / "out")) == len(workspace.segments)


@pytest.mark.parametrize("kind", KINDS)
def test_export_with_a_segment_missing_from_the_raster_is_refused(
    kind: str, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.path("segments.tif").write_bytes(_with_one_segment_less(workspace, tmp_path).read_bytes())
    with pytest.raises(WorkspaceError, match=r"chip 0 has other segments in segments\.tif than in segments\.parquet"):
        KINDS[kind]().export(leaving(workspace), tmp_path / "out")
    assert not list((tmp_path / "out").glob("*"))


def _with_one_segment_less(workspace: Workspace, tmp_path: Path) -> Path:
    path = tmp_path / "less.tif"
    with rasterio.open(workspace.path("segments.tif")) as file:
        ids, profile = file.read(), file.profile
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.where(ids == 3, 0, ids))
    return path


def test_constructors_check_their_parameters(workspace: Workspace, tmp_path: Path) -> None:
    for kind in KINDS.values():
        with pytest.raises(ConfigError, match="`layer`"):
            kind(layer="a b")
        with pytest.raises(ConfigError, match="`embeddings`"):
            kind(embeddings=1)
        with pytest.raises(NotThere, match="choose one of: bands, target, encoder, gnn2"):
            kind(layer="gnn7").export(leaving(workspace), tmp_path)
