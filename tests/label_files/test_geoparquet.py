"""GeoParquet of labels: as geopandas, GDAL and we ourselves write it."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.exporters.geoparquet import GeoParquet
from rsgraph.label_files import geoparquet
from rsgraph.label_files.geoparquet import UNREADABLE, as_geopackage
from rsgraph.label_files.importing import read_labels, vector_columns, vector_layers
from tests.exporters.workspaces import UTM, leaving, scene, write_labels, write_workspace

SQUARES = [shapely.box(500_000 + 100 * i, 3_999_800, 500_080 + 100 * i, 3_999_980) for i in range(3)]
NAMES = ["sea", "Wald & Wiese", "sea"]


def frame(crs: Any = UTM) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"class": NAMES, "n": [1, 2, 3]}, geometry=SQUARES, crs=crs)


def read(path: Path, folder: Path) -> gpd.GeoDataFrame:
    place = folder / "made.gpkg"
    as_geopackage(path, place)
    return pyogrio.read_dataframe(place)


@pytest.mark.parametrize("crs", [UTM, 4326, None, "ESRI:54009"])
@pytest.mark.parametrize("compression", ["snappy", "zstd", None])
def test_shapes_attributes_and_coordinate_systems_are_kept(tmp_path: Path, crs: Any, compression: Any) -> None:
    frame(crs).to_parquet(tmp_path / "a.parquet", compression=compression)
    found = read(tmp_path / "a.parquet", tmp_path)
    assert found["class"].tolist() == NAMES
    assert found["n"].tolist() == [1, 2, 3]
    assert found.crs == frame(crs).crs
    assert shapely.equals(found.geometry.to_numpy(), np.array(SQUARES)).all()


def test_columns_that_hold_no_classes_are_left_out_and_categories_are_text(tmp_path: Path) -> None:
    given = frame().assign(kind=lambda each: each["class"].astype("category"), lists=[[1], [2], [3]])
    given.to_parquet(tmp_path / "a.parquet", write_covering_bbox=True)
    found = read(tmp_path / "a.parquet", tmp_path)
    assert [*found.columns] == ["class", "n", "kind", UNREADABLE, "geometry"]
    assert found["kind"].tolist() == NAMES


def test_another_name_of_the_shapes_and_no_word_on_coordinates_mean_degrees(tmp_path: Path) -> None:
    places = shapely.to_wkb(np.array([shapely.Point(5, 50), None], dtype=object)).tolist()
    geo = {"version": "1.0.0", "primary_column": "where", "columns": {"where": {"encoding": "WKB"}}}
    table = pa.table({"class": ["a", "b"], "where": pa.array(places, type=pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / "a.parquet")
    found = read(tmp_path / "a.parquet", tmp_path)
    assert found.crs is not None
    assert found.crs.to_authority() == ("OGC", "CRS84")
    assert [each is None for each in found.geometry] == [False, True]


@pytest.mark.parametrize("crs", [UTM, None])
def test_our_own_export_comes_back_as_labels(tmp_path: Path, crs: Any) -> None:
    workspace = write_workspace(tmp_path / "w", [scene("one", crs=crs) if crs is None else scene("one")])
    ids = workspace.segments["segment_id"].tolist()
    labels = {i: ("a" if i % 2 else "b") for i in ids[::2]}
    write_labels(workspace.path("labels.sqlite"), [(i, name, "human", 1, "me", "now") for i, name in labels.items()])
    (path,) = GeoParquet(embeddings=False).export(leaving(workspace), tmp_path / "out")
    before = sorted(each.name for each in path.parent.iterdir())
    found = read_labels(workspace, path)
    assert dict(zip(found.segment_ids.tolist(), found.labels.tolist(), strict=True)) == labels
    assert vector_layers(path)
    assert "label" in vector_columns(path)
    assert sorted(each.name for each in path.parent.iterdir()) == before


BROKEN = (b"\1\3\0\0\0\1\0\0", b"rubbish", b"", shapely.to_wkb(SQUARES[0])[:-1], b"\1\xef\0\0\0" + bytes(60))


def with_shapes(path: Path, shapes: list[bytes | None], names: list[str | None]) -> Path:
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": UTM}}}
    table = pa.table({"class": names, "geometry": pa.array(shapes, type=pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_shape_is_counted_and_is_not_that_of_the_feature_before(tmp_path: Path, broken: bytes) -> None:
    workspace = write_workspace(tmp_path / "w", [scene("one")])
    whole = shapely.to_wkb(shapely.box(500_000, 3_999_800, 500_200, 4_000_000))
    path = with_shapes(tmp_path / "a.parquet", [whole, broken, None, broken], ["sea", "wood", "wood", None])
    found = read_labels(workspace, path)
    assert set(found.labels) == {"sea"}
    assert found.skipped["features whose geometry cannot be read"] == 1, "the other one has no class"
    assert found.skipped["features without a geometry"] == 1
    assert vector_columns(path) == ["class"]


def test_arcs_are_no_broken_shapes(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path / "w", [scene("one")])
    corners = [500_000, 3_999_900, 500_100, 4_000_000, 500_200, 3_999_900, 500_100, 3_999_800, 500_000, 3_999_900]
    ring = struct.pack("<BII10d", 1, 8, 5, *corners)
    path = with_shapes(tmp_path / "a.parquet", [struct.pack("<BII", 1, 10, 1) + ring], ["sea"])
    found = read_labels(workspace, path)
    assert set(found.labels) == {"sea"}
    assert "features whose geometry cannot be read" not in found.skipped


@pytest.mark.parametrize("member", ["a.parquet", "deep/folder/Größe.PARQUET", "without an ending"])
@pytest.mark.parametrize("companion", [True, False])
def test_a_geoparquet_in_a_zip_is_read_like_the_file(tmp_path: Path, member: str, companion: bool) -> None:
    workspace = write_workspace(tmp_path / "w", [scene("one")])
    whole = shapely.to_wkb(shapely.box(500_000, 3_999_800, 500_200, 4_000_000))
    path = with_shapes(tmp_path / "a.parquet", [whole, b"x"], ["sea", "wood"])
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, member)
        if companion:
            archive.writestr("__MACOSX/._a.parquet", "of macOS")
    plain, packed = read_labels(workspace, path), read_labels(workspace, tmp_path / "a.zip")
    assert packed.segment_ids.tolist() == plain.segment_ids.tolist() != []
    assert packed.skipped == plain.skipped
    assert vector_columns(tmp_path / "a.zip") == ["class"]


def test_a_damaged_geoparquet_in_a_zip_is_one_sentence_that_names_the_zip(tmp_path: Path) -> None:
    frame().to_parquet(tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.parquet", (tmp_path / "a.parquet").read_bytes()[:-9])
    with pytest.raises(NotReadable, match=r"a\.zip cannot be read: .*expected a whole GeoParquet"):
        vector_columns(tmp_path / "a.zip")


@pytest.mark.parametrize("members", [["a.parquet", "b.parquet"], ["a.parquet", "read me.txt"], ["a.geojson"], []])
def test_a_zip_of_several_or_of_other_files_says_what_to_do(tmp_path: Path, members: list[str]) -> None:
    workspace = write_workspace(tmp_path / "w", [scene("one")])
    frame().to_parquet(tmp_path / "a.parquet")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in members:
            parquet = name.endswith("parquet")
            archive.writestr(name, (tmp_path / "a.parquet").read_bytes() if parquet else b'{"type": "Feature"}')
    with pytest.raises(NotReadable, match=r"a\.zip is an archive .*; unpack it and name the file with the labels"):
        read_labels(workspace, tmp_path / "a.zip")


def changed(path: Path, **about: Any) -> Path:
    """Write a file whose key ``geo`` says other things of the shapes."""
    frame().to_parquet(path)
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"].update(about)
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    return path


@pytest.mark.parametrize(
    ("about", "error", "match"),
    [
        ({"encoding": "polygon"}, NotUsable, r"writes its shapes as polygon; expected well-known binary"),
        ({"crs": "http://a.b/crs"}, NotUsable, r"by a link \(http://a\.b/crs\)"),
        ({"crs": {"type": "nothing"}}, NotReadable, r"coordinate system that cannot be read"),
        ({"crs": [1]}, NotReadable, r"coordinate system that cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(
    tmp_path: Path, about: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        as_geopackage(changed(tmp_path / "a.parquet", **about), tmp_path / "b.gpkg")


@pytest.mark.parametrize(
    "geo", [b"no json", b"[]", b"{}", b'{"primary_column": "x", "columns": {"x": {}}}', b"[" * 9999]
)
def test_a_damaged_description_is_one_sentence(tmp_path: Path, geo: bytes) -> None:
    table = pa.table({"class": ["a"]}).replace_schema_metadata({b"geo": geo})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(NotReadable, match=r"a\.parquet is damaged"):
        as_geopackage(tmp_path / "a.parquet", tmp_path / "b.gpkg")


def test_a_table_without_shapes_says_what_to_bring(tmp_path: Path) -> None:
    pq.write_table(pa.table({"class": ["a"]}), tmp_path / "a.parquet")
    with pytest.raises(NotUsable, match=r"Parquet table without shapes .* a table of places as CSV"):
        as_geopackage(tmp_path / "a.parquet", tmp_path / "b.gpkg")


@pytest.mark.parametrize("kept", [4, 100, -20])
def test_a_file_that_is_cut_off_is_one_sentence(tmp_path: Path, kept: int) -> None:
    frame().to_parquet(tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[:kept])
    with pytest.raises(NotReadable, match="expected a whole GeoParquet"):
        as_geopackage(tmp_path / "a.parquet", tmp_path / "b.gpkg")


def test_a_few_bytes_that_stand_for_gigabytes_are_refused_before_they_are_written_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = shapely.to_wkb(shapely.Point(0, 0).buffer(1, quad_segs=1000))
    geo = {"version": "1.0.0", "primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB"}}}
    table = pa.table({"class": ["a"] * 2000, "geometry": pa.array([shape] * 2000, type=pa.binary())})
    path = tmp_path / "a.parquet"
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    assert path.stat().st_size < 100 * len(shape)
    monkeypatch.setattr(geoparquet, "_MOST_TOGETHER", 1023 * len(shape))
    with pytest.raises(NotUsable, match=r"unpacks to more than 4 GB, or \d+ MB in 1024 rows"):
        as_geopackage(path, tmp_path / "b.gpkg")
    monkeypatch.setattr(geoparquet, "_MOST_TOGETHER", 2**40)
    monkeypatch.setattr(geoparquet, "_MOST", 1999 * len(shape))
    with pytest.raises(NotUsable, match="unpacks to more than"):
        as_geopackage(path, tmp_path / "c.gpkg")
