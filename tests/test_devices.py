"""A machine without a driver has no GPU, and nobody loads torch to find that out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rsgraph.devices import may_have_gpu


def test_only_a_driver_makes_a_gpu_possible_on_linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    driver = tmp_path / "nvidiactl"
    assert not may_have_gpu(platform="linux", drivers=[str(driver)])
    driver.touch()
    assert may_have_gpu(platform="linux", drivers=[str(tmp_path / "kfd"), str(driver)])


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_elsewhere_torch_is_asked(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    assert may_have_gpu(platform=platform, drivers=[])


def test_torch_is_asked_where_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", sys)
    assert may_have_gpu(platform="linux", drivers=[])
