from __future__ import annotations

from pathlib import Path

import pytest

from tests.exporters.workspaces import PIXELS, OpenedWorkspace, scene, write_workspace

LABELS = {1: "water", 2: "sand", 5: "water"}


@pytest.fixture
def workspace(tmp_path: Path) -> OpenedWorkspace:
    """One scene in UTM, four chips of which two are small, no labels."""
    return write_workspace(tmp_path / "work", [scene()])


@pytest.fixture
def labelled(tmp_path: Path) -> OpenedWorkspace:
    return write_workspace(tmp_path / "work", [scene()], LABELS)


@pytest.fixture
def without_crs(tmp_path: Path) -> OpenedWorkspace:
    return write_workspace(tmp_path / "work", [scene(crs=None, transform=PIXELS)])


@pytest.fixture
def collection(tmp_path: Path) -> OpenedWorkspace:
    """Two images without CRS, with classes."""
    images = [
        scene(name, rows=SIDE, columns=SIDE, crs=None, transform=PIXELS, class_name=name.split("_")[0])
        for name in ("River_1", "Forest_22")
    ]
    return write_workspace(tmp_path / "work", images, {1: "water"})


SIDE = 24
