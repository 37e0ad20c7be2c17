from __future__ import annotations

import numpy as np
import pytest

from rsgraph.errors import ConfigError
from rsgraph.evaluation.retrieval import (
    chance,
    chance_overlap,
    composition_overlap,
    precision_at_k,
    precision_by_class,
    precision_per_query,
)
from rsgraph.neighbours.nearest import nearest

CLASSES = np.array([1, 1, 1, 2, 2, 0])
NEIGHBOURS = np.array([[1, 2, 3], [5, 3, 0], [3, 5, 4], [4, 0, 1], [5, 5, 5], [0, 1, 2]])


def test_precision_counts_known_neighbours_of_known_queries() -> None:
    np.testing.assert_allclose(precision_per_query(NEIGHBOURS, CLASSES, k=1), [1, np.nan, 0, 1, np.nan, np.nan])
    np.testing.assert_allclose(precision_per_query(NEIGHBOURS, CLASSES, k=3), [2 / 3, 0.5, 0, 1 / 3, np.nan, np.nan])
    assert precision_at_k(NEIGHBOURS, CLASSES, ks=(1, 3)) == pytest.approx({1: 2 / 3, 3: 0.375})
    assert precision_by_class(NEIGHBOURS, CLASSES, k=3) == pytest.approx({1: 7 / 18, 2: 1 / 3})


def test_more_neighbours_than_there_are_means_all_of_them() -> None:
    assert precision_at_k(NEIGHBOURS, CLASSES, ks=(15,))[15] == precision_at_k(NEIGHBOURS, CLASSES, ks=(3,))[3]


def test_queries_say_which_items_the_neighbours_are_of() -> None:
    found = precision_at_k(NEIGHBOURS[[3, 0]], CLASSES, np.array([3, 0]), ks=(3,))
    assert found[3] == pytest.approx(0.5)


def test_nothing_known_is_not_a_number() -> None:
    none = np.zeros(6, dtype=np.int64)
    assert np.isnan(precision_at_k(NEIGHBOURS, none)[5])
    assert np.isnan(chance(none))
    assert np.isnan(chance_overlap(np.zeros((6, 2), dtype=int)))
    assert precision_by_class(NEIGHBOURS, none) == {}


def test_chance_is_the_precision_of_all_others_as_neighbours() -> None:
    classes = np.random.default_rng(0).choice(5, 40, p=[0.1, 0.5, 0.2, 0.15, 0.05])
    everyone = np.array([[other for other in range(40) if other != row] for row in range(40)])
    assert chance(classes) == pytest.approx(precision_at_k(everyone, classes, ks=(39,))[39])
    some = np.flatnonzero(classes == 1)
    assert chance(classes, some) == pytest.approx(precision_at_k(everyone[some], classes, some, ks=(39,))[39])


def test_separable_classes_are_found_and_shuffled_ones_are_at_chance() -> None:
    rng = np.random.default_rng(0)
    classes = np.repeat([1, 2, 3], 100)
    vectors = np.eye(3)[classes - 1] + rng.normal(0, 0.05, (300, 3))
    found = nearest(vectors, 15).rows
    assert precision_at_k(found, classes) == {1: 1.0, 5: 1.0, 15: 1.0}
    shuffled = rng.permutation(classes)
    assert precision_at_k(found, shuffled)[15] == pytest.approx(chance(shuffled), abs=0.03)


def test_overlap_is_the_intersection_of_compositions() -> None:
    counts = np.array([[8, 2], [1, 1], [0, 4], [0, 0]])
    neighbours = np.array([[1, 2], [3, 0], [0, 3], [0, 1]])
    assert composition_overlap(neighbours, counts, ks=(1, 2)) == pytest.approx(
        {1: (0.7 + 0.2) / 2, 2: (0.45 + 0.7 + 0.2) / 3}
    )


def test_overlap_of_chips_of_one_class_is_the_precision() -> None:
    rng = np.random.default_rng(0)
    classes, neighbours = rng.integers(0, 4, 50), rng.integers(0, 50, (50, 7))
    counts = np.eye(4, dtype=int)[classes][:, 1:] * rng.integers(1, 99, (50, 1))
    ks = (1, 4, 7)
    assert composition_overlap(neighbours, counts, ks=ks) == pytest.approx(precision_at_k(neighbours, classes, ks=ks))
    assert chance_overlap(counts) == pytest.approx(chance(classes))


def test_chance_overlap_is_that_of_all_others_as_neighbours() -> None:
    counts = np.random.default_rng(0).integers(0, 9, (30, 4)) * (np.arange(30) % 7 > 0)[:, None]
    everyone = np.array([[other for other in range(30) if other != row] for row in range(30)])
    assert chance_overlap(counts) == pytest.approx(composition_overlap(everyone, counts, ks=(29,))[29])
    some = np.array([2, 9, 17])
    found = composition_overlap(everyone[some], counts, some, ks=(29,))[29]
    assert chance_overlap(counts, some) == pytest.approx(found)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match="`neighbours` must be rows of 6 items"):
        precision_at_k(NEIGHBOURS + 1, CLASSES)
    with pytest.raises(ConfigError, match="`queries` must have one row per row of `neighbours`"):
        precision_at_k(NEIGHBOURS[:2], CLASSES)
    with pytest.raises(ConfigError, match="`queries` must be rows of 6 items"):
        precision_at_k(NEIGHBOURS[:1], CLASSES, np.array([6]))
    with pytest.raises(ConfigError, match="`k` must be at least 1"):
        precision_at_k(NEIGHBOURS, CLASSES, ks=(0,))
    with pytest.raises(ConfigError, match="`counts` must be whole numbers"):
        composition_overlap(NEIGHBOURS, -np.ones((6, 2)))
