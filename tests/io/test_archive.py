"""Folders and .zip archives as lists of members, with zipfile and GDAL as witnesses."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio

from rsgraph.errors import NotReadable
from rsgraph.io.archive import _is_folder, is_zip, opened_zip, read_member, reasons, tree, walk
from tests.io.rasters import counts, write_tiff


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A product: a raster two folders down, and a text beside."""
    root = tmp_path / "product"
    write_tiff(root / "b" / "c" / "B02.tif", counts(1, 8, 8))
    (root / "about.txt").write_bytes(b"twelve bytes")
    return root


@pytest.fixture
def archive(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as target:
        for name in ("b/c/B02.tif", "about.txt"):
            target.write(folder / name, name)
        for name in ("../outside.txt", "/etc/passwd", "a\\b.txt", "empty/"):
            target.writestr(name, "")
    return path


def test_tree_lists_the_files_of_folder_and_archive_alike(folder: Path, archive: Path) -> None:
    assert tree(folder).members == tree(archive).members == ("about.txt", "b/c/B02.tif")
    assert [tree(folder).zipped, tree(archive).zipped] == [False, True]


def test_members_have_their_size_and_their_bytes(folder: Path, archive: Path) -> None:
    for place in (tree(folder), tree(archive)):
        assert place.size("about.txt") == 12
        with place.stream("about.txt") as file:
            assert file.read() == b"twelve bytes"


def test_gdal_path_is_what_gdal_opens(folder: Path, archive: Path) -> None:
    for place in (tree(folder), tree(archive)):
        with rasterio.open(place.gdal_path("b/c/B02.tif")) as source:
            np.testing.assert_array_equal(source.read(), counts(1, 8, 8))


def test_walk_stops_at_the_depth_and_does_not_enter_links(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "b")
    assert sorted(walk(folder)) == ["about.txt", "b/c/B02.tif"]
    assert list(walk(folder, deepest=2)) == ["about.txt"]
    assert list(walk(folder / "b", "b/", deepest=2)) == ["b/c/B02.tif"]


def test_walk_enters_links_that_lead_out_and_leaves_circles_and_companions_out(folder: Path, tmp_path: Path) -> None:
    write_tiff(tmp_path / "elsewhere" / "B03.tif", counts(1, 8, 8))
    (folder / "bands").symlink_to(tmp_path / "elsewhere")
    (folder / "b" / "up").symlink_to(folder)
    (folder / "above").symlink_to(tmp_path)
    (folder / "b" / "._B02.tif").write_bytes(b"Mac OS X")
    assert sorted(walk(folder)) == ["about.txt", "b/c/B02.tif", "bands/B03.tif"]


def test_companions_in_an_archive_are_no_members(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as target:
        for name in ("a/b.txt", "a/._b.txt", "__MACOSX/a/._b.txt"):
            target.writestr(name, "")
    assert tree(tmp_path / "a.zip").members == ("a/b.txt",)


def test_opened_zip_is_one_handle_until_the_file_changes(archive: Path) -> None:
    first = opened_zip(archive)
    assert opened_zip(archive) is first
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("other.txt", "")
    os.utime(archive, ns=(0, 0))
    assert opened_zip(archive).namelist() == ["other.txt"]


@pytest.mark.parametrize(
    ("error", "cure"),
    [
        (PermissionError(13, "Permission denied"), "change its permissions"),
        (RuntimeError("File 'a' is encrypted, password required for extraction"), "unpack it with its password"),
        (NotImplementedError("That compression method is not supported"), "the program that packed it"),
        (MemoryError(), "not enough memory"),
        (EOFError(), "copy or download it again"),
    ],
)
def test_what_helps_is_said_for_each_reason(error: Exception, cure: str) -> None:
    with pytest.raises(NotReadable, match=cure), reasons(Path("/x")):
        raise error


def test_damage_is_named_with_the_member(archive: Path, tmp_path: Path) -> None:
    whole = archive.read_bytes()
    assert is_zip(archive)
    (tmp_path / "cut.zip").write_bytes(whole[:-40])
    assert not is_zip(tmp_path / "cut.zip")
    with pytest.raises(NotReadable, match=r"cut\.zip cannot be read: File is not a zip file; copy or download it"):
        tree(tmp_path / "cut.zip")
    with pytest.raises(NotReadable, match=r"product\.zip/none\.txt cannot be read: .*no item named 'none.txt'"):
        tree(archive).size("none.txt")
    with pytest.raises(NotReadable, match=r"/x/y cannot be read: EOFError; "), reasons(Path("/x"), "y"):
        raise EOFError


def test_a_member_or_file_is_read_up_to_a_size(folder: Path, archive: Path) -> None:
    for root, member in ((archive, "about.txt"), (folder / "about.txt", "")):
        assert read_member(root, member, 12) == b"twelve bytes"
        with pytest.raises(ValueError, match=r"at most 11|larger than 11"):
            read_member(root, member, 11)


def test_walk_of_a_link_to_all_of_a_disk_ends(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rsgraph.io.archive._MOST_MEMBERS", 1000)
    (folder / "all").symlink_to("/usr")
    with pytest.raises(NotReadable, match="more than 1,000 files, those behind links among them"):
        list(walk(folder))


def test_a_link_that_nobody_may_follow_is_no_folder() -> None:
    """The system's own folders hold such links, even for its administrator."""

    class Entry:
        def is_dir(self) -> bool:
            raise PermissionError(13, "Permission denied")

    assert not _is_folder(Entry())  # type: ignore[arg-type]
