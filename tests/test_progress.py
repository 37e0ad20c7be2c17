from __future__ import annotations

import pytest

from rsgraph.progress import Estimate, Steps, Stopped, TimeLeft, Together, about, part_of


def test_steps_never_fall_and_never_pass_their_number() -> None:
    seen: list[tuple[int, int]] = []
    steps = Steps(lambda done, total: seen.append((done, total)), 3)
    steps.add(2)
    steps.reach(1)
    steps.add(5)
    steps.finish()
    assert seen == [(0, 3), (2, 3), (2, 3), (3, 3)]


def test_the_last_step_of_an_unknown_number_is_that_of_the_end() -> None:
    seen: list[int] = []
    steps = Steps(lambda done, total: seen.append(done), 2)
    for _ in range(3):
        steps.tick()
    steps.finish()
    assert seen == [0, 1, 1, 1, 2]


def test_nobody_needs_to_listen() -> None:
    steps = Steps(None, 0)
    steps.finish()
    assert (steps.done, steps.total) == (1, 1)


def test_works_side_by_side_are_shares_of_one() -> None:
    seen: list[tuple[int, int]] = []
    together = Together(lambda done, total: seen.append((done, total)), 2)
    first, second = together.part(0), together.part(1)
    first(1, 4)
    second(3, 3)
    first(4, 4)
    assert seen == [(125, 1000), (625, 1000), (1000, 1000)]


def test_works_that_nobody_waits_for_end_at_their_next_report() -> None:
    seen: list[tuple[int, int]] = []
    together = Together(lambda done, total: seen.append((done, total)), 2)
    together.part(0)(1, 2)
    together.stop()
    with pytest.raises(Stopped):
        together.part(1)(1, 2)
    assert seen == [(250, 1000)]


def test_part_of_reports_its_share_of_the_whole() -> None:
    calls: list[tuple[int, int]] = []
    report = part_of(lambda done, total: calls.append((done, total)), 0.4, 1)
    assert report is not None
    for done in (0, 1, 4):
        report(done, 4)
    assert calls == [(400, 1000), (550, 1000), (1000, 1000)]
    assert part_of(None, 0, 1) is None


def _estimates(reports: list[tuple[float, int]], total: int) -> list[float | None]:
    estimate = Estimate()
    return [estimate.report(now, done, total) for now, done in reports]


def test_no_time_is_said_before_three_steps_after_the_first_and_a_twentieth_were_seen() -> None:
    slow_first = [(0.0, 0), (60.0, 1), (61.0, 2), (62.0, 3), (63.0, 4), (64.0, 5)]
    assert _estimates(slow_first, 10) == [None, None, None, None, pytest.approx(6), pytest.approx(5)]
    assert _estimates(slow_first, 100) == [None, None, None, None, None, pytest.approx(95)]


def test_the_step_that_compiles_does_not_count() -> None:
    assert _estimates([(0.0, 0), (120.0, 10), (121.0, 20), (122.0, 30), (123.0, 40)], 100)[-1] == pytest.approx(6)


def test_the_pace_is_that_of_what_was_done_last() -> None:
    slow_start = [(0.0, 10), (10.0, 20), (20.0, 30), (30.0, 40), (31.0, 50), (32.0, 60), (33.0, 70)]
    assert _estimates(slow_start, 100)[-1] == pytest.approx(3), "40 to 70 took three seconds"


def test_fine_steps_are_not_all_kept() -> None:
    estimate = Estimate()
    for done in range(100_001):
        left = estimate.report(done / 100, done, 100_000)
    assert left == 0
    assert estimate.kept <= 501


def test_reports_of_nothing_new_are_no_steps() -> None:
    assert _estimates([(0.0, 1), (1.0, 1), (2.0, 1), (3.0, 2), (4.0, 2)], 4) == [None] * 5


def test_another_part_of_the_work_counts_anew() -> None:
    found = _estimates([(0, 1), (1, 2), (2, 3), (3, 4), (4, 0), (10, 1), (12, 2), (14, 3), (16, 4)], 5)
    assert found == [None, None, None, pytest.approx(1), None, None, None, None, pytest.approx(2)]


def test_a_training_that_goes_on_counts_its_own_steps() -> None:
    assert _estimates([(100.0, 80), (101.0, 81), (102.0, 82), (103.0, 83)], 100)[-1] == pytest.approx(17)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "1 s"), (7.6, "8 s"), (48, "50 s"), (118, "120 s"), (130, "2 min"), (1500, "25 min"), (7500, "2.1 h")],
)
def test_about_has_no_more_digits_than_can_be_believed(seconds: float, words: str) -> None:
    assert about(seconds) == f"about {words}"


def test_words_tell_what_is_known_of_the_stage_and_of_all() -> None:
    now = [0.0]
    heard: list[float | None] = []

    def in_all(left: float | None) -> float | None:
        heard.append(left)
        return None if left is None else left + 300

    time_left = TimeLeft(in_all, lambda: now[0])
    for done in range(1, 5):
        now[0] += 10
        time_left.report(done, 8)
    assert heard == [None, None, None, pytest.approx(40)]
    assert time_left.words == "about 40 s left, about 6 min in all"
    assert TimeLeft(lambda left: 600.0).report(1, 8) == "about 10 min left in all"
    assert TimeLeft().report(1, 8) == ""
