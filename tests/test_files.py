from __future__ import annotations

import errno
import hashlib
import os
import stat
from pathlib import Path

import pytest

from rsgraph import files
from rsgraph.errors import OutputError, WorkspaceError
from rsgraph.files import (
    atomic,
    digest,
    expanded,
    place,
    read_json,
    replaced_folder,
    sha256,
    write_json,
)


def test_atomic_replaces_the_file_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with atomic(path) as temporary:
        temporary.write_text("new")
        assert path.read_text() == "old"
        assert temporary.suffix == ".csv"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_leaves_the_old_file_when_the_body_fails(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fail() -> None:
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_says_in_one_sentence_that_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")

    def fill() -> None:
        with atomic(path) as temporary:
            temporary.write_text("half")
            with open("/dev/full", "w") as device:  # the kernel's own "no space left on device"
                device.write("x")

    with pytest.raises(OutputError, match=r"could not write .*table.csv: the disk is full \(\d+ MB free\)"):
        fill()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_make_folder_names_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"could not write .*Not a directory"):
        files.make_folder(tmp_path / "file" / "folder")


def test_read_json_names_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"stages": ')
    with pytest.raises(WorkspaceError, match=r"manifest.json is damaged"):
        read_json(tmp_path / "manifest.json")


def test_json_round_trip_keeps_letters(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"name": "Plöner See", "n": [1, 2.5, None]})
    assert read_json(tmp_path / "a.json") == {"name": "Plöner See", "n": [1, 2.5, None]}


def test_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert digest({"a": 1, "b": {"c": 2, "d": 3}}) == digest({"b": {"d": 3, "c": 2}, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})


def test_sha256_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc" * 1000)
    assert sha256(tmp_path / "x") == hashlib.sha256(b"abc" * 1000).hexdigest()


def test_place_copies_where_no_link_is_possible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x").write_text("content")

    def no_link(*names: object) -> None:
        raise OSError(errno.EXDEV, "cross-device link")

    monkeypatch.setattr(os, "link", no_link)
    place(tmp_path / "x", tmp_path / "there" / "y")
    assert (tmp_path / "there" / "y").read_text() == "content"
    assert (tmp_path / "there" / "y").stat().st_nlink == 1


def test_replaced_folder_takes_the_place_of_the_old_one_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "rgb"
    with replaced_folder(target, "partial") as folder:
        (folder / "a").write_text("first")
    with pytest.raises(KeyError), replaced_folder(target, "partial") as folder:  # noqa: PT012 - the body of the folder fails
        (folder / "a").write_text("half")
        raise KeyError
    assert (target / "a").read_text() == "first"
    with replaced_folder(target, "partial") as folder:
        (folder / "b").write_text("second")
    assert [path.name for path in target.iterdir()] == ["b"]
    assert [path.name for path in tmp_path.iterdir()] == ["rgb"]


def test_replaced_folder_says_where_it_could_not_write(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"could not write .*absent"),
        replaced_folder(tmp_path / "absent" / "rgb", "partial"),
    ):
        pass


@pytest.mark.parametrize("name", ["~scene.tif", "~nobody_of_this_name/scene.tif"])
def test_a_name_that_begins_with_a_tilde_is_a_name(name: str) -> None:
    assert expanded(name) == Path(name)


def test_the_home_is_put_in_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/a.tif") == tmp_path / "a.tif"


def without_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Be a user whom nobody knows, with a folder for temporary files."""

    def unknown(self: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", unknown)
    monkeypatch.setenv("HOME", "~")  # put back afterwards
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / f"rsgraph-home-{os.getuid()}"


def test_a_user_whom_nobody_knows_gets_a_home_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = without_home(monkeypatch, tmp_path)
    files.ensure_home()
    assert os.environ["HOME"] == str(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert not files.has_home(), "nothing is kept there"
    files.ensure_home()
    assert os.environ["HOME"] == str(home), "the same for every process"


@pytest.mark.parametrize("trap", ["a link", "open to all"])
def test_a_home_that_somebody_else_prepared_is_not_used(
    trap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = without_home(monkeypatch, tmp_path)
    if trap == "a link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        home.symlink_to("theirs")
    else:
        home.mkdir()
        home.chmod(0o777)
    files.ensure_home()
    assert Path(os.environ["HOME"]).resolve() not in (home.resolve(), tmp_path / "theirs")
    assert Path(os.environ["HOME"]).parent == tmp_path


def test_a_home_that_is_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    files.ensure_home()
    assert os.environ["HOME"] == str(tmp_path)
    assert files.has_home()
