"""Paths that cannot be opened as they stand: what is said is true, and its advice works."""

from __future__ import annotations

import os
import shutil
import zipfile
from pathlib import Path

import pytest

from rsgraph.errors import NotReadable, NotUsable
from rsgraph.io.absent import check_name, missing, readable
from rsgraph.io.auto import Auto
from tests.io.rasters import counts, write_tiff


def said(path: Path | str) -> str:
    with pytest.raises((NotReadable, NotUsable)) as raised:
        Auto().open(Path(path))
    return str(raised.value)


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (
            "https://a.b/x.tif?k=1",
            "https://a.b/x.tif?k=1 is an address; rsgraph reads files of this machine: ",
        ),
        ("s3://bucket/x.tif", "s3://bucket/x.tif is an address"),
        ("zip://x.zip!a.tif", "unpack the archive and name the file"),
        ('NETCDF:"x.nc":rhos_443', "`rio convert 'NETCDF:\"x.nc\":rhos_443' part.tif`"),
        ("HDF5:x.h5://a/b", "names a part of a file"),
        ("GTIFF_DIR:2:x.tif", "`rio convert 'GTIFF_DIR:2:x.tif' part.tif`"),
        ("SENTINEL2_L2A:P.SAFE/MTD_MSIL2A.xml:10m:EPSG_32631", "name the product itself: P.SAFE"),
        ("typo.tif", "typo.tif does not exist; look again"),
        ("C:\\data\\x.tif", "does not exist; look again"),
        ("a: b.tif", "does not exist; look again"),
    ],
)
def test_missing_knows_addresses_archives_and_parts(typed: str, sentence: str, absolute: bool) -> None:
    path = Path(typed).absolute() if absolute else Path(typed)
    assert sentence in str(missing(path, "look again"))


@pytest.mark.parametrize("typed", ["/vsicurl/https://a.b/x.tif", "/vsis3/bucket/x.tif"])
def test_missing_knows_gdals_addresses(typed: str) -> None:
    assert "is an address" in str(missing(Path(typed), "look again"))


def test_missing_advises_the_file_of_a_file_address(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(3), names=["B02", "B03", "B04"])
    advice = str(missing(Path(f"file://{path}"), "look again")).rpartition("name the file itself: ")[2]
    assert Auto().open(Path(advice))[0].name == "a"


def test_links_that_lead_nowhere_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.tif").symlink_to("gone.tif")
    (tmp_path / "folder").symlink_to(tmp_path / "unmounted")
    assert "a.tif is a link to gone.tif, which does not exist" in said(tmp_path / "a.tif")
    assert f"folder is a link to {tmp_path / 'unmounted'}" in said(tmp_path / "folder" / "b.tif")
    bands = tmp_path / "bands"
    write_tiff(bands / "B02.tif", counts(1))
    (bands / "B03.tif").symlink_to("/nowhere/B03.tif")
    assert "B03.tif is a link to /nowhere/B03.tif" in said(bands)


def test_a_link_to_a_scene_is_the_scene(tmp_path: Path) -> None:
    write_tiff(tmp_path / "a.tif", counts(3), names=["B02", "B03", "B04"])
    (tmp_path / "b.tif").symlink_to("a.tif")
    assert Auto().open(tmp_path / "b.tif")[0].bands == ("B02", "B03", "B04")


def test_a_path_that_goes_on_behind_a_file_says_so(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(1))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "inside/a.tif")
    assert "a.zip is an archive; unpack it" in said(tmp_path / "a.zip" / "inside" / "a.tif")
    assert "a.tif is a file, not a folder" in said(path / "b.tif")
    assert "holds neither one SAFE product nor EuroSAT, but inside/a.tif; unpack it" in said(tmp_path / "a.zip")
    (tmp_path / "a.tar").write_bytes(b"x")
    assert "a.tar is an archive; unpack it" in said(tmp_path / "a.tar")


def test_names_that_are_not_utf_8_are_refused_in_words_that_can_be_printed(tmp_path: Path) -> None:
    wrong = os.fsdecode(b"caf\xe9")
    path = write_tiff(tmp_path / "a.tif", counts(3), names=["B02", "B03", "B04"])
    shutil.copy(path, tmp_path / f"{wrong}.tif")
    (tmp_path / wrong).mkdir()
    shutil.copy(path, tmp_path / wrong / "a.tif")
    (tmp_path / "scenes").mkdir()
    shutil.copy(path, tmp_path / "scenes" / f"{wrong}.tif")
    for place in (f"{wrong}.tif", wrong, f"{wrong}/a.tif", "scenes"):
        text = said(tmp_path / place)
        assert "caf\\xe9" in text
        assert "is not UTF-8" in text
        assert text.encode("utf-8")
    (tmp_path / f"{wrong}.tif").rename(tmp_path / "café.tif")  # as it advises
    assert Auto().open(tmp_path / "café.tif")[0].name == "café"
    assert readable(Path("café")) == "café"


def test_companions_of_macos_are_named(tmp_path: Path) -> None:
    path = write_tiff(tmp_path / "a.tif", counts(3), names=["B02", "B03", "B04"])
    (tmp_path / "._a.tif").write_bytes(b"Mac OS X")
    assert f"name {path}." in said(tmp_path / "._a.tif")
    check_name(tmp_path / "._other")  # a file of that name may be anything


def test_formats_that_gdal_does_not_know_are_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "a.kea").write_bytes(b"what is this")
    assert "convert it to GeoTIFF" in said(tmp_path / "a.kea")


def test_a_link_in_the_users_home_is_followed_as_the_shell_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.tif").symlink_to("gone.tif")
    assert "a.tif is a link to gone.tif, which does not exist" in str(missing(Path("~/a.tif"), "look again"))
