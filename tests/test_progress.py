from __future__ import annotations

from rsgraph.progress import Steps, Together


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
