"""The frame round what has the keyboard."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QColor, QFocusEvent
from qtpy.QtWidgets import QApplication, QWidget
from waiting import shown

from napari_rsgraph.scene.focus_frame import FocusFrame


def test_the_frame_comes_and_goes_with_the_keyboard_and_follows_the_size(qtbot: Any) -> None:
    canvas = QWidget()
    qtbot.addWidget(canvas)
    canvas.resize(100, 60)
    shown(qtbot, canvas)
    frame = FocusFrame(canvas)
    for kind in (QEvent.Type.FocusOut, QEvent.Type.FocusIn):
        QApplication.sendEvent(canvas, QFocusEvent(kind, Qt.FocusReason.OtherFocusReason))
        assert [bar.isVisible() for bar in frame.bars] == 4 * [kind == QEvent.Type.FocusIn]
    picture = canvas.grab().toImage()
    blue = QColor("#56b4e9")
    assert all(picture.pixelColor(*place) == blue for place in ((0, 30), (99, 30), (50, 0), (50, 59)))
    assert picture.pixelColor(50, 30) != blue
    canvas.resize(140, 60)
    qtbot.waitUntil(lambda: frame.bars[3].x() == 138)
    frame.close()
