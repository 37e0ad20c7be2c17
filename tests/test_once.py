"""Folders that are made once in a session: shared by its processes, and by nobody else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.once import made_once


@pytest.fixture
def factories(tmp_path: Path) -> list[pytest.TempPathFactory]:
    """Those of two worker processes of one session."""
    folders = [tmp_path / name for name in ("popen-gw0", "popen-gw1")]
    for folder in folders:
        folder.mkdir()
    return [pytest.TempPathFactory(None, 3, "all", lambda *_: None, folder, _ispytest=True) for folder in folders]


def test_made_once_is_made_by_the_first_that_asks_and_others_wait(
    factories: list[pytest.TempPathFactory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def make(folder: Path) -> None:
        (folder / "a.txt").write_text("made")
        calls.append(folder)

    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw1")
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda factory: made_once(factory, "thing", make), factories))
    assert found == [tmp_path / "thing"] * 2
    assert calls == found[:1]
    assert (found[1] / "a.txt").read_text() == "made"
    assert made_once(factories[0], "other", make) == tmp_path / "other"
    assert len(calls) == 2


def test_made_once_stays_in_the_folder_of_a_session_of_one_process(
    factories: list[pytest.TempPathFactory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert made_once(factories[0], "thing", lambda folder: None) == tmp_path / "popen-gw0" / "thing"
