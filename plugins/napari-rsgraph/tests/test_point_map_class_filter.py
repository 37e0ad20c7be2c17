"""The filter button of the 2-D map."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_rsgraph.point_map.class_filter import ClassFilter
from napari_rsgraph.session.session import Session


@pytest.fixture
def class_filter(qtbot: Any, session: Session) -> ClassFilter:
    made = ClassFilter(session)
    qtbot.addWidget(made)
    return made


def test_the_filter_hides_classes_and_says_so(qtbot: Any, class_filter: ClassFilter, session: Session) -> None:
    session.labels.define("water")
    session.labels.define("forest")
    session.labels.assign(np.arange(8), "water")
    assert [box.text() for box in class_filter.boxes.values()] == ["unlabelled", "water", "forest"]
    class_filter.boxes[1].click()
    assert session.selection.filter.classes == frozenset({0, 2})
    visible = session.selection.visible("segments")
    assert visible is not None
    assert np.flatnonzero(~visible).tolist() == list(range(8))
    assert class_filter.text() == "Filter: 2 of 3"
    class_filter.boxes[1].click()
    assert session.selection.filter.classes is None
    assert class_filter.text() == "Filter"
    class_filter.only_unlabelled.click()
    assert session.selection.filter.classes == frozenset({0})
    class_filter.everything.click()
    assert session.selection.filter.classes is None


def test_the_filter_by_view_is_asked_of_the_window(qtbot: Any, class_filter: ClassFilter) -> None:
    asked: list[bool] = []
    class_filter.window_filter_requested.connect(asked.append)
    class_filter.in_view.click()
    class_filter.everything.click()
    assert asked == [True]  # to show all is the session's own


def test_the_filter_offers_to_hide_clouds_where_they_are_known(
    qtbot: Any, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = ClassFilter(session)
    qtbot.addWidget(without)
    assert not without.without_clouds.isEnabled()
    monkeypatch.setattr(session.tables, "cloudy", np.arange(session.tables.n_segments) < 3)
    made = ClassFilter(session)
    qtbot.addWidget(made)
    made.without_clouds.click()
    visible = session.selection.visible("segments")
    assert visible is not None
    assert np.flatnonzero(~visible).tolist() == [0, 1, 2]
    assert made.text() == "Filter: no clouds"
    made.everything.click()
    assert not made.without_clouds.isChecked()
    assert session.selection.visible("segments") is None
