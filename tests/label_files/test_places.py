"""Tables of places and of segments with a class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyproj import Transformer

from rsgraph.errors import NotUsable
from rsgraph.label_files.class_names import Names
from rsgraph.label_files.places import TableFile, class_titles, holds_places, inside, is_label_table, open_table
from rsgraph.workspace import SceneInfo
from tests.exporters.workspaces import GRID, PIXELS, UTM

SCENE = SceneInfo("coast", ("B02",), 4, 6, UTM, GRID, (), None)
BARE = SceneInfo("bare", ("B02",), 4, 6, None, PIXELS, (), None)
LEFT, TOP = GRID[2], GRID[5]


def opened(folder: Path, text: str, column: str | None = None, classes: list[str] | None = None) -> TableFile:
    (folder / "a.csv").write_text(text, encoding="utf-8")
    return open_table(folder / "a.csv", column, Names(classes), predicted=("propagated",))


def test_rows_name_segments_by_whole_numbers_of_any_spelling(tmp_path: Path) -> None:
    text = "segment_id;label;origin\n3.0;Wasser;human\n4,0;Land;imported\n5;Land;propagated\n;Land;\nx;Land;\n6;;\n"
    found = opened(tmp_path, text)
    assert found.kind == "segments"
    assert found.segments[found.codes > 0].tolist() == [3, 4]
    assert found.codes.tolist() == [1, 2, 0, 0, 0, 0]
    assert found.names.names == ["Wasser", "Land"]
    assert found.skipped == {
        "rows that a model predicted (propagated or classified), not a person": 1,
        "rows without a segment": 2,
        "rows without a class": 1,
    }


def test_longitudes_and_latitudes_are_brought_to_the_scene(tmp_path: Path) -> None:
    lon, lat = Transformer.from_crs(UTM, 4326, always_xy=True).transform(LEFT + 25, TOP - 15)
    text = f"Latitude;Longitude;class\n{lat!r};{lon!r};a\n{lat!r};;b\n".replace(".", ",")
    found = opened(tmp_path, text)
    xy = found.points(SCENE)
    np.testing.assert_allclose(xy[0], [LEFT + 25, TOP - 15], atol=1e-3)
    assert np.isnan(xy[1]).all()
    assert (found.codes.tolist(), found.skipped) == ([1, 0], {"rows without a place": 1})
    with pytest.raises(NotUsable, match="scene 'bare' has no CRS, so the longitudes and latitudes"):
        found.points(BARE)


def test_x_and_y_are_those_of_the_scene_or_else_degrees_and_it_is_told(tmp_path: Path) -> None:
    own = opened(tmp_path, f"X,Y,code\n{LEFT + 5},{TOP - 5},3.0\n{LEFT + 15},{TOP - 5},7\n")
    np.testing.assert_array_equal(own.points(SCENE), [[LEFT + 5, TOP - 5], [LEFT + 15, TOP - 5]])
    assert own.names.names == ["class 3", "class 7"]
    assert own.decided == ["x and y are taken in the scene's CRS"]
    lon, lat = Transformer.from_crs(UTM, 4326, always_xy=True).transform(LEFT + 25, TOP - 15)
    degrees = opened(tmp_path, f"x,y,code\n{lon!r},{lat!r},3\n")
    np.testing.assert_allclose(degrees.points(SCENE), [[LEFT + 25, TOP - 15]], atol=1e-3)
    assert degrees.decided == ["x and y are taken as longitude and latitude"]
    pixels = opened(tmp_path, "x,y,code\n2.5,1.5,3\n")
    np.testing.assert_array_equal(pixels.points(BARE), [[2.5, 1.5]])


def test_a_class_may_be_chosen_and_some_asked_for(tmp_path: Path) -> None:
    text = "segment_id,kind,sort\n1,a,3\n2,b,4\n"
    assert opened(tmp_path, text, "kind").names.names == ["a", "b"]
    some = opened(tmp_path, text, "sort", ["4"])
    assert (some.names.names, some.codes.tolist()) == (["class 4"], [0, 1])
    assert some.skipped == {"rows of classes that were not asked for": 1}
    with pytest.raises(NotUsable, match=r"does not say which attribute holds the class; .*: kind, sort"):
        opened(tmp_path, text)
    with pytest.raises(NotUsable, match=r"has no attribute that could hold the class"):
        opened(tmp_path, "segment_id\n3\n")
    with pytest.raises(NotUsable, match="is a table without geometries; expected polygons or points"):
        opened(tmp_path, "name,colour\na,b\n")


def test_tables_of_labels_are_told_from_lists_of_classes(tmp_path: Path) -> None:
    assert is_label_table(["Segment ID", "Label"])
    assert is_label_table(["lat", "lon", "class"])
    assert is_label_table(["wkt_geom", "label"])
    assert not is_label_table(["label", "colour"])
    assert class_titles(["Segment ID", "kind", "x", "Y"]) == ["kind"]
    (tmp_path / "a.csv").write_text("x;y\n1;2\n")
    (tmp_path / "a.tif").write_text("x;y\n1;2\n")
    (tmp_path / "b.csv").write_bytes(b"\0\0")
    assert [holds_places(tmp_path / name) for name in ("a.csv", "a.tif", "b.csv")] == [True, False, False]


def test_places_lie_in_the_rectangle_of_a_scene() -> None:
    xy = np.array([[LEFT + 5, TOP - 5], [LEFT - 1, TOP - 5], [LEFT + 5, TOP - 41], [np.nan, TOP - 5]])
    assert inside(xy, SCENE).tolist() == [True, False, False, False]
