"""Colour maps and styles as QGIS, Esri and GDAL write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.colour_maps import colour_map, style_classes

TWO = [("Water", "32,96,192"), ("Wald, dicht", "0,128,0")]
QGIS = "# QGIS Generated Color Map Export File\nINTERPOLATION:EXACT\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (QGIS + "1,32,96,192,255,Water\n2,0,128,0,255,Wald, dicht\n", TWO),
        ("1 32 96 192\n2 0 128 0\n", [(1, "32,96,192"), (2, "0,128,0")]),
        ("1 32 96 192 255 Open water\n", [("Open water", "32,96,192")]),
        ("1\t32\t96\t192\t255\t1\n", [(1, "32,96,192")]),  # a label that is only the value
        ("# made by hand\nnv 0 0 0 0\n1.0 32 96 192\ndefault 1 1 1\n\n", [(1, "32,96,192")]),
        ("\ufeff3;1;2;3;Fläche\r\n", [("Fläche", "1,2,3")]),
        ("0.5 1 2 3 low\n1.5 4 5 6 high", [("low", "1,2,3"), ("high", "4,5,6")]),
        ("water\nland\n", None),
        ("1 256 0 0\n", None),
        ("1,water\n2,land\n", None),
        ("water,#2060c0\n", None),
        ("", None),
        (QGIS, None),
    ],
)  # fmt: skip
def test_colour_maps_in_text(text: str, expected: object) -> None:
    assert colour_map(text) == expected


PALETTE = """<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.34"><pipe><rasterrenderer type="paletted" band="1"><colorPalette>
<paletteEntry value="1" color="#2060c0" label="Wasser" alpha="255"/>
<paletteEntry value="2" color="#008000" label="2" alpha="255"/>
</colorPalette></rasterrenderer></pipe></qgis>"""
RAMP = """<qgis><pipe><rasterrenderer><rastershader><colorrampshader classificationMode="2" colorRampType="EXACT">
<item value="1" color="#2060c0" label="Wasser" alpha="255"/><item value="2.0" color="#008000" label="" alpha="255"/>
</colorrampshader></rastershader></rasterrenderer></pipe></qgis>"""
CATEGORIES = """<qgis><renderer-v2 attr="label" type="categorizedSymbol"><categories>
<category value="w" label="Wasser" symbol="0" render="true"/><category value="2" label="" symbol="1"/>
<category value="" label="all other values" symbol="2"/>
<category symbol="1" label="beides"><val type="QString" value="a"/><val type="QString" value="b"/></category>
</categories><symbols>
<symbol name="0" type="fill"><layer class="SimpleFill"><Option type="Map">
<Option type="QString" name="border" value="1"/><Option name="color" value="32,96,192,255,rgb:0.12,0.37,0.75,1"/>
</Option></layer></symbol>
<symbol name="1" type="fill"><layer class="SimpleFill"><prop k="color" v="0,128,0,255"/></layer></symbol>
</symbols></renderer-v2></qgis>"""
RULES = """<qgis><renderer-v2 type="RuleRenderer"><rules key="r"><rule label="Wasser" symbol="0" filter="x = 1"/>
<rule filter="ELSE" symbol="1"/></rules><symbols><symbol name="0"><layer><prop k="line_color" v="1,2,3,255"/></layer>
</symbol></symbols></renderer-v2></qgis>"""
SLD = """<sld:StyledLayerDescriptor xmlns:sld="http://www.opengis.net/sld"><sld:ColorMap>
<sld:ColorMapEntry quantity="1" label="Wasser" color="#2060c0"/><sld:ColorMapEntry quantity="2" color="#008000"/>
</sld:ColorMap></sld:StyledLayerDescriptor>"""
SLD_RULES = """<StyledLayerDescriptor xmlns="http://www.opengis.net/sld"><Rule><Name>w</Name><Title>Wasser</Title>
<Fill><CssParameter name="fill">#2060c0</CssParameter></Fill></Rule></StyledLayerDescriptor>"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PALETTE, [("Wasser", "#2060c0"), (2, "#008000")]),
        (RAMP, [("Wasser", "#2060c0"), (2, "#008000")]),
        (
            CATEGORIES,
            [("Wasser", "32,96,192,255,rgb:0.12,0.37,0.75,1"), (2, "0,128,0,255"), ("beides", "0,128,0,255")],
        ),
        (RULES, [("Wasser", "1,2,3,255")]),
        (SLD, [("Wasser", "#2060c0"), (2, "#008000")]),
        (SLD_RULES, [("Wasser", "#2060c0")]),
    ],
)
def test_styles_name_their_classes(tmp_path: Path, text: str, expected: object) -> None:
    (tmp_path / "a.qml").write_text(text, encoding="utf-8")
    assert style_classes(tmp_path / "a.qml") == expected


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><qgis>&b;</qgis>'


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"<qgis>", NotReadable, "is damaged: it is not XML"),
        (b"\x00\x01", NotReadable, "is damaged: it is not XML"),
        (BOMB.encode(), NotReadable, "is damaged: it is not XML"),
        (b"<?xml version='1.0' encoding='nonsense'?><qgis/>", NotReadable, "is damaged: it is not XML"),
        (b"<qgis><renderer-v2 type='singleSymbol'/></qgis>", NotUsable, "styles no classes; expected a style with"),
    ],
)
def test_what_is_no_style_is_said(tmp_path: Path, content: bytes, kind: type, message: str) -> None:
    (tmp_path / "a.qml").write_bytes(content)
    with pytest.raises(kind, match=message):
        style_classes(tmp_path / "a.qml")
    with pytest.raises(NotReadable, match="cannot be read"):
        style_classes(tmp_path / "b.qml")
