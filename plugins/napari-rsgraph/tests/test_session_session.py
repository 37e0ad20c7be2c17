"""The session that joins its parts, without a window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_rsgraph.session.session import Session, open_session
from napari_rsgraph.session.work import Immediate
from rsgraph.errors import NotThere


def heard(session: Session) -> list[tuple[str, str]]:
    """Collect what the user reads."""
    said: list[tuple[str, str]] = []
    session.tasks.message.connect(lambda severity, text: said.append((severity, text)))
    return said


def test_session_brush_at_chip_level_selects_chips_and_targets_their_segments(session: Session) -> None:
    session.brush(np.array([1, 3]), "replace", True)
    assert np.flatnonzero(session.selection.chips).tolist() == [1, 3]
    expected = np.isin(session.tables.chip_of, [1, 3])
    assert np.array_equal(session.selection.target(), expected)
    lookup = session.selection.target_lookup()
    assert np.array_equal(lookup[session.tables.ids], expected)


def test_session_take_apart_shows_segments_of_the_selected_chips_only(session: Session) -> None:
    session.selection.select_chips(np.array([2]))
    session.take_apart()
    assert session.selection.level == "segments"
    visible = session.map_visible()
    assert visible is not None
    assert np.array_equal(visible, session.tables.chip_of == 2)
    session.selection.select_all()
    assert np.array_equal(session.selection.target(), session.tables.chip_of == 2)


def test_session_label_of_nothing_says_what_to_do(session: Session) -> None:
    said = heard(session)
    session.labels.define("water")
    session.label("water")
    assert said[-1][0] == "warning"
    assert "nothing is selected" in said[-1][1]


def test_session_of_an_unfinished_workspace_says_so(tmp_path: Path) -> None:
    with pytest.raises(NotThere, match="not an rsgraph workspace"):
        open_session(tmp_path, Immediate())


def test_session_select_all_on_a_part_laid_out_anew_is_that_part(session: Session) -> None:
    session.selection.set_level("segments")
    session.selection.select(np.arange(50))
    session.reproject()
    session.selection.select_all()
    assert np.flatnonzero(session.selection.target()).tolist() == list(range(50))
    session.selection.select(np.arange(10))
    session.selection.invert()
    assert np.flatnonzero(session.selection.target()).tolist() == list(range(10, 50))
    session.maps.whole("segments")
    session.selection.select_all()
    assert session.selection.target().all()


def test_session_labels_nothing_that_cannot_be_seen(session: Session) -> None:
    session.labels.define("water")
    session.selection.select_chips(np.array([0]))
    session.take_apart()
    elsewhere = np.flatnonzero(session.tables.chip_of == 3)[:5]
    session.selection.select(elsewhere)
    assert not session.selection.target().any()
    session.select_hidden(elsewhere)
    assert np.flatnonzero(session.selection.target()).tolist() == elsewhere.tolist()
    session.selection.set_filter(classes=frozenset({1}))
    assert not session.selection.target().any()
    session.select_hidden(elsewhere)
    assert not session.selection.filter.active


def test_session_take_apart_at_segment_level_keeps_the_selection(session: Session) -> None:
    said = heard(session)
    session.selection.select_chips(np.array([1]))
    session.take_apart()
    session.selection.select_all()
    before = session.selection.target().copy()
    session.take_apart()
    assert np.array_equal(session.selection.target(), before)
    assert "go to the chips first" in said[-1][1]


def test_session_clouds_are_selected_and_become_a_class_of_their_own(workspace: Path) -> None:
    path = workspace / "segments.parquet"
    table = pd.read_parquet(path)
    table["cloud_share"] = np.where(table["segment_id"] % 10 == 0, 0.7, 0.1).astype(np.float32)
    table.to_parquet(path)
    session = open_session(workspace, Immediate())
    session.filter_clouds()
    visible = session.selection.visible("segments")
    assert visible is not None
    np.testing.assert_array_equal(~visible, session.tables.ids % 10 == 0)
    session.select_clouds()  # shows them again
    session.labels.define("cloud")
    session.label("cloud")
    np.testing.assert_array_equal(session.labels.codes == 1, session.tables.ids % 10 == 0)
    assert "cloud_share" in session.colouring.choices("segments")
    session.close()


def test_session_says_where_nothing_is_known_of_clouds(session: Session) -> None:
    said = heard(session)
    for call in (session.filter_clouds, session.select_clouds):
        call()
        assert said[-1][0] == "warning"
        assert "nothing says which segments are clouds" in said[-1][1]
    assert not session.selection.filter.active
