"""Coordinate systems that files name."""

from __future__ import annotations

from pathlib import Path

import pytest
import rasterio
from rasterio.crs import CRS

from rsgraph.errors import NotUsable
from rsgraph.io.coordinate_systems import why_not_usable
from rsgraph.io.header import header
from tests.io.rasters import counts, write_tiff

_DEGREES = 'CS[ellipsoidal,2],AXIS["lat",north],AXIS["lon",east],ANGLEUNIT["degree",0.0174532925199433]'
_EARTH = 'ELLIPSOID["WGS 84",6378137,298.257223563]'


def shifted_by(grid: str) -> str:
    """Return a coordinate system that is brought to WGS 84 by a grid of shifts."""
    method = f'METHOD["NTv2",ID["EPSG",9615]],PARAMETERFILE["Latitude and longitude difference file","{grid}"]'
    return (
        f'BOUNDCRS[SOURCECRS[GEOGCRS["x",DATUM["d",{_EARTH}],{_DEGREES}]],'
        f'TARGETCRS[GEOGCRS["WGS 84",DATUM["World Geodetic System 1984",{_EARTH}],{_DEGREES},ID["EPSG",4326]]],'
        f'ABRIDGEDTRANSFORMATION["t",{method}]]'
    )


@pytest.mark.parametrize(
    "text",
    [
        "EPSG:32633",
        CRS.from_epsg(32633).to_wkt(),
        CRS.from_string("+proj=merc +a=6378137 +b=6378137 +nadgrids=@null +units=m").to_wkt(),
        'LOCAL_CS["of a factory",UNIT["metre",1]]',
    ],
)
def test_honest_systems_pass(text: str) -> None:
    assert why_not_usable(text) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("EPSG:99999", "is no coordinate system that is known"),
        ("PROJCS[" + "[" * 5000 + "]" * 5001, "is no coordinate system that is known"),
        (shifted_by("/nowhere/grid.gsb"), "names a grid of shifts that is not installed"),
        (shifted_by("nobody_has_this.gsb"), "names a grid of shifts that is not installed"),
        (shifted_by("http://127.0.0.1:9/grid.gsb"), "names a file on a server"),
        ("http://127.0.0.1:9/crs", "names a file on a server"),
    ],
)
def test_others_say_why(text: str, why: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert why in (why_not_usable(text) or "")
    assert capfd.readouterr() == ("", ""), "what PROJ says of it is not printed"


def test_a_scene_whose_system_needs_a_grid_is_refused(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", counts(4))
    with rasterio.open(tmp_path / "a.tif") as file:
        rows, columns = file.shape
    (tmp_path / "a.vrt").write_text(
        f'<VRTDataset rasterXSize="{columns}" rasterYSize="{rows}"><SRS>{shifted_by("nobody.gsb")}</SRS>'
        '<VRTRasterBand dataType="UInt16" band="1"><SimpleSource><SourceFilename relativeToVRT="1">a.tif'
        "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(NotUsable, match=r"a\.vrt names a grid of shifts that is not installed"):
        header(str(tmp_path / "a.vrt"))
