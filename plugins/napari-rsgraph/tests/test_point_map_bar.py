"""The bar over the 2-D map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractButton, QComboBox
from waiting import shown

from napari_rsgraph.point_map.bar import MapBar
from napari_rsgraph.session.session import Session
from rsgraph.types import Window

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def bar(qtbot: Any, session: Session) -> MapBar:
    made = MapBar(session)
    qtbot.addWidget(made)
    made.resize(430, 120)
    shown(qtbot, made)
    return made


def pick(box: QComboBox, name: str) -> None:
    """Choose as a person does: the signal comes with it."""
    box.setCurrentIndex(box.findData(name))
    box.activated.emit(box.currentIndex())


def test_levels_switch_both_ways(qtbot: Any, bar: MapBar, session: Session) -> None:
    assert bar.levels["chips"].isChecked()
    qtbot.mouseClick(bar.levels["segments"], LEFT)
    assert session.selection.level == "segments"
    session.selection.set_level("chips")
    qtbot.waitUntil(lambda: bar.levels["chips"].isChecked())
    assert not bar.levels["segments"].isChecked()


def test_layers_have_readable_names_and_are_shown(qtbot: Any, bar: MapBar, session: Session) -> None:
    texts = {bar.layer.itemData(place): bar.layer.itemText(place) for place in range(bar.layer.count())}
    assert texts["gnn2"] == "Trained, 2 steps around"
    assert texts["encoder"] == "U-Net"
    assert texts["target"] == "C-means memberships"
    assert list(texts) == session.maps.layers
    qtbot.mouseClick(bar.levels["segments"], LEFT)
    pick(bar.layer, "encoder")
    assert session.map.layer == "encoder"
    assert bar.layer.currentData() == "encoder"


def test_a_map_that_is_still_made_is_announced_and_the_box_says_what_is_shown(
    qtbot: Any, bar: MapBar, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[str] = []
    session.tasks.message.connect(lambda _, text: heard.append(text))
    monkeypatch.setattr(session.tasks, "run", lambda *_, **__: None)
    shown = session.map.layer
    pick(bar.layer, "encoder")
    assert bar.layer.currentData() == shown
    assert "PCA of U-Net is being laid out" in heard[-1]


def test_colours_are_chosen_and_fall_back_where_the_other_level_lacks_the_column(
    qtbot: Any, bar: MapBar, session: Session
) -> None:
    assert [bar.colour_by.itemData(place) for place in range(bar.colour_by.count())] == session.colouring.choices(
        session.selection.level
    )
    pick(bar.colour_by, "valid_fraction")
    assert session.colouring.by == "valid_fraction"
    session.selection.set_level("segments")
    qtbot.waitUntil(lambda: bar.colour_by.currentData() == session.colouring.choices(session.selection.level)[0])
    assert session.colouring.by == session.colouring.choices(session.selection.level)[0]


def test_tools_and_modes_say_what_was_chosen(qtbot: Any, bar: MapBar) -> None:
    chosen: list[str] = []
    bar.tool_chosen.connect(chosen.append)
    bar.mode_chosen.connect(chosen.append)
    qtbot.mouseClick(bar.tools["lasso"], LEFT)
    qtbot.mouseClick(bar.modes["subtract"], LEFT)
    assert chosen == ["lasso", "subtract"]
    assert bar.tools["lasso"].isChecked()
    assert not bar.tools["circle"].isChecked()
    bar.set_tool("pan")
    bar.set_mode("add")
    assert chosen == ["lasso", "subtract"]
    assert bar.tools["pan"].isChecked()
    assert bar.modes["add"].isChecked()


def test_chips_are_taken_apart_and_put_together(qtbot: Any, bar: MapBar, session: Session) -> None:
    assert not bar.take_apart.isEnabled()
    assert "select chips first" in bar.take_apart.toolTip()
    assert not bar.whole.isEnabled()
    session.selection.select_chips(np.array([1, 3]))
    qtbot.waitUntil(lambda: bar.take_apart.isEnabled())
    assert bar.take_apart.text() == "Take apart (2)"
    qtbot.mouseClick(bar.take_apart, LEFT)
    assert session.selection.level == "segments"
    assert np.flatnonzero(session.selection.chosen_chips).tolist() == [1, 3]
    qtbot.waitUntil(lambda: bar.whole.isEnabled())
    qtbot.mouseClick(bar.whole, LEFT)
    assert session.selection.chosen_chips.all()


def test_the_selection_is_laid_out_on_its_own_and_back(qtbot: Any, bar: MapBar, session: Session) -> None:
    session.selection.select(np.arange(40))
    qtbot.waitUntil(lambda: bar.selecting["clear"].isEnabled())
    qtbot.mouseClick(bar.reproject, LEFT)
    assert session.map.subset
    assert session.map.rows.tolist() == list(range(40))
    qtbot.waitUntil(lambda: bar.whole.isEnabled())
    qtbot.mouseClick(bar.whole, LEFT)
    assert len(session.map.rows) == session.tables.n_segments


def test_all_inverse_and_nothing_are_selected(qtbot: Any, bar: MapBar, session: Session) -> None:
    session.selection.select(np.arange(3))
    qtbot.mouseClick(bar.selecting["invert"], LEFT)
    assert np.flatnonzero(~session.selection.segments).tolist() == [0, 1, 2]
    qtbot.mouseClick(bar.selecting["select_all"], LEFT)
    assert session.selection.segments.all()
    qtbot.waitUntil(lambda: bar.selecting["clear"].isEnabled())
    qtbot.mouseClick(bar.selecting["clear"], LEFT)
    assert not session.selection.segments.any()


def test_it_fits_its_width_and_everything_has_a_name(bar: MapBar) -> None:
    assert bar.minimumSizeHint().width() <= 430
    assert bar.heightForWidth(430) <= 110
    for control in [*bar.findChildren(QAbstractButton), *bar.findChildren(QComboBox)]:
        assert control.toolTip(), control
        assert control.accessibleName() or control.text(), control


def test_the_filter_by_view_is_asked_of_the_window(bar: MapBar, session: Session) -> None:
    asked: list[bool] = []
    bar.window_filter_requested.connect(asked.append)
    bar.filter.in_view.click()
    bar.toggle_window_filter()
    session.selection.set_filter(window=(0, Window(0, 0, 9, 9)))
    bar.toggle_window_filter()
    assert asked == [True, True, False]
