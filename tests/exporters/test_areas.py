"""Segments dissolved by class, as GeoPackage, GeoJSON and GeoParquet."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from affine import Affine
from pyproj import Geod
from rasterio.crs import CRS
from rasterio.features import rasterize
from scipy.ndimage import center_of_mass, label

from rsgraph.errors import ConfigError, NotThere
from rsgraph.exporters import areas
from rsgraph.exporters.geojson import GeoJson
from rsgraph.exporters.geopackage import GeoPackage
from rsgraph.exporters.geoparquet import GeoParquet
from rsgraph.exporters.stac import Stac
from rsgraph.ground import hectares, square_metres
from rsgraph.workspace import write_table
from tests.exporters.workspaces import (
    GRID,
    OpenedWorkspace,
    leaving,
    read_tif,
    scene,
    write_classes,
    write_labels,
    write_workspace,
)

KINDS = {"gpkg": GeoPackage, "geojson": GeoJson, "parquet": GeoParquet}
NAMES = ("water", "sand", "mud")


@pytest.fixture
def mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenedWorkspace:
    """A scene of several strips, most of it labelled."""
    monkeypatch.setattr(areas, "_STRIP_PIXELS", 1)  # strips of 256 rows
    workspace = write_workspace(tmp_path / "work", [scene(rows=600, columns=40)])
    ids = workspace.segments["segment_id"].tolist()
    rows = [
        (i, NAMES[i % 5], "human" if i % 2 else "propagated", 0.5 + i % 2 / 2, "ann", f"2026-01-{1 + i % 28:02d}")
        for i in ids
        if i % 5 < 3
    ]
    write_labels(workspace.path("labels.sqlite"), rows)
    write_classes(workspace.path("labels.sqlite"), [("mud", "#804000"), ("water", "#2060c0"), ("sand", "#f0d080")])
    return workspace


def codes_of(workspace: OpenedWorkspace) -> np.ndarray:
    """What the class raster must be: mud 1, water 2, sand 3."""
    ids = read_tif(workspace.path("segments.tif"))[0][0]
    by_rest = np.array([2, 3, 1, 0, 0])
    return np.where(ids > 0, by_rest[ids % 5], 0)


def export(
    kind: str, workspace: OpenedWorkspace, folder: Path, origins: list[str] | None = None, **options: Any
) -> gpd.GeoDataFrame:
    (path,) = KINDS[kind](**options).export(leaving(workspace, origins=origins), folder)
    return gpd.read_parquet(path) if kind == "parquet" else gpd.read_file(path)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_cover_exactly_their_pixels(kind: str, mapped: OpenedWorkspace, tmp_path: Path) -> None:
    frame = export(kind, mapped, tmp_path, dissolve="class")
    codes = codes_of(mapped)
    assert frame.crs.to_epsg() == 32633
    assert frame["label"].tolist() == ["mud", "water", "sand"]
    assert frame["code"].tolist() == [1, 2, 3]
    assert frame["colour"].tolist() == ["#804000", "#2060c0", "#f0d080"]
    counts = np.bincount(codes.ravel())[1:]
    assert frame["area_px"].tolist() == counts.tolist()
    np.testing.assert_array_equal(frame.geometry.area, counts * 100)
    np.testing.assert_array_equal(frame["area_m2"], counts * 100)
    np.testing.assert_allclose(frame["area_ha"], counts / 100)
    assert frame.geometry.is_valid.all()
    drawn = rasterize(zip(frame.geometry, frame["code"], strict=True), codes.shape, transform=Affine(*GRID))
    np.testing.assert_array_equal(drawn, codes)


@pytest.mark.parametrize("kind", KINDS)
def test_classes_tell_what_their_labels_are(kind: str, mapped: OpenedWorkspace, tmp_path: Path) -> None:
    frame = export(kind, mapped, tmp_path, dissolve="class").set_index("label")
    ids = mapped.segments["segment_id"].to_numpy()
    water = ids[ids % 5 == 0]
    odd, even = int((water % 2 == 1).sum()), int((water % 2 == 0).sum())
    assert frame.loc["water", "segments"] == len(water)
    assert frame.loc["water", "confidence"] == pytest.approx((odd + 0.5 * even) / len(water))
    listed = [f"human {odd}", f"propagated {even}"]
    assert sorted(str(frame.loc["water", "origins"]).split(", ")) == sorted(listed)
    assert frame.loc["water", "authors"] == f"ann {len(water)}"
    days = 1 + water % 28
    assert str(frame.loc["water", "first_time"])[:10] == f"2026-01-{days.min():02d}"
    assert str(frame.loc["water", "last_time"])[:10] == f"2026-01-{days.max():02d}"


@pytest.mark.parametrize("kind", KINDS)
def test_regions_are_the_connected_parts(
    kind: str, mapped: OpenedWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(areas, "_AT_ONCE", 7)
    frame = export(kind, mapped, tmp_path, dissolve="regions")
    codes = codes_of(mapped)
    assert set(frame.geom_type) <= {"Polygon", "MultiPolygon"}
    assert len(frame) == sum(label(codes == code)[1] for code in (1, 2, 3))
    np.testing.assert_array_equal(frame.geometry.area, frame["area_px"] * 100)
    assert frame["segments"].sum() == (mapped.segments["segment_id"] % 5 < 3).sum()
    drawn = rasterize(zip(frame.geometry, frame["code"], strict=True), codes.shape, transform=Affine(*GRID))
    np.testing.assert_array_equal(drawn, codes)


def test_files_and_layers_are_named_by_what_they_hold(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    (classes,) = GeoPackage(dissolve="class").export(leaving(mapped), tmp_path)
    (regions,) = GeoPackage(dissolve="regions").export(leaving(mapped), tmp_path)
    assert [classes.name, regions.name] == ["classes_polygons.gpkg", "regions_polygons.gpkg"]
    for path, layer in ((classes, "classes"), (regions, "regions")):
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT table_name, srs_id FROM gpkg_contents").fetchall() == [(layer, 32633)]
            (text,) = database.execute("SELECT metadata FROM gpkg_metadata").fetchone()
        assert '"label_authors": {"ann": ' in text
    (written,) = GeoJson(dissolve="class").export(leaving(mapped), tmp_path)
    assert json.loads(written.read_text())["name"] == "classes_polygons"


def test_classes_of_a_scope_hold_only_its_segments(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    frame = export("gpkg", mapped, tmp_path, origins=["human"], dissolve="class")
    ids = read_tif(mapped.path("segments.tif"))[0][0]
    human = (ids > 0) & (ids % 2 == 1)
    assert frame["area_px"].sum() == (human & (codes_of(mapped) > 0)).sum()
    assert all(origins.startswith("human ") and "," not in origins for origins in frame["origins"])


def test_classes_of_a_collection_are_dissolved_by_scene(collection: OpenedWorkspace, tmp_path: Path) -> None:
    frame = export("gpkg", collection, tmp_path, dissolve="class")
    assert frame["scene_id"].tolist() == ["River_1"]
    assert frame["label"].tolist() == ["water"]
    assert "area_m2" not in frame


def test_dissolving_reports_every_strip(mapped: OpenedWorkspace, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    GeoPackage(dissolve="class").export(
        leaving(mapped), tmp_path, progress=lambda done, total: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_dissolving_without_labels_says_what_to_do(workspace: OpenedWorkspace, tmp_path: Path) -> None:
    for kind in KINDS.values():
        with pytest.raises(NotThere, match="has no labels to export; label some segments first with `rsgraph label"):
            kind(dissolve="class").export(leaving(workspace), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_constructors_refuse_other_ways_to_dissolve() -> None:
    for kind in KINDS.values():
        with pytest.raises(ConfigError, match=r"`dissolve` must be one of: none, class, regions\. Got True instead"):
            kind(dissolve=True)


MERCATOR = (CRS.from_epsg(3857).to_wkt(), (16.243, 0.0, 1447153.0, 0.0, -16.243, 6800125.0))
DEGREES = (CRS.from_epsg(4326).to_wkt(), (1.4563e-4, 0.0, 13.0, 0.0, -8.9832e-5, 52.0))


@pytest.mark.parametrize("dissolve", ["class", "regions", "none"])
@pytest.mark.parametrize("where", [MERCATOR, DEGREES])
@pytest.mark.parametrize("kind", KINDS)
def test_areas_are_those_on_the_ground(kind: str, where: Any, dissolve: Any, tmp_path: Path) -> None:
    crs, grid = where
    labels = {i: ("mud" if i % 2 else "water") for i in range(1, 30)}
    made = write_workspace(tmp_path / "w", [scene(crs=crs, transform=grid)], labels)
    ids, table = read_tif(made.segment_file())[0][0], made.segments
    centres = np.array(center_of_mass(ids > 0, ids, table["segment_id"]))
    write_table(made.path("segments.parquet"), table.assign(row=centres[:, 0], column=centres[:, 1]))
    frame = export(kind, made, tmp_path / "out", dissolve=dissolve)
    shapes = frame.to_crs(4326).segmentize(1e-3).geometry
    true = np.array([abs(Geod(ellps="WGS84").geometry_area_perimeter(shape)[0]) for shape in shapes])
    rtol = 1e-3 if kind == "geojson" else 2e-5  # its coordinates are rounded to a centimetre
    np.testing.assert_allclose(frame["area_m2"], true, rtol=rtol)
    if dissolve != "none":
        np.testing.assert_allclose(frame["area_ha"], true / 1e4, rtol=rtol)
        ids = made.segments["segment_id"].to_numpy()
        shown = hectares(made.segments, made.scenes)  # what the viewer's list of classes adds up
        for name in ("mud", "water"):
            listed = shown[np.isin(ids, [i for i, label in labels.items() if label == name])].sum()
            assert frame.loc[frame["label"] == name, "area_ha"].sum() == pytest.approx(listed, rel=1e-9)


def test_a_stac_item_has_the_same_areas(tmp_path: Path) -> None:
    crs, grid = MERCATOR
    made = write_workspace(tmp_path / "w", [scene(crs=crs, transform=grid)], dict.fromkeys(range(1, 9), "mud"))
    Stac().export(leaving(made), tmp_path)
    expected = square_metres(made.segments, made.scenes)[:8].sum()
    for name in ("labels.gpkg", "labels.geojson"):
        assert gpd.read_file(tmp_path / "stac" / "coast" / name)["area_m2"].sum() == pytest.approx(expected)
