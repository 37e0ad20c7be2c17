"""Names of Sentinel-2's bands, after ESA's list of bands and files as they are delivered."""

from __future__ import annotations

import pytest

from rsgraph.io.band_names import EUROSAT, L1C, L2A, band_name, described_names, guessed_names, is_spectral


def test_band_lists_are_those_of_esa_and_eurosat() -> None:
    esa = ["B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12"]
    assert tuple(esa) == L1C  # band ids 0 ... 12 of a product's metadata
    assert tuple(band for band in esa if band != "B10") == L2A  # cirrus serves the correction and has no surface
    assert (EUROSAT[8], EUROSAT[-1], sorted(EUROSAT)) == ("B09", "B8A", sorted(esa))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("T36NXF_20221127T075159_B02_10m.jp2", "B02"),
        ("T36NXF_20221127T075159_B8A_20m", "B8A"),
        ("b08a", "B8A"),
        ("Band 11 (SWIR 1)", "B11"),
        ("B1", "B01"),
        ("B13", None),
        ("B0", None),
        ("B02 and B03", None),
        ("S2B_MSIL2A", None),
    ],
)
def test_band_name_finds_the_one_band(text: str, name: str | None) -> None:
    assert band_name(text) == name


@pytest.mark.parametrize(
    ("text", "spectral"), [("B04", True), ("QA60", False), ("x_SCL_20m", False), ("TCI_R", False)]
)
def test_is_spectral_knows_quality_layers_and_pictures(text: str, spectral: bool) -> None:
    assert is_spectral(text) is spectral


def test_described_names_number_what_is_empty_or_twice() -> None:
    assert described_names(["B2", " near  infrared", "", "B04", "b4"]) == (
        "B02",
        "near_infrared",
        "band3",
        "band4",
        "band5",
    )


def test_guessed_names_follow_the_dark_cirrus_band() -> None:
    for order, place in ((L1C, 10), (EUROSAT, 9)):
        medians = [1000.0] * 13
        medians[place] = 10.0
        assert order[place] == "B10"
        assert guessed_names(medians) == order
    assert guessed_names([10.0] + [1000.0] * 12) is None
    assert guessed_names([1000.0] * 12) == L2A
    assert guessed_names([1000.0] * 4) is None
