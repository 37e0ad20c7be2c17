"""Options that go before what a raster file says."""

from __future__ import annotations

import math

import pytest
from pyproj import CRS

from rsgraph.errors import ConfigError
from rsgraph.io.overrides import Overrides, overrides


def test_overrides_leave_everything_to_the_file_by_default() -> None:
    assert overrides() == Overrides(None, None, None, None, None)


def test_overrides_keep_numbers_and_names() -> None:
    given = overrides(["B02", "B8A"], 0.0001, -0.1, 0)
    assert given == Overrides(("B02", "B8A"), 0.0001, -0.1, 0.0)
    assert math.isnan(overrides(nodata=" NaN ").nodata or 0.0)  # type: ignore[arg-type]  # as YAML gives it


def test_overrides_write_a_crs_as_well_known_text() -> None:
    crs = overrides(crs="EPSG:32631").crs
    assert crs is not None
    assert CRS.from_wkt(crs).to_epsg() == 32631


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("scale", 0, "`scale` must be a finite number other than 0. Got 0; for Sentinel-2 counts use 0.0001"),
        ("scale", "many", "`scale` must be a number or null. Got 'many'"),
        ("scale", True, "`scale` must be a number or null. Got True"),
        ("offset", math.inf, "`offset` must be a finite number in units of reflectance. Got inf"),
        ("bands", "B02", "`bands` must be a list of names or null. Got 'B02'"),
        ("bands", ["B02", "B02"], "`bands` must hold at least one name, none of them empty or twice"),
        ("bands", [], "`bands` must hold at least one name"),
        (
            "crs",
            "EPSG:1",
            "`crs` must be a coordinate reference system that PROJ knows, e.g. EPSG:32631. Got 'EPSG:1'",
        ),
    ],
)
def test_overrides_refuse_what_is_of_the_wrong_kind(option: str, value: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        overrides(**{option: value})  # type: ignore[arg-type]  # the wrong kind is the point
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("options", "cure"),
    [
        ({"scale": 10000}, "to divide by it, use 0.0001."),
        ({"offset": -1000}, "use -0.1."),
        ({"scale": 0.0001, "offset": -1000}, "use -0.1."),
    ],
)
def test_divisors_and_counts_are_no_scale_and_no_offset(options: dict[str, float], cure: str) -> None:
    with pytest.raises(ConfigError) as caught:
        overrides(**options, rules=2)
    assert str(caught.value).endswith(cure)
    overrides(scale=1, offset=-1000, rules=2)  # other units are the user's choice
    overrides(**options)  # as version 0.1 did
