"""Search by example: keys, clicks, pages, and the labels in the journal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QImage
from waiting import at_rest, shown

from napari_rsgraph.panels.candidates import PAGE
from napari_rsgraph.panels.search import SearchPanel
from napari_rsgraph.session.session import Session

LEFT, KEY = Qt.MouseButton.LeftButton, Qt.Key


@pytest.fixture
def panel(qtbot: Any, session: Session) -> SearchPanel:
    made = SearchPanel(session)
    qtbot.addWidget(made)
    made.resize(320, 640)
    shown(qtbot, made)
    session.labels.define("water")
    session.labels.define("forest")
    at_rest(qtbot)
    return made


@pytest.fixture
def searched(qtbot: Any, panel: SearchPanel, session: Session) -> SearchPanel:
    session.search.spread(0)
    session.selection.select(np.array([7]))
    qtbot.waitUntil(lambda: panel.find_similar.isEnabled())
    qtbot.mouseClick(panel.find_similar, LEFT)
    qtbot.waitUntil(lambda: panel.list.model().rowCount() > 0)
    at_rest(qtbot)
    return panel


def verdicts(session: Session) -> list[str]:
    assert session.search.results is not None
    return list(session.search.results.verdicts)


def test_without_examples_it_says_what_to_do(panel: SearchPanel) -> None:
    assert not panel.find_similar.isEnabled()
    assert "select one or more chips" in panel.find_similar.toolTip()
    assert panel.empty.isVisible()
    assert not panel.found.isVisible()


def test_candidates_are_ranked_in_pages(qtbot: Any, searched: SearchPanel, session: Session) -> None:
    results = session.search.results
    assert results is not None
    assert len(results.rows) == 60
    assert searched.list.model().rowCount() == PAGE
    assert searched.page.text() == "Page 1 of 3"
    first = searched.list.model().index(0).data()
    assert first == f"1. segment {session.tables.ids[results.rows[0]]}, chip " + str(
        session.tables.segments["chip_id"].iat[results.rows[0]]
    )
    qtbot.mouseClick(searched.paging["next_page"], LEFT)
    qtbot.waitUntil(lambda: searched.page.text() == "Page 2 of 3")
    assert searched.list.model().index(0).data().startswith("21. ")
    assert results.at == PAGE
    qtbot.keyClick(searched.list, KEY.Key_PageUp)
    assert results.at == 0


def test_keys_judge_and_move(qtbot: Any, searched: SearchPanel, session: Session) -> None:
    for key in (KEY.Key_A, KEY.Key_X, KEY.Key_J, KEY.Key_J, KEY.Key_Right, KEY.Key_K):
        qtbot.keyClick(searched.list, key)
    assert verdicts(session)[:4] == ["accepted", "rejected", "open", "open"]
    assert session.search.results is not None
    assert session.search.results.at == 3
    qtbot.keyClick(searched.list, KEY.Key_A, Qt.KeyboardModifier.ShiftModifier)
    assert verdicts(session)[:5] == ["accepted", "rejected", "accepted", "accepted", "open"]
    qtbot.waitUntil(lambda: "3 accepted, 1 rejected, 56 open" in searched.about.text())


def test_arrow_keys_move_over_the_tiles(qtbot: Any, searched: SearchPanel, session: Session) -> None:
    results, columns = session.search.results, searched.list.columns()
    assert results is not None
    assert columns == 2
    for key, at in ((KEY.Key_Down, 2), (KEY.Key_Right, 3), (KEY.Key_Up, 1), (KEY.Key_Up, 1), (KEY.Key_Left, 0)):
        qtbot.keyClick(searched.list, key)
        assert results.at == at


def test_the_slider_shows_what_is_close_together_as_one(qtbot: Any, searched: SearchPanel, session: Session) -> None:
    qtbot.keyClick(searched.list, KEY.Key_X)
    before = session.search.results
    assert before is not None
    searched.apart.setValue(searched.apart.maximum())
    after = session.search.results
    assert after is not None
    assert len(after.rows) < len(before.rows)
    assert sum(len(near) for near in after.near) + len(after.rows) == len(before.rows)
    assert after.said() == {int(before.rows[0]): "rejected"}
    qtbot.waitUntil(lambda: "more near them" in searched.about.text())
    assert searched.apart_text.text().endswith(" apart")
    searched.apart.setValue(0)
    assert searched.apart_text.text() == "each"
    assert session.search.results is not None
    assert session.search.results.rows.tolist() == before.rows.tolist()


def test_the_accepted_are_labelled_as_the_class_chosen(qtbot: Any, searched: SearchPanel, session: Session) -> None:
    assert not searched.label.isEnabled()
    qtbot.keyClick(searched.list, KEY.Key_A)
    qtbot.keyClick(searched.list, KEY.Key_X)
    qtbot.keyClick(searched.list, KEY.Key_A)
    searched.classes.setCurrentText("forest")
    qtbot.waitUntil(lambda: searched.label.isEnabled())
    qtbot.mouseClick(searched.label, LEFT)
    results = session.search.results
    assert results is not None
    labels = session.labels.journal.labels()
    assert set(labels["segment_id"]) == set(session.tables.ids[results.rows[[0, 2]]])
    assert set(labels["label"]) == {"forest"}
    assert session.labels.history().iloc[-1]["note"] == "search by example"


def test_the_accepted_are_selected_with_the_example(qtbot: Any, searched: SearchPanel, session: Session) -> None:
    qtbot.keyClick(searched.list, KEY.Key_A)
    qtbot.waitUntil(lambda: searched.select.isEnabled())
    qtbot.mouseClick(searched.select, LEFT)
    results = session.search.results
    assert results is not None
    assert set(session.selection.target_rows()) == {7, int(results.rows[0])}


def test_what_is_looked_at_is_shown_in_the_scene(qtbot: Any, searched: SearchPanel, session: Session) -> None:
    asked: list[list[int]] = []
    session.focus_requested.connect(lambda rows: asked.append(list(rows)))
    qtbot.keyClick(searched.list, KEY.Key_J)
    results = session.search.results
    assert results is not None
    assert asked == [[results.rows[1]]]
    place = searched.list.visualRect(searched.list.model().index(3)).center()
    qtbot.mouseClick(searched.list.viewport(), LEFT, pos=place)
    assert results.at == 3
    assert asked[-1] == [results.rows[3]]


def test_chips_are_searched_and_all_their_segments_labelled(qtbot: Any, panel: SearchPanel, session: Session) -> None:
    asked: list[np.ndarray] = []
    session.focus_requested.connect(asked.append)
    session.selection.select_chips(np.array([2]))
    qtbot.waitUntil(lambda: panel.find_similar.text() == "Find similar (1 chip)")
    qtbot.mouseClick(panel.find_similar, LEFT)
    results = session.search.results
    assert results is not None
    assert np.array_equal(asked[0], np.flatnonzero(session.tables.chip_of == results.rows[0]))
    qtbot.keyClick(panel.list, KEY.Key_A)
    qtbot.waitUntil(lambda: panel.label.isEnabled())
    qtbot.mouseClick(panel.label, LEFT)
    labelled = np.flatnonzero(session.labels.codes)
    assert np.array_equal(labelled, np.flatnonzero(session.tables.chip_of == results.rows[0]))


def test_pictures_are_asked_for_once_and_only_of_the_page(
    qtbot: Any, searched: SearchPanel, session: Session
) -> None:
    asked: list[int] = []

    def thumbnail(level: str, row: int, side: int) -> QImage:
        asked.append(row)
        image = QImage(48, 48, QImage.Format.Format_RGB888)
        image.fill(QColor("#d01010"))
        return image

    searched.set_thumbnail(thumbnail)
    qtbot.waitUntil(lambda: len(asked) > 0)
    drawn = searched.list.grab().toImage()
    rect = searched.list.visualRect(searched.list.model().index(0))
    assert drawn.pixelColor(rect.left() + 25, rect.center().y()).name() == "#d01010"
    searched.list.grab()
    assert len(asked) == len(set(asked)) <= PAGE
    results = session.search.results
    assert results is not None
    assert set(asked) <= set(results.rows[:PAGE])


def test_the_end_of_a_search_leaves_the_hint(qtbot: Any, searched: SearchPanel, session: Session) -> None:
    qtbot.mouseClick(searched.end, LEFT)
    assert session.search.results is None
    qtbot.waitUntil(lambda: searched.empty.isVisible())


def test_it_fits_the_dock(searched: SearchPanel) -> None:
    assert searched.minimumSizeHint().width() <= 306
