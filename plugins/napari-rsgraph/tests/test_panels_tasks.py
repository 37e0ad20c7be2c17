"""The strip of running work."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt

from napari_rsgraph.panels.tasks import TaskStrip

LEFT = Qt.MouseButton.LeftButton


def test_running_work_is_shown_and_can_be_cancelled(qtbot: Any) -> None:
    strip = TaskStrip()
    qtbot.addWidget(strip)
    assert not strip.isVisible()
    strip.task_started(4, "umap of gnn2")
    strip.task_started(5, "export geotiff", cancellable=False)
    assert strip.isVisible()
    assert strip.lines[4].bar.maximum() == 0
    strip.task_progress(4, 2_500_000_000, 10_000_000_000)
    assert strip.lines[4].bar.value() / strip.lines[4].bar.maximum() == 0.25
    strip.task_progress(99, 1, 2)
    assert not strip.lines[5].cancel.isVisible()
    with qtbot.waitSignal(strip.cancelled) as heard:
        qtbot.mouseClick(strip.lines[4].cancel, LEFT)
    assert heard.args == [4]
    assert not strip.lines[4].cancel.isEnabled()
    strip.task_ended(4)
    assert strip.isVisible()
    strip.task_ended(5)
    strip.task_ended(5)
    assert not strip.isVisible()
