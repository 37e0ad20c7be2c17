from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.prediction.fitting_maps import FOLDS, fitting_map, predict_on_map
from rsgraph.types import Floats

EACH = 10
"""Segments of a stroke."""


def labelled(strokes_of_class: int, unlabelled: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Return codes and strokes of two classes, strokes numbered from 101, and some segments without a label."""
    strokes = np.repeat(101 + np.arange(2 * strokes_of_class), EACH)
    codes = (strokes - 101) % 2 + 1
    return np.r_[codes, np.zeros(unlabelled, int)], np.r_[strokes, np.zeros(unlabelled, int)]


def by_class(codes: np.ndarray, seed: int = 0) -> Floats:
    """A map on which each class is one island."""
    rng = np.random.default_rng(seed)
    return (np.c_[10 * codes, 0 * codes] + rng.normal(size=(len(codes), 2))).astype(np.float32)


def by_stroke(codes: np.ndarray, strokes: np.ndarray) -> Floats:
    """A map on which each stroke is an island, the nearest others of the other class."""
    rng = np.random.default_rng(1)
    return (np.c_[10 * strokes, 0 * codes] + rng.normal(size=(len(codes), 2))).astype(np.float32)


def test_map_of_the_classes_wins_against_one_of_the_strokes() -> None:
    codes, strokes = labelled(4)
    found = fitting_map({"strokes": by_stroke(codes, strokes), "classes": by_class(codes)}, codes, strokes, 2)
    assert found.best == "classes"
    assert [(fit.name, fit.strokes) for fit in found.fits] == [("classes", 8), ("strokes", 8)]
    assert (found.fits[0].accuracy, found.fits[0].interval) == (1.0, (1.0, 1.0))
    assert found.fits[1].accuracy < 0.5
    assert found.reason == "clearly"


def test_there_is_no_verdict_below_five_strokes() -> None:
    codes, strokes = labelled(2)
    found = fitting_map({"classes": by_class(codes)}, codes, strokes, 2)
    assert (found.fits, found.best) == ((), None)
    assert "takes 5 strokes of classes with two strokes or more, and there are 4 so far" in found.reason


def test_there_is_no_verdict_of_one_class() -> None:
    """Every map would predict it right."""
    codes, strokes = labelled(6)
    found = fitting_map({"classes": by_class(codes)}, np.minimum(codes, 1), strokes, 2)
    assert (found.fits, found.best) == ((), None)
    assert found.reason == "a verdict takes strokes of two classes, and there is one so far: label another one"


def test_stroke_whose_class_no_other_has_is_not_asked_for() -> None:
    codes, strokes = labelled(3)
    codes[-5:], strokes[-5:] = 3, 999
    found = fitting_map({"classes": by_class(codes)}, codes, strokes, 3)
    assert found.fits[0].strokes == 6
    assert found.fits[0].accuracy == 1.0


def test_map_that_uses_labels_never_sees_those_that_are_left_out() -> None:
    codes, strokes = labelled(4)
    seen: list[np.ndarray] = []

    def cheating(kept: np.ndarray) -> Floats:
        """Put labelled segments by their class, and others at random."""
        seen.append(kept)
        places = np.where(kept > 0, kept, np.random.default_rng(len(seen)).integers(1, 3, len(kept)))
        return by_class(places)

    found = fitting_map({"labels": cheating, "classes": by_class(codes, 1)}, codes, strokes, 2)
    assert found.best == "classes"
    assert 0.2 < found.fits[1].accuracy < 0.8
    assert len(seen) == FOLDS
    hidden = [np.unique(strokes[(codes > 0) & (kept == 0)]) for kept in seen]
    assert np.sort(np.concatenate(hidden)).tolist() == list(range(101, 109))


def test_maps_that_fit_alike_have_no_winner() -> None:
    codes, strokes = labelled(3)
    found = fitting_map({"one": by_class(codes), "two": by_class(codes, 1)}, codes, strokes, 2)
    assert (found.best, found.reason) == (None, "one and two fit the labels equally well")
    assert [fit.name for fit in found.fits] == ["one", "two"]


def test_strokes_of_one_class_are_left_out_in_different_parts() -> None:
    codes, strokes = labelled(5)

    def check(kept: np.ndarray) -> Floats:
        for code in (1, 2):
            assert len(np.unique(strokes[kept == code])) >= 4
        return by_class(codes)

    fitting_map({"map": check}, codes, strokes, 2)


def test_progress_counts_parts() -> None:
    codes, strokes = labelled(3)
    seen: list[tuple[int, int]] = []
    fitting_map({"map": by_class(codes)}, codes, strokes, 2, progress=lambda *of: seen.append(of))
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_predict_takes_the_class_of_most_neighbours() -> None:
    points = np.array([[0, 0], [0.1, 0], [0.2, 0], [5, 0], [5.1, 0], [0.15, 0]], dtype=np.float32)
    known = np.arange(5)
    assert predict_on_map(points, known, np.array([1, 1, 1, 2, 2]), np.array([5])).tolist() == [1]
    assert predict_on_map(points, known[:0], np.empty(0, int), np.array([5])).tolist() == [0]


def test_what_does_not_fit_is_said() -> None:
    codes, strokes = labelled(3)
    with pytest.raises(ConfigError, match="`strokes` must be"):
        fitting_map({"map": by_class(codes)}, codes, strokes[1:], 2)
    with pytest.raises(ConfigError, match="`maps` hold one or more"):
        fitting_map({}, codes, strokes, 2)
