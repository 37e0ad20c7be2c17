from __future__ import annotations

import errno
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from rsgraph import syncing
from rsgraph.errors import OutputError
from rsgraph.files import replaced_folder, write_text
from rsgraph.locks import locked, why_not_locked
from rsgraph.syncing import why_not_synced


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
    assert why_not_synced(tmp_path) == os.strerror(number)


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
    assert why_not_synced(tmp_path) is why_not_locked(tmp_path) is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.lock", "a.txt"], "no probe is left"
    assert fresh == []


def test_by_default_the_user_is_informed_through_the_logger(
    fresh: list[str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(syncing, "_inform", logging.getLogger("rsgraph").warning)
    syncing.inform("/x is on a share that cannot")
    syncing.inform("/y is on a share that cannot")
    assert caplog.messages == ["/x is on a share that cannot"]
    syncing.inform_through(fresh.append)
    syncing.inform("something else")
    assert fresh == ["something else"]
