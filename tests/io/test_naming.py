"""Descriptions of layers as programs and providers write them, and what they prove."""

from __future__ import annotations

import pytest

from rsgraph.io.naming import names_of, number_in, unknown
from rsgraph.io.sensors import sensor_named

TWELVE = [*(f"B{i}" for i in range(1, 9)), "B8A", "B9", "B11", "B12"]
LANDSAT = ("blue", "green", "red", "nir08", "swir16", "swir22")


def named(texts: list[str], elsewhere: str = "") -> tuple[tuple[str, ...], str | None]:
    found = names_of(texts, sensor_named([elsewhere, *texts]))
    return found.names, found.assumed


@pytest.mark.parametrize("text", ["Band {}", "band_{}", "Band{}", "b{}", "B{}", "Band 0{}"])
def test_numbers_of_layers_are_no_names(text: str) -> None:
    found = names_of([text.format(i) for i in range(1, 5)])
    assert (found.names, found.described) == (("band1", "band2", "band3", "band4"), False)
    assert "reader.bands=[B01,...]" in found.notes[0]


@pytest.mark.parametrize("elsewhere", ["S2A_MSIL2A_20200101.tif", "LC08_L2SP_201024.tif"])
def test_programs_count_layers_in_files_of_any_sensor(elsewhere: str) -> None:
    assert named(["Band 1", "Band 2", "Band 3", "Band 4"], elsewhere)[0] == ("band1", "band2", "band3", "band4")
    assert named(["Band 3", "Band 2", "Band 1"], elsewhere)[0] == ("band1", "band2", "band3")


@pytest.mark.parametrize(
    ("texts", "elsewhere"),
    [
        (["B01", "B02", "B03", "B04"], ""),  # as ESA writes them
        (TWELVE, ""),  # no other sensor has a B8A
        (["B2", "B3", "B4", "B8"], ""),
        (["Band 2 blue", "Band 3 green", "Band 4 red"], ""),
        (["B4 (665 nm)", "B3 (560 nm)", "B2 (490 nm)"], ""),
        (["B4", "B3", "B2"], "S2A_MSIL2A_20200101.tif"),
        (["B2", "B3", "B5"], "T48QUE_stack.tif"),
    ],
)
def test_names_of_sentinel_2_are_proven(texts: list[str], elsewhere: str) -> None:
    names, assumed = named(texts, elsewhere)
    assert assumed is None
    assert all(name[0] == "B" and len(name) == 3 for name in names)


@pytest.mark.parametrize(
    ("texts", "elsewhere", "names"),
    [
        (["B1", "B2", "B3", "B4", "B5", "B7"], "gewata_l7.tif", LANDSAT),
        (["band 1 reflectance", "band 2 reflectance", "band 4 reflectance", "band 6 temperature"],
         "LE70220492002106EDC00.tif", ("blue", "green", "nir08", "lwir")),
        (["SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7"], "", LANDSAT),
        (["SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7"], "", LANDSAT),
        (["B05", "B04", "B03"], "HLS.L30.T17SLU.tif", ("nir08", "red", "green")),
        (["sur_refl_b01", "sur_refl_b02"], "", ("red", "nir")),
        (["B1", "B4"], "planetscope.tif", ("B1", "B4")),  # of which nothing is known but that it is not Sentinel-2
    ],
)  # fmt: skip
def test_other_sensors_bands_are_named_after_their_colours(
    texts: list[str], elsewhere: str, names: tuple[str, ...]
) -> None:
    assert named(texts, elsewhere) == (names, None)


def test_a_colour_beside_a_number_decides() -> None:
    texts = ["Band 1 - Blue", "Band 2 - Green", "Band 3 - Red", "Band 4 - Near Infrared"]
    assert named(texts) == (("blue", "green", "red", "nir"), None)
    assert named(["Band 5 NIR", "Band 4 red", "Band 3 green"]) == (("nir", "red", "green"), None)


@pytest.mark.parametrize(
    ("texts", "names", "assumed", "other"),
    [
        (["B2", "B3", "B4", "B5"], ("B02", "B03", "B04", "B05"), "bands of Sentinel-2", "nir08"),
        (["B4", "B3", "B2"], ("B04", "B03", "B02"), "bands of Sentinel-2", "nir08, red, green"),
        (["B1", "B2", "B3", "B4", "B5", "B7"], LANDSAT, "bands of Landsat 4, 5 or 7", "nothing proves"),
        (["SR_B4", "SR_B3", "SR_B2"], ("red", "green", "blue"), "bands of Landsat 8 or 9", "nothing proves"),
    ],
)
def test_where_two_readings_are_possible_the_one_taken_is_said(
    texts: list[str], names: tuple[str, ...], assumed: str, other: str
) -> None:
    found = names_of(texts, sensor_named(texts))
    assert (found.names, found.assumed) == (names, assumed)
    assert other in found.notes[0]
    assert "reader.bands=[...]" in found.notes[0]


def test_colours_and_other_words_stay_as_the_file_writes_them() -> None:
    assert named(["Red", "GREEN", "blue", "NIR"]) == (("Red", "GREEN", "blue", "NIR"), None)
    assert named(["slope", " near  infrared"]) == (("slope", "near_infrared"), None)


def test_number_in_reads_one_number() -> None:
    assert [each and each.number for each in map(number_in, ("B08", "Band 8a", "b_11", "B2 B3", "x"))] == [
        "8", "8A", "11", None, None,
    ]  # fmt: skip
    assert [number_in(text).spelled for text in ("B08", "B8A", "B8", "Band 08")] == [True, True, False, False]  # type: ignore[union-attr]  # each has one


def test_unknown_layers_say_how_they_are_shown_and_named() -> None:
    found = unknown(4)
    assert (found.names[0], found.described, found.assumed) == ("band1", False, "bands by their place in the file")
    assert "third as red" in found.notes[0]
    assert "reader.bands=[B02,B03,B04,B08]" in found.notes[0]
    assert unknown(1).assumed is None
