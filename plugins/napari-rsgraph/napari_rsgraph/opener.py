"""The entry of napari's plugin menu: a button to choose a workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari.utils.notifications import show_error
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QFileDialog, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_rsgraph.window import holding, open_workspace
from rsgraph.errors import RsgraphError

if TYPE_CHECKING:
    import napari


class LabelWidget(QWidget):
    """What napari's plugin menu opens: a button to choose a workspace, until one is open.

    Parameters
    ----------
    napari_viewer
        Given by napari.
    """

    def __init__(self, napari_viewer: napari.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        text = QLabel("Open a folder that `rsgraph run` made: its chips and segments appear beside the scene.")
        text.setWordWrap(True)
        button = QPushButton("Open a workspace...")
        button.setToolTip("Choose the folder of a workspace (it holds a manifest.json)")
        button.clicked.connect(self._choose)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(button)
        column.addStretch(1)

    def _choose(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Open a workspace")
        if chosen:
            self.open(Path(chosen))

    def open(self, folder: Path) -> None:
        """Open a workspace; mistakes are notifications."""
        try:
            open_workspace(self.viewer, folder).welcome()
        except RsgraphError as error:
            show_error(str(error))
            return
        dock = holding(self)
        if dock is not None:  # its work is done; the column is needed, and the menu opens another one
            QTimer.singleShot(0, self, self._leave)

    def _leave(self) -> None:
        self.viewer.window.remove_dock_widget(self)
