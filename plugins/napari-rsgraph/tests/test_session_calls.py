"""Calls of a session by the names of the table of actions."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_rsgraph.actions import ACTIONS
from napari_rsgraph.session.calls import calls_of
from napari_rsgraph.session.session import Session


def test_the_calls_of_the_session_do_what_their_names_say(session: Session) -> None:
    calls = calls_of(session)
    assert set(calls) <= {each.name for each in ACTIONS}
    calls["switch_level"]()
    assert session.selection.level == "segments"
    calls["select_all"]()
    assert session.selection.segments.all()
    calls["invert"]()
    assert not session.selection.segments.any()
    calls["filter_unlabelled"]()
    assert session.selection.filter.classes == frozenset({0})
    calls["filter_unlabelled"]()
    assert session.selection.filter.classes is None
    asked: list[Any] = []
    session.focus_requested.connect(asked.append)
    calls["focus"]()
    assert asked == []
    session.selection.select(np.array([3]))
    calls["focus"]()
    assert asked[0].tolist() == [3]
