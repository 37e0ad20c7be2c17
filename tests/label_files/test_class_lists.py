from __future__ import annotations

import json
from pathlib import Path

import pytest

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.class_lists import listed_classes

TWO = [("water", "#2060c0"), ("land", None)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "name,colour\nwater,#2060c0\nland,\n"),
        ("a.csv", "\ufeffkey;Class;Color\n1;water;2060C0\n2;land;\n\n"),
        ("a.tsv", "label\tcolor\nwater\t#2060c0ff\nland\tblueish\nwater\t#000001\n"),
        ("a.txt", "water,#2060c0\nland\n"),
        ("a.csv", "sep=;\r\nvalue;Class Name;red;green;blue\r\n1;water;32;96;192\r\n2;land;;;\r\n"),
        ("a.txt", "# QGIS Generated Color Map Export File\nINTERPOLATION:EXACT\n1,32,96,192,255,water\n"),
        ("a.clr", "1 32 96 192 255 water\n"),
        ("a.qml", '<qgis><paletteEntry value="1" color="#2060c0" label="water"/></qgis>'),
        ("a.sld", '<sld><ColorMap><ColorMapEntry quantity="1" label="water" color="#2060C0"/></ColorMap></sld>'),
        ("a.json", json.dumps([{"name": "water", "colour": "#2060c0"}, {"name": "land"}])),
        ("a.json", json.dumps({"water": [32, 96, 192], "land": None})),
        ("a.json", json.dumps({"1": {"name": "water", "color": "#2060c0"}, "2": {"name": "land"}})),
        ("a.json", json.dumps({"water": {"color": "#2060c0"}, "land": {}})),
        ("a.csv", "1;water;#2060c0\n2;land\n"),
        ("a.txt", "INTERPOLATION:DISCRETE\ninf,32,96,192,255,water\n"),
        ("a.json", json.dumps({"classes": [{"label": "water", "color": "32,96,192"}, "land"]})),
    ],
)
def test_lists_of_classes_are_read_with_their_colours(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    expected = TWO if "land" in text else TWO[:1]
    assert listed_classes(tmp_path / name, None) == expected


def test_names_by_code_are_the_names(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"1": "water", "2": "land"}))
    assert listed_classes(tmp_path / "a.json", None) == [("water", None), ("land", None)]
    (tmp_path / "a.json").write_text(json.dumps({"1": "#2060c0"}))  # colours by name: a class is called 1
    assert listed_classes(tmp_path / "a.json", None) == [("1", "#2060c0")]


def test_a_column_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("name,deutsch\nwater,Wasser\nland,Land\n")
    assert listed_classes(tmp_path / "a.csv", "deutsch") == [("Wasser", None), ("Land", None)]
    with pytest.raises(NotUsable, match="no attribute 'x'; choose one of: name, deutsch"):
        listed_classes(tmp_path / "a.csv", "x")


@pytest.mark.parametrize(
    ("name", "content", "kind", "message"),
    [
        ("a.json", b"{", NotReadable, "is not JSON"),
        ("a.json", b"3", NotUsable, "holds no list of classes"),
        ("a.txt", b"\xff\xfe\x00", NotReadable, "is not text in UTF-8"),
        ("a.txt", b"", NotUsable, "names no class"),
        ("a.clr", b"water\n", NotUsable, "is no colour map"),
        ("a.qml", b"<qgis/>", NotUsable, "styles no classes"),
        ("a.json", b"[0.5]", NotUsable, "holds measurements"),
    ],
)
def test_what_is_no_list_is_said(tmp_path: Path, name: str, content: bytes, kind: type, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind, match=message):
        listed_classes(tmp_path / name, None)


def test_files_of_other_kinds_are_no_lists(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"type": "FeatureCollection"}')
    assert listed_classes(tmp_path / "a.json", None) is None
    assert listed_classes(tmp_path / "a.gpkg", None) is None
    (tmp_path / "a.csv").write_text("lon;lat;label\n1;2;water\n")  # labels, and no list of what there is
    assert listed_classes(tmp_path / "a.csv", None) is None
    assert listed_classes(tmp_path / "a.csv", "label") == [("water", None)]
