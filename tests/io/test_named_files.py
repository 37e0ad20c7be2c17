from __future__ import annotations

from pathlib import Path

import pytest

from rsgraph.errors import NotReadable
from rsgraph.io.named_files import NamedFiles, shown


def source(name: str) -> str:
    band = f'<SimpleSource><SourceFilename relativeToVRT="1">{name}</SourceFilename></SimpleSource>'
    return f"<VRTDataset><VRTRasterBand>{band}</VRTRasterBand></VRTDataset>"


def test_each_raster_that_is_named_is_identified_once(tmp_path: Path) -> None:
    found: list[str] = []
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    (tmp_path / "b.vrt").write_text(source("a.tif"))
    (tmp_path / "c.vrt").write_text(source("b.vrt") + "<!-- -->")
    (tmp_path / "part.vrt").write_text(source('NETCDF:"a.tif":v'))
    NamedFiles(str(tmp_path / "c.vrt"), found.append).check()
    assert found == [str(tmp_path / "a.tif"), str(tmp_path / "b.vrt")]
    NamedFiles(str(tmp_path / "part.vrt"), found.append).check()
    assert found[2:] == [str(tmp_path / "a.tif")]


def test_metadata_within_a_raster_name_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_bytes(b"II*\0")
    names = NamedFiles(str(tmp_path / "a.tif"), lambda _: None)
    names.check_metadata(str(tmp_path / "a.tif"), {"OVERVIEW_FILE": ":::BASE:::a.tif"}, {})
    with pytest.raises(NotReadable, match="which is not on this machine"):
        names.check_metadata(str(tmp_path / "a.tif"), {"OVERVIEW_FILE": "http://a.b/c"}, {})


def test_paths_are_shown_without_prefixes() -> None:
    assert shown("/vsizip/{/a/b.zip}/c.tif") == "/a/b.zip/c.tif"
