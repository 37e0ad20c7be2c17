from __future__ import annotations

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import Timeout

from rsgraph import files
from rsgraph.errors import OutputError, WorkspaceError
from rsgraph.files import (
    atomic,
    digest,
    expanded,
    locked,
    missing,
    place,
    read_json,
    replaced_folder,
    sha256,
    write_json,
    write_text,
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


def test_a_lock_is_held_waited_for_and_released(tmp_path: Path) -> None:
    one, lock = tmp_path / "one", tmp_path / "one.lock"
    with locked(lock, one), pytest.raises(Timeout), locked(lock, one, timeout=0):
        pass
    with locked(lock, one, timeout=0):
        pass


def test_a_lock_that_holds_something_is_not_emptied(tmp_path: Path) -> None:
    """It may be another name of a file of the user's, which to take the lock would empty."""
    (tmp_path / "thesis.txt").write_text("mine")
    os.link(tmp_path / "thesis.txt", tmp_path / "one.lock")
    with pytest.raises(OutputError, match=r"one\.lock is no lock of ours"), locked(tmp_path / "one.lock", tmp_path):
        pass
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_lock_that_cannot_be_made_is_one_sentence_on_what_it_stands_for(tmp_path: Path) -> None:
    (tmp_path / "one.lock").mkdir()
    with (
        pytest.raises(OutputError, match=r"could not write .*one: "),
        locked(tmp_path / "one.lock", tmp_path / "one"),
    ):
        pass


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What the user is informed of, by a process that knows no file system yet."""
    said: list[str] = []
    for name, value in (("_locking", {}), ("_syncing", {}), ("_informed", set())):
        monkeypatch.setattr(files, name, value)
    monkeypatch.setattr(files, "_inform", said.append)
    return said


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, *, only: Callable[[int], bool]) -> None:
    """Let fsync fail for some of what is opened."""
    fsync = os.fsync

    def refuses(handle: int) -> None:
        if only(handle):
            raise OSError(number, os.strerror(number))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", refuses)


def is_folder(handle: int) -> bool:
    return stat.S_ISDIR(os.fstat(handle).st_mode)


@pytest.mark.parametrize(
    "number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM, errno.EBADF, errno.EACCES]
)
def test_a_folder_that_cannot_be_fsynced_stops_nothing_and_is_said_once(
    number: int, tmp_path: Path, fresh: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, number, only=is_folder)
    for name in ("a.txt", "b.txt"):
        write_text(tmp_path / name, "whole")
        assert (tmp_path / name).read_text() == "whole"
    with replaced_folder(tmp_path / "folder", "new") as temporary:
        (temporary / "c.txt").write_text("whole")
    assert (tmp_path / "folder" / "c.txt").read_text() == "whole"
    assert len(fresh) == 1
    assert f"fsync folders ({os.strerror(number)})" in fresh[0]
    assert files.why_not_synced(tmp_path) == os.strerror(number)


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("folders", [True, False])
def test_a_disk_that_fails_or_is_full_is_an_error_all_the_same(
    number: int, folders: bool, tmp_path: Path, fresh: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, number, only=lambda handle: is_folder(handle) == folders)
    with pytest.raises(OutputError, match="could not write"):
        write_text(tmp_path / "a.txt", "whole")
    assert fresh == []


def test_a_file_that_may_not_be_fsynced_by_this_user_is_an_error(
    tmp_path: Path, fresh: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch, errno.EPERM, only=lambda handle: not is_folder(handle))
    with pytest.raises(OutputError, match="could not write"):
        write_text(tmp_path / "a.txt", "whole")


def test_a_disk_that_can_do_all_is_not_spoken_of(tmp_path: Path, fresh: list[str]) -> None:
    write_text(tmp_path / "a.txt", "whole")
    with locked(tmp_path / "a.lock", tmp_path):
        assert (tmp_path / "a.lock").exists()
    assert files.why_not_synced(tmp_path) is files.why_not_locked(tmp_path) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.lock", "a.txt"], "no probe is left"
    assert fresh == []


@pytest.mark.parametrize("kind", ["flock", "lockf"])
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL])
def test_where_nothing_can_be_locked_programs_of_this_machine_wait_for_each_other(
    kind: str, number: int, tmp_path: Path, fresh: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    real = getattr(fcntl, kind)
    share = os.stat(tmp_path).st_ino

    def refuses(handle: int, operation: int) -> None:
        if Path(os.readlink(f"/proc/self/fd/{handle}")).parent.stat().st_ino == share:
            raise OSError(number, os.strerror(number))
        real(handle, operation)

    monkeypatch.setattr(fcntl, kind, refuses)
    lock = tmp_path / "a.lock"
    with locked(lock, tmp_path), pytest.raises(Timeout), locked(lock, tmp_path, timeout=0):
        pytest.fail("it is held")
    with locked(lock, tmp_path, timeout=0), locked(tmp_path / "b.lock", tmp_path, timeout=0):
        assert files.lock_place(lock).parent != tmp_path
    assert list(tmp_path.iterdir()) == []
    assert len(fresh) == 1
    assert f"cannot lock files ({os.strerror(number)})" in fresh[0]


def test_a_folder_that_cannot_be_written_is_not_called_one_that_cannot_lock(tmp_path: Path, fresh: list[str]) -> None:
    assert files.why_not_locked(tmp_path / "nothing") is None
    assert fresh == []


def test_by_default_the_user_is_informed_through_the_logger(
    fresh: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(files, "_inform", logging.getLogger("rsgraph").warning)
    files.inform("/x is on a share that cannot")
    files.inform("/y is on a share that cannot")
    assert caplog.messages == ["/x is on a share that cannot"]
    files.inform_through(fresh.append)
    files.inform("something else")
    assert fresh == ["something else"]


@pytest.mark.parametrize("name", ["~scene.tif", "~nobody_of_this_name/scene.tif"])
def test_a_name_that_begins_with_a_tilde_is_a_name(name: str) -> None:
    assert expanded(name) == Path(name)


def test_the_home_is_put_in_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expanded("~/a.tif") == tmp_path / "a.tif"


def test_a_link_that_leads_nowhere_is_not_called_a_typing_error(tmp_path: Path) -> None:
    (tmp_path / "link.tif").symlink_to("gone.tif")
    assert missing(tmp_path / "link.tif") == f"{tmp_path}/link.tif is a link to gone.tif, which does not exist"
    assert missing(tmp_path / "gone.tif") == f"{tmp_path}/gone.tif does not exist"


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
