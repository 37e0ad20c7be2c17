"""Keys of the scene: arrows go from segment to segment, Space takes hold of the picture, Page Up and Down zoom."""

from __future__ import annotations

from typing import cast

import numpy as np
from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QWidget

from napari_rsgraph.scene.tools import SceneTools
from napari_rsgraph.session.neighbours import NONE, nearest, next_towards
from napari_rsgraph.session.selection import mode_of
from napari_rsgraph.session.tables import Mask
from rsgraph.brushing.shapes import Mode

_ARROWS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}
"""Rows and columns of the scene; rows are counted from the top of the screen."""

_ZOOMS = {Qt.Key.Key_PageUp: 1.3, Qt.Key.Key_PageDown: 1 / 1.3}
_OWN = frozenset({*_ARROWS, *_ZOOMS, Qt.Key.Key_Space})
_PAN = 0.1
"""Share of the canvas by which Ctrl and an arrow move the picture."""
_RIM = 0.06
"""A segment nearer to the edge of the canvas than this share of it is brought to the middle."""


class SceneKeys(QObject):
    """Hears the keys of the canvas before napari does.

    Parameters
    ----------
    canvas
        Has the keyboard.
    tools
        Of the scene that is shown.
    """

    def __init__(self, canvas: QWidget, tools: SceneTools) -> None:
        super().__init__(canvas)
        self.tools, self.scene_map = tools, tools.scene_map
        self._canvas, self._stand = canvas, NONE
        canvas.installEventFilter(self)

    def close(self) -> None:
        """Leave the keys to napari."""
        self._canvas.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Take the keys that mean something here, unless another layer is being drawn on."""
        kind = event.type()
        if kind == QEvent.Type.FocusOut:
            self.tools.space = False
            return False
        keys = (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if kind not in keys or self.tools.idle():
            return False
        pressed = cast(QKeyEvent, event)
        if pressed.key() not in _OWN:
            return False
        if kind == QEvent.Type.ShortcutOverride:
            event.accept()
        elif pressed.key() == Qt.Key.Key_Space:
            if not pressed.isAutoRepeat():
                self.tools.space = kind == QEvent.Type.KeyPress
        elif kind == QEvent.Type.KeyPress:
            self._pressed(Qt.Key(pressed.key()), pressed.modifiers())
        return True

    def _pressed(self, key: Qt.Key, held: Qt.KeyboardModifier) -> None:
        modifiers = Qt.KeyboardModifier
        if key in _ZOOMS:
            self.tools.viewer.scene.camera.zoom *= _ZOOMS[key]
        elif held & modifiers.ControlModifier:
            self._pan(*_ARROWS[key])
        else:
            shift, alt = bool(held & modifiers.ShiftModifier), bool(held & modifiers.AltModifier)
            self.step(_ARROWS[key], mode_of(shift=shift, remove=alt, default="replace"))

    def _pan(self, down: int, right: int) -> None:
        viewer = self.tools.viewer
        height, width = viewer.canvas.size
        step = np.array([down * height, right * width]) * _PAN / viewer.scene.camera.zoom
        if self.scene_map.grid.north_up:
            step[0] *= -1
        viewer.scene.camera.center = tuple(np.asarray(viewer.scene.camera.center[-2:]) + step)

    def step(self, direction: tuple[int, int], mode: Mode) -> None:
        """Select the next segment (or chip) in a direction; the first time the one nearest to the middle."""
        scene_map, selected = self.scene_map, self.scene_map.selected
        middles, allowed = scene_map.places.middles(selected.level), self._allowed()
        start = self._start(allowed)
        if start == NONE:
            top, left, rows, columns = scene_map.camera.window(scene_map.grid)
            row = nearest(middles, np.array([top + rows / 2, left + columns / 2], np.float32), allowed)
        else:
            row = next_towards(middles, middles[start], direction, allowed)
        if row != NONE:
            self._stand = row
            self._bring_into_view(middles[row])
            selected.select_at_level(np.array([row]), mode, final=True)

    def _allowed(self) -> Mask:
        """Return which rows can be seen, in the scene that is shown."""
        selected, tables = self.scene_map.selected, self.scene_map.tables
        chips = np.arange(tables.n_chips) if selected.level == "chips" else tables.chip_of
        here: Mask = tables.scene_of_chip[chips] == self.scene_map.scene
        visible = selected.visible()
        return here if visible is None else here & visible

    def _start(self, allowed: Mask) -> int:
        """Return where the keyboard is: where it was, unless something else was selected since."""
        mask = self.scene_map.selected.mask & allowed
        if 0 <= self._stand < len(mask) and mask[self._stand]:
            return self._stand
        if not mask.any():
            return NONE
        middles = self.scene_map.places.middles(self.scene_map.selected.level)
        return nearest(middles, middles[mask].mean(axis=0), mask)

    def _bring_into_view(self, pixel: np.ndarray) -> None:
        scene_map = self.scene_map
        top, left, rows, columns = scene_map.camera.window(scene_map.grid)
        share = (pixel - (top, left)) / np.maximum((rows, columns), 1)
        if ((share < _RIM) | (share > 1 - _RIM)).any():
            place = scene_map.grid.to_world(pixel[np.newaxis].astype(np.float64))[0]
            self.tools.viewer.scene.camera.center = tuple(place)
