"""Fixtures of all tests: the real scenes, where they are, and no state left in the checkout."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "2")  # read where libraries are loaded

import pytest
import torch
from hypothesis import HealthCheck, settings

from rsgraph import locks, syncing
from tests.small_runs import configure, finished, made, small_runs, undrawn

__all__ = ["configure", "finished", "made", "small_runs", "undrawn"]

# compiled code is slow the first time, and machines are shared: no test depends on the clock
settings.register_profile("rsgraph", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rsgraph")

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data"


def _real_data() -> Path | None:
    """Return the folder of real scenes: RSGRAPH_DATA, or shared/data beside the checkout."""
    given = os.environ.get("RSGRAPH_DATA")
    folder = Path(given) if given else _BESIDE
    return folder if folder.is_dir() else None


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Let networks begin with the same weights every time: of few units, some draws have all of them silent."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def no_further_logging() -> Iterator[None]:
    """Take off what a test has Hydra set up for logging: it would write to outputs that are closed by then."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    root.handlers[:] = [handler for handler in root.handlers if handler in before]
    root.setLevel(level)


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """Let Ctrl-C be heard: a shell lets its background jobs, and all that these start, ignore it."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the user is informed of, by a process that knows no file system yet."""
    said: list[str] = []
    monkeypatch.setattr(locks, "_locking", {})
    monkeypatch.setattr(syncing, "_syncing", {})
    monkeypatch.setattr(syncing, "_informed", set())
    monkeypatch.setattr(syncing, "_inform", said.append)
    return said


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = _real_data()
    assert folder is not None, "tests marked `real` are deselected without RSGRAPH_DATA"
    return folder


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the tests that need the real scenes where there are none, and say so."""
    if _real_data() is not None:
        return
    real = [item for item in items if item.get_closest_marker("real")]
    if real:
        config.hook.pytest_deselected(items=real)
        items[:] = [item for item in items if item not in real]
        config.stash[_DESELECTED] = len(real)


_DESELECTED = pytest.StashKey[int]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say in one line what was not run."""
    count = config.stash.get(_DESELECTED, 0)
    if count:
        terminalreporter.write_line(f"{count} tests of real scenes deselected: RSGRAPH_DATA is not set")
