"""Our columns beside other docks."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDockWidget, QLabel, QMainWindow, QWidget
from waiting import shown

from napari_rsgraph.beside import Beside

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea


def docked(main: QMainWindow, name: str, area: Qt.DockWidgetArea) -> QDockWidget:
    dock = QDockWidget(name, main)
    dock.setObjectName(name)
    dock.setWidget(QLabel(name))
    main.addDockWidget(area, dock)
    return dock


@pytest.fixture
def main(qtbot: Any) -> QMainWindow:
    made = QMainWindow()
    made.setCentralWidget(QWidget())
    made.resize(900, 600)
    qtbot.addWidget(made)
    return made


def test_other_docks_are_tabs_beside_ours_and_stand_as_before_afterwards(main: QMainWindow, qtbot: Any) -> None:
    controls, layers = docked(main, "layer controls", LEFT), docked(main, "layer list", LEFT)
    other = docked(main, "Other", RIGHT)
    shown(qtbot, main)
    ours = docked(main, "Chips and segments", LEFT), docked(main, "Label", RIGHT)
    for own in ours:
        own.show()
    beside = Beside(main, ours, (controls, layers, other))
    beside.stack()
    beside.raise_ours()
    assert set(main.tabifiedDockWidgets(ours[0])) == {controls, layers}
    assert main.tabifiedDockWidgets(ours[1]) == [other]
    assert not other.isHidden()
    qtbot.waitUntil(lambda: not ours[0].visibleRegion().isEmpty())
    assert controls.visibleRegion().isEmpty()
    for own in ours:
        main.removeDockWidget(own)
    beside.restore()
    qtbot.waitUntil(lambda: not layers.visibleRegion().isEmpty())
    assert main.tabifiedDockWidgets(controls) == []
    assert controls.geometry().bottom() < layers.geometry().top()
    assert not other.visibleRegion().isEmpty()


def test_docks_that_were_hidden_come_back_and_those_that_a_person_had_closed_do_not(
    main: QMainWindow, qtbot: Any
) -> None:
    controls, layers = docked(main, "layer controls", LEFT), docked(main, "layer list", LEFT)
    controls.hide()
    shown(qtbot, main)
    beside = Beside(main, (), (controls, layers))
    beside.hide(("layer controls", "layer list"))
    assert layers.isHidden()
    beside.restore()
    assert not layers.isHidden()
    assert controls.isHidden()
