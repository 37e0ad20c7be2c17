"""Polygons and points with a class, as geopandas writes them; pixels counted by hand."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from affine import Affine
from shapely.geometry import LineString, MultiPoint, Point, Polygon, box

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.class_names import Names
from rsgraph.label_files.vector_files import (
    VectorFile,
    columns_of,
    decoded,
    layers_of,
    open_vector,
    reading,
    untouched,
)
from rsgraph.types import Window
from rsgraph.warning_filters import ignored
from rsgraph.workspace import SceneInfo
from tests.exporters.workspaces import GRID, UTM

LEFT, TOP = GRID[2], GRID[5]
SCENE = SceneInfo("coast", ("B02",), 4, 6, UTM, GRID, (), None)
WHOLE = Window(0, 0, 4, 6)


def pixels(row: float, column: float, rows: float, columns: float) -> Polygon:
    """A rectangle of the scene's pixels on the ground."""
    return box(LEFT + 10 * column, TOP - 10 * (row + rows), LEFT + 10 * (column + columns), TOP - 10 * row)


def write(
    path: Path, geometry: list[Any], *, crs: str | None = UTM, layer: str | None = None, **columns: Any
) -> Path:
    gpd.GeoDataFrame(columns, geometry=geometry, crs=UTM).to_file(path, layer=layer)
    return path


def opened(
    path: Path, *, column: str | None = None, layer: str | None = None, predictions: bool = False
) -> VectorFile:
    return open_vector(path, path, layer, column, Names(), predictions=predictions)


def codes(file: VectorFile, window: Window = WHOLE) -> list[list[int]]:
    return file.features([SCENE], lambda: None).codes(Affine(*GRID), window).tolist()


def test_codes_go_to_pixels_whose_centre_lies_inside_and_the_later_polygon_counts(tmp_path: Path) -> None:
    shapes = [
        pixels(0, 0, 2, 3),
        pixels(0.4, 1.6, 2, 2),
    ]  # the second holds the centres of rows 0 ... 1, columns 2 ... 3
    file = opened(write(tmp_path / "a.gpkg", shapes, label=["water", "land"]))
    assert codes(file) == [[1, 1, 2, 2, 0, 0], [1, 1, 2, 2, 0, 0], [0] * 6, [0] * 6]
    assert codes(file, Window(1, 2, 2, 2)) == [[2, 2], [0, 0]]
    assert file.names.names == ["water", "land"]


def test_features_are_brought_to_the_scene_s_crs(tmp_path: Path) -> None:
    table = gpd.GeoDataFrame({"label": ["water"]}, geometry=[pixels(1, 2, 2, 3)], crs=UTM).to_crs(4326)
    table.to_file(tmp_path / "a.geojson")
    assert codes(opened(tmp_path / "a.geojson")) == [[0] * 6, [0, 0, 1, 1, 1, 0], [0, 0, 1, 1, 1, 0], [0] * 6]


def test_points_lie_in_pixels_and_windows_know_their_polygons(tmp_path: Path) -> None:
    places = MultiPoint([(LEFT + 5, TOP - 5), (LEFT + 59.9, TOP - 30.1)])
    file = opened(write(tmp_path / "a.gpkg", [places, pixels(2, 0, 1, 1)], label=["water", "land"]))
    found = file.features([SCENE], lambda: None)
    rows, columns = found.pixels(Affine(*GRID))
    assert list(zip(rows.tolist(), columns.tolist(), found.point_codes.tolist(), strict=True)) == [
        (0, 0, 1),
        (3, 5, 1),
    ]
    assert found.any_over(Affine(*GRID), Window(2, 0, 1, 1))
    assert not found.any_over(Affine(*GRID), Window(0, 3, 2, 3))


def test_what_is_not_taken_is_counted_by_its_reason(tmp_path: Path) -> None:
    one = pixels(0, 0, 1, 1)
    path = write(
        tmp_path / "a.gpkg",
        [one, one, None, LineString([(LEFT, TOP), (LEFT + 20, TOP - 20)]), one],
        segment_id=[1, 2, 3, 4, 5],
        label=["water", None, "water", "water", "water"],
        origin=["human", "human", "human", "human", "propagated"],
        colour=["#0072b2", None, None, None, None],
    )
    file = opened(path)
    found = file.features([SCENE], lambda: None)
    assert (len(found.polygons), dict(file.skipped)) == (1, {"unlabelled": 1, "lines": 1, "predicted": 1, "empty": 1})
    assert file.names.colours == {"water": "#0072b2"}
    assert len(opened(path, predictions=True).features([SCENE], lambda: None).polygons) == 2


def test_layers_and_columns_are_listed_and_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", [pixels(0, 0, 1, 1)], layer="fields", crop=["oats"], soil=["clay"])
    write(path, [Point(LEFT, TOP)], layer="plots", label=["x"])
    assert layers_of(path) == {"fields": "Polygon", "plots": "Point"}
    assert columns_of(path, path, "fields") == ["crop", "soil"]
    assert opened(path, layer="fields").column == "crop"
    with pytest.raises(NotUsable, match=r"has several layers; name one with layer=: fields, plots\."):
        opened(path)
    with pytest.raises(NotUsable, match=r"has no layer 'towns'; choose one of: fields, plots\."):
        opened(path, layer="towns")
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "a.csv")
    assert list(layers_of(tmp_path / "a.csv").values()) == [None]
    (tmp_path / "b.gpkg").write_text("no file of vectors")
    assert layers_of(tmp_path / "b.gpkg") == {}


def test_a_database_in_wal_mode_is_read_from_a_copy(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gpkg", [pixels(0, 0, 1, 1)], label=["water"])
    with untouched(path) as place:
        assert place == path
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
    with untouched(path) as place:
        assert place.parent != path.parent
        file = open_vector(path, place, None, None, Names(), predictions=False)
        assert len(file.features([SCENE], lambda: None).polygons) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["a.gpkg"]
    assert not place.exists()


def test_what_cannot_be_laid_over_the_scene_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('label,WKT\nwater,"POLYGON ((0 0, 0 1, 1 1, 0 0))"\n')
    bare = opened(tmp_path / "a.csv", column="label")
    with pytest.raises(NotUsable, match=r"a\.csv has no CRS, so it cannot be laid over scene 'coast'"):
        codes(bare)
    line = LineString([(LEFT, TOP), (LEFT + 20, TOP - 20)])
    with pytest.raises(NotUsable, match=r"b\.gpkg holds lines; expected polygons, or points"):
        codes(opened(write(tmp_path / "b.gpkg", [line], label=["road"])))
    with (
        pytest.raises(NotReadable, match=r"^c\.gpkg cannot be read: torn; expected a complete file"),
        reading(Path("c.gpkg")),
    ):
        raise OSError("torn.")


def csv_of(folder: Path, *rows: tuple[str, str]) -> Path:
    """A layer in the scene's CRS that holds what shapely cannot write."""
    lines = "".join(f'{name},"{text}"\n' for name, text in rows)
    (folder / "a.csv").write_text(f"label,WKT\n{lines}", encoding="utf-8")
    meta, _, geometry, fields = pyogrio.raw.read(folder / "a.csv", columns=["label"])
    with ignored():  # GeoPackages of arcs and surfaces are an extension
        pyogrio.raw.write(
            folder / "a.gpkg", geometry, fields, meta["fields"], geometry_type="Unknown", crs=UTM, driver="GPKG"
        )
    return folder / "a.gpkg"


def at(x: float, y: float) -> str:
    return f"{LEFT + x} {TOP - y}"


@pytest.mark.parametrize("crs", [UTM, "EPSG:4326", "EPSG:3857"])
def test_a_figure_of_eight_has_both_its_loops_in_any_crs(tmp_path: Path, crs: str) -> None:
    eight = Polygon([(LEFT, TOP), (LEFT + 60, TOP - 40), (LEFT + 60, TOP), (LEFT, TOP - 40)])
    table = gpd.GeoDataFrame({"label": ["x"]}, geometry=[eight], crs=UTM).to_crs(crs)
    table.to_file(tmp_path / "a.gpkg")
    file = opened(tmp_path / "a.gpkg")
    assert codes(file) == [[1, 0, 0, 0, 0, 1], [1, 1, 0, 0, 1, 1], [1, 1, 0, 0, 1, 1], [1, 0, 0, 0, 0, 1]]
    assert (file.crossing, dict(file.skipped)) == (1, {})


def test_arcs_and_surfaces_are_drawn_and_what_cannot_be_is_counted(tmp_path: Path) -> None:
    circle = f"CURVEPOLYGON (CIRCULARSTRING ({at(0, 20)}, {at(20, 0)}, {at(40, 20)}, {at(20, 40)}, {at(0, 20)}))"
    patch = f"POLYHEDRALSURFACE ((({at(50, 0)}, {at(60, 0)}, {at(60, 20)}, {at(50, 20)}, {at(50, 0)})))"
    flat = f"POLYGON (({at(0, 0)}, {at(10, 10)}, {at(20, 20)}, {at(0, 0)}))"
    arc = f"CIRCULARSTRING ({at(0, 0)}, {at(5, 5)}, {at(10, 0)})"
    file = opened(csv_of(tmp_path, ("round", circle), ("patch", patch), ("flat", flat), ("arc", arc)), column="label")
    assert codes(file) == [
        [0, 1, 1, 0, 0, 2],
        [1, 1, 1, 1, 0, 2],
        [1, 1, 1, 1, 0, 0],
        [0, 1, 1, 0, 0, 0],
    ]
    assert dict(file.skipped) == {"flat": 1, "lines": 1}


def test_features_beside_the_scene_and_coordinates_that_are_none_are_counted(tmp_path: Path) -> None:
    away = pixels(0, 900, 1, 1)
    file = opened(write(tmp_path / "a.gpkg", [pixels(0, 0, 1, 1), away, away], label=["a", "b", "a"]))
    codes(file)
    file.leave_beside()
    assert dict(file.skipped) == {"beside": 2}
    with np.errstate(invalid="ignore"):
        nan = Polygon([(LEFT, TOP), (LEFT + 10, float("nan")), (LEFT + 10, TOP - 10)])
    made = opened(write(tmp_path / "b.gpkg", [pixels(0, 0, 1, 1), nan], label=["a", "b"]))
    codes(made)
    made.leave_beside()
    assert sum(made.skipped.values()) == 1


def test_text_that_is_not_utf_8_is_windows(tmp_path: Path) -> None:
    assert [decoded(each) for each in (b"W\xc3\xa4lder", b"W\xe4lder", b"a\x81b")] == [
        "W\u00e4lder",
        "W\u00e4lder",
        "ab",
    ]
    write(tmp_path / "a.shp", [pixels(0, 0, 1, 1)], label=["WXlder"])
    content = (tmp_path / "a.dbf").read_bytes()
    assert content.count(b"WXlder") == 1
    (tmp_path / "a.dbf").write_bytes(content.replace(b"WXlder", b"W\xe4lder"))
    (tmp_path / "a.cpg").write_text("UTF-8")
    file = opened(tmp_path / "a.shp")
    codes(file)
    assert file.names.names == ["W\u00e4lder"]
