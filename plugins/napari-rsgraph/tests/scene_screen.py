"""A scene map on a screen, and a mouse, for the tests of the scene."""

from __future__ import annotations

from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent, QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_rsgraph.scene.scene_map import SceneMap
from napari_rsgraph.scene.tools import SceneTools
from napari_rsgraph.session.session import Session
from rsgraph.view.view import View, find_view

LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier


class Screen:
    """A scene map on a screen, and a mouse."""

    def __init__(self, viewer: Any, session: Session, qtbot: Any) -> None:
        self.viewer, self.session, self.qtbot = viewer, session, qtbot
        view = find_view(session.workspace)
        assert view is not None
        self.view: View = view
        self.map = SceneMap(viewer, session)
        self.tools = SceneTools(viewer, self.map)
        self.map.set_view(view)
        self.canvas = viewer.__wrapped__.window._qt_viewer.canvas.native
        self.drawn()
        self.map.show_whole()
        self.drawn()

    @property
    def ids(self) -> np.ndarray:
        return self.view.levels(0)[0][1]

    def drawn(self) -> None:
        """Wait until what was asked for is drawn."""
        self.qtbot.wait(80)

    def at(self, row: float, column: float) -> QPointF:
        """Where on the canvas a pixel of the scene is."""
        camera = self.viewer.scene.camera
        place = self.map.grid.to_world(np.array([[row, column]], dtype=float))[0]
        offset = (place - np.asarray(camera.center[-2:])) * camera.zoom
        if self.map.grid.north_up:
            offset[0] *= -1
        height, width = self.viewer.canvas.size
        return QPointF(width / 2 + offset[1], height / 2 + offset[0])

    def send(self, kind: QEvent.Type, pixel: tuple[float, float], button: Any, held: Any, keys: Any) -> None:
        if kind == QEvent.Type.MouseMove:
            self.qtbot.wait(15)  # vispy leaves out moves less than 10 ms after the last
        where = self.at(*pixel)
        event = QMouseEvent(kind, where, self.canvas.mapToGlobal(where), button, held, keys)
        QApplication.sendEvent(self.canvas, event)

    def drag(self, *pixels: tuple[float, float], button: Any = LEFT, keys: Any = PLAIN) -> None:
        none = Qt.MouseButton.NoButton
        self.send(QEvent.Type.MouseMove, pixels[0], none, none, keys)
        self.send(QEvent.Type.MouseButtonPress, pixels[0], button, button, keys)
        for pixel in pixels[1:]:
            self.send(QEvent.Type.MouseMove, pixel, none, button, keys)
        self.send(QEvent.Type.MouseButtonRelease, pixels[-1], button, none, keys)

    def click(self, pixel: tuple[float, float], keys: Any = PLAIN) -> None:
        self.drag(pixel, keys=keys)

    def wheel(self, pixel: tuple[float, float], steps: int, keys: Any = PLAIN) -> None:
        where, none = self.at(*pixel), QPoint(0, 0)
        turned = QPoint(0, 120 * steps)
        phase, button = Qt.ScrollPhase.NoScrollPhase, Qt.MouseButton.NoButton
        event = QWheelEvent(where, self.canvas.mapToGlobal(where), none, turned, button, keys, phase, False)
        QApplication.sendEvent(self.canvas, event)

    def row_at(self, pixel: tuple[int, int]) -> int:
        return int(self.session.tables.row_of_id[self.ids[pixel]])

    def selected(self) -> list[int]:
        return [int(row) for row in np.flatnonzero(self.session.selection.segments)]
