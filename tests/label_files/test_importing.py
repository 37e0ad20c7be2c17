from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine
from pyproj import Transformer
from rasterio.warp import Resampling, reproject, transform_bounds
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from rsgraph.errors import ConfigError, InputError, NotReadable, NotUsable
from rsgraph.exporters.geojson import GeoJson
from rsgraph.exporters.geopackage import GeoPackage
from rsgraph.exporters.geotiff import GeoTiff
from rsgraph.label_files import counting
from rsgraph.label_files.importing import ImportedLabels, read_labels, vector_columns, vector_layers
from rsgraph.types import Window
from rsgraph.workspace import Workspace
from tests.exporters.workspaces import GRID, PIXELS, UTM, leaving, read_tif, scene, write_labels, write_workspace

ROWS, COLUMNS = 40, 64
LEFT, TOP = GRID[2], GRID[5]
LABELS = {i: ("open water" if i % 3 else 'Wald & <"Busch">') for i in range(1, 34, 2)}


@pytest.fixture(scope="module")
def coast(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return write_workspace(tmp_path_factory.mktemp("coast"), [scene()])


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Path]:
    """A folder of the user's, in which nothing may change."""
    folder = tmp_path / "the user's (own) folder"
    folder.mkdir()
    yield folder
    before = folder.parent / "before"
    if before.exists():
        for path in before.iterdir():
            assert (folder / path.name).read_bytes() == path.read_bytes()
        assert {path.name for path in folder.iterdir()} == {path.name for path in before.iterdir()}


def keep(folder: Path) -> None:
    """Remember what is in the user's folder."""
    shutil.copytree(folder, folder.parent / "before")


def found_in(labels: ImportedLabels) -> dict[int, str]:
    return dict(zip(labels.segment_ids.tolist(), labels.labels.tolist(), strict=True))


def ids_of(workspace: Workspace, name: str | None = None) -> np.ndarray:
    return np.asarray(read_tif(workspace.segment_file(name))[0][0])


def majority(ids: np.ndarray, names: np.ndarray, min_share: float = 0.5) -> tuple[dict[int, str], dict[int, float]]:
    """Count naively: ids and names ('' for none), pixel by pixel."""
    labels, shares = {}, {}
    for i in np.unique(ids[ids > 0]):
        counts = pd.Series(names[ids == i]).value_counts()
        counts = counts[counts.index != ""]
        if len(counts) and counts.iloc[0] / (ids == i).sum() >= min_share:
            labels[int(i)], shares[int(i)] = str(counts.index[0]), float(counts.iloc[0] / (ids == i).sum())
    return labels, shares


def pixels(row: float, column: float, rows: float, columns: float) -> Polygon:
    """A rectangle of the scene's pixels, in its CRS."""
    return box(LEFT + 10 * column, TOP - 10 * (row + rows), LEFT + 10 * (column + columns), TOP - 10 * row)


def drawn(*parts: tuple[str, Window]) -> np.ndarray:
    names = np.full((ROWS, COLUMNS), "", dtype=object)
    for name, (row, column, rows, columns) in parts:
        names[row : row + rows, column : column + columns] = name
    return names


WATER, LAND, TOWN = Window(0, 0, 17, 41), Window(17, 3, 23, 50), Window(10, 30, 9, 12)


def frame(
    column: str = "label", crs: Any = UTM, extra: Mapping[str, Sequence[Any]] | None = None
) -> gpd.GeoDataFrame:
    geometry = [pixels(*window) for window in (WATER, LAND, TOWN)]
    values = {column: ["water", "land", "town"], **(extra or {})}
    return gpd.GeoDataFrame(values, geometry=geometry, crs=UTM).to_crs(crs)


EXPECTED = drawn(("water", WATER), ("land", LAND), ("town", TOWN))


def write_classes(
    path: Path,
    codes: np.ndarray,
    *,
    crs: Any = UTM,
    transform: Sequence[float] = GRID,
    colours: Mapping[int, tuple[int, int, int]] | None = None,
    tags: Mapping[str, str] | None = None,
    **profile: Any,
) -> Path:
    bands = codes if codes.ndim == 3 else codes[None]
    size = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": codes.dtype}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=Affine(*transform), **size, **profile) as file:
        file.write(bands)
        file.update_tags(**(tags or {}))
        if colours:
            file.write_colormap(1, colours)
    return path


CODES = np.zeros((ROWS, COLUMNS), dtype=np.uint8)
for _code, _window in enumerate((WATER, LAND, TOWN), start=1):
    CODES[_window.row : _window.row + _window.rows, _window.column : _window.column + _window.columns] = _code
NAMED = np.array(["", "class 1", "class 2", "class 3"], dtype=object)[CODES]


# our own exports come back as they were


@pytest.mark.parametrize("georeferenced", [True, False])
@pytest.mark.parametrize("exporter", [GeoTiff, GeoPackage, GeoJson])
def test_exports_of_rsgraph_come_back_without_loss(tmp_path: Path, exporter: Any, georeferenced: bool) -> None:
    here = scene(crs=UTM, transform=GRID) if georeferenced else scene(crs=None, transform=PIXELS)
    workspace = write_workspace(tmp_path / "w", [here], LABELS)
    files = exporter(embeddings=False).export(leaving(workspace), tmp_path / "out")
    (path,) = [file for file in files if "classes" in file.name or "polygons" in file.name]
    found = read_labels(workspace, path)
    assert found_in(found) == LABELS
    np.testing.assert_array_equal(found.share, 1)
    if exporter is GeoTiff:
        assert found.colours == {'Wald & <"Busch">': "#0072b2", "open water": "#e69f00"}


@pytest.mark.parametrize("exporter", [GeoTiff, GeoPackage, GeoJson])
def test_exports_of_collections_come_back_scene_by_scene(tmp_path: Path, exporter: Any) -> None:
    far = (10.0, 0.0, 600_000.0, 0.0, -10.0, 4_100_000.0)
    scenes = [scene("one"), scene("other", rows=33, columns=40, transform=far)]
    workspace = write_workspace(tmp_path / "w", scenes)
    ids = workspace.segments["segment_id"].tolist()
    labels = {i: ("a" if i % 2 else "b") for i in ids[::2]}
    write_labels(workspace.path("labels.sqlite"), [(i, name, "human", 1, "me", "now") for i, name in labels.items()])
    files = exporter(embeddings=False).export(leaving(workspace), tmp_path / "out")
    (path,) = [file for file in files if "classes" in file.name or "polygons" in file.name]
    parts = sorted(path.iterdir()) if path.is_dir() else [path]
    found: dict[int, str] = {}
    for part in parts:
        if part.suffix in (".tif", ".gpkg", ".geojson"):
            found |= found_in(read_labels(workspace, part))
    assert found == labels


def test_predictions_in_an_export_do_not_come_back_as_labels(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "w", [scene()])
    origins = ["human", "imported", "propagated", "classified"]
    rows = [(i, f"c{i % 3}", origins[i % 4], 0.9, "me", "now") for i in range(1, 30)]
    write_labels(workspace.path("labels.sqlite"), rows)
    (path,) = GeoPackage(embeddings=False).export(leaving(workspace), tmp_path / "out")
    found = read_labels(workspace, path)
    assert set(found.segment_ids.tolist()) == {i for i in range(1, 30) if i % 4 < 2}
    reason = "features that a model predicted (propagated or classified), not a person"
    assert found.skipped[reason] == sum(i % 4 >= 2 for i in range(1, 30))
    assert len(read_labels(workspace, path, predictions=True).labels) == 29


# vectors


@pytest.mark.parametrize(
    ("ending", "crs"), [("gpkg", UTM), ("gpkg", 4326), ("gpkg", 3857), ("shp", 3035), ("shp", UTM), ("geojson", 4326)]
)
def test_polygons_of_any_crs_give_the_majority_of_each_segments_pixels(
    coast: Workspace, watched: Path, ending: str, crs: Any
) -> None:
    path = watched / f"labels.{ending}"
    frame(crs=crs).to_file(path)
    keep(watched)
    found = read_labels(coast, path)
    labels, shares = majority(ids_of(coast), EXPECTED)
    assert found_in(found) == labels
    np.testing.assert_allclose(found.share, [shares[i] for i in found.segment_ids.tolist()], rtol=1e-6)
    everything = len(np.unique(ids_of(coast)[(EXPECTED != "") & (ids_of(coast) > 0)]))
    assert sum(found.skipped.values()) == everything - len(labels)
    assert found.colours == dict.fromkeys([name for name in ("water", "land", "town") if name in labels.values()])


@pytest.mark.parametrize("min_share", [0.01, 0.8, 1.0])
def test_min_share_leaves_out_mixed_segments_and_counts_them(
    coast: Workspace, tmp_path: Path, min_share: float
) -> None:
    frame().to_file(tmp_path / "a.gpkg")
    found = read_labels(coast, tmp_path / "a.gpkg", min_share=min_share)
    labels, _ = majority(ids_of(coast), EXPECTED, min_share)
    assert found_in(found) == labels
    touched, _ = majority(ids_of(coast), EXPECTED, 1e-9)
    mixed = len(touched) - len(labels)
    assert found.skipped == ({f"segments of which no class covers {min_share:.0%}": mixed} if mixed else {})


def test_windows_smaller_than_the_scene_give_the_same(
    coast: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    circle = Point(LEFT + 300, TOP - 200).buffer(170, quad_segs=500)  # detailed: cut window by window
    gpd.GeoDataFrame({"label": ["lake"]}, geometry=[circle], crs=UTM).to_file(tmp_path / "a.gpkg")
    whole = read_labels(coast, tmp_path / "a.gpkg", min_share=0.01)
    monkeypatch.setattr(counting, "_BLOCK", Window(0, 0, 7, 11))
    parts = read_labels(coast, tmp_path / "a.gpkg", min_share=0.01)
    np.testing.assert_array_equal(parts.segment_ids, whole.segment_ids)
    np.testing.assert_array_equal(parts.share, whole.share)
    rows, columns = np.indices((ROWS, COLUMNS)) + 0.5
    inside = np.hypot(10 * columns - 300, 10 * rows - 200) < 170
    _, shares = majority(ids_of(coast), np.where(inside, "lake", "").astype(object), 0.01)
    assert dict(zip(whole.segment_ids.tolist(), whole.share.tolist(), strict=True)) == pytest.approx(shares, abs=0.02)


def test_a_polygon_round_the_whole_world_covers_the_scene(coast: Workspace, tmp_path: Path) -> None:
    world = gpd.GeoDataFrame({"label": ["earth"]}, geometry=[box(-180, -90, 180, 90)], crs=4326)
    world.to_file(tmp_path / "world.geojson")
    found = read_labels(coast, tmp_path / "world.geojson")
    assert len(found.labels) == len(coast.segments)
    np.testing.assert_array_equal(found.share, 1)


def test_multipolygons_holes_and_collections_are_drawn_as_they_are(coast: Workspace, tmp_path: Path) -> None:
    holed = Polygon(pixels(0, 0, 40, 30).exterior.coords, [pixels(10, 10, 10, 10).exterior.coords])
    both = MultiPolygon([holed, pixels(0, 50, 20, 14)])
    collection = GeometryCollection([pixels(30, 40, 10, 10), Point(LEFT + 355, TOP - 5)])
    table = gpd.GeoDataFrame({"label": ["a", "b"]}, geometry=[both, collection], crs=UTM)
    table.to_file(tmp_path / "a.gpkg")
    expected = drawn(
        ("a", Window(0, 0, 40, 30)),
        ("", Window(10, 10, 10, 10)),
        ("a", Window(0, 50, 20, 14)),
        ("b", Window(30, 40, 10, 10)),
    )
    labels, _ = majority(ids_of(coast), expected, 0.3)
    at_point = int(ids_of(coast)[0, 35])
    assert found_in(read_labels(coast, tmp_path / "a.gpkg", min_share=0.3)) == {at_point: "b"} | labels


def test_points_label_the_segment_that_they_lie_in_by_majority(coast: Workspace, tmp_path: Path) -> None:
    ids = ids_of(coast)
    places = [
        (20, 10, "x"),
        (20, 10, "x"),
        (20, 10, "y"),
        (35, 50, "z"),
        (2, 2, "nowhere"),
        (20, 40, "u"),
        (20, 40, "v"),
    ]
    xy = [Point(LEFT + 10 * column + 5, TOP - 10 * row - 5) for row, column, _ in places]
    table = gpd.GeoDataFrame({"class": [name for *_, name in places]}, geometry=xy, crs=UTM).to_crs(4326)
    table.to_file(tmp_path / "gps.geojson")
    found = read_labels(coast, tmp_path / "gps.geojson", min_share=0.6)
    assert found_in(found) == {int(ids[20, 10]): "x", int(ids[35, 50]): "z"}
    np.testing.assert_allclose(sorted(found.share), [2 / 3, 1])
    assert found.skipped == {"segments of which no class covers 60%": 1}


def test_lines_are_refused_by_themselves_and_counted_among_polygons(coast: Workspace, tmp_path: Path) -> None:
    line = LineString([(LEFT, TOP - 50), (LEFT + 300, TOP - 200)])
    gpd.GeoDataFrame({"label": ["road"]}, geometry=[line], crs=UTM).to_file(tmp_path / "roads.gpkg")
    with pytest.raises(NotUsable, match=r"roads.gpkg holds lines; expected polygons, or points"):
        read_labels(coast, tmp_path / "roads.gpkg")
    mixed = gpd.GeoDataFrame({"label": ["road", "land"]}, geometry=[line, pixels(*LAND)], crs=UTM)
    mixed.to_file(tmp_path / "mixed.gpkg")
    found = read_labels(coast, tmp_path / "mixed.gpkg")
    assert found.skipped["lines"] == 1
    assert set(found.labels) == {"land"}


def test_later_polygons_lie_over_earlier_ones(coast: Workspace, tmp_path: Path) -> None:
    table = gpd.GeoDataFrame({"label": ["under", "over"]}, geometry=[pixels(0, 0, 40, 64)] * 2, crs=UTM)
    table.to_file(tmp_path / "a.gpkg")
    assert set(read_labels(coast, tmp_path / "a.gpkg").labels) == {"over"}


def test_where_points_are_of_several_classes_the_commonest_counts_and_none_where_there_is_none(
    coast: Workspace, tmp_path: Path
) -> None:
    rows = "segment_id,class\n1,a\n1,b\n2,a\n2,b\n2,b\n3,c\n"
    (tmp_path / "a.csv").write_text(rows)
    found = read_labels(coast, tmp_path / "a.csv")
    assert found_in(found) == {2: "b", 3: "c"}
    assert found.skipped == {"segments whose points or rows are of several classes, none of them the commonest": 1}


def test_polygons_count_before_points_and_it_is_told(coast: Workspace, tmp_path: Path) -> None:
    inside = pixels(*LAND).centroid
    table = gpd.GeoDataFrame({"label": ["land", "pond"]}, geometry=[pixels(0, 0, 40, 64), inside], crs=UTM)
    table.to_file(tmp_path / "a.gpkg")
    found = read_labels(coast, tmp_path / "a.gpkg")
    assert set(found.labels) == {"land"}
    assert found.skipped == {"segments with points of another class than the polygons in them, which count": 1}


def test_a_polygon_of_which_a_point_is_none_is_left_out_whole(coast: Workspace, tmp_path: Path) -> None:
    whole = pixels(0, 0, 40, 64)
    with np.errstate(invalid="ignore"):
        broken = Polygon([*whole.exterior.coords[:3], (float("nan"), float("nan"))])
    table = gpd.GeoDataFrame({"label": ["land", "half"]}, geometry=[whole, broken], crs=UTM)
    table.to_file(tmp_path / "a.gpkg")
    found = read_labels(coast, tmp_path / "a.gpkg")
    assert set(found.labels) == {"land"}
    assert found.skipped == {"features whose coordinates are no places in the scene's CRS": 1}
    assert found.decided == ()


def test_classes_that_are_asked_for_and_not_there_are_named(coast: Workspace, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("segment_id,class\n1,3\n2,sea\n")
    found = read_labels(coast, tmp_path / "a.csv", classes=["3", "see"])
    assert found.decided == ("nothing over the segments is of the class asked for as see",)
    assert read_labels(coast, tmp_path / "a.csv", classes=["3", "sea"]).decided == ()


def test_features_without_class_or_geometry_are_left_out(coast: Workspace, tmp_path: Path) -> None:
    values = ["land", None, "  ", "nan?"]
    geometry = [pixels(*LAND), pixels(*WATER), pixels(*WATER), pixels(*TOWN)]
    gpd.GeoDataFrame({"label": values}, geometry=geometry, crs=UTM).to_file(tmp_path / "a.gpkg")
    found = read_labels(coast, tmp_path / "a.gpkg", min_share=0.01)
    assert set(found.labels) == {"land", "nan?"}
    assert found.skipped["features without a class"] == 2


@pytest.mark.parametrize("column", ["label", "Class", "LANDCOVER", "category"])
def test_the_attribute_that_looks_like_the_class_is_found(coast: Workspace, tmp_path: Path, column: str) -> None:
    extra = {"id": [7, 8, 9], "area": [0.5, 0.6, 0.7]}
    frame(column, extra=extra).to_file(tmp_path / "a.gpkg")
    assert set(read_labels(coast, tmp_path / "a.gpkg", min_share=0.01).labels) == {"water", "land", "town"}
    assert vector_columns(tmp_path / "a.gpkg") == [column, "id", "area"]


def test_an_attribute_that_cannot_be_guessed_is_asked_for(coast: Workspace, tmp_path: Path) -> None:
    frame("kind_of_thing", extra={"area": [0.5, 0.6, 0.7]}).to_file(tmp_path / "a.gpkg")
    with pytest.raises(NotUsable, match="name it with column=: kind_of_thing, area"):
        read_labels(coast, tmp_path / "a.gpkg")
    with pytest.raises(NotUsable, match="has no attribute 'klasse'; choose one of: kind_of_thing, area"):
        read_labels(coast, tmp_path / "a.gpkg", column="klasse")
    with pytest.raises(NotUsable, match=r"column 'area' of .* holds measurements \(0.5\)"):
        read_labels(coast, tmp_path / "a.gpkg", column="area")
    assert "town" in read_labels(coast, tmp_path / "a.gpkg", column="kind_of_thing", min_share=0.01).labels


def test_codes_are_called_classes_and_may_be_given_names(coast: Workspace, tmp_path: Path) -> None:
    table = frame(extra={"code": [4, 5, 6], "real": [4.0, 5.0, 6.0]}).drop(columns="label")
    table.to_file(tmp_path / "a.gpkg")
    for column in ("code", "real"):
        found = read_labels(coast, tmp_path / "a.gpkg", column=column, min_share=0.01)
        assert set(found.labels) == {"class 4", "class 5", "class 6"}
        found = read_labels(
            coast, tmp_path / "a.gpkg", column=column, classes={"4": "sea", "5": "land"}, min_share=0.01
        )
        assert set(found.labels) == {"sea", "land"}
        assert found.skipped["features of classes that were not asked for"] == 1


def test_only_the_classes_asked_for_are_taken_and_others_do_not_count(coast: Workspace, tmp_path: Path) -> None:
    frame().to_file(tmp_path / "a.gpkg")
    found = read_labels(coast, tmp_path / "a.gpkg", classes=["water"])
    assert found_in(found) == majority(ids_of(coast), drawn(("water", WATER)))[0]
    with pytest.raises(ConfigError, match="`classes` must be a list"):
        read_labels(coast, tmp_path / "a.gpkg", classes="water")


def test_colours_of_features_are_kept(coast: Workspace, tmp_path: Path) -> None:
    frame(extra={"fill": ["#00F", "10,20,30,255", "blueish"]}).to_file(tmp_path / "a.gpkg")
    expected = {"water": "#0000ff", "land": "#0a141e", "town": None}
    assert read_labels(coast, tmp_path / "a.gpkg", min_share=0.01).colours == expected


def test_several_layers_are_asked_for(coast: Workspace, tmp_path: Path) -> None:
    frame().to_file(tmp_path / "a.gpkg", layer="yes")
    frame(crs=4326).iloc[:1].to_file(tmp_path / "a.gpkg", layer="other crs")
    assert vector_layers(tmp_path / "a.gpkg") == ["yes", "other crs"]
    with pytest.raises(NotUsable, match="several layers; name one with layer=: yes, other crs"):
        read_labels(coast, tmp_path / "a.gpkg")
    with pytest.raises(NotUsable, match="has no layer 'no'; choose one of: yes, other crs"):
        read_labels(coast, tmp_path / "a.gpkg", layer="no")
    assert set(read_labels(coast, tmp_path / "a.gpkg", layer="other crs").labels) == {"water"}


def test_a_geopackage_in_wal_mode_is_read_whole_and_left_as_it_is(coast: Workspace, watched: Path) -> None:
    path = watched / "open in QGIS.gpkg"
    frame().to_file(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("PRAGMA wal_autocheckpoint=0")
        (name,) = other.execute("SELECT table_name FROM gpkg_contents").fetchone()
        for (trigger,) in other.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            other.execute(f'DROP TRIGGER "{trigger}"')  # they need functions that only GDAL has
        other.execute(f"UPDATE \"{name}\" SET label = 'sea' WHERE label = 'water'")
        other.commit()  # the change is only in the -wal file
        before = {entry.name: entry.read_bytes() for entry in watched.iterdir()}
        found = read_labels(coast, path)
        assert {entry.name: entry.read_bytes() for entry in watched.iterdir()} == before
    assert {"sea", "land"} <= set(found.labels)
    assert "water" not in found.labels


# rasters


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_rasters_on_the_scenes_grid_give_the_majority(coast: Workspace, watched: Path, dtype: str) -> None:
    path = write_classes(watched / "classes.tif", CODES.astype(dtype))
    keep(watched)
    labels, shares = majority(ids_of(coast), NAMED)
    found = read_labels(coast, path)
    assert found_in(found) == labels
    np.testing.assert_allclose(found.share, [shares[i] for i in found.segment_ids.tolist()], rtol=1e-6)
    assert found.colours == {"class 1": None, "class 2": None, "class 3": None}


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857", "EPSG:32632"])
def test_rasters_of_another_crs_are_laid_over_the_scene_by_the_nearest_pixel(
    coast: Workspace, tmp_path: Path, crs: str
) -> None:
    bounds = (LEFT, TOP - 10 * ROWS, LEFT + 10 * COLUMNS, TOP)
    west, south, east, north = transform_bounds(UTM, crs, *bounds)
    fine = Affine((east - west) / 140, 0, west, 0, (south - north) / 90, north)
    codes = np.zeros((90, 140), dtype=np.uint8)
    reproject(
        CODES, codes, src_transform=Affine(*GRID), src_crs=UTM, dst_transform=fine, dst_crs=crs,
        resampling=Resampling.nearest,
    )  # fmt: skip
    path = write_classes(tmp_path / "a.tif", codes, crs=crs, transform=fine)
    # each pixel of the scene asks for the pixel of the file at its centre
    rows, columns = np.indices((ROWS, COLUMNS)) + 0.5
    x, y = Transformer.from_crs(UTM, crs, always_xy=True).transform(LEFT + 10 * columns, TOP - 10 * rows)
    there, down = ~fine @ (x, y)
    nearest = codes[np.clip(down, 0, len(codes) - 1).astype(int), np.clip(there, 0, codes.shape[1] - 1).astype(int)]
    names = np.array(["", "class 1", "class 2", "class 3"], dtype=object)[nearest]
    labels, shares = majority(ids_of(coast), names, 0.3)
    found = read_labels(coast, path, min_share=0.3)
    assert found_in(found) == labels
    np.testing.assert_allclose(found.share, [shares[i] for i in found.segment_ids.tolist()], atol=0.02)


def test_coarse_rasters_and_small_windows_give_the_same(
    coast: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coarse = np.arange(1, 21, dtype=np.uint8).reshape(4, 5)
    transform = (170, 0, LEFT - 30, 0, -170, TOP + 20)
    path = write_classes(tmp_path / "a.tif", coarse, transform=transform)
    rows, columns = np.indices((ROWS, COLUMNS))
    value = coarse[(10 * rows + 5 + 20) // 170, (10 * columns + 5 + 30) // 170]
    names = np.array([f"class {code}" for code in range(21)], dtype=object)[value]
    labels, _ = majority(ids_of(coast), names)
    assert found_in(read_labels(coast, path)) == labels
    monkeypatch.setattr(counting, "_BLOCK", Window(0, 0, 9, 13))
    assert found_in(read_labels(coast, path)) == labels


def test_nodata_masks_and_pixels_outside_the_file_are_no_class(coast: Workspace, tmp_path: Path) -> None:
    codes = np.where(CODES == 0, 255, CODES).astype(np.uint8)
    codes[CODES == 3] = 0
    named = np.where(NAMED == "class 3", "", NAMED)
    path = write_classes(tmp_path / "nodata.tif", codes, nodata=255)
    assert found_in(read_labels(coast, path)) == majority(ids_of(coast), named)[0]
    half = write_classes(tmp_path / "half.tif", codes[:, 30:], nodata=255, transform=(10, 0, LEFT + 300, 0, -10, TOP))
    named[:, :30] = ""
    assert found_in(read_labels(coast, half)) == majority(ids_of(coast), named)[0]
    ones = np.ones((ROWS, 20), dtype=np.uint8)
    part = write_classes(tmp_path / "part.tif", ones, transform=(10, 0, LEFT + 100, 0, -10, TOP))
    expected = majority(ids_of(coast), drawn(("class 1", Window(0, 10, ROWS, 20))))[0]
    assert found_in(read_labels(coast, part)) == expected
    floats = np.where(CODES == 3, np.nan, CODES).astype(np.float32)
    named = np.where(NAMED == "class 3", "", NAMED)
    path = write_classes(tmp_path / "nan.tif", floats, nodata=float("nan"))
    assert found_in(read_labels(coast, path)) == majority(ids_of(coast), named)[0]


def test_names_come_from_tags_category_names_and_attribute_tables(coast: Workspace, tmp_path: Path) -> None:
    expected = {"Water", "Land & sea", "class 3"}
    legend = json.dumps({"0": "unlabelled or no data", "1": "Water", "2": "Land & sea"})
    tagged = write_classes(tmp_path / "tag.tif", CODES, tags={"LEGEND": legend})
    codes = write_classes(tmp_path / "code.tif", CODES, tags={"CLASS_1": "Water", "CLASS_2": "Land & sea"})
    categories = write_classes(tmp_path / "category.tif", CODES)
    names = "<Category>Unclassified</Category><Category>Water</Category><Category>Land &amp; sea</Category>"
    (tmp_path / "category.tif.aux.xml").write_text(
        f'<PAMDataset><PAMRasterBand band="1"><CategoryNames>{names}</CategoryNames></PAMRasterBand></PAMDataset>'
    )
    table = write_classes(tmp_path / "table.tif", CODES)
    fields = (
        '<FieldDefn index="0"><Name>Value</Name><Type>0</Type><Usage>5</Usage></FieldDefn>'
        '<FieldDefn index="1"><Name>Class</Name><Type>2</Type><Usage>2</Usage></FieldDefn>'
    )
    rows = '<Row index="0"><F>1</F><F>Water</F></Row><Row index="1"><F>2</F><F>Land &amp; sea</F></Row>'
    (tmp_path / "table.tif.aux.xml").write_text(
        '<PAMDataset><PAMRasterBand band="1"><GDALRasterAttributeTable>'
        f"{fields}{rows}</GDALRasterAttributeTable></PAMRasterBand></PAMDataset>"
    )
    for path in (tagged, codes, categories, table):
        assert set(read_labels(coast, path, min_share=0.01).labels) == expected, path


def test_category_names_of_a_vrt_are_read_too(coast: Workspace, tmp_path: Path) -> None:
    write_classes(tmp_path / "a.tif", CODES)
    rasterio.shutil.copy(str(tmp_path / "a.tif"), str(tmp_path / "a.vrt"), driver="VRT")
    text = (tmp_path / "a.vrt").read_text()
    names = "<CategoryNames><Category/><Category>sea</Category></CategoryNames>"
    (tmp_path / "a.vrt").write_text(text.replace("<ColorInterp>", f"{names}<ColorInterp>", 1))
    assert "sea" in read_labels(coast, tmp_path / "a.vrt", min_share=0.01).labels


def test_a_named_zero_is_a_class(coast: Workspace, tmp_path: Path) -> None:
    path = write_classes(tmp_path / "a.tif", CODES, tags={"LEGEND": json.dumps({"0": "sand", "1": "water"})})
    found = read_labels(coast, path, min_share=0.01)
    assert {"sand", "water"} <= set(found.labels)


def test_colours_of_a_colour_table_are_kept(coast: Workspace, tmp_path: Path) -> None:
    colours = {0: (0, 0, 0), 1: (0, 0, 255), 2: (10, 20, 30)}
    path = write_classes(tmp_path / "a.tif", CODES, colours=colours)
    expected = {"class 1": "#0000ff", "class 2": "#0a141e", "class 3": None}
    found = read_labels(coast, path, min_share=0.01)
    assert {name: found.colours[name] for name in sorted(found.colours)} == expected


def test_codes_may_be_given_names(coast: Workspace, tmp_path: Path) -> None:
    path = write_classes(tmp_path / "a.tif", CODES)
    found = read_labels(coast, path, classes={"1": "wet", "2": "dry"})
    names = np.where(NAMED == "class 1", "wet", np.where(NAMED == "class 2", "dry", ""))
    assert found_in(found) == majority(ids_of(coast), names)[0]


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform:rasterio.errors.NotGeoreferencedWarning")
def test_a_scene_without_crs_takes_a_raster_of_its_size(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "w", [scene(crs=None, transform=PIXELS)])
    path = tmp_path / "classes.png"
    with rasterio.open(path, "w", driver="PNG", height=ROWS, width=COLUMNS, count=1, dtype="uint8") as file:
        file.write(CODES, 1)
    assert found_in(read_labels(workspace, path)) == majority(ids_of(workspace), NAMED)[0]


# what cannot be used


@pytest.fixture(scope="module")
def bad_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad")
    frame().to_file(folder / "fine.gpkg")
    away = Affine.translation(9e5, 0) @ Affine(*GRID)
    measured = write_classes(folder / "measured.tif", (CODES / 3).astype(np.float32))
    whole = (folder / "fine.gpkg").read_bytes()
    (folder / "cut.gpkg").write_bytes(whole[: len(whole) // 3])
    (folder / "cut.geojson").write_text('{"type": "FeatureCollection", "features": [{"type": "Feat')
    (folder / "empty.gpkg").write_bytes(b"")
    (folder / "folder").mkdir()
    (folder / "text.geojson").write_text("this is no JSON")
    (folder / "report.pdf").write_bytes(b"%PDF-1.4 nothing to see here" * 20)
    (folder / "cut.tif").write_bytes(measured.read_bytes()[:700])
    pd.DataFrame({"label": ["a"], "n": [1]}).to_csv(folder / "table.csv", index=False)
    frame().iloc[:0].to_file(folder / "nothing.gpkg")
    frame().set_crs(None, allow_override=True).to_file(folder / "nowhere.gpkg")
    frame().translate(9e6).to_frame("geometry").assign(label="x").to_file(folder / "away.gpkg")
    write_classes(folder / "no_crs.tif", CODES, crs=None)
    write_classes(folder / "away.tif", CODES, transform=tuple(away)[:6])
    write_classes(folder / "bands.tif", np.stack([CODES] * 3))
    write_classes(folder / "zeros.tif", CODES * 0)
    write_classes(folder / "many.tif", np.arange(ROWS * COLUMNS * 4, dtype=np.uint16).reshape(80, 128))
    frame().assign(label=None).to_file(folder / "unlabelled.gpkg")
    return folder


BAD = [
    ("missing.gpkg", NotReadable, "does not exist"),
    ("", NotReadable, "is a folder"),
    ("empty.gpkg", NotReadable, "is empty .0 bytes.; expected a GeoPackage, GeoJSON, GeoTIFF or table, so save or"),
    ("folder", NotReadable, "is a folder; expected a GeoPackage, GeoJSON, GeoTIFF or table, so name the file in it"),
    ("cut.gpkg", NotReadable, "cut.gpkg"),
    ("cut.geojson", NotReadable, "cut.geojson"),
    ("cut.tif", NotReadable, "cut off|cannot be read"),
    ("text.geojson", NotReadable, "neither as vector data nor as a raster"),
    ("report.pdf", NotReadable, "report.pdf"),
    ("table.csv", NotUsable, "table without geometries"),
    ("nothing.gpkg", NotUsable, "has no features"),
    ("nowhere.gpkg", NotUsable, "has no CRS, so it cannot be laid over scene 'coast'"),
    ("away.gpkg", NotUsable, "lies elsewhere"),
    ("no_crs.tif", NotUsable, "has no CRS, so it cannot be laid over scene 'coast'"),
    ("away.tif", NotUsable, "lies elsewhere"),
    ("measured.tif", NotUsable, r"holds measurements \(0.333333\)"),
    ("bands.tif", NotUsable, "has 3 bands"),
    ("zeros.tif", NotUsable, "labels no segment"),
    ("many.tif", NotUsable, "more than 1000 different values"),
    ("unlabelled.gpkg", NotUsable, "labels no segment; 3 features without a class"),
]


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform:rasterio.errors.NotGeoreferencedWarning")
@pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning")
@pytest.mark.parametrize(("name", "kind", "message"), BAD, ids=[name for name, *_ in BAD])
def test_what_cannot_be_used_is_one_clear_sentence(
    coast: Workspace, bad_files: Path, name: str, kind: type[InputError], message: str
) -> None:
    with pytest.raises(kind, match=message) as caught:
        read_labels(coast, bad_files / name)
    assert "\n" not in str(caught.value)
    assert str(bad_files) in str(caught.value)


@pytest.mark.parametrize("position", [0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("ending", ["gpkg", "tif"])
def test_damaged_files_are_reported_or_read_but_never_crash(
    coast: Workspace, tmp_path: Path, ending: str, position: float
) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "gpkg":
        frame().to_file(path)
    else:
        write_classes(path, CODES, compress="deflate")
    content = bytearray(path.read_bytes())
    place = int(len(content) * position)
    content[place : place + 300] = b"\xa5" * len(content[place : place + 300])
    path.write_bytes(content)
    with contextlib.suppress(InputError):  # anything else is a defect
        found = read_labels(coast, path)
        assert np.all((found.share > 0) & (found.share <= 1))


def test_a_scene_without_crs_refuses_what_lies_on_the_ground(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "w", [scene(crs=None, transform=PIXELS)])
    frame(crs=4326).to_file(tmp_path / "a.geojson")
    frame().to_file(tmp_path / "a.gpkg")
    write_classes(tmp_path / "a.tif", CODES)
    for name in ("a.geojson", "a.gpkg", "a.tif"):
        with pytest.raises(NotUsable, match="scene 'coast' has no CRS"):
            read_labels(workspace, tmp_path / name)


@pytest.mark.parametrize(
    "crs",
    [
        'LOCAL_CS["drawing",UNIT["metre",1]]',
        'ENGCRS["here",EDATUM["x"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],UNIT["metre",1]]',
    ],
)
def test_coordinates_of_a_drawing_are_refused(coast: Workspace, tmp_path: Path, crs: str) -> None:
    frame().set_crs(crs, allow_override=True).to_file(tmp_path / "a.gpkg")
    with pytest.raises(InputError, match="CRS"):
        read_labels(coast, tmp_path / "a.gpkg")


def test_coordinates_beyond_the_earth_are_elsewhere(coast: Workspace, tmp_path: Path) -> None:
    frame().set_crs(4326, allow_override=True).to_file(tmp_path / "a.gpkg")  # metres taken for degrees
    with pytest.raises(NotUsable, match="lies elsewhere"):
        read_labels(coast, tmp_path / "a.gpkg")


@pytest.mark.parametrize("min_share", [0, -1, 1.5, float("nan")])
def test_min_share_out_of_range_is_said(coast: Workspace, tmp_path: Path, min_share: float) -> None:
    with pytest.raises(ConfigError, match="`min_share` must be above 0"):
        read_labels(coast, tmp_path / "a.gpkg", min_share=min_share)


# progress


@pytest.mark.parametrize("name", ["a.gpkg", "a.tif"])
def test_progress_begins_at_once_never_goes_back_ends_whole_and_may_cancel(
    coast: Workspace, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame().to_file(tmp_path / "a.gpkg")
    write_classes(tmp_path / "a.tif", CODES)
    monkeypatch.setattr(counting, "_BLOCK", Window(0, 0, 16, 16))
    calls: list[tuple[int, int]] = []
    read_labels(coast, tmp_path / name, progress=lambda done, total: calls.append((done, total)))
    assert calls[0] == (0, 12)
    assert calls[-1] == (12, 12)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)

    def cancel(done: int, total: int) -> None:
        if done:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        read_labels(coast, tmp_path / name, progress=cancel)
    assert len(read_labels(coast, tmp_path / name).labels)


# real land cover


@pytest.mark.real
def test_real_land_cover_is_the_majority_of_each_segment(tmp_path: Path, real_data: Path) -> None:
    path = real_data / "site_637U_59R_1_3_l2a_10m_lulc_10m.tif"
    path = path if path.exists() else next(real_data.glob("site_637U*_lulc_10m.tif"))
    codes, about = read_tif(path)
    here = scene("site", rows=224, columns=224, crs=about.crs.to_wkt(), transform=tuple(about.transform)[:6])
    workspace = write_workspace(tmp_path / "w", [here])
    names = np.array(["", *(f"class {code}" for code in range(1, 256))], dtype=object)[codes[0].astype(int)]
    labels, _ = majority(ids_of(workspace), names)
    found = read_labels(workspace, path)
    assert {i for i, name in found_in(found).items() if labels.get(i) != name} <= set()
    assert len(found.labels) == len(labels)
