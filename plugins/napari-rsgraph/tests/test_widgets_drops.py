"""Files that are dropped on any part of a window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication, QLineEdit, QMainWindow, QWidget

from napari_rsgraph.widgets.drops import Drops

LEFT, PLAIN, ALT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.AltModifier


def drop(widget: QWidget, data: QMimeData, keys: Any = PLAIN) -> bool:
    """Drag something over a widget and let it go; return whether it was accepted."""
    every = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    enter = QDragEnterEvent(QPoint(1, 1), every, data, LEFT, keys)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    let_go = QDropEvent(QPointF(1, 1), every, data, LEFT, keys)
    let_go.ignore()
    QApplication.sendEvent(widget, let_go)
    return enter.isAccepted() and let_go.isAccepted()


def files(*paths: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    return data


def test_files_are_taken_wherever_they_are_dropped(qtbot: Any) -> None:
    main, field = QMainWindow(), QLineEdit()
    main.setCentralWidget(field)
    qtbot.addWidget(main)
    drops, found = Drops(main), []
    drops.dropped.connect(found.append)
    for widget in (main, field):
        assert drop(widget, files("/tmp/a b.tif", "/tmp/c.gpkg"))
    assert found == [[Path("/tmp/a b.tif"), Path("/tmp/c.gpkg")]] * 2
    assert field.text() == ""


def test_with_alt_and_without_files_the_window_goes_on_as_before(qtbot: Any) -> None:
    main, field = QMainWindow(), QLineEdit()
    main.setCentralWidget(field)
    qtbot.addWidget(main)
    before = main.acceptDrops()
    drops, found = Drops(main), []
    drops.dropped.connect(found.append)
    text = QMimeData()
    text.setText("water")
    drop(field, text)
    assert field.text() == "water"
    assert not drop(main, files("/tmp/a.tif"), ALT)
    drops.close()
    assert not drop(main, files("/tmp/a.tif"))
    assert found == []
    assert main.acceptDrops() == before
