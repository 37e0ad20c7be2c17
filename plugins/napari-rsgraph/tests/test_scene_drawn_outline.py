"""The line of a lasso over a canvas."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QWidget
from waiting import shown

from napari_rsgraph.scene.drawn_outline import DrawnOutline


def test_the_line_is_shown_while_there_is_one_and_lets_the_mouse_through(qtbot: Any) -> None:
    canvas = QWidget()
    qtbot.addWidget(canvas)
    canvas.resize(200, 100)
    canvas.setStyleSheet("background: #804020")
    shown(qtbot, canvas)
    drawn = DrawnOutline(canvas)
    assert drawn.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    drawn.show_trail([(20.0, 50.0), (180.0, 50.0)])
    picture = canvas.grab().toImage()
    assert picture.pixelColor(100, 50) == QColor("white")
    assert picture.pixelColor(100, 20) == QColor("#804020")
    drawn.show_trail([])
    assert not drawn.isVisible()
    assert canvas.grab().toImage().pixelColor(100, 50) == QColor("#804020")
