"""The panel of exports: files for other programs, of which segments, in which folder."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from napari_rsgraph.panels.export_options import ExporterFacts, Widget, read_exporters, title, value_of, widget_of
from napari_rsgraph.session.exporting import Scope, exporter_names
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.controls import action_button, button, enable, heading, text_label
from napari_rsgraph.widgets.naming import layer_title
from napari_rsgraph.widgets.refresh import Refresh, listen
from rsgraph.errors import RsgraphError
from rsgraph.files import expanded
from rsgraph.protocols import Progress

_TITLES = {
    "geotiff": "GeoTIFF (raster)",
    "geopackage": "GeoPackage (polygons)",
    "geojson": "GeoJSON (polygons)",
    "geoparquet": "GeoParquet (polygons)",
    "chips": "Chips (pictures)",
    "coco": "COCO (training)",
    "training": "Chips and masks (training)",
    "stac": "STAC item",
}
_SCOPES: dict[Scope, tuple[str, str, str]] = {
    "all": ("Everything", "All segments, labelled or not", "no segments"),
    "human": (
        "Only labels by people",
        "Only segments that a person labelled; predictions are left out",
        "nobody labelled anything yet",
    ),
    "selection": ("Only the selection", "Only the segments that are selected now", "nothing is selected"),
}
"""Text, tooltip, and why it cannot be exported where it is empty."""

_LISTED = 8
_LINK = "#56b4e9"
"""Of links: Qt's own blue cannot be read on dark."""


class ExportPanel(QWidget):
    """Exporter, scope, options, folder.

    Parameters
    ----------
    session
        What is exported.
    parent
        The window.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.facts: dict[str, ExporterFacts] = {}
        self.options: dict[str, Widget] = {}
        self.written: list[Path] = []
        self._asked = self._running = self._answered = False
        self._make_choices()
        self._make_folder()
        self._make_result()
        self._lay_out()
        self._refresh = Refresh(self, self.refresh)
        for signal in (session.selection.changed, session.labels.changed, session.selection.level_changed):
            listen(self, signal, self._refresh.ask)
        self._scope_group.buttonToggled.connect(self._refresh.ask)

    # parts

    def _make_choices(self) -> None:
        self.exporter = QComboBox()
        self.exporter.setAccessibleName("What to export")
        self.exporter.setToolTip("The kind of files to write")
        for name in exporter_names():
            self.exporter.addItem(_TITLES.get(name, name), name)
        self.exporter.currentIndexChanged.connect(self._show_options)
        self.summary = text_label(name="What is written")
        self.scopes: dict[Scope, QRadioButton] = {}
        self._scope_group = QButtonGroup(self)
        for scope, (text, tooltip, _) in _SCOPES.items():
            made = QRadioButton(text)
            made.setToolTip(tooltip)
            self._scope_group.addButton(made)
            self.scopes[scope] = made
        self.scopes["all"].setChecked(True)

    def _make_folder(self) -> None:
        self.folder = QLineEdit(str(self.session.workspace.path("exports")))
        self.folder.setAccessibleName("Folder to write to")
        self.folder.setToolTip("Where the files go; the folder is made where it is not there")
        self.folder.setCursorPosition(0)
        self.browse = button("Browse…", "Choose the folder to write to", self._browse)
        self.run = action_button("export", self.export)

    def _make_result(self) -> None:
        self.result = QLabel()
        self.result.setWordWrap(True)
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self.result.setAccessibleName("Result of the export")
        self.result.linkActivated.connect(lambda link: QDesktopServices.openUrl(QUrl(link)))
        self.open_folder = button("Open the folder", "Show the files in the file manager", self._open_folder)
        self.open_folder.hide()

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        places = QHBoxLayout()
        places.addWidget(self.folder, 1)
        places.addWidget(self.browse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        scopes = heading("Of which segments", "Everything, only labels by people, or only the selection")
        for widget in (self.exporter, self.summary, scopes, *self.scopes.values()):
            layout.addWidget(widget)
        layout.addWidget(
            heading("Options", "What can be set for this kind of files; hover over one to read what it does")
        )
        layout.addLayout(self._form)
        layout.addWidget(heading("Folder", "Where the files are written to"))
        layout.addLayout(places)
        for widget in (self.run, self.result, self.open_folder):
            layout.addWidget(widget)
        layout.addStretch(1)

    # what the exporters offer

    def _ask(self) -> None:
        """Read the exporters' options beside the window: importing them takes seconds."""
        self._asked, layers = True, tuple(self.session.maps.layers)

        def job(progress: Progress) -> dict[str, ExporterFacts]:
            return read_exporters(layers, progress)

        self.session.tasks.run("read what exporters offer", job, self._take)

    def _take(self, facts: dict[str, ExporterFacts]) -> None:
        self.facts = facts
        self._show_options()

    def _show_options(self) -> None:
        """Show the options of the chosen exporter."""
        while self._form.rowCount():
            self._form.removeRow(0)
        self.options = {}
        facts = self.facts.get(str(self.exporter.currentData()))
        self.summary.setText(facts.summary if facts else "Reading what can be set…")
        config = self.session.workspace.config
        words = {layer: layer_title(layer, config) for layer in self.session.maps.layers}
        for option in facts.options if facts else ():
            widget = widget_of(option, words)
            self.options[option.name] = widget
            if isinstance(widget, QCheckBox):
                self._form.addRow(widget)
            else:
                self._form.addRow(title(option), widget)

    # what the person does

    @property
    def scope(self) -> Scope:
        """all, human or selection."""
        return next(name for name, made in self.scopes.items() if made.isChecked())

    def export(self) -> None:
        """Write the files in the background; say where they went, or why not."""
        name = str(self.exporter.currentData())
        self._say(f"Exporting {_TITLES.get(name, name)}…")
        self._running, self._answered = True, False
        self.refresh()
        try:
            self._start(name)
        except RsgraphError as error:
            self.session.tasks.say(str(error), "error")
            self._failed(error)
            self._ended()

    def _start(self, name: str) -> None:
        options: dict[str, Any] = {key: value_of(widget) for key, widget in self.options.items()}
        folder = expanded(self.folder.text().strip()) if self.folder.text().strip() else None
        self.session.exports.start(
            name,
            scope=self.scope,
            folder=folder,
            options=options,
            done=self._done,
            failed=self._failed,
            ended=self._ended,
        )

    def _done(self, written: list[Path]) -> None:
        self.written = list(written)
        self._say(_links(written) if written else "Nothing was written")
        self.open_folder.setVisible(bool(written))
        self._answered = True

    def _failed(self, error: RsgraphError) -> None:
        """Keep in sight why nothing was exported."""
        self._say(f"⚠ Not exported: {escape(str(error))}")
        self._answered = True

    def _ended(self) -> None:
        self._running = False
        if not self._answered:
            self._say("Not exported: it was cancelled; earlier exports are as they were")
        self.refresh()

    def _say(self, text: str) -> None:
        self.open_folder.hide()
        self.result.setText(text)

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Export to", self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _open_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.written[0].resolve().parent)))

    # what is shown

    def refresh(self) -> None:
        """Say of how many segments each scope is, and whether it can be exported."""
        if not self._asked:
            self._ask()
        counts = self.session.exports.counts()
        for scope, made in self.scopes.items():
            made.setText(f"{_SCOPES[scope][0]} ({counts[scope]:,})")
        why = "the last export is still running" if self._running else ""
        why = why or ("" if counts[self.scope] else _SCOPES[self.scope][2])
        enable(self.run, not why, why)


def _links(written: list[Path]) -> str:
    """Say where files went, each as a link; of many files the first."""
    folder = written[0].parent
    names = [path.relative_to(folder) if path.is_relative_to(folder) else path for path in written]
    links = [
        f'<a style="color: {_LINK}" href="{path.resolve().as_uri()}">{escape(str(name))}</a>'
        for path, name in zip(written[:_LISTED], names, strict=False)
    ]
    links += [f"and {len(written) - _LISTED} more"] if len(written) > _LISTED else []
    return f"Written to {escape(str(folder))}:<br>{'<br>'.join(links)}"
