from __future__ import annotations

from pathlib import Path
from typing import Any

from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QPushButton

from napari_rsgraph.opener import LabelWidget


def test_a_folder_that_is_no_workspace_is_one_sentence(qtbot: Any, tmp_path: Path) -> None:
    viewer: Any = object()
    widget = LabelWidget(viewer)
    qtbot.addWidget(widget)
    before = len(notification_manager.records)
    widget.open(tmp_path)
    said = [record.message for record in notification_manager.records[before:]]
    assert len(said) == 1
    assert str(tmp_path) in said[0]


def test_its_button_says_what_to_choose(qtbot: Any) -> None:
    viewer: Any = object()
    widget = LabelWidget(viewer)
    qtbot.addWidget(widget)
    button = widget.findChild(QPushButton)
    assert button is not None
    assert "manifest.json" in button.toolTip()
