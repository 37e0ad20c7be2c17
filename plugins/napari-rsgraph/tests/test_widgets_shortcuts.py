"""Rows of the table as actions of Qt."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

from napari_rsgraph.widgets.shortcuts import add_actions, help_of, pressed

SHIFT, CONTROL, PAD = (
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.KeypadModifier,
)
NONE = Qt.KeyboardModifier.NoModifier


def test_tooltips_name_the_key() -> None:
    assert help_of("find") == "Rank what is most similar to the selection (F)"


def test_actions_are_given_to_a_widget_with_key_tooltip_and_call(qtbot: Any) -> None:
    owner, called = QWidget(), []
    qtbot.addWidget(owner)
    made = add_actions(owner, {"find": lambda: called.append("find"), "next_page": lambda: called.append("page")})
    assert owner.actions() == [made["find"], made["next_page"]]
    assert made["find"].shortcut().toString() == "F"
    assert made["find"].toolTip() == help_of("find")
    assert made["find"].shortcutContext() == Qt.ShortcutContext.WindowShortcut
    assert made["next_page"].shortcutContext() == Qt.ShortcutContext.WidgetWithChildrenShortcut
    made["next_page"].trigger()
    assert called == ["page"]


@pytest.mark.parametrize(
    ("key", "held", "expected"),
    [
        (Qt.Key.Key_A, NONE, "accept"),
        (Qt.Key.Key_A, SHIFT, "accept_rest"),
        (Qt.Key.Key_A, CONTROL, "select_all"),
        (Qt.Key.Key_Plus, SHIFT, "add"),  # as it is typed on many keyboards
        (Qt.Key.Key_Minus, PAD, "subtract"),
        (Qt.Key.Key_PageDown, NONE, "next_page"),
        (Qt.Key.Key_Enter, PAD, "accept_suggestion"),
        (Qt.Key.Key_1, NONE, None),
    ],
)
def test_a_key_event_stands_for_an_action(qtbot: Any, key: Qt.Key, held: Any, expected: str | None) -> None:
    names = ["accept", "accept_rest", "select_all", "add", "subtract", "next_page", "accept_suggestion"]
    assert pressed(QKeyEvent(QEvent.Type.KeyPress, key, held), names) == expected
