"""Legends that lie beside rasters of class codes, written as QGIS, Esri and others write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest

from rsgraph.errors import NotReadable
from rsgraph.label_files.sidecars import Legend, legend_beside, legend_of_table
from tests.label_files.test_raster_files import CODES, opened, write

QML = """<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis><pipe><rasterrenderer type="paletted" band="1"><colorPalette>
<paletteEntry value="1" label="Wasser" color="#2060c0" alpha="255"/>
<paletteEntry value="2" label="Wald &amp; Busch" color="#10a020" alpha="255"/>
<paletteEntry value="7" label="7" color="#ff0000" alpha="255"/>
</colorPalette></rasterrenderer></pipe></qgis>"""
RAMP = """<qgis><pipe><rasterrenderer type="singlebandpseudocolor"><rastershader><colorrampshader>
<item value="1" label="Wasser" color="#2060c0" alpha="255"/><item value="2.5" label="no code" color="#ffffff"/>
</colorrampshader></rastershader></rasterrenderer></pipe></qgis>"""
GRAY = '<qgis><pipe><rasterrenderer type="singlebandgray" grayBand="1"/></pipe></qgis>'
SLD = """<StyledLayerDescriptor xmlns="http://www.opengis.net/sld"><ColorMap type="values">
<ColorMapEntry quantity="1" label="Wasser" color="#2060c0"/></ColorMap></StyledLayerDescriptor>"""


def table(path: Path, **columns: Any) -> Path:
    """Write a .dbf."""
    data = [np.array(each, dtype=object if isinstance(each[0], str) else None) for each in columns.values()]
    pyogrio.raw.write(
        path, None, data, list(columns), driver="ESRI Shapefile", geometry_type=None, crs=None, encoding="UTF-8"
    )
    return path


@pytest.mark.parametrize("name", ["a.qml", "a.tif.qml"])
def test_a_style_of_qgis_names_and_colours_classes(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "a.tif", CODES)
    (tmp_path / name).write_text(QML, encoding="utf-8")
    file = opened(path)
    assert file.legend == {1: "Wasser", 2: "Wald & Busch"}, "a label that is the value again names nothing"
    assert file.colours == {1: "#2060c0", 2: "#10a020", 7: "#ff0000"}


@pytest.mark.parametrize(("name", "text"), [("a.qml", RAMP), ("a.sld", SLD), ("a.clr", "1 32 96 192 255 Wasser\n")])
def test_steps_colour_maps_and_sld_name_whole_codes(tmp_path: Path, name: str, text: str) -> None:
    path = write(tmp_path / "a.tif", CODES)
    (tmp_path / name).write_text(text)
    assert legend_beside(path) == Legend({1: "Wasser"}, {1: "#2060c0"})


def test_colours_without_names_leave_names_open(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CODES)
    (tmp_path / "a.clr").write_text("1 32 96 192\n2 16 160 32\n")
    file = opened(path)
    assert (file.legend, file.colours) == ({}, {1: "#2060c0", 2: "#10a020"})
    assert file.name(1) == "class 1"


@pytest.mark.parametrize("name", ["a.tif.vat.dbf", "a.vat.dbf"])
@pytest.mark.parametrize("column", ["CLASS_NAME", "landcover", "Name"])
@pytest.mark.parametrize("shares", [False, True])
def test_esris_table_of_attributes_names_and_colours_classes(
    tmp_path: Path, name: str, column: str, shares: bool
) -> None:
    path = write(tmp_path / "a.tif", CODES)
    times = 255 if shares else 1
    colours = {"Red": [32 / times, 16 / times], "Green": [96 / times, 160 / times], "Blue": [192 / times, 32 / times]}
    table(tmp_path / name, Value=[1, 2], Count=[3.0, 2.0], **{column: ["Wäßer", "Wald"]}, **colours)
    file = opened(path)
    assert file.legend == {1: "Wäßer", 2: "Wald"}
    assert file.colours == {1: "#2060c0", 2: "#10a020"}


def test_a_table_that_only_counts_names_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CODES)
    table(tmp_path / "a.tif.vat.dbf", Value=[1, 2], Count=[3.0, 2.0])
    assert legend_beside(path) == Legend()


def test_gdals_table_of_attributes_gives_colours_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CODES)
    titles = [("Value", 0, 0), ("Class_Name", 2, 0), ("Red", 0, 6), ("Green", 0, 7), ("Blue", 0, 8)]
    fields = "".join(
        f'<FieldDefn index="{i}"><Name>{name}</Name><Type>{kind}</Type><Usage>{usage}</Usage></FieldDefn>'
        for i, (name, kind, usage) in enumerate(titles)
    )
    row = '<Row index="0"><F>1</F><F>Wasser</F><F>32</F><F>96</F><F>192</F></Row>'
    inside = f"<GDALRasterAttributeTable>{fields}{row}</GDALRasterAttributeTable>"
    Path(f"{path}.aux.xml").write_text(f'<PAMDataset><PAMRasterBand band="1">{inside}</PAMRasterBand></PAMDataset>')
    file = opened(path)
    assert (file.legend, file.colours) == ({1: "Wasser"}, {1: "#2060c0"})


def test_the_file_itself_goes_before_what_lies_beside_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CODES, tags={"CLASS_1": "water"}, colours={1: (1, 2, 3, 255), 7: (9, 9, 9, 255)})
    (tmp_path / "a.qml").write_text(QML)
    file = opened(path)
    assert file.legend == {1: "water", 2: "Wald & Busch"}
    assert file.colours == {1: "#010203", 2: "#10a020", 7: "#090909"}


def test_tables_go_before_styles_and_these_before_colour_maps(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CODES)
    table(tmp_path / "a.vat.dbf", VALUE=[1], CLASS=["von Esri"])
    (tmp_path / "a.qml").write_text(QML)
    (tmp_path / "a.clr").write_text("2 0 0 1\n9 0 0 2\n")
    found = legend_beside(path)
    assert found.names == {1: "von Esri", 2: "Wald & Busch"}
    assert found.colours == {1: "#2060c0", 2: "#10a020", 7: "#ff0000", 9: "#000002"}


def test_styles_without_classes_and_other_files_of_these_names_are_none(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tif", CODES)
    (tmp_path / "a.qml").write_text(GRAY)
    (tmp_path / "a.clr").write_text("not a colour map")
    (tmp_path / "a.sld").mkdir()
    (tmp_path / "b.qml").write_text(QML)
    assert legend_beside(path) == Legend()


@pytest.mark.parametrize(("name", "content"), [("a.qml", b"<qgis>"), ("a.vat.dbf", b"no table"), ("a.clr", b"1\0 2")])
def test_what_is_damaged_is_named_with_what_helps(tmp_path: Path, name: str, content: bytes) -> None:
    path = write(tmp_path / "a.tif", CODES)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotReadable, match=name):
        opened(path)


def test_rows_and_codes_that_are_none_are_left_out() -> None:
    rows: list[list[Any]] = [["1", "a"], ["1.5", "b"], ["x", "c"], ["2"], ["3.0", ""]]
    assert legend_of_table(["Value", "Label"], rows) == Legend({1: "a"}, {})
    assert legend_of_table(["Label"], [["a"]]) == Legend()
