from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from filelock import Timeout

from rsgraph.errors import OutputError
from rsgraph.locks import lock_place, locked, why_not_locked


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
        assert lock_place(lock).parent != tmp_path
    assert list(tmp_path.iterdir()) == []
    assert len(fresh) == 1
    assert f"cannot lock files ({os.strerror(number)})" in fresh[0]


def test_a_folder_that_cannot_be_written_is_not_called_one_that_cannot_lock(tmp_path: Path, fresh: list[str]) -> None:
    assert why_not_locked(tmp_path / "nothing") is None
    assert fresh == []
