"""The label panel with real clicks and keys; what counts is what the journal says afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QMessageBox
from waiting import shown

from napari_rsgraph.panels import classes as module
from napari_rsgraph.panels.classes import LabelPanel
from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.session.work import Immediate
from rsgraph.io.palette import CLASS_COLOURS

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(qtbot: Any, session: Session) -> LabelPanel:
    made = LabelPanel(session)
    qtbot.addWidget(made)
    made.resize(320, 700)
    shown(qtbot, made)
    return made


def add(qtbot: Any, panel: LabelPanel, *names: str) -> None:
    for name in names:
        panel.new_name.setFocus()
        qtbot.keyClicks(panel.new_name, name)
        qtbot.keyClick(panel.new_name, Qt.Key.Key_Return)


def said(session: Session) -> list[str]:
    heard: list[str] = []
    session.tasks.message.connect(lambda severity, text: heard.append(f"{severity}: {text}"))
    return heard


def entries(panel: LabelPanel, place: int) -> dict[str, Any]:
    """The actions in the menu of a class, as it opens."""
    panel.rows[place].fill_menu()
    return {action.text(): action for action in panel.rows[place].menu.actions()}


def test_classes_are_added_with_enter_and_get_colours_and_keys(
    qtbot: Any, panel: LabelPanel, session: Session
) -> None:
    assert "Add a class" in panel.empty.text()
    add(qtbot, panel, "water", "forest & heath")
    table = session.labels.journal.classes()
    assert table["name"].to_list() == ["water", "forest & heath"]
    assert table["key"].to_list() == ["1", "2"]
    assert table["colour"].str.lower().to_list() == list(CLASS_COLOURS[:2])
    assert panel.new_name.text() == ""


def test_a_name_that_is_taken_or_empty_is_refused_in_words(qtbot: Any, panel: LabelPanel, session: Session) -> None:
    heard = said(session)
    add(qtbot, panel, "water", "water", "  ")
    assert session.labels.names == ["water"]
    assert "there is a class 'water' already" in heard[0]
    assert "type the name" in heard[1]


def test_classes_that_are_typed_faster_than_they_are_written_differ_in_key_and_colour(
    qtbot: Any, panel: LabelPanel, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[tuple[Any, ...]] = []
    run = session.tasks.run
    monkeypatch.setattr(session.tasks, "run", lambda *job, **lane: waiting.append(job))
    add(qtbot, panel, "water", "forest")
    monkeypatch.setattr(session.tasks, "run", run)
    for job in waiting:
        run(*job)
    table = session.labels.classes
    assert table["key"].to_list() == ["1", "2"]
    assert table["colour"].str.lower().to_list() == list(CLASS_COLOURS[:2])


def test_the_button_of_a_class_labels_the_selection(qtbot: Any, panel: LabelPanel, session: Session) -> None:
    add(qtbot, panel, "water", "forest")
    session.selection.select(np.arange(5, 25))
    qtbot.waitUntil(lambda: panel.rows[1].label.isEnabled())
    qtbot.mouseClick(panel.rows[1].label, LEFT)
    labels = session.labels.journal.labels()
    assert set(labels["segment_id"]) == set(session.tables.ids[5:25])
    assert set(labels["label"]) == {"forest"}
    assert set(labels["origin"]) == {"human"}


def test_erase_undo_and_redo(qtbot: Any, panel: LabelPanel, session: Session) -> None:
    add(qtbot, panel, "water")
    session.selection.select(np.arange(10))
    qtbot.waitUntil(lambda: panel.rows[0].label.isEnabled())
    qtbot.mouseClick(panel.rows[0].label, LEFT)
    qtbot.mouseClick(panel.erase, LEFT)
    assert session.labels.codes.sum() == 0
    qtbot.waitUntil(lambda: "erase" in panel.undo.toolTip())
    qtbot.mouseClick(panel.undo, LEFT)
    assert session.labels.codes.sum() == 10
    qtbot.waitUntil(lambda: panel.redo.isEnabled())
    assert "erase" in panel.redo.toolTip()
    assert "label 10 segments as water" in panel.undo.toolTip()
    qtbot.mouseClick(panel.redo, LEFT)
    assert session.labels.codes.sum() == 0


def test_progress_and_counts_say_what_is_labelled(qtbot: Any, panel: LabelPanel, session: Session) -> None:
    add(qtbot, panel, "water")
    half = np.arange(session.tables.n_segments // 2)
    session.selection.select(half)
    session.label("water")
    qtbot.waitUntil(lambda: f"{len(half):,} of" in panel.progress_text.text())
    pixels = session.tables.segments["area_px"].to_numpy(float)
    share = pixels[half].sum() / pixels.sum()
    assert panel.progress_text.text().startswith(f"{share:.0%}".replace("%", "\u00a0%"))
    assert panel.progress.value() == round(share * 1000)
    assert panel.rows[0].share.share == pytest.approx(share)
    assert panel.rows[0].counts.text().startswith(f"{len(half):,} · ")


def test_the_selection_is_described_while_the_brush_moves(qtbot: Any, panel: LabelPanel, session: Session) -> None:
    add(qtbot, panel, "water")
    session.selection.select(np.arange(6))
    session.label("water")
    session.selection.select(np.arange(10), final=False)
    qtbot.waitUntil(lambda: panel.selection.text().startswith("10 segments"))
    chips = len(np.unique(session.tables.chip_of[:10]))
    area = session.tables.hectares[:10].sum()
    assert f"in {chips} chip" in panel.selection.text()
    assert f"{area:,.2f} ha" in panel.selection.text() or f"{area:,.1f} ha" in panel.selection.text()
    assert panel.selection.text().endswith("water 6, unlabelled 4")


def test_a_double_click_renames_and_escape_does_not(qtbot: Any, panel: LabelPanel, session: Session) -> None:
    add(qtbot, panel, "watr")
    name = panel.rows[0].name
    qtbot.mouseDClick(name, LEFT)
    qtbot.keyClicks(name, "sea")
    qtbot.keyClick(name, Qt.Key.Key_Escape)
    assert name.text() == "watr"
    assert session.labels.names == ["watr"]
    qtbot.mouseDClick(name, LEFT)
    qtbot.keyClicks(name, "water")
    qtbot.keyClick(name, Qt.Key.Key_Return)
    assert session.labels.names == ["water"]
    assert panel.rows[0].name.text() == "water"


def test_the_menu_changes_key_and_colour_and_selects_all(
    qtbot: Any, panel: LabelPanel, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(qtbot, panel, "water", "forest")
    keys = entries(panel, 0)["Key (1)"].menu()
    by_text = {action.text(): action for action in keys.actions()}
    assert not by_text["2: forest"].isEnabled()
    by_text["7"].trigger()
    assert session.labels.classes["key"].to_list() == ["7", "2"]
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#123456"))
    entries(panel, 0)["Colour…"].trigger()
    assert session.labels.classes["colour"].to_list()[0] == "#123456"
    session.labels.assign(np.arange(4), "forest")
    entries(panel, 1)["Select all of this class"].trigger()
    assert session.selection.target_rows().tolist() == [0, 1, 2, 3]


def test_a_class_without_labels_is_removed_at_once_one_with_labels_is_asked_for(
    qtbot: Any, panel: LabelPanel, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(qtbot, panel, "water", "forest")
    session.labels.assign(np.arange(4), "water")
    asked: list[str] = []
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]

    def question(parent: Any, title: str, text: str) -> Any:
        asked.append(text)
        return answers[len(asked) - 1]

    monkeypatch.setattr(QMessageBox, "question", question)
    entries(panel, 1)["Remove the class"].trigger()
    assert session.labels.names == ["water"]
    assert asked == []
    entries(panel, 0)["Remove the class"].trigger()
    assert session.labels.names == ["water"]
    entries(panel, 0)["Remove the class"].trigger()
    assert session.labels.names == []
    assert "its 4 labels" in asked[0]
    session.labels.undo()
    assert session.labels.codes.sum() == 4


def test_a_note_goes_to_the_journal(
    qtbot: Any, panel: LabelPanel, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.QInputDialog, "getMultiLineText", lambda *_: (" check this ", True))
    session.selection.select(np.arange(3))
    qtbot.mouseClick(panel.note, LEFT)
    last = session.labels.history().iloc[-1]
    assert (last["action"], last["note"], last["segments"]) == ("note", "check this", 3)


def test_read_only_says_why_and_disables(qtbot: Any, workspace: Path, session: Session) -> None:
    session.labels.define("water", key="1")
    second = open_session(workspace, Immediate())
    try:
        panel = LabelPanel(second)
        qtbot.addWidget(panel)
        panel.show()
        assert second.labels.read_only
        qtbot.waitUntil(lambda: "Read-only" in panel.read_only.text())
        assert second.labels.journal.notice is not None
        assert second.labels.journal.notice in panel.read_only.text()
        second.selection.select(np.arange(3))
        qtbot.waitUntil(lambda: "3 segments" in panel.selection.text())
        qtbot.waitUntil(lambda: not panel.rows[0].label.isEnabled() and not panel.undo.isEnabled())
        for control in (panel.rows[0].label, panel.erase, panel.undo, panel.add, panel.new_name, panel.importing):
            assert not control.isEnabled()
            assert "Not now" in control.toolTip()
    finally:
        second.close()


def test_everything_that_can_be_pressed_has_a_tooltip_and_a_name(qtbot: Any, panel: LabelPanel) -> None:
    add(qtbot, panel, "water")
    controls = [*panel.findChildren(module.QLineEdit), *panel.findChildren(type(panel.undo)), panel.rows[0].more]
    for control in controls:
        assert control.toolTip(), control
        assert control.accessibleName(), control


def test_it_fits_the_dock(qtbot: Any, panel: LabelPanel) -> None:
    add(qtbot, panel, "a class with a very long name that nobody can read in one line of this dock")
    assert panel.minimumSizeHint().width() <= 300
