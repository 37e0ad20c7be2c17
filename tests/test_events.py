"""What a run tells those who watch it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rsgraph.events import listening, tell, telling


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


def test_progress_is_reported_and_told() -> None:
    heard: list[Mapping[str, Any]] = []
    seen: list[tuple[int, int]] = []
    with listening(heard.append):
        telling("encoder", lambda done, total: seen.append((done, total)))(3, 12)
    assert seen == [(3, 12)]
    assert heard == [{"stage": "encoder", "done": 3, "total": 12}]
