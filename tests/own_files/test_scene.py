from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rsgraph.errors import WorkspaceError
from rsgraph.own_files.scene import check_scene_file, is_crs, read_scene_file, read_sources
from rsgraph.workspace import Workspace

KEPT = Path(__file__).parents[1] / "workspaces_of_0_1"
SCENE = {
    "name": "coast",
    "bands": ["B02", "B03"],
    "rows": 40,
    "columns": 64,
    "crs": "EPSG:32633",
    "transform": [10, 0, 5, 0, -10, 7],
    "files": ["/s/coast.tif"],
    "class_name": None,
    "reflectance": True,
}
SURVEY = {"bands": ["B02", "B03"], "mean": [0.1, 0.2], "std": [0.1, 0.1]}

WRONG: list[tuple[str, Any]] = [
    *(("name", name) for name in ("../x", "/etc/x", "..", "", "a/b", "a\\b", "a\0", 3, None, "x" * 300)),
    *(("bands", bands) for bands in ([], None, "B02", [1], [["B02"]])),
    *(("rows", rows) for rows in (0, -1, 1.5, "40", None, 10**9, True)),
    *(("columns", columns) for columns in (0, 10**12, "64")),
    *(("transform", each) for each in (None, [], [1] * 5, [0] * 6, [1, 0, 0, 0, float("nan"), 0], ["a"] * 6)),
    *(("crs", crs) for crs in ("http://127.0.0.1/crs", "+proj=utm", "x" * 200_000, 32633, "/etc/passwd", "urn:x")),
    *(("files", each) for each in (None, "a", [1], ["http://127.0.0.1/a.tif"], ["/vsicurl/http://127.0.0.1/a"])),
    ("class_name", 3),
    ("reflectance", "yes"),
]


def write(tmp_path: Path, **found: Any) -> Path:
    path = tmp_path / "scene.json"
    path.write_text(json.dumps({"scenes": [SCENE], "survey": SURVEY, "side": 256} | found))
    return path


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_scene_that_says_anything_else_is_refused(tmp_path: Path, field: str, value: object) -> None:
    write(tmp_path, scenes=[{**SCENE, field: value}])
    with pytest.raises(WorkspaceError, match=rf"scene\.json is damaged: 'scenes\[0\]\.{field}'") as caught:
        _ = Workspace(tmp_path).scenes
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("scenes", value) for value in (None, {}, [1], "x")),
        *(("survey", value) for value in (None, [], {**SURVEY, "bands": None}, {**SURVEY, "mean": [0.1]})),
        ("survey", {**SURVEY, "std": [0.1, float("inf")]}),
        *(("side", value) for value in (0, "256", 10**9)),
    ],
)
def test_a_file_that_says_anything_else_is_refused(tmp_path: Path, field: str, value: object) -> None:
    path = write(tmp_path, **{field: value})
    with pytest.raises(WorkspaceError, match=rf"scene\.json is damaged: '{field}"):
        read_scene_file(path)


def test_a_scene_of_too_many_pixels_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, scenes=[{**SCENE, "rows": 400_000, "columns": 400_000}])
    with pytest.raises(WorkspaceError, match="at most 40,000,000,000 pixels"):
        read_scene_file(path)


def test_two_scenes_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="two scenes are called 'coast'"):
        read_scene_file(write(tmp_path, scenes=[SCENE, SCENE]))


def test_a_scene_as_it_is_written_is_read(tmp_path: Path) -> None:
    write(tmp_path)
    scene = Workspace(tmp_path).scene
    assert (scene.name, scene.bands, scene.crs, scene.rows) == ("coast", ("B02", "B03"), "EPSG:32633", 40)


@pytest.mark.parametrize("name", ["one", "two"])
def test_scenes_of_version_0_1_are_read(name: str) -> None:
    found = json.loads((KEPT / name / "scene.json").read_text())
    check_scene_file(found, KEPT)
    assert all(is_crs(scene["crs"]) for scene in found["scenes"])


def test_sources_are_read_as_they_are_written(tmp_path: Path) -> None:
    found = {"folder": "/w", "path": "/s", "files": {"/s/a.tif": {"bytes": 3, "sha256": "0a"}}}
    (tmp_path / "sources.json").write_text(json.dumps(found))
    assert read_sources(tmp_path / "sources.json") == found
    (tmp_path / "sources.json").write_text("{}")
    assert read_sources(tmp_path / "sources.json") == {}


@pytest.mark.parametrize(
    "found",
    [
        [],
        {"folder": 3},
        {"files": []},
        {"files": {"http://127.0.0.1/a.tif": {"sha256": "0a"}}},
        {"files": {"/vsicurl/http://127.0.0.1/a.tif": {"sha256": "0a"}}},
        {"files": {"/s/a.tif": 3}},
        {"files": {"/s/a.tif": {"sha256": 3}}},
        {"files": {"/s/a.tif": {}}},
    ],
)
def test_sources_of_another_kind_are_damage(tmp_path: Path, found: Any) -> None:
    (tmp_path / "sources.json").write_text(json.dumps(found))
    with pytest.raises(WorkspaceError, match=r"sources\.json is damaged"):
        read_sources(tmp_path / "sources.json")


GRIDS = (
    'BOUNDCRS[SOURCECRS[GEOGCRS["x"]],ABRIDGEDTRANSFORMATION["t",PARAMETERFILE["Latitude and longitude difference '
    'file","{}"]]]',
    'PROJCS["x",EXTENSION["PROJ4","+proj=utm +zone=22 +nadgrids=@{}"]]',
    'COMPD_CS["x",VERT_CS["y",VERT_DATUM["z",2005,EXTENSION["PROJ4_GRIDS","{}"]]]]',
)


@pytest.mark.parametrize("text", GRIDS)
@pytest.mark.parametrize("place", ["http://127.0.0.1:9/grid.gsb", "/vsicurl/http://127.0.0.1:9/g", "https://a.b/g"])
def test_a_coordinate_system_names_no_grids_elsewhere(text: str, place: str) -> None:
    assert not is_crs(text.format(place))


def test_what_a_coordinate_system_is_called_by_may_be_an_address() -> None:
    assert is_crs('GEOGCRS["WGS 84",DATUM["World Geodetic System 1984"],ID["EPSG",4326,URI["http://www.epsg.org"]]]')
