"""Sensors and colours in names as they are delivered."""

from __future__ import annotations

import pytest

from rsgraph.io.sensors import COLOURS, OLI, SENTINEL_2, TM, colour_named, colour_of, sensor_named


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["LC08_L2SP_201024_20200412_20200822_02_T1_SR_B4.TIF"], "Landsat 8 or 9"),
        (["LC81970242013218LGN00_B4"], "Landsat 8 or 9"),
        (["LE70220492002106EDC00_stack.tif"], "Landsat 4, 5 or 7"),
        (["LT05_L1TP_022049_19990101_B3.TIF"], "Landsat 4, 5 or 7"),
        (["gewata_l7.tif"], "Landsat 4, 5 or 7"),
        (["HLS.L30.T17SLU.2020209T155956.v2.0.B05.tif"], "Landsat 8 or 9"),  # its tile is written as Sentinel-2's
        (["HLS.S30.T17SLU.2020209T155956.v2.0.B05.tif"], "Sentinel-2"),
        (["MOD09GA.A2020001.h18v03.sur_refl_b01_1.tif"], "MODIS"),
        (["20200101_101010_3B_AnalyticMS_SR.tif"], "PlanetScope"),
        (["S2A_MSIL2A_20170613T101031_87_48_B02.tif"], "Sentinel-2"),
        (["T48QUE_20200223T032739_B02_10m.jp2"], "Sentinel-2"),
        (["s2_20201101.tif"], "Sentinel-2"),
        (["SR_B4", "SR_B5"], "Landsat"),
        (["scene.tif", "Band 4"], None),
        (["plants2a.tif"], None),
        (["S2A_and_LC08.tif"], None),
    ],
)
def test_sensor_named_is_the_one_that_the_names_speak_of(texts: list[str], name: str | None) -> None:
    found = sensor_named(texts)
    assert (found and found.name) == name


def test_tables_agree_on_colours_and_differ_in_numbers() -> None:
    assert [sensor.colours["4"] for sensor in (SENTINEL_2, OLI, TM)] == ["red", "red", "nir08"]
    assert [sensor.colours["5"] for sensor in (SENTINEL_2, OLI, TM)] == ["rededge1", "nir08", "swir16"]
    assert {*SENTINEL_2.colours.values(), *OLI.colours.values(), *TM.colours.values()} <= {*COLOURS}


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("red", "red"), ("Red band", "red"), ("RED_EDGE_1", "rededge1"), ("red edge", "rededge"), ("NIR", "nir"),
        ("Near Infrared", "nir"), ("near  infrared", "nir"), ("swir22", "swir22"), ("SWIR 1", "swir16"),
        ("Coastal aerosol", "coastal"), ("band 6 temperature", "lwir"), ("B4, central wavelength 665 nm", "red"),
        ("0.842 um", "nir"), ("2190 nm", "swir22"), ("rouge", "red"), ("blue/green", None), ("reduced", None),
        ("layer 1", None), ("", None),
    ],
)  # fmt: skip
def test_colour_of_is_the_one_that_is_named(text: str, colour: str | None) -> None:
    assert colour_of(text) == colour


def test_colour_named_knows_sentinel_2s_bands_and_words() -> None:
    assert [colour_named(name) for name in ("B04", "B8A", "B12", "near_infrared", "band4", "x")] == [
        "red", "nir08", "swir22", "nir", None, None,
    ]  # fmt: skip
