"""Split, confusion and scores: by hand, and as scikit-learn has them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.classification import (
    accuracy,
    class_scores,
    confusion_matrix,
    stratified_split,
    wilson_interval,
)

TRUTH, PREDICTED = [0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 2]


def test_confusion_matrix_has_the_truth_in_rows() -> None:
    np.testing.assert_array_equal(
        confusion_matrix(TRUTH, PREDICTED, 4), [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0] * 4]
    )


def test_scores_by_hand() -> None:
    scores = class_scores(confusion_matrix(TRUTH, PREDICTED, 4))
    np.testing.assert_allclose(scores.precision, [1, 1 / 2, 1 / 2, 0])
    np.testing.assert_allclose(scores.recall, [2 / 3, 1 / 2, 1, 0])
    np.testing.assert_allclose(scores.f1, [4 / 5, 1 / 2, 2 / 3, 0])
    np.testing.assert_array_equal(scores.support, [3, 2, 1, 0])
    assert accuracy(confusion_matrix(TRUTH, PREDICTED, 4)) == pytest.approx(4 / 6)


def test_confusion_and_scores_are_those_of_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    truth = generator.integers(0, 5, 400)
    predicted = np.where(generator.random(400) < 0.6, truth, generator.integers(0, 5, 400))
    confusion = confusion_matrix(truth, predicted, 5)
    np.testing.assert_array_equal(confusion, metrics.confusion_matrix(truth, predicted))
    assert accuracy(confusion) == pytest.approx(metrics.accuracy_score(truth, predicted))
    scores = class_scores(confusion)
    expected = metrics.precision_recall_fscore_support(truth, predicted)
    for ours, theirs in zip((scores.precision, scores.recall, scores.f1, scores.support), expected, strict=True):
        np.testing.assert_allclose(ours, theirs)


def test_accuracy_of_nothing_is_nothing() -> None:
    assert accuracy(confusion_matrix([], [], 3)) == 0.0


@pytest.mark.parametrize(("truth", "predicted"), [([0, 1], [0]), ([[0]], [[0]])])
def test_confusion_matrix_refuses_other_shapes(truth: object, predicted: object) -> None:
    with pytest.raises(ValueError, match=r"must have one shape \(n,\)"):
        confusion_matrix(truth, predicted, 2)  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize("predicted", [[0, 2], [-1, 0]])
def test_confusion_matrix_refuses_classes_that_are_not_there(predicted: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^classes must be from 0 to 1\. Got"):
        confusion_matrix([0, 1], predicted, 2)


def test_split_takes_the_same_share_of_every_class() -> None:
    classes = np.repeat(["a", "b", "c"], [100, 50, 4])[np.random.default_rng(0).permutation(154)]
    test = stratified_split(classes, 0.2, seed=3)
    assert {name: int(test[classes == name].sum()) for name in "abc"} == {"a": 20, "b": 10, "c": 1}


def test_split_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    classes = np.repeat([0, 1], 40)
    splits = [stratified_split(classes, 0.25, seed=seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(splits[0], splits[1])
    assert (splits[0] != splits[2]).any()


@pytest.mark.parametrize(("fraction", "expected"), [(0.01, 1), (0.99, 4)])
def test_split_leaves_every_class_something_on_either_side(fraction: float, expected: int) -> None:
    assert stratified_split([7] * 5, fraction, seed=0).sum() == expected


def test_split_refuses_what_cannot_be_split() -> None:
    with pytest.raises(NotUsable, match=r"^class 1 has one image"):
        stratified_split([0, 0, 1], 0.2, seed=0)
    for fraction in (0.0, 1.0, float("nan")):
        with pytest.raises(ConfigError, match=r"^`test_fraction` must be above 0 and below 1"):
            stratified_split([0, 0], fraction, seed=0)


def test_wilson_interval_by_published_values() -> None:
    low, high = wilson_interval(81, 263)  # Newcombe 1998, table I: 0.2553 to 0.3662
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert wilson_interval(0, 20)[0] == pytest.approx(0, abs=1e-12)
    assert wilson_interval(0, 20)[1] == pytest.approx(0.1611, abs=1e-4)


def test_wilson_interval_refuses_what_is_no_share() -> None:
    for right, n in ((0, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match=r"^`right` must be from 0 to `n`"):
            wilson_interval(right, n)
