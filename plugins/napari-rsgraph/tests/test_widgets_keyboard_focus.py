"""The keyboard in a small window with a map, a panel and another's dock."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import (
    QApplication,
    QCheckBox,
    QDockWidget,
    QLineEdit,
    QListWidget,
    QMainWindow,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)
from waiting import PATIENCE, shown

from napari_rsgraph.widgets.keyboard_focus import KeyboardFocus, is_text

LEFT = Qt.MouseButton.LeftButton


class Small(QMainWindow):
    """A window with two maps, a panel of controls, and a field of somebody else."""

    def __init__(self) -> None:
        super().__init__()
        self.points, self.scene, middle = QWidget(), QWidget(), QWidget()
        for place in (self.points, self.scene):
            place.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            place.setMinimumSize(60, 60)
        layout = QVBoxLayout(middle)
        layout.addWidget(self.points)
        layout.addWidget(self.scene)
        self.setCentralWidget(middle)
        self.name, self.number, self.button = QLineEdit(), QSpinBox(), QPushButton("Do")
        self.name.setPlaceholderText("a new name")
        self.box, self.list, self.other = QCheckBox("Box"), QListWidget(), QLineEdit("theirs")
        self.list.addItem("one")
        self.panel = self._dock(self.name, self.number, self.button, self.box, self.list)
        self._dock(self.other)
        self.escaped = 0
        action = QAction(self)
        action.setShortcut(QKeySequence("Esc"))
        action.triggered.connect(self._escape)
        self.addAction(action)
        self.focus = KeyboardFocus(
            self, (self.points, self.scene), (self.panel,), (self.points, self.scene, self.panel)
        )

    def _dock(self, *widgets: QWidget) -> QDockWidget:
        dock, inside = QDockWidget(), QWidget()
        layout = QVBoxLayout(inside)
        for widget in widgets:
            layout.addWidget(widget)
        dock.setWidget(inside)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, dock)
        return dock

    def _escape(self) -> None:
        self.escaped += 1


@pytest.fixture
def window(qtbot: Any) -> Small:
    made = Small()
    qtbot.addWidget(made)
    shown(qtbot, made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=PATIENCE)
    has_keyboard(qtbot, made.points)
    return made


def has_keyboard(qtbot: Any, widget: QWidget) -> None:
    qtbot.waitUntil(lambda: QApplication.focusWidget() is widget, timeout=PATIENCE)


def press(window: Small, widget: QWidget) -> None:
    """Click through the window, as the window system does."""
    handle = window.windowHandle()
    assert handle is not None
    QTest.mouseClick(handle, LEFT, Qt.KeyboardModifier.NoModifier, widget.mapTo(window, widget.rect().center()))
    QApplication.processEvents()


def test_a_button_or_a_box_gives_the_keyboard_back_to_the_map_that_had_it(qtbot: Any, window: Small) -> None:
    for control in (window.button, window.box):
        press(window, control)
        has_keyboard(qtbot, window.points)
    press(window, window.scene)
    press(window, window.button)
    has_keyboard(qtbot, window.scene)


def test_fields_and_lists_keep_it_until_something_else_is_used(qtbot: Any, window: Small) -> None:
    for control in (window.list, window.name):
        press(window, control)
        has_keyboard(qtbot, control)
        qtbot.wait(20)
        has_keyboard(qtbot, control)
    window.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    press(window, window.button)
    has_keyboard(qtbot, window.points)


def test_escape_leaves_a_field_as_it_was_and_does_nothing_else(qtbot: Any, window: Small) -> None:
    press(window, window.name)
    QTest.keyClicks(window.name, "water")
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    has_keyboard(qtbot, window.points)
    assert window.name.text() == ""
    assert window.escaped == 0
    press(window, window.number)
    QTest.keyClicks(window.number, "7")
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    has_keyboard(qtbot, window.points)
    assert window.number.value() == 0
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    assert window.escaped == 1


def test_the_field_of_another_keeps_its_text_and_the_keyboard(qtbot: Any, window: Small) -> None:
    press(window, window.other)
    has_keyboard(qtbot, window.other)
    QTest.keyClick(window.windowHandle(), Qt.Key.Key_Escape)
    qtbot.wait(20)
    assert window.other.text() == "theirs"
    assert window.escaped == 0
    assert QApplication.focusWidget() is window.other


def test_a_control_can_give_it_back_itself(qtbot: Any, window: Small) -> None:
    press(window, window.name)
    window.name.clearFocus()
    has_keyboard(qtbot, window.points)


def test_a_button_that_is_disabled_by_its_own_work_gives_it_back(qtbot: Any, window: Small) -> None:
    window.button.setFocus(Qt.FocusReason.TabFocusReason)
    window.button.setEnabled(False)
    has_keyboard(qtbot, window.points)


def test_it_goes_from_area_to_area_and_round(qtbot: Any, window: Small) -> None:
    found = []
    for step in (1, 1, 1, -1):
        window.focus.go(step)
        found.append(QApplication.focusWidget())
    assert found == [window.scene, window.name, window.points, window.name]


def test_after_the_end_the_keyboard_is_left_to_qt(qtbot: Any, window: Small) -> None:
    window.focus.close()
    press(window, window.box)
    qtbot.wait(20)
    assert QApplication.focusWidget() is window.box


def test_texts_are_what_is_typed_into(qtbot: Any) -> None:
    line = QLineEdit()
    qtbot.addWidget(line)
    assert is_text(line)
    line.setReadOnly(True)
    assert not is_text(line)
    assert not is_text(QPushButton())
