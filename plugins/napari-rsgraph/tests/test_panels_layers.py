"""The panel of the user's layers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from waiting import shown

from napari_rsgraph.panels.layers import LayersPanel
from napari_rsgraph.session.overlays import Overlays
from napari_rsgraph.session.tables import Tables
from napari_rsgraph.session.work import Immediate, Tasks


@pytest.fixture
def session(tables: Tables, tmp_path: Path) -> Iterator[Any]:
    """What the panel sees of a session, and one raster that can be laid over its scene."""
    overlays = Overlays(tables, Tasks(Immediate()))
    scene = tables.scenes[0]
    about = {"driver": "GTiff", "count": 1, "height": scene.rows, "width": scene.columns, "dtype": "float32"}
    grid = Affine(*scene.transform[:6])
    with rasterio.open(tmp_path / "height.tif", "w", transform=grid, crs=scene.crs, **about) as file:
        file.write(np.random.default_rng(0).random((1, scene.rows, scene.columns), np.float32))
    yield SimpleNamespace(overlays=overlays)
    overlays.close()


def test_row_sets_opacity_hides_and_removes(session: Any, tmp_path: Path, qtbot: Any) -> None:
    panel = LayersPanel(session)
    qtbot.addWidget(panel)
    shown(qtbot, panel)
    assert not panel.hide_all.isEnabled()
    session.overlays.add([tmp_path / "height.tif"])
    (laid,) = session.overlays.layers
    row = panel.rows[laid]
    assert row.percent.text() == "70 %"
    row.opacity.setFocus()
    QTest.keyClick(row.opacity, Qt.Key.Key_Home)
    assert laid.opacity == 0
    assert row.percent.text() == "0 %"
    row.shown.click()
    assert not laid.visible
    panel.hide_all.click()
    assert laid.visible
    assert row.shown.isChecked()
    row.remove.click()
    assert session.overlays.layers == []
    assert panel.rows == {}


def test_controls_have_names_for_those_who_hear_them(session: Any, tmp_path: Path, qtbot: Any) -> None:
    panel = LayersPanel(session)
    qtbot.addWidget(panel)
    session.overlays.add([tmp_path / "height.tif"])
    (row,) = panel.rows.values()
    names = [each.accessibleName() for each in (row.shown, row.opacity, row.remove, panel.add, panel.hide_all)]
    assert names == [
        *("Show height.tif", "Opacity of height.tif", "Remove height.tif"),
        *("Lay a file over the scene", "Hide layers"),
    ]
