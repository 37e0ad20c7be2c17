"""Export from the panel: what is on the disk afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
from qtpy.QtCore import Qt
from waiting import shown

from napari_rsgraph.panels.export import ExportPanel
from napari_rsgraph.panels.export_options import value_of
from napari_rsgraph.session.session import Session

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot: Any, session: Session) -> ExportPanel:
    made = ExportPanel(session)
    qtbot.addWidget(made)
    made.resize(320, 700)
    shown(qtbot, made)
    return made


def choose(panel: ExportPanel, name: str) -> None:
    panel.exporter.setCurrentIndex(panel.exporter.findData(name))


def test_every_exporter_is_offered_with_its_line(panel: ExportPanel) -> None:
    for place in range(panel.exporter.count()):
        panel.exporter.setCurrentIndex(place)
        assert panel.summary.text() == panel.facts[panel.exporter.itemData(place)].summary
        assert len(panel.summary.text()) > 10


def test_options_start_at_the_defaults(panel: ExportPanel) -> None:
    choose(panel, "geotiff")
    assert value_of(panel.options["layer"]) is None
    assert value_of(panel.options["embeddings"]) is True
    assert panel.options["embeddings"].toolTip().startswith("False leaves the embedding out")


def test_the_selection_is_written_where_it_was_said(
    qtbot: Any, panel: ExportPanel, session: Session, tmp_path: Path
) -> None:
    session.labels.define("water")
    session.labels.assign(np.arange(9), "water")
    session.selection.select(np.arange(5))
    choose(panel, "geopackage")
    panel.options["embeddings"].setChecked(False)
    panel.folder.setText(str(tmp_path / "out of here"))
    panel.scopes["selection"].setChecked(True)
    qtbot.waitUntil(lambda: panel.scopes["selection"].text() == "Only the selection (5)" and panel.run.isEnabled())
    qtbot.mouseClick(panel.run, LEFT)
    assert panel.written[0].parent == tmp_path / "out of here"
    frame = geopandas.read_file(panel.written[0])
    assert set(frame["segment_id"]) == set(session.tables.ids[:5])
    assert panel.written[0].name in panel.result.text()
    assert "file://" in panel.result.text()
    assert panel.open_folder.isVisible()


def test_only_labels_by_people_leaves_predictions_out(
    qtbot: Any, panel: ExportPanel, session: Session, tmp_path: Path
) -> None:
    session.labels.define("water")
    session.labels.assign(np.arange(4), "water")
    session.labels.assign_each(np.arange(4, 9), ["water"] * 5, origin="propagated")
    choose(panel, "geojson")
    panel.folder.setText(str(tmp_path))
    panel.scopes["human"].setChecked(True)
    qtbot.waitUntil(lambda: panel.scopes["human"].text() == "Only labels by people (4)" and panel.run.isEnabled())
    qtbot.mouseClick(panel.run, LEFT)
    assert set(geopandas.read_file(panel.written[0])["segment_id"]) == set(session.tables.ids[:4])


def test_nothing_to_export_disables_with_the_reason(qtbot: Any, panel: ExportPanel) -> None:
    panel.scopes["selection"].setChecked(True)
    qtbot.waitUntil(lambda: not panel.run.isEnabled())
    assert "nothing is selected" in panel.run.toolTip()


def test_an_error_stays_in_the_panel(qtbot: Any, panel: ExportPanel, session: Session, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    heard: list[tuple[str, str]] = []
    session.tasks.message.connect(lambda severity, text: heard.append((severity, text)))
    panel.folder.setText(str(blocked / "below"))
    qtbot.mouseClick(panel.run, LEFT)
    assert heard[-1][0] == "error"
    assert "Not exported" in panel.result.text()
    assert "file" in panel.result.text()
    qtbot.waitUntil(lambda: panel.run.isEnabled())
    assert not panel.open_folder.isVisible()


def test_it_fits_the_dock(panel: ExportPanel) -> None:
    for place in range(panel.exporter.count()):
        panel.exporter.setCurrentIndex(place)
        assert panel.minimumSizeHint().width() <= 306
