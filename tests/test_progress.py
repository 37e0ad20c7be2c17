from __future__ import annotations

from rsgraph.progress import Steps


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
