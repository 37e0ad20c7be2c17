"""Buttons, swatches and hints."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QLabel, QPushButton, QWidget
from waiting import shown

from napari_rsgraph.widgets.controls import Slider, action_button, button, enable, heading, hint, name_buttons, swatch


def test_buttons_of_actions_read_the_table(qtbot: Any) -> None:
    called: list[str] = []
    made = action_button("note", lambda: called.append("note"))
    qtbot.addWidget(made)
    assert (made.text(), made.accessibleName()) == ("Note…", "Note")
    assert made.toolTip().endswith("(Ctrl+N)")
    made.click()
    assert called == ["note"]


def test_what_is_disabled_says_why_and_gets_its_tooltip_back(qtbot: Any) -> None:
    made = button("Erase", "Take labels away")
    qtbot.addWidget(made)
    enable(made, False, "nothing is selected")
    assert not made.isEnabled()
    assert made.toolTip() == "Take labels away\nNot now: nothing is selected"
    enable(made, True, "nothing is selected")
    assert made.toolTip() == "Take labels away"


def test_a_slider_has_its_keys_before_the_window(qtbot: Any) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    slider = Slider(Qt.Orientation.Horizontal)
    slider.setParent(window)
    slider.setValue(50)
    stolen: list[str] = []
    for name in ("Home", "End"):
        QShortcut(QKeySequence(name), window).activated.connect(lambda: stolen.append("by the window"))
    shown(qtbot, window)
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_End)
    assert slider.value() == slider.maximum()
    qtbot.keyClick(slider, Qt.Key.Key_Home)
    assert slider.value() == slider.minimum()
    assert stolen == []


def test_a_swatch_has_its_colour_within_a_border(qapp: Any) -> None:
    image = swatch("#0072b2", 14).pixmap(14, 14).toImage()
    assert image.pixelColor(7, 7).name() == "#0072b2"
    assert image.pixelColor(0, 7).name() != "#0072b2"


def test_headings_show_what_looks_like_markup(qtbot: Any) -> None:
    made: QLabel = heading("a < b", "What is less than what")
    qtbot.addWidget(made)
    assert made.toolTip() == made.accessibleDescription() == "What is less than what"
    assert made.text() == "<b>a &lt; b</b>"
    assert hint("x").wordWrap()


def test_buttons_with_only_a_picture_are_named_by_their_tooltip(qtbot: Any) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    bare, named, written = QPushButton(holder), QPushButton(holder), QPushButton("Add", holder)
    for each in (bare, named, written):
        each.setToolTip("close this panel")
    named.setAccessibleName("Close")
    name_buttons(holder)
    assert [each.accessibleName() for each in (bare, named, written)] == ["close this panel", "Close", ""]
