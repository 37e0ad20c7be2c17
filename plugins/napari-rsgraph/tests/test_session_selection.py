"""Selected chips and segments, and what can be seen of them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_rsgraph.session.labels import Labels
from napari_rsgraph.session.selection import Selection, mode_of
from napari_rsgraph.session.session import Session
from napari_rsgraph.session.tables import Tables
from rsgraph.types import Window


def test_stroke_accumulates_and_intersects_with_what_was_before(session: Session) -> None:
    session.selection.set_level("segments")
    session.selection.select(np.array([0, 1, 2]), "replace")
    session.selection.select(np.array([3]), "add", final=False)
    session.selection.select(np.array([4]), "add", final=True)
    assert np.flatnonzero(session.selection.segments).tolist() == [0, 1, 2, 3, 4]
    session.selection.select(
        np.array([0]), "intersect", final=False
    )  # the brush moves on: only its last place counts
    session.selection.select(np.array([1, 2]), "intersect", final=True)
    assert np.flatnonzero(session.selection.segments).tolist() == [1, 2]
    session.selection.select(np.array([2]), "subtract")
    assert np.flatnonzero(session.selection.segments).tolist() == [1]


def test_filters_by_class_and_map_window(session: Session) -> None:
    session.selection.set_level("segments")
    session.labels.define("water")
    session.selection.select(np.array([0, 5]))
    session.label("water")
    session.selection.set_filter(classes=frozenset({0}))
    visible = session.map_visible()
    assert visible is not None
    assert np.flatnonzero(~visible).tolist() == [0, 5]
    session.selection.set_filter(classes=None, window=(0, Window(0, 0, 64, 64)))
    places = session.tables.segments[["row", "column"]].to_numpy()
    visible = session.map_visible()
    assert visible is not None
    assert np.array_equal(visible, (places < 64).all(axis=1))
    session.selection.set_filter(window=None)
    assert session.map_visible() is None


def test_keeps_a_filter_by_class_while_classes_are_only_added(session: Session) -> None:
    for name in ("one", "two"):
        session.labels.define(name)
    session.selection.set_filter(classes=frozenset({2}))
    session.labels.define("three")
    assert session.selection.filter.classes == frozenset({2})
    session.labels.remove("one")
    assert session.selection.filter.classes is None


@pytest.fixture
def selection(tables: Tables, labels: Labels) -> Selection:
    return Selection(tables, labels)


def test_chips_stand_for_all_their_segments(selection: Selection) -> None:
    selection.select_chips(np.array([1]))
    assert selection.target_rows().tolist() == [3, 4]
    assert selection.target_lookup().tolist() == [False, False, False, False, True, True]
    assert selection.shown_chips().tolist() == [1]


def test_selecting_segments_goes_to_their_level(selection: Selection) -> None:
    heard: list[object] = []
    selection.level_changed.connect(heard.append)
    selection.changed.connect(heard.append)
    selection.select(np.array([1]), "add", final=False)
    selection.select(np.array([2]), "add")
    assert heard == ["segments", False, True]
    assert selection.rows.tolist() == [1, 2]
    selection.switch_level()
    assert selection.level == "chips"
    assert selection.rows.tolist() == []


def test_what_a_part_laid_out_separately_leaves_out_cannot_be_selected(selection: Selection) -> None:
    selection.set_level("segments")
    selection.lay_out(np.array([1, 3]))
    selection.select_all()
    assert selection.target_rows().tolist() == [1, 3]
    selection.lay_out(None)
    assert selection.visible() is None


def test_a_chip_taken_apart_hides_the_other(selection: Selection) -> None:
    selection.take_apart(np.array([True, False]))
    assert selection.level == "segments"
    assert selection.visible() is not None
    selection.select(np.array([0, 4]))
    assert selection.target_rows().tolist() == [0]
    assert selection.reveal(np.array([4])) == ["their chips are shown too"]
    assert selection.target_rows().tolist() == [0, 4]


def test_filters_go_by_label_and_by_place(selection: Selection, labels: Labels) -> None:
    labels.define("water")
    labels.assign(np.array([0, 1, 2]), "water")
    selection.toggle_unlabelled()
    assert np.flatnonzero(selection.visible("segments")).tolist() == [3, 4]
    assert np.flatnonzero(selection.visible("chips")).tolist() == [1]
    labels.assign(np.array([3]), "water")
    assert np.flatnonzero(selection.visible("segments")).tolist() == [4]
    selection.toggle_unlabelled()
    selection.set_filter(window=(0, Window(0, 0, 6, 14)))
    assert np.flatnonzero(selection.visible("segments")).tolist() == [0, 1, 3]
    assert selection.reveal(np.array([2])) == ["the filter is off"]


def test_inverting_selects_the_rest(selection: Selection) -> None:
    selection.select(np.array([0, 2]))
    selection.invert()
    assert selection.rows.tolist() == [1, 3, 4]
    selection.clear()
    assert selection.rows.tolist() == []


@pytest.mark.parametrize(
    ("shift", "remove", "expected"),
    [(False, False, "replace"), (True, False, "add"), (False, True, "subtract"), (True, True, "intersect")],
)
def test_mode_of_modifiers(shift: bool, remove: bool, expected: str) -> None:
    assert mode_of(shift=shift, remove=remove, default="replace") == expected


def test_mode_of_no_modifier_is_that_of_the_toolbar() -> None:
    assert mode_of(shift=False, remove=False, default="intersect") == "intersect"


def test_clouds_are_hidden_and_shown_again(cloudy_tables: Tables, labels: Labels) -> None:
    selection = Selection(cloudy_tables, labels)
    selection.toggle_clouds()
    visible = selection.visible("segments")
    assert visible is not None
    assert visible.tolist() == [True, False, True, True, False]
    assert selection.reveal(np.array([1])) == ["the filter is off"]
    assert not selection.filter.active


def test_nothing_is_hidden_where_nothing_is_known_of_clouds(selection: Selection) -> None:
    selection.toggle_clouds()
    visible = selection.visible("segments")
    assert visible is not None
    assert visible.all()
