"""The benchmark of estimates: what was shown is held against what came."""

from __future__ import annotations

import pytest

from experiments.benchmarks.estimates import WHOLE, Recorder, ratio, said, table


def _recorded(*events: tuple[float, dict[str, object]]) -> Recorder:
    now = [0.0]
    recorder = Recorder(lambda: now[0])
    for seconds, event in events:
        now[0] = seconds
        recorder(event)
    return recorder


def _progress(left: str, stage: str = "encode") -> dict[str, object]:
    return {"stage": stage, "done": 1, "total": 2, "left": left}


@pytest.mark.parametrize(
    ("words", "times"),
    [
        ("", []),
        ("about 40 s left", [(40.0, False)]),
        ("about 40 s left, about 4 min in all", [(40.0, False), (240.0, True)]),
        ("about 1.5 h left in all", [(5400.0, True)]),
    ],
)
def test_words_are_taken_apart(words: str, times: list[tuple[float, bool]]) -> None:
    assert said(words) == times


def test_a_time_is_held_against_the_end_of_its_stage_and_of_the_run() -> None:
    recorder = _recorded(
        (0, _progress("")),
        (10, _progress("about 20 s left, about 2 min in all")),
        (20, _progress("about 40 s left")),
        (30, {"finished": "encode"}),
        (60, {"finished": "pictures"}),
    )
    rows = {row["work"]: row for row in table(recorder, "t")}
    assert (rows["t: encode"]["within"], rows["t: encode"]["worst_factor"]) == (0.5, 4.0)
    assert (rows[f"t: {WHOLE}"]["within"], rows[f"t: {WHOLE}"]["worst_factor"]) == (0.0, 2.4)
    assert rows["t: all stages"]["shown"] == 2


def test_a_stage_that_showed_nothing_says_so_of_the_whole() -> None:
    recorder = _recorded((0, _progress("")), (5, {"finished": "encode"}))
    assert [row["note"] for row in table(recorder, "t")] == ["no time was shown"] * 2


def test_times_count_once_a_second() -> None:
    events = [(0.1 * i, _progress("about 5 s left")) for i in range(31)]
    recorder = _recorded(*events, (8.0, {"finished": "encode"}))
    assert [round(now, 1) for now, _, _ in recorder.shown] == [0.0, 1.0, 2.0, 3.0]


def test_seconds_are_the_least_that_counts() -> None:
    assert ratio(1, 0.1) == 1
    assert ratio(2, 0.1) == 2
    assert ratio(30, 20) == ratio(20, 30) == 1.5
