"""Borders that vectors know, and such that they do not."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.chip_borders import measurable, pure, pure_classes, visibility

N = 3000
CHIPS = np.arange(N) % 12
TOUCHING = np.random.default_rng(1).random(N) < 0.2
ONE = np.zeros(N, dtype=np.int64)


def noise(dimensions: int) -> NDArray[Any]:
    return np.random.default_rng(0).normal(size=(N, dimensions))


def test_noise_knows_nothing_of_a_line() -> None:
    found = visibility(noise(6), TOUCHING, ONE, CHIPS)
    assert found.accuracy == pytest.approx(0.5, abs=0.03)
    assert (found.classes, found.segments) == (1, N)
    assert found.error == pytest.approx(np.sqrt(0.25 / TOUCHING.sum() + 0.25 / (~TOUCHING).sum()) / 2, rel=0.02)


def test_a_vector_that_holds_the_answer_knows_it() -> None:
    vectors = noise(6)
    vectors[:, 2] = TOUCHING
    assert visibility(vectors, TOUCHING, ONE, CHIPS).accuracy == 1


def test_a_map_is_also_asked_by_its_nearest_points() -> None:
    angle = 2 * np.pi * np.random.default_rng(2).random(N)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # no straight line parts a ring from its middle
    points = np.where(TOUCHING[:, None], ring, 0.1 * ring)
    assert visibility(points, TOUCHING, ONE, CHIPS).accuracy == 1
    blind = visibility(np.hstack([points, np.zeros((N, 1))]), TOUCHING, ONE, CHIPS)
    assert blind.accuracy == pytest.approx(0.5, abs=0.05), "a layer is asked by regression only"


def test_nearest_points_of_noise_know_nothing_though_few_segments_touch() -> None:
    assert visibility(noise(2), TOUCHING, ONE, CHIPS).accuracy == pytest.approx(0.5, abs=0.03)


def test_answers_are_learnt_from_other_chips() -> None:
    vectors = np.eye(12)[CHIPS]  # a vector that knows its chip, and all of a chip touch or none
    assert visibility(vectors, CHIPS % 2 == 0, ONE, CHIPS).accuracy <= 0.5


def test_each_class_is_asked_by_itself_and_weighs_by_what_touches() -> None:
    classes = np.where(np.arange(N) < 2400, 0, np.where(np.arange(N) < 2950, 1, 2))
    classes[:100] = -1
    vectors = noise(3)
    vectors[classes == 0, 0] = np.where(TOUCHING, 9.0, -9.0)[classes == 0]
    vectors[classes == 2, 0] = np.where(TOUCHING, -9.0, 9.0)[classes == 2]  # too few to be measured
    found = visibility(vectors, TOUCHING, classes, CHIPS)
    weight = TOUCHING[classes == 0].sum() / TOUCHING[(classes == 0) | (classes == 1)].sum()
    assert (found.classes, found.segments, found.worst) == (2, 2850, 1)
    assert found.accuracy == pytest.approx(weight + (1 - weight) * 0.5, abs=0.02)


@pytest.mark.parametrize("classes", [ONE - 1, ONE])
def test_where_no_class_can_be_measured_it_is_not_a_number(classes: NDArray[np.int64]) -> None:
    few = np.arange(N) < 59
    found = visibility(noise(3), few if classes[0] == 0 else TOUCHING, classes, CHIPS)
    assert (found.classes, found.segments) == (0, 0)
    assert np.isnan([found.accuracy, found.error, found.worst]).all()


def test_a_class_in_one_chip_cannot_be_measured() -> None:
    assert visibility(noise(3), TOUCHING, ONE, np.zeros(N, dtype=np.int64)).classes == 0


def test_measurable_classes_have_enough_on_either_side() -> None:
    classes = np.array([0] * 4 + [1] * 4 + [2] * 4 + [-1] * 4)
    touching = np.array([1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0], dtype=bool)
    assert measurable(classes, touching, least=2) == [0]
    assert measurable(classes, touching, least=1) == [0, 1, 2]
    assert measurable(np.array([-1, -1]), np.array([True, False]), least=1) == []


def test_pure_segments_have_neighbours_of_their_own_class_only() -> None:
    edges = np.array([[0, 1, 2, 3], [1, 0, 3, 4]])
    assert pure(np.array([0, 0, 1, 1, 2, 5]), edges).tolist() == [True, True, True, False, False, True]


def test_classes_are_taken_together_until_one_can_be_measured() -> None:
    memberships = np.array([[8, 2, 0, 0], [4, 6, 0, 0], [0, 0, 9, 1], [0, 0, 1, 9], [1, 7, 0, 2]] * 2) / 10
    edges = np.array([[0, 1, 2], [1, 0, 3]])  # between both kinds of the first cover, and of the second
    touching, nobody = np.arange(10) < 5, np.zeros(10, dtype=bool)
    fine = pure_classes(memberships, edges, touching, nobody, least=1)
    assert fine.tolist() == [-1, -1, -1, -1, 1, 0, 1, 2, 3, 1]
    coarse = pure_classes(memberships, edges, touching, nobody, least=3)
    assert coarse.tolist() == [0, 0, -1, -1, 0, 0, 0, 1, 2, 0]
    assert pure_classes(memberships, edges, touching, np.arange(10) == 4, least=4).tolist()[4] == -1
    assert set(pure_classes(memberships, edges, touching, nobody, least=9)) <= {-1, 0, 1}


def test_shapes_that_do_not_fit_are_said() -> None:
    with pytest.raises(ConfigError, match="`vectors`, `touching`, `classes` and `chips` must have shapes"):
        visibility(noise(2), TOUCHING[1:], ONE, CHIPS)
