import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.choosing import Choice, chosen_map
from rsgraph.evaluation.circles import Circles

COUNTS = np.array([[6, 4]] * 10 + [[9, 1]] * 3 + [[0, 10]] * 3)


def clump(members: list[int]) -> Circles:
    """A map on which some segments lie on one spot, the others far from all; circles of one radius."""
    points = np.stack([100.0 * np.arange(len(COUNTS)), np.zeros(len(COUNTS))], axis=1)
    points[members] = [-100.0, 0]
    return Circles(points, COUNTS, np.arange(len(COUNTS)), np.array([1.0]))


MIXED = clump(list(range(10)))  # 60 pixels of 100 are of the first class
PURE = clump([10, 11, 12])  # 27 of 30
NOTHING = np.zeros(len(COUNTS), dtype=np.int64)


def test_gain_takes_the_circle_that_gains_most() -> None:
    on, circle = chosen_map([PURE, MIXED], NOTHING, "gain")
    assert (on, circle.gain, circle.code) == (1, 60, 1)


def test_purest_takes_the_largest_island_less_what_is_strange_in_it() -> None:
    # the mixed clump counts 100 * (2 * 0.6 - 1) = 20, the pure one 30 * (2 * 0.9 - 1) = 24
    on, circle = chosen_map([MIXED, PURE], NOTHING, "purest")
    assert (on, circle.gain) == (1, 27)


def test_purest_leaves_out_what_has_the_class_already() -> None:
    labels = np.where(np.isin(np.arange(len(COUNTS)), [10]), 1, 0)  # 20 pixels of the pure clump are left: 16
    assert chosen_map([MIXED, PURE], labels, "purest")[0] == 0


def test_purest_does_not_know_whether_the_labels_there_are_right() -> None:
    labels = np.full(len(COUNTS), 2)
    assert chosen_map([MIXED, PURE], labels, "purest")[0] == 1, "any other class counts as not done"


@pytest.mark.parametrize("choice", ["gain", "purest"])
def test_of_equal_ones_the_first_map_is_taken(choice: Choice) -> None:
    assert chosen_map([PURE, PURE], NOTHING, choice)[0] == 0


@pytest.mark.parametrize("choice", ["gain", "purest"])
def test_where_nothing_gains_there_is_no_stroke(choice: Choice) -> None:
    done = clump([10, 11, 12])
    right: NDArray[np.int64] = COUNTS.max(axis=1)
    done.change(np.arange(len(COUNTS)), right)
    assert chosen_map([done, done], COUNTS.argmax(axis=1) + 1, choice)[1].gain <= 0
    on, circle = chosen_map([done, PURE], NOTHING, choice)
    assert (on, circle.gain) == (1, 27)


def test_another_choice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"`choice` must be one of: gain, purest\. Got 'best'"):
        chosen_map([PURE], NOTHING, "best")  # type: ignore[arg-type]
