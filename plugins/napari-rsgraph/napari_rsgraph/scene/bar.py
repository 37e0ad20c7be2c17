"""The bar for the scene: which tool the mouse is, what is drawn over the picture, and which scene is shown."""

from __future__ import annotations

from qtpy.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QLabel, QWidget

from napari_rsgraph.scene.tools import LARGEST, SCENE_TOOLS, SceneTools
from napari_rsgraph.widgets.controls import action_button

_LISTED = 1000
"""Scenes in the box; of larger collections the others are reached from the 2-D map."""


class SceneBar(QWidget):
    """Buttons for what ``SceneTools.calls`` offers, in that order.

    Parameters
    ----------
    tools
        What it drives and follows.
    parent
        The window.
    """

    def __init__(self, tools: SceneTools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tools, self.scene_map = tools, tools.scene_map
        self.buttons = {name: action_button(name, call) for name, call in tools.calls().items()}
        self._group = QButtonGroup(self)
        for tool in SCENE_TOOLS:
            self.buttons[f"scene_{tool}"].setCheckable(True)
            self._group.addButton(self.buttons[f"scene_{tool}"])
        self.size_text, self.scenes = QLabel(), QComboBox()
        self.scenes.setToolTip("Which scene of the collection is shown")
        self.scenes.activated.connect(self.scene_map.show_scene)
        self._lay_out()
        self._follow()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 2, 4, 2)
        row.setSpacing(3)
        for name, made in self.buttons.items():
            if name == "scene_smaller":
                row.addWidget(self.size_text)
            row.addWidget(made)
        row.addWidget(self.scenes)
        row.addStretch(1)

    def _follow(self) -> None:
        """Show what holds now, and whatever changes it."""
        self.tools.tool_changed.connect(self._show_tool)
        self.tools.radius_changed.connect(self._show_tool)
        self.scene_map.scene_changed.connect(self._show_scene)
        self._show_tool()
        self._show_scene()

    def _show_tool(self, *_: object) -> None:
        tools = self.tools
        self.buttons[f"scene_{tools.tool}"].setChecked(True)
        self.size_text.setText(f"brush {2 * tools.radius:.0f} px")
        painting = tools.tool == "paint"
        self.size_text.setEnabled(painting)
        self.buttons["scene_larger"].setEnabled(painting and tools.radius < LARGEST)
        self.buttons["scene_smaller"].setEnabled(painting)

    def _show_scene(self, *_: object) -> None:
        names = self.scene_map.scenes[:_LISTED]
        if self.scenes.count() != len(names):
            self.scenes.clear()
            self.scenes.addItems(names)
        self.scenes.setVisible(len(names) > 1)
        self.scenes.setCurrentIndex(self.scene_map.scene if self.scene_map.scene < len(names) else -1)
