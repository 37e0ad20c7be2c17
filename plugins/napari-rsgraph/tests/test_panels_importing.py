"""Import through the label panel: classes and labels that exist already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pytest
from shapely.geometry import box

from napari_rsgraph.panels import importing as module
from napari_rsgraph.panels.classes import LabelPanel
from napari_rsgraph.session.session import Session


@pytest.fixture
def panel(qtbot: Any, session: Session) -> LabelPanel:
    made = LabelPanel(session)
    qtbot.addWidget(made)
    return made


def left_half(session: Session, folder: Path, **columns: str) -> Path:
    """A polygon over the left half of the scene, with attributes."""
    scene = session.tables.scenes[0]
    a, _, c, _, e, f = scene.transform[:6]
    shape = box(c, f + e * scene.rows, c + a * scene.columns / 2, f)
    path = folder / "labels.gpkg"
    geopandas.GeoDataFrame(columns, geometry=[shape], index=[0], crs=scene.crs).to_file(path)
    return path


def choose(monkeypatch: pytest.MonkeyPatch, path: Path, answer: str = "") -> list[list[str]]:
    """Choose a file, and one of the names that are offered."""
    offered: list[list[str]] = []

    def item(parent: Any, title: str, question: str, names: list[str], *rest: Any) -> tuple[str, bool]:
        offered.append(names)
        return answer, bool(answer)

    monkeypatch.setattr(module.QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    monkeypatch.setattr(module.QInputDialog, "getItem", item)
    return offered


def test_polygons_label_segments(
    panel: LabelPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = choose(monkeypatch, left_half(session, tmp_path, label="water"))
    panel.importing.click()
    assert asked == []
    assert session.labels.names == ["water"]
    columns = session.tables.centroids[:, 1]
    middle = session.tables.scenes[0].columns / 2
    assert session.labels.codes[columns < middle - 20].all()
    assert not session.labels.codes[columns > middle + 20].any()
    assert set(session.labels.state.origins) == {0, 2}


def test_the_attribute_is_asked_for_where_none_looks_like_a_class(
    panel: LabelPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = choose(monkeypatch, left_half(session, tmp_path, xx="lake", yy="deep"), "yy")
    panel.importing.click()
    assert [set(names) for names in asked] == [{"xx", "yy"}]
    assert session.labels.names == ["deep"]


def test_not_choosing_an_attribute_imports_nothing(
    panel: LabelPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, left_half(session, tmp_path, xx="lake", yy="deep"))
    panel.importing.click()
    assert session.labels.names == []


def test_a_list_of_classes_defines_them(
    panel: LabelPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "classes.csv"
    path.write_text("name,colour\nwater,#0000ff\nforest,#00ff00\n")
    choose(monkeypatch, path)
    session.labels.define("forest")
    panel.importing.click()
    assert session.labels.names == ["forest", "water"]
    assert session.labels.classes["colour"].to_list()[1] == "#0000ff"


def test_a_table_of_segments_labels_them_and_its_column_is_asked_for(
    panel: LabelPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = session.tables.ids[[0, 5]].tolist()
    path = tmp_path / "labels.csv"
    path.write_text(
        f"Segment ID;art;rest\n{first}.0;Wasser;a\n{second},0;Land;b\n999999;Land;b\n", encoding="utf-8-sig"
    )
    asked = choose(monkeypatch, path, "art")
    heard: list[tuple[str, str]] = []
    session.tasks.message.connect(lambda severity, text: heard.append((severity, text)))
    panel.importing.click()
    assert asked == [["art", "rest"]]
    assert session.labels.names == ["Wasser", "Land"]
    assert np.flatnonzero(session.labels.codes).tolist() == [0, 5]
    assert any("left out: 1 rows of segments that the workspace does not have" in text for _, text in heard)


def test_a_style_of_qgis_defines_its_classes(
    panel: LabelPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "style.qml"
    path.write_text('<qgis><paletteEntry value="1" color="#2060c0" label="W\u00e4lder"/></qgis>', encoding="utf-8")
    choose(monkeypatch, path)
    panel.importing.click()
    assert session.labels.names == ["W\u00e4lder"]


def test_a_file_that_cannot_be_read_is_reported(
    panel: LabelPanel, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "broken.gpkg"
    path.write_bytes(np.arange(200, dtype=np.uint8).tobytes())
    choose(monkeypatch, path)
    heard: list[tuple[str, str]] = []
    session.tasks.message.connect(lambda severity, text: heard.append((severity, text)))
    panel.importing.click()
    assert heard[0][0] == "error"
    assert "broken.gpkg" in heard[0][1]
