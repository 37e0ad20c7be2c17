"""In plain napari: beside the layers and docks of others, which stay within reach."""

from __future__ import annotations

from pathlib import Path

import pytest
from hand import at_window

pytestmark = pytest.mark.slow

_OPENER = "viewer.window.add_plugin_dock_widget('napari-rsgraph', 'Brush and label')[1].accessibleName()"

_OPENERS = "[each for each in app.allWidgets() if type(each).__name__ == 'LabelWidget' and each.isVisible()]"


def test_a_workspace_opens_beside_what_is_there_and_the_opener_goes(workspace: Path, tmp_path: Path) -> None:
    with at_window(None, tmp_path / "screen") as hand:
        hand.ask("viewer.add_image(np.eye(60), name='mine').name")
        label = "__import__('qtpy.QtWidgets').QtWidgets.QLabel('other')"
        hand.ask(f"viewer.window.add_dock_widget({label}, name='Other').objectName()")
        hand.ask(_OPENER)
        opener = "find('LabelWidget', '')"
        assert hand.wait(f"{opener}.isVisible()")
        hand.ask(f"{opener}.open(__import__('pathlib').Path({str(workspace)!r}))")
        hand.wait("window is not None and window.overview.view is not None")
        hand.at_rest()
        hand.wait(
            "not [each for each in app.allWidgets() if type(each).__name__ == 'LabelWidget' and each.isVisible()]"
        )
        hand.wait("window.side.width() >= 300 and window.main.width() >= 1200")
        points, legend = hand.rectangle("window.overview.points"), hand.rectangle("window.overview.legend")
        assert points[1] + points[3] <= legend[1]
        assert hand.ask("len(window.main.tabifiedDockWidgets(window.left))") == 2
        assert hand.ask("[each.windowTitle() for each in window.main.tabifiedDockWidgets(window.right)]") == ["Other"]
        assert "mine" in hand.ask("[layer.name for layer in viewer.layers]")
        hand.save(tmp_path / "guest.png")
        hand.ask("window.show_first_steps()")
        hand.wait("find('FirstSteps', '') is not None")
        hand.ask("window.remove()")
        hand.wait("window is None")
        assert hand.ask("[each for each in app.allWidgets() if type(each).__name__ == 'FirstSteps']") == []
        assert hand.ask("[layer.name for layer in viewer.layers]") == ["mine"]
        assert hand.wait("find('QtViewerDockWidget', 'layer list').visibleRegion().isEmpty() is False")
        assert hand.ask("find('QtViewerDockWidget', 'layer controls').visibleRegion().isEmpty() is False")
        assert hand.ask("find('QLabel', 'other').isVisible()")
        hand.save(tmp_path / "left.png")
