from __future__ import annotations

import pytest

from rsgraph.exporters.acquisition import acquired


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/d/S2B_MSIL2A_20200223T032739_N0214_R018_T48QUE_20200223T071515.SAFE", "2020-02-23T03:27:39"),
        ("/d/S2B_MSIL2A_20200223T032739_N0214.SAFE/GRANULE/L2A/IMG_DATA/R10m/T48_B02_10m.jp2", "2020-02-23T03:27:39"),
        ("/vsizip/{/d/S2A_MSIL1C_20160112T160652_X.zip}/x.SAFE/B02.jp2", "2016-01-12T16:06:52"),
        ("/data/20190101/t18svg_20160112T160652_B02.jp2", "2016-01-12T16:06:52"),
        ("C_2020-01-01T10:20:30_Sentinel.tif", "2020-01-01T10:20:30"),
    ],
)
def test_acquired_finds_the_time_in_a_name(path: str, expected: str) -> None:
    start, end = acquired([path]) or (None, None)
    assert start is not None
    assert start.isoformat() == f"{expected}+00:00"
    assert start == end


@pytest.mark.parametrize(
    ("path", "day"),
    [
        ("/d/turb_20231217_l2a_10m.tif", "2023-12-17"),
        ("2020-01-01-00:00_2020-01-01-23:59_Sentinel-2_L2A_B02_(Raw).tiff", "2020-01-01"),
    ],
)
def test_acquired_gives_the_whole_day_where_only_that_is_known(path: str, day: str) -> None:
    start, end = acquired([path]) or (None, None)
    assert start is not None
    assert end is not None
    assert (start.isoformat(), end.isoformat()) == (f"{day}T00:00:00+00:00", f"{day}T23:59:59+00:00")


@pytest.mark.parametrize(
    "path", ["scene.tif", "/2020/20200101/scene.tif", "id_120200223999.tif", "x_20200231.tif", "x_20201301.tif"]
)
def test_acquired_of_names_without_a_date_is_none(path: str) -> None:
    assert acquired([path]) is None


def test_acquired_prefers_a_time_to_a_day() -> None:
    found = acquired(["scene_20200101.tif", "T18SVG_20160112T160652_B02.jp2"])
    assert found is not None
    assert found[0].year == 2016
