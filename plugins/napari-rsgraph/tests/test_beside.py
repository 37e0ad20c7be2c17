"""Our columns beside other docks."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QApplication, QDockWidget, QLabel, QMainWindow, QWidget
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


class Requests(QObject):
    """Counts how often a window is asked to be painted."""

    def __init__(self, main: QMainWindow) -> None:
        super().__init__(main)
        self.n = 0
        main.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        self.n += event.type() == QEvent.Type.UpdateRequest
        return False


def test_a_dock_behind_a_tab_has_nothing_painted_until_it_is_raised(main: QMainWindow, qtbot: Any) -> None:
    behind, own = docked(main, "layer list", LEFT), docked(main, "Chips and segments", LEFT)
    shown(qtbot, main)
    beside = Beside(main, (own,), (behind,))
    beside.stack()
    beside.raise_ours()
    qtbot.waitUntil(lambda: not own.visibleRegion().isEmpty() and behind.visibleRegion().isEmpty())
    qtbot.wait(100)
    requests = Requests(main)
    behind.widget().update()
    QApplication.processEvents()
    assert requests.n == 0
    behind.raise_()
    qtbot.waitUntil(lambda: not behind.visibleRegion().isEmpty())
    qtbot.waitUntil(lambda: behind.widget().updatesEnabled())
    qtbot.wait(100)
    requests.n = 0
    behind.widget().update()
    qtbot.waitUntil(lambda: requests.n > 0)
    beside.raise_ours()
    qtbot.waitUntil(lambda: not behind.widget().updatesEnabled())
    beside.restore()
    assert behind.widget().updatesEnabled()


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
