from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.label_files.formats import check_shapefile, is_vector, refuse_other_drivers


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.gpkg", b"SQLite format 3\0", True),
        ("a.sqlite", b"SQLite format 3\0" + bytes(100), False),
        ("a.fgb", b"fgb\x03fgb\0", True),
        ("a.shp", b"\0\0\x27\x0a", True),
        ("a.json", b'\xef\xbb\xbf {"type": "Topology"}', True),
        ("a.csv", b"label,x\n", True),
        ("a.csv", b"<OGRVRTDataSource>", False),
        ("a.gpkg", b"<OGRVRTDataSource>", False),
        ("a.tif", b"II*\0", False),
        ("a.bin", b"", False),
    ],
)
def test_formats_are_told_by_their_first_bytes(tmp_path: Path, name: str, content: bytes, expected: bool) -> None:
    (tmp_path / name).write_bytes(content)
    assert is_vector(tmp_path / name) is expected


@pytest.mark.parametrize(("member", "expected"), [("a.prj", True), ("a.vrt", False)])
def test_a_zip_of_a_shapefile_holds_nothing_else(tmp_path: Path, member: str, expected: bool) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.shp", b"\0\0\x27\x0a")
        archive.writestr(member, "x")
    assert is_vector(tmp_path / "a.zip") is expected


def test_other_drivers_are_refused() -> None:
    refuse_other_drivers(Path("a"), "GPKG")
    with pytest.raises(NotUsable, match="a file of WFS"):
        refuse_other_drivers(Path("a"), "WFS")


def test_a_shapefile_that_lacks_a_file_says_which_and_a_part_says_what_to_name(tmp_path: Path) -> None:
    for name in ("a.shp", "a.shx", "a.DBF", "b.shp", "b.shx", "c.shp", "c.dbf", "lone.dbf"):
        (tmp_path / name).touch()
    check_shapefile(tmp_path / "a.shp")
    check_shapefile(tmp_path / "lone.dbf")  # a table by itself
    for name, match in (
        ("b.shp", r"b\.shp lacks the file b\.dbf beside it, which says what its attributes are; copy all files"),
        ("c.shp", r"c\.shp lacks the file c\.shx beside it"),
        ("a.shx", r"a\.shx is a part of a shapefile; name .*a\.shp"),
    ):
        with pytest.raises(NotReadable, match=match):
            check_shapefile(tmp_path / name)
