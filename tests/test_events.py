"""Events of a run, and those who watch it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rsgraph.events import listening, tell, telling
from rsgraph.progress import TimeLeft


def test_listeners_hear_what_is_told_while_they_listen() -> None:
    first: list[Mapping[str, Any]] = []
    second: list[Mapping[str, Any]] = []
    tell(stage="scene")
    with listening(first.append):
        tell(ready="here")
        with listening(second.append):
            tell(finished="scene")
    tell(finished="segments")
    assert first == [{"ready": "here"}, {"finished": "scene"}]
    assert second == [{"finished": "scene"}]


def test_a_listener_goes_also_where_the_work_fails() -> None:
    heard: list[Mapping[str, Any]] = []
    with pytest.raises(ValueError, match="the work"), listening(heard.append):
        raise ValueError("the work")
    tell(stage="scene")
    assert heard == []


def test_who_listens_hears_how_far_a_stage_is_and_what_is_left() -> None:
    heard: list[Mapping[str, Any]] = []
    now = [0.0]
    time_left = TimeLeft(clock=lambda: now[0])

    def shown(done: int, total: int) -> None:
        now[0] += 10
        time_left.report(done, total)

    report = telling("encoder", shown, time_left)
    with listening(heard.append):
        for done in range(1, 5):
            report(done, 8)
    tell(finished="encoder")
    assert heard[0] == {"stage": "encoder", "done": 1, "total": 8, "left": ""}
    assert heard[-1] == {"stage": "encoder", "done": 4, "total": 8, "left": "about 40 s left"}
