from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rsgraph.events import listening, tell, telling
from rsgraph.progress import TimeLeft


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
