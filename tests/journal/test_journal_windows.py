"""Two windows, in two processes: one writes, the other looks on, and takes over when the first dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rsgraph.errors import JournalLocked
from rsgraph.journal.journal import Journal

FIRST_WINDOW = """
import sys
from rsgraph.journal.journal import Journal

journal = Journal(sys.argv[1], author="ann")
journal.define("water")
print("ready", flush=True)
for line in sys.stdin:
    number = int(line)
    print(journal.assign([number], "water") if number else journal.undo().event, flush=True)
"""


class Window:
    """A process that labels the segments whose ids it reads."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", FIRST_WINDOW, str(path)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.answer() == "ready"

    def answer(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, number: int) -> str:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{number}\n")
        return self.answer()

    def die(self) -> None:
        self.process.kill()
        self.process.wait(30)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "labels.sqlite"


@pytest.fixture
def window(path: Path) -> Iterator[Window]:
    found = Window(path)
    yield found
    if found.process.returncode is None:
        found.die()


def test_the_second_window_looks_on_and_takes_over(window: Window, path: Path) -> None:
    assert window.tell(5) == "2"
    with pytest.raises(JournalLocked, match=rf"is being labelled by \S+ \(process {window.process.pid} on this comp"):
        Journal(path)
    with Journal.open(path, author="bob") as second:
        assert second.read_only
        assert second.notice is not None
        assert f"process {window.process.pid} on this computer" in second.notice
        assert "\n" not in second.notice
        assert second.labels()["segment_id"].tolist() == [5]
        assert not second.refresh()
        with pytest.raises(JournalLocked, match="read-only"):
            second.assign([9], "water")
        window.tell(6)
        assert second.refresh()
        assert second.labels()["segment_id"].tolist() == [5, 6]
        assert second.labels()["author"].tolist() == ["ann", "ann"]
        window.tell(0)
        assert second.refresh()
        assert second.labels()["segment_id"].tolist() == [5]
        assert second.can_redo is not None
        window.tell(7)
        window.die()
        assert second.refresh()
        assert second.labels()["segment_id"].tolist() == [5, 7]
    with Journal.open(path, author="bob") as second:
        assert not second.read_only
        assert second.notice is None
        second.assign([8], "water")
        assert second.labels()["author"].tolist() == ["ann", "ann", "bob"]
        for _ in range(4):
            assert second.undo() is not None
        assert second.labels().empty


def test_a_folder_that_may_not_be_written_is_looked_at(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Journal(path) as journal:
        journal.define("water")
        journal.assign([1], "water")
    path.parent.chmod(0o500)
    if os.access(path.parent, os.W_OK):  # root may write anywhere

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    try:
        with Journal.open(path) as looking:
            assert looking.read_only
            assert looking.notice is not None
            assert "labels can only be looked at: could not write" in looking.notice
            assert looking.labels()["segment_id"].tolist() == [1]
    finally:
        path.parent.chmod(0o700)
