import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.evaluation.circles import Circle, Circles
from rsgraph.evaluation.clumsy import CLUMSY, Clumsy, Hand

POINTS = np.stack([np.arange(40.0), np.zeros(40)], axis=1)
COUNTS = np.eye(4, dtype=np.int64)[[0] * 8 + [1] * 2 + [2] * 30]  # the fourth class is nowhere
RADII = np.array([2.0, 5.0, 9.0])


@pytest.fixture
def circles() -> Circles:
    return Circles(POINTS, COUNTS, np.arange(40), RADII)


def test_a_hand_without_errors_does_what_was_meant(circles: Circles) -> None:
    inside, radius, code = Hand(Clumsy(), COUNTS).brush(circles, Circle(3, 3, 0, 1), 2.0)
    assert (inside.tolist(), radius, code) == ([1, 2, 3, 4, 5], 2.0, 1)


def test_radii_are_off_by_a_third_in_the_middle_of_many_strokes(circles: Circles) -> None:
    hand = Hand(CLUMSY, COUNTS)
    found = [hand.brush(circles, Circle(1, 20, 1, 3), 5.0) for _ in range(4000)]
    errors = np.log([radius / 5.0 for _, radius, _ in found])
    assert errors.mean() == pytest.approx(0, abs=0.01)
    assert errors.std() == pytest.approx(np.log(4 / 3), rel=0.03)
    assert all(len(inside) == 2 * min(int(radius), 19) + 1 + (radius >= 20) for inside, radius, _ in found)


def test_one_stroke_in_ten_gets_another_class(circles: Circles) -> None:
    hand = Hand(CLUMSY, COUNTS)
    wrong = [hand.brush(circles, Circle(1, 20, 1, 3), 5.0)[2] != 3 for _ in range(4000)]
    assert np.mean(wrong) == pytest.approx(0.1, abs=0.015)


def test_the_other_class_is_the_most_frequent_one_in_the_circle(circles: Circles) -> None:
    hand = Hand(Clumsy(mistaken=1), COUNTS)
    assert hand.brush(circles, Circle(1, 5, 1, 1), 5.0)[2] == 2  # 0 ... 10: eight, two and one
    assert hand.brush(circles, Circle(1, 9, 2, 3), 9.0)[2] == 1


def test_in_a_circle_of_one_class_it_is_the_next_around(circles: Circles) -> None:
    assert Hand(Clumsy(mistaken=1), COUNTS).brush(circles, Circle(1, 4, 0, 1), 2.0)[2] == 2, "0 ... 8"


def test_far_from_others_it_is_any_other_class_of_the_reference(circles: Circles) -> None:
    hand = Hand(Clumsy(mistaken=1), COUNTS)
    assert {hand.brush(circles, Circle(1, 35, 0, 3), 2.0)[2] for _ in range(50)} == {1, 2}


def test_a_reference_of_one_class_has_none_to_mistake_it_for() -> None:
    circles = Circles(POINTS, COUNTS[:, :1], np.arange(40), RADII)
    assert Hand(Clumsy(mistaken=1), COUNTS[:, :1]).brush(circles, Circle(1, 3, 0, 1), 2.0)[2] == 1


def test_the_same_seed_errs_in_the_same_way(circles: Circles) -> None:
    def radii(seed: int) -> list[float]:
        hand = Hand(Clumsy(radius=0.5, seed=seed), COUNTS)
        return [hand.brush(circles, Circle(1, 3, 0, 1), 2.0)[1] for _ in range(5)]

    assert radii(1) == radii(1) != radii(2)


@pytest.mark.parametrize("wrong", [{"radius": -1.0}, {"radius": float("nan")}, {"mistaken": 1.5}])
def test_what_does_not_fit_is_said(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=f"`{next(iter(wrong))}` must be"):
        Clumsy(**wrong)  # type: ignore[arg-type]
