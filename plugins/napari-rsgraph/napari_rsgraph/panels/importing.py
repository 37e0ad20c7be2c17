"""Import of labels and classes from a file; its layer and attribute are asked for where they are not plain."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QFileDialog, QInputDialog, QWidget

from napari_rsgraph.session.amounts import counted
from napari_rsgraph.session.keys import free_key
from napari_rsgraph.session.labels import Labels
from rsgraph.errors import NotUsable
from rsgraph.protocols import Progress

FILES = (
    "Labels and classes (*.gpkg *.geojson *.json *.shp *.parquet *.fgb *.kml *.gml *.tif *.tiff *.vrt *.csv *.tsv "
    "*.txt *.qml *.sld *.clr);;All files (*)"
)


@dataclass(frozen=True)
class Offered:
    """What a file offers.

    Parameters
    ----------
    classes
        Names and colours, where it is a list of classes and holds no labels; else None.
    layers
        Layers with geometries; none of a raster.
    columns
        Attributes that could hold the class.
    guessed
        The one that looks like it, or None.
    """

    classes: list[tuple[str, str | None]] | None
    layers: list[str]
    columns: list[str]
    guessed: str | None


def look(path: Path, layer: str | None, progress: Progress) -> Offered:
    """Find out what a file offers. Raises NotReadable or NotUsable."""
    from rsgraph.label_files.class_lists import listed_classes
    from rsgraph.label_files.class_names import class_column
    from rsgraph.label_files.importing import table_columns, vector_columns, vector_layers

    classes = listed_classes(path, None)
    if classes is not None:
        return Offered(classes, [], [], None)
    layers = vector_layers(path)
    columns = vector_columns(path, layer=layer) if len(layers) == 1 or layer is not None else table_columns(path)
    if (not layers and not columns) or (len(layers) > 1 and layer is None):
        return Offered(None, layers, [], None)
    try:
        return Offered(None, layers, columns, class_column(path, columns, None))
    except NotUsable:
        return Offered(None, layers, columns, None)


class Importing(QObject):
    """Asks what the importer needs to know, reading the file beside the window.

    Parameters
    ----------
    labels
        Take what is imported.
    parent
        The panel.
    """

    def __init__(self, labels: Labels, parent: QWidget) -> None:
        super().__init__(parent)
        self.labels, self._panel = labels, parent

    def ask(self) -> None:
        """Ask for a file and import it."""
        path, _ = QFileDialog.getOpenFileName(self._panel, "Import labels or classes", os.path.expanduser("~"), FILES)
        if path:
            self.begin(Path(path))

    def begin(self, path: Path, layer: str | None = None) -> None:
        """Look at a file, ask what is not plain, import."""

        def job(progress: Progress) -> Offered:
            return look(path, layer, progress)

        self.labels.tasks.run(f"look at {path.name}", job, lambda offered: self._go_on(path, layer, offered))

    def _go_on(self, path: Path, layer: str | None, offered: Offered) -> None:
        if offered.classes is not None:
            self._define(path, offered.classes)
        elif len(offered.layers) > 1 and layer is None:
            chosen = self._choose(f"Which layer of {path.name} holds the labels?", offered.layers)
            if chosen is not None:
                self.begin(path, chosen)
        else:
            column = offered.guessed
            if column is None and offered.columns:
                column = self._choose(f"Which attribute of {path.name} holds the class?", offered.columns)
                if column is None:
                    return
            self.labels.import_labels(path, column=column, layer=layer)

    def _choose(self, question: str, names: list[str]) -> str | None:
        chosen, given = QInputDialog.getItem(self._panel, "Import", question, names, 0, False)
        return chosen if given else None

    def _define(self, path: Path, classes: list[tuple[str, str | None]]) -> None:
        new = [(name, colour) for name, colour in classes if name not in self.labels.names]
        keys = [str(key) for key in self.labels.classes["key"].dropna()]
        for name, colour in new:
            keys.append(free_key(keys) or "")
            self.labels.define(name, colour=colour, key=keys[-1])
        known = len(classes) - len(new)
        self.labels.tasks.say(
            f"imported {counted(len(new), 'class')} from {path.name}"
            + (f"; {known:,} {'was' if known == 1 else 'were'} there already" if known else "")
        )
