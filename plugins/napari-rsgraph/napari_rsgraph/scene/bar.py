"""The bar for the scene: which tool the mouse is, what is drawn over the picture, and which scene is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_rsgraph.scene.tools import LARGEST, SCENE_TOOLS

if TYPE_CHECKING:
    from napari_rsgraph.scene.commands import SceneCommand
    from napari_rsgraph.scene.scene_map import SceneMap

_LISTED = 1000
"""Scenes in the box; of larger collections the others are reached from the 2-D map."""


class SceneBar(QWidget):
    """Buttons for what ``SceneMap.actions`` offers.

    Parameters
    ----------
    scene_map
        What it drives and follows.
    parent
        The window.
    """

    def __init__(self, scene_map: SceneMap, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene_map = scene_map
        self.buttons = {each.name: self._button(each) for each in scene_map.commands()}
        self.tools = QButtonGroup(self)
        for name in SCENE_TOOLS:
            self.buttons[name].setCheckable(True)
            self.tools.addButton(self.buttons[name])
        self.size_told, self.scenes = QLabel(), QComboBox()
        self.scenes.setToolTip("Which scene of the collection is shown")
        self.scenes.activated.connect(scene_map.show_scene)
        self._lay_out()
        self._follow()

    def _button(self, command: SceneCommand) -> QPushButton:
        made = QPushButton(command.short)
        made.setObjectName(command.name)
        made.setToolTip(f"{command.tooltip} ({command.shortcut})")
        made.setAccessibleName(command.text)
        made.setAccessibleDescription(command.tooltip)
        made.setAutoDefault(False)
        made.clicked.connect(lambda: command.run())
        return made

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(3)
        for name, made in self.buttons.items():
            if name == "smaller":
                row.addWidget(self.size_told)
            row.addWidget(made)
        row.addWidget(self.scenes)
        row.addStretch(1)

    def _follow(self) -> None:
        """Show what holds now, and whatever changes it."""
        scene_map = self.scene_map
        for signal, slot in (
            (scene_map.tool_changed, self._show_tool),
            (scene_map.radius_changed, self._show_tool),
            (scene_map.scene_changed, self._show_scene),
        ):
            signal.connect(slot)
        self._show_tool()
        self._show_scene()

    def _show_tool(self, *_: object) -> None:
        scene_map = self.scene_map
        self.buttons[scene_map.tool].setChecked(True)
        self.size_told.setText(f"brush {2 * scene_map.radius:.0f} px")
        painting = scene_map.tool == "paint"
        self.size_told.setEnabled(painting)
        self.buttons["larger"].setEnabled(painting and scene_map.radius < LARGEST)
        self.buttons["smaller"].setEnabled(painting)

    def _show_scene(self, *_: object) -> None:
        names = self.scene_map.scenes[:_LISTED]
        if self.scenes.count() != len(names):
            self.scenes.clear()
            self.scenes.addItems(names)
        self.scenes.setVisible(len(names) > 1)
        self.scenes.setCurrentIndex(self.scene_map.scene if self.scene_map.scene < len(names) else -1)
