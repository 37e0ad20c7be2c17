"""A candidate close to a better one is represented by it."""

from __future__ import annotations

import numpy as np
import pytest

from rsgraph.neighbours.folding import fold_near

LINE = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 5.0], [0.0, 2.0], [0.0, 6.0]])
"""Places of candidates, best first."""
SAME = np.ones(300)
"""As unlike the examples each as all others."""


def test_the_best_stands_for_what_is_within_the_distance() -> None:
    assert fold_near(LINE, SAME[:5], 1.5, most=9).tolist() == [0, 0, 2, 3, 2]


def test_who_stands_for_others_lies_further_apart_than_the_distance() -> None:
    places = np.random.default_rng(0).uniform(0, 10, (300, 2))
    leaders = fold_near(places, SAME, 1.0, most=300)
    shown = places[np.unique(leaders)]
    apart = np.hypot(*(shown[:, None] - shown[None]).transpose(2, 0, 1))
    assert apart[~np.eye(len(shown), dtype=bool)].min() > 1.0
    assert np.hypot(*(places - places[leaders]).T).max() <= 1.0
    assert (leaders <= np.arange(300)).all()


def test_without_a_distance_each_stands_for_itself_even_at_one_place() -> None:
    assert fold_near(np.zeros((4, 2)), SAME[:4], 0, most=3).tolist() == [0, 1, 2, -1]


def test_beyond_the_most_nothing_is_listed() -> None:
    assert fold_near(LINE, SAME[:5], 1.5, most=2).tolist() == [0, 0, 2, -1, 2]


def test_what_is_close_but_more_than_twice_as_unlike_stands_for_itself() -> None:
    unlike = np.array([0.1, 0.2, 0.21, 0.4])
    assert fold_near(np.zeros((4, 2)), unlike, 1.0, most=9).tolist() == [0, 0, 2, 2]
    assert fold_near(np.zeros((3, 2)), np.array([0.0, 0.0, 0.1]), 1.0, most=9).tolist() == [0, 0, 2]


def test_what_is_apart_is_never_folded() -> None:
    assert fold_near(np.zeros((4, 2)), SAME[:4], 3.0, most=9, apart=np.array([0, 1, 0, 1])).tolist() == [0, 1, 0, 1]


def test_a_place_that_is_not_known_stands_for_itself() -> None:
    places = np.array([[np.nan, np.nan], [0, 0], [np.nan, np.nan]])
    assert fold_near(places, SAME[:3], 1.0, most=9).tolist() == [0, 1, 2]


@pytest.mark.parametrize("distance", [-1.0, float("nan")])
def test_a_distance_that_is_none_is_refused(distance: float) -> None:
    with pytest.raises(ValueError, match="`distance` must be 0 or more"):
        fold_near(LINE, SAME[:5], distance, most=1)
