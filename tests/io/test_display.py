from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.io.display import NO_DATA, choose_bands, describe_bands, shown_limits, stretch

TWELVE = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B11", "B12")
COAST = ("B05", "B06", "B07", "B8A", "B11", "B12")


@pytest.mark.parametrize(
    ("bands", "display", "expected"),
    [
        (TWELVE, "auto", ("B04", "B03", "B02")),
        (TWELVE, "true_colour", ("B04", "B03", "B02")),
        (TWELVE, "false_colour", ("B08", "B04", "B03")),
        (TWELVE, ["B12", "B8A", "B04"], ("B12", "B8A", "B04")),
        (COAST, "auto", ("B12", "B8A", "B05")),
        (COAST, "false_colour", ("B12", "B8A", "B05")),
        (("B11", "B8A", "B05"), "auto", ("B11", "B8A", "B05")),
        (("band1", "band2", "band3"), "auto", ("band1", "band2", "band3")),
        (("band1", "band2", "band3", "band4"), "auto", ("band3", "band2", "band1")),
        (("red", "green", "blue", "nir"), "auto", ("red", "green", "blue")),
        (("Blue", "Green", "Red", "NIR"), "auto", ("Red", "Green", "Blue")),
        (("green", "red", "nir08", "swir16"), "auto", ("nir08", "red", "green")),
        (("red", "green", "blue", "nir"), "false_colour", ("nir", "red", "green")),
        (("B08",), "auto", ("B08", "B08", "B08")),
        (("B08", "B04"), "auto", ("B08", "B08", "B08")),
        (("B08", "B04"), ["B04", "B04", "B04"], ("B04", "B04", "B04")),
    ],
)
def test_choose_bands(bands: tuple[str, ...], display: str | list[str], expected: tuple[str, ...]) -> None:
    assert tuple(bands[i] for i in choose_bands(bands, display)) == expected


@pytest.mark.parametrize(
    ("display", "sentence"),
    [
        ("true_colour", r"display=true_colour needs the bands B04, B03, B02, which the scene lacks; it has B05, B06"),
        (["B12", "B8A", "B04"], r"display=\[B12,B8A,B04\] needs the band B04, which"),
        (["B12", "B8A"], "three band names such as"),
        ("truecolor", "`display` must be one of: auto, true_colour, false_colour"),
    ],
)
def test_choose_bands_names_what_is_missing(display: str | list[str], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        choose_bands(COAST, display)


def test_choose_bands_suggests_what_works() -> None:
    with pytest.raises(ConfigError, match=r"such as display=\[B12,B8A,B05\]"):
        choose_bands(COAST, "true_colour")


def test_describe_bands() -> None:
    assert describe_bands(TWELVE, (3, 2, 1)) == "true colour: red B04, green B03, blue B02"
    assert describe_bands(COAST, (5, 3, 0)) == "false colour: red B12, green B8A, blue B05"
    assert describe_bands(("B08",), (0, 0, 0)) == "gray: B08"
    assert describe_bands(("red", "green", "blue"), (0, 1, 2)) == "true colour: red red, green green, blue blue"


def test_describe_bands_says_what_is_assumed() -> None:
    found = describe_bands(("band1", "band2", "band3", "band4"), (2, 1, 0), "bands by their place in the file")
    assert found == "false colour: red band3, green band2, blue band1 (assumed: bands by their place in the file)"


def test_stretch_maps_limits_to_black_and_white_and_marks_no_data() -> None:
    values = np.array([[[0.1, 0.3, 0.9, 0.5]]] * 3, dtype=np.float32)
    valid = np.array([[True, True, True, False]])
    image = stretch(values, valid, np.full(3, 0.1, np.float32), np.full(3, 0.3, np.float32))
    np.testing.assert_array_equal(image[0], [[0] * 3, [255] * 3, [255] * 3, NO_DATA])


def test_stretch_constant_band_is_gray() -> None:
    image = stretch(np.ones((3, 2, 2), np.float32), np.ones((2, 2), bool), np.ones(3), np.ones(3))
    assert len(np.unique(image)) == 1
    assert 100 < image[0, 0, 0] < 200


def test_shown_limits_stop_below_clouds_where_the_values_are_reflectance() -> None:
    survey = {"bands": ["B04", "B08"], "percentile_2": [0.02, 0.03], "percentile_98": [0.8, 0.4]}
    low, high = shown_limits(survey, [0, 1, 1], reflectance=True)
    np.testing.assert_allclose(low, [0.02, 0.03, 0.03])
    np.testing.assert_allclose(high, [0.3, 0.4, 0.4])
    np.testing.assert_allclose(shown_limits(survey, [0, 1, 1], reflectance=False)[1], [0.8, 0.4, 0.4])
    bright = {"bands": ["B04"], "percentile_2": [0.5], "percentile_98": [0.8]}
    np.testing.assert_allclose(shown_limits(bright, [0, 0, 0], reflectance=True)[1], 0.8)
