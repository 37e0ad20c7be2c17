"""The legend of the 2-D map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMenu
from waiting import shown

from napari_rsgraph.point_map.legend import Legend
from napari_rsgraph.session.selection import UNLABELLED
from napari_rsgraph.session.session import Session
from napari_rsgraph.widgets.class_menu import EditClass

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def legend(qtbot: Any, session: Session) -> Legend:
    """Of points by class: water has four segments, land has two."""
    made = Legend(session)
    qtbot.addWidget(made)
    shown(qtbot, made)
    for name, rows in (("water", range(4)), ("land", range(4, 6))):
        session.labels.define(name)
        session.labels.assign(np.array(rows), name)
    session.colouring.choose("class")
    qtbot.waitUntil(lambda: list(made.entries) == [0, 1, 2])
    return made


def test_the_legend_names_classes_and_the_ends_of_a_scale(qtbot: Any, session: Session) -> None:
    legend = Legend(session)
    qtbot.addWidget(legend)
    legend.show()
    session.labels.define("water")
    session.colouring.choose("class")
    qtbot.waitUntil(lambda: legend.texts == ["Class", "unlabelled", "water"])
    session.colouring.choose("uncertainty")
    low, high = session.colouring.key(session.selection.level).scale or (0, 0)
    qtbot.waitUntil(lambda: legend.texts == ["Uncertainty", f"{low:.3g}", "", f"{high:.3g}", "unlabelled"])
    assert "Uncertainty" in legend.accessibleName()


def test_the_legend_says_how_many_classes_it_leaves_out(qtbot: Any, session: Session) -> None:
    legend = Legend(session)
    qtbot.addWidget(legend)
    legend.show()
    session.colouring.choose("class")
    for number in range(14):
        session.labels.define(f"class {number}")
    qtbot.waitUntil(lambda: legend.texts[-1:] == ["and 3 more"])


def test_a_click_shows_only_a_class_and_another_one_everything(qtbot: Any, legend: Legend, session: Session) -> None:
    qtbot.mouseClick(legend.entries[1], LEFT)
    assert session.selection.filter.classes == frozenset({1})
    assert legend.entries[1].accessibleName() == "Class water, the only one shown"
    assert legend.entries[2].accessibleName() == "Class land, hidden"
    qtbot.mouseClick(legend.entries[2], LEFT)
    assert session.selection.filter.classes == frozenset({2})
    qtbot.mouseClick(legend.entries[2], LEFT)
    assert session.selection.filter.classes is None
    qtbot.keyClick(legend.entries[0], Qt.Key.Key_Return)
    assert session.selection.filter.classes == UNLABELLED


def test_what_is_not_labelled_yet_is_shown_alone_whatever_the_colours_mean(
    qtbot: Any, legend: Legend, session: Session
) -> None:
    session.colouring.choose("chip")
    qtbot.waitUntil(lambda: list(legend.entries) == [0])
    qtbot.mouseClick(legend.entries[0], LEFT)
    visible = session.selection.visible("segments")
    assert visible is not None
    assert visible.tolist() == (session.labels.codes == 0).tolist()


def test_a_double_click_renames_and_recolours_and_leaves_the_filter_alone(
    qtbot: Any, legend: Legend, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(dialog: EditClass) -> int:
        dialog.name.setText(" sea ")
        dialog.colour = "#102030"
        return int(dialog.DialogCode.Accepted)

    monkeypatch.setattr(EditClass, "exec", answer)
    qtbot.mouseClick(legend.entries[1], LEFT)
    qtbot.mouseDClick(legend.entries[1], LEFT)
    qtbot.waitUntil(lambda: session.labels.names == ["sea", "land"])
    assert session.labels.classes["colour"][0] == "#102030"
    assert session.selection.filter.classes is None
    assert session.labels.counts().tolist()[1:] == [4, 2]


def test_the_right_button_opens_the_menu_of_a_class(qtbot: Any, legend: Legend) -> None:
    legend.entries[2].customContextMenuRequested.emit(legend.entries[2].rect().center())
    menu = next(each for each in legend.findChildren(QMenu) if each.isVisible())
    texts = [each.text() for each in menu.actions()]
    assert texts[0].startswith("land: 2 segments, ")
    assert "Select all of this class" in texts
    menu.close()
