"""The panel of the user's layers: what lies over the scene, how strongly, and what is taken away."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from napari_rsgraph.session.overlays import LaidOver
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.controls import Slider, action_button, button, heading, hint
from napari_rsgraph.widgets.refresh import listen

_KINDS = "*.tif *.tiff *.vrt *.jp2 *.nc *.img *.asc *.png *.jpg *.gpkg *.geojson *.json *.shp *.fgb *.parquet *.zip"
"""What a dialog lists first; files of other names are opened by what is in them as well."""

_HINT = (
    "Drag a raster or a vector file onto the window: it lies over the scene, between its picture and the labels. "
    "Files in another CRS are brought to the scene's."
)


class LayersPanel(QWidget):
    """One row for each layer, the topmost first.

    Parameters
    ----------
    session
        Its overlays are shown.
    parent
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.overlays = session.overlays
        self.rows: dict[LaidOver, LayerRow] = {}
        about = "Maps, pictures and outlines of your own, laid over the scene by their coordinates"
        title = heading("Layers over the scene", about)
        self.hint = hint(_HINT)
        self.hide_all, self.add = action_button("hide_layers"), action_button("add_layer", self.choose)
        self.hide_all.clicked.connect(lambda: self.overlays.toggle())
        buttons = QHBoxLayout()
        buttons.addWidget(self.add)
        buttons.addWidget(self.hide_all)
        buttons.addStretch(1)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        column = QVBoxLayout(self)
        column.addWidget(title)
        column.addWidget(self.hint)
        column.addLayout(buttons)
        column.addLayout(self._list)
        column.addStretch(1)
        listen(self, self.overlays.changed, self.refresh)
        listen(self, self.overlays.restyled, self._restyled)
        self.refresh()

    def choose(self) -> None:
        """Ask for files and lay them over the scene."""
        kinds = f"Rasters and vectors ({_KINDS});;All files (*)"
        chosen, _ = QFileDialog.getOpenFileNames(self, "Lay a raster or a vector file over the scene", "", kinds)
        self.overlays.add([Path(path) for path in chosen])

    def refresh(self) -> None:
        """List what is there now; rows that stay keep the keyboard."""
        layers = self.overlays.layers
        for laid in [each for each in self.rows if each not in layers]:
            row = self.rows.pop(laid)
            self._list.removeWidget(row)
            row.deleteLater()
        for laid in layers:
            if laid not in self.rows:
                self.rows[laid] = LayerRow(self, laid)
                self._list.insertWidget(0, self.rows[laid])
            here = laid.over(self.overlays.shown_scene) is not None
            self.rows[laid].show_here(here)
        self.hide_all.setEnabled(bool(layers))

    def _restyled(self, laid: LaidOver) -> None:
        if laid in self.rows:
            self.rows[laid].show_style()


class LayerRow(QWidget):
    """Name, opacity, and a button that takes the layer away.

    Parameters
    ----------
    panel
        It lies in.
    laid
        The layer.
    """

    def __init__(self, panel: LayersPanel, laid: LaidOver) -> None:
        super().__init__(panel)
        overlays, self.laid = panel.overlays, laid
        self.shown = QCheckBox(laid.name.replace("&", "&&"))
        self.shown.setAccessibleName(f"Show {laid.name}")
        self.shown.setToolTip(laid.description)
        self.shown.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.opacity = Slider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setAccessibleName(f"Opacity of {laid.name}")
        self.opacity.setToolTip("How strongly it covers the scene: left not at all, right wholly")
        self.percent = QLabel()
        self.remove = button("Remove", f"Take {laid.name} away; the file stays", partial(overlays.remove, laid))
        self.remove.setAccessibleName(f"Remove {laid.name}")
        self.show_style()
        self.shown.toggled.connect(lambda on: overlays.restyle(laid, visible=on))
        self.opacity.valueChanged.connect(lambda value: overlays.restyle(laid, opacity=value / 100))
        self._lay_out()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.addWidget(self.opacity, 1)
        line.addWidget(self.percent)
        line.addWidget(self.remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.shown)
        column.addLayout(line)

    def show_style(self) -> None:
        """Show opacity and visibility as they are."""
        self.shown.setChecked(self.laid.visible)
        self.opacity.setValue(round(100 * self.laid.opacity))
        self.percent.setText(f"{100 * self.laid.opacity:.0f} %")

    def show_here(self, here: bool) -> None:
        """Say whether it lies over the scene that is shown."""
        self.shown.setToolTip(self.laid.description if here else f"{self.laid.description}; not over this scene")
        self.opacity.setEnabled(here)
