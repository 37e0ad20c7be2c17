"""The bar of the scene."""

from __future__ import annotations

import pytest
from scene_screen import Screen

from napari_rsgraph.scene.bar import SceneBar

pytestmark = pytest.mark.usefixtures("qapp")


def test_the_bar_drives_and_follows(screen: Screen) -> None:
    bar = SceneBar(screen.tools)
    screen.qtbot.addWidget(bar)
    assert bar.buttons["scene_click"].isChecked()
    bar.buttons["scene_paint"].click()
    assert screen.tools.tool == "paint"
    radius = screen.tools.radius
    bar.buttons["scene_larger"].click()
    assert screen.tools.radius == pytest.approx(1.2 * radius)
    assert bar.size_text.text() == f"brush {2.4 * radius:.0f} px"
    screen.tools.tool = "pan"
    assert bar.buttons["scene_pan"].isChecked()
    assert not bar.buttons["scene_larger"].isEnabled()
    bar.buttons["outlines"].click()
    assert not screen.map.segments.visible
    assert all(made.toolTip() for made in bar.buttons.values())
    assert bar.scenes.isHidden()
