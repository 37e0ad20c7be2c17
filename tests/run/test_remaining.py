"""The time that is left of a run follows from the pace of its stages, and not before it can be believed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from rsgraph.run.remaining import Remaining


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _after(costs: Mapping[str, float | None], taken: Mapping[str, float], at_work: str, elapsed: float) -> Remaining:
    """Return what is left after stages that took so many seconds, a while into another."""
    clock = Clock()
    remaining = Remaining(lambda: costs, clock)
    for stage, seconds in taken.items():
        remaining.begin(stage)
        clock.now += seconds
        remaining.end(computed=True)
    remaining.begin(at_work)
    clock.now += elapsed
    return remaining


def test_stages_ahead_take_as_many_times_their_cost_as_those_before() -> None:
    found = _after({"segments": 10, "encoder": 100, "encode": 20}, {"segments": 30}, "encoder", 50)
    assert found.left(250) == pytest.approx(250 + 20 * 330 / 110)


def test_nothing_is_said_before_the_stage_at_work_can_tell_of_itself() -> None:
    assert _after({"encoder": 100, "encode": 20}, {}, "encoder", 50).left(None) is None


def test_nothing_is_said_while_those_ahead_make_up_most_and_few_were_seen() -> None:
    assert _after({"segments": 10, "encoder": 400}, {}, "segments", 5).left(5) is None
    assert _after({"segments": 10, "encoder": 400, "encode": 5}, {"segments": 10}, "encoder", 40).left(360) == 365


def test_nothing_is_said_while_a_stage_is_ahead_that_nobody_knows() -> None:
    costs = {"encoder": 100.0, "match": None, "pictures": 1.0}
    assert _after(costs, {}, "encoder", 50).left(50) is None
    assert _after(costs, {"encoder": 100}, "match", 10).left(20) == pytest.approx(21)


def test_the_last_stage_is_all_that_is_left() -> None:
    assert _after({"encoder": 100, "pictures": None}, {"encoder": 90}, "pictures", 1).left(4) == 4


def test_what_is_taken_from_the_cache_tells_nothing_of_the_pace() -> None:
    clock = Clock()
    remaining = Remaining(lambda: {"encoder": 100, "encode": 30, "gnn": 10}, clock)
    remaining.begin("encoder")
    clock.now += 5
    remaining.end(computed=False)
    remaining.begin("encode")
    clock.now += 30
    assert remaining.left(30) == pytest.approx(30 + 10 * 60 / 30)


def test_costs_are_looked_up_when_they_are_first_needed() -> None:
    looked: list[int] = []
    remaining = Remaining(lambda: looked.append(1) or {"scene": 1.0})
    remaining.begin("scene")
    assert not looked
    remaining.left(1.0)
    remaining.left(1.0)
    assert looked == [1]
