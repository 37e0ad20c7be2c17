"""The harness itself: it sees what is written, asked for and used."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.tampered.harness import Outcome, attempt, limited, requests, states


def test_what_is_made_changed_removed_or_linked_is_seen(tmp_path: Path) -> None:
    for name in ("kept", "changed", "removed", "w/free"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("before")
    before = states(tmp_path, ["w"])
    (tmp_path / "changed").write_text("after")
    (tmp_path / "removed").unlink()
    (tmp_path / "made").mkdir()
    (tmp_path / "w" / "free").write_text("after")
    os.symlink(tmp_path / "kept", tmp_path / "link")
    after = states(tmp_path, ["w"])
    differing = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    assert differing == {"changed", "removed", "made", "link"}


def test_requests_are_counted(tmp_path: Path) -> None:
    with requests() as asked:
        with pytest.raises(HTTPError, match="404"):
            build_opener(ProxyHandler({})).open(f"{asked.address}/there?x=1")
        assert asked == ["GET /there?x=1"]


def test_memory_and_time_of_a_process_are_measured(tmp_path: Path) -> None:
    code, out, err, seconds, peak = limited(
        [sys.executable, "-c", "x = bytearray(b'1') * (300 << 20); print(len(x))"], cwd=tmp_path, environment={}
    )
    assert (code, out, err) == (0, f"{300 << 20}\n", "")
    assert 300 < peak < 600
    assert 0 < seconds < 60


def test_a_command_that_is_refused_is_told_from_others(tmp_path: Path) -> None:
    done = attempt(tmp_path, "walk")
    assert "choose one of" in done.refused("unknown verb", "walk")
    for wrong in (
        Outcome(1, "", "error: no", 1, 100, ()),
        Outcome(2, "", "Traceback\nerror: no", 1, 100, ()),
        Outcome(2, "", "error: no", 1, 5000, ()),
        Outcome(2, "", "error: no", 60, 100, ()),
        Outcome(2, "", "error: no", 1, 100, ("elsewhere",)),
    ):
        with pytest.raises(AssertionError):
            wrong.refused()
