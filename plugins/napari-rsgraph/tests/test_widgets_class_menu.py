"""The menu of a class, and what it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QColorDialog, QMenu, QWidget

from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.class_menu import ClassActions, EditClass


@pytest.fixture
def actions(qtbot: Any, session: Session) -> ClassActions:
    """Water has four segments, mud has two."""
    parent = QWidget()
    qtbot.addWidget(parent)
    for name, rows in (("water", range(4)), ("mud", range(4, 6))):
        session.labels.define(name)
        session.labels.assign(np.array(rows), name)
    made = ClassActions(session, parent)
    made.kept = parent  # type: ignore[attr-defined]  # the parent goes with the test
    return made


def entries(actions: ClassActions, code: int) -> dict[str, Any]:
    menu = QMenu(actions.parent)
    actions.fill(menu, code)
    return {each.text(): each for each in menu.actions()}


def test_the_menu_begins_with_share_and_area(actions: ClassActions, session: Session) -> None:
    hectares = session.tables.hectares[4:6].sum()
    first, *_ = entries(actions, 2)
    assert first == f"mud: 2 segments, {hectares:.2f} ha, <\u00a01\u00a0% of the scene"
    session.labels.assign(np.arange(session.tables.n_segments // 2), "mud")
    share = session.labels.labelled_fraction()
    assert next(iter(entries(actions, 2))).endswith(f", {100 * share:.0f}\u00a0% of the scene")
    assert next(iter(entries(actions, 0))).startswith("not labelled yet: ")


def test_all_of_a_class_or_of_the_rest_is_selected(actions: ClassActions, session: Session) -> None:
    entries(actions, 2)["Select all of this class"].trigger()
    assert session.selection.target_rows().tolist() == [4, 5]
    entries(actions, 0)["Select all of what is not labelled yet"].trigger()
    assert session.selection.target_rows().tolist() == list(range(6, session.tables.n_segments))


def test_a_class_is_merged_into_another_and_undo_takes_it_back(actions: ClassActions, session: Session) -> None:
    said: list[str] = []
    session.tasks.message.connect(lambda severity, text: said.append(text))
    merge = entries(actions, 2)["Merge into"].menu()
    assert [each.text() for each in merge.actions()] == ["water"]
    merge.actions()[0].trigger()
    assert session.labels.names == ["water"]
    assert session.labels.counts()[1] == 6
    assert said == ["mud is merged into water now; undo takes it back"]
    session.labels.undo()
    assert session.labels.names == ["water", "mud"]
    assert session.labels.counts()[1:].tolist() == [4, 2]


def test_only_one_class_cannot_be_merged(actions: ClassActions, session: Session) -> None:
    session.labels.remove("mud")
    assert not entries(actions, 1)["Merge into"].isEnabled()


def test_a_class_is_shown_alone_and_everything_again(actions: ClassActions, session: Session) -> None:
    entries(actions, 1)["Show only this class"].trigger()
    assert session.selection.filter.classes == frozenset({1})
    entries(actions, 1)["Show everything again"].trigger()
    assert session.selection.filter.classes is None


def test_a_name_that_is_taken_is_refused_with_advice(actions: ClassActions, session: Session) -> None:
    said: list[str] = []
    session.tasks.message.connect(lambda severity, text: said.append(text))
    actions.change("mud", "water", str(session.labels.classes["colour"][1]))
    assert session.labels.names == ["water", "mud"]
    assert said == ["there is a class 'water' already; to join them, merge mud into it"]


def test_the_dialog_shows_name_and_colour_and_takes_others(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    dialog = EditClass("water", "#c32d00")
    qtbot.addWidget(dialog)
    assert dialog.typed == "water"
    monkeypatch.setattr(QColorDialog, "getColor", lambda *_: QColor("#123456"))
    dialog.chooser.click()
    assert dialog.colour == "#123456"
