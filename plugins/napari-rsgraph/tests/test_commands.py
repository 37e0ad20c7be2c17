"""Menu and shortcuts over a session."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_rsgraph.actions import ACTIONS, groups
from napari_rsgraph.commands import Commands
from napari_rsgraph.session.session import Session


@pytest.fixture
def main(qtbot: Any) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def called() -> list[str]:
    return []


@pytest.fixture
def commands(main: QMainWindow, session: Session, called: list[str]) -> Commands:
    calls = {row.name: lambda name=row.name: called.append(name) for row in ACTIONS}
    return Commands(main, session, calls, {"search": QWidget(main)}, {})


def test_every_row_of_the_table_has_an_entry_in_its_menu(commands: Commands, called: list[str]) -> None:
    menus = [entry.text() for entry in commands.menu.actions()]
    assert menus == [*groups(), "Label selection as"]
    for row in ACTIONS:
        commands.run(row.name)
    assert called == [row.name for row in ACTIONS]


def test_classes_have_entries_and_keys(commands: Commands, session: Session) -> None:
    session.labels.define("water", key="7")
    session.labels.define("wood & heath")
    assert commands.class_action("water").shortcut().toString() == "7"
    assert commands.class_action("wood & heath").text() == "wood && heath"
    session.selection.select(np.array([2, 3]))
    commands.class_action("water").trigger()
    assert np.flatnonzero(session.labels.codes).tolist() == [2, 3]


def test_other_actions_of_the_window_yield_their_keys(main: QMainWindow, session: Session) -> None:
    foreign = QAction("Foreign", main)
    foreign.setShortcuts(["F", "Ctrl+Alt+9"])
    commands = Commands(main, session, {row.name: lambda: None for row in ACTIONS}, {}, {})
    session.labels.define("water", key="1")
    assert [keys.toString() for keys in foreign.shortcuts()] == ["Ctrl+Alt+9"]
    commands.close()
    assert [keys.toString() for keys in foreign.shortcuts()] == ["F", "Ctrl+Alt+9"]
