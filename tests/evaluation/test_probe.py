from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.probe import linear_probe
from rsgraph.evaluation.scores import scores

CLASSES = np.arange(300) % 3
COUNTS = np.eye(3, dtype=int)[CLASSES] * 10


def test_vectors_that_are_the_class_are_predicted_from_one_label_each() -> None:
    vectors = np.eye(3)[CLASSES] + np.random.default_rng(0).normal(scale=0.01, size=(300, 3))
    found = linear_probe(vectors, COUNTS, labels=(1, 5), draws=3)
    assert found == {1: (1, 1, 0, 0), 5: (1, 1, 0, 0)}


def test_vectors_that_are_noise_are_predicted_by_chance() -> None:
    found = linear_probe(np.random.default_rng(0).normal(size=(300, 4)), COUNTS, draws=20)
    assert found[20].accuracy == pytest.approx(1 / 3, abs=0.05)
    assert found[20].mean_iou == pytest.approx(1 / 5, abs=0.05)
    assert 0 < found[20].accuracy_sd < 0.1


def test_more_labels_help() -> None:
    vectors = np.eye(3)[CLASSES] + np.random.default_rng(0).normal(scale=0.7, size=(300, 3))
    found = linear_probe(vectors, COUNTS)
    assert found[1].accuracy < found[5].accuracy < found[20].accuracy


def test_scores_are_of_the_pixels_of_the_other_segments() -> None:
    counts = np.array([[6, 4], [6, 4], [0, 10], [0, 10], [0, 0]])
    vectors = np.array([[0.0], [0.1], [1.0], [1.1], [5.0]])
    found = linear_probe(vectors, counts, labels=[1], draws=1)
    assert (found[1].accuracy, found[1].mean_iou) == scores(np.array([[6, 4], [0, 10]]), np.array([1, 2]))


def test_a_probe_is_scikit_learns_regression_on_standardised_vectors() -> None:
    vectors = (np.random.default_rng(0).normal(size=(12, 2)) * [1, 50] + 3).astype(np.float32)
    counts = np.eye(2, dtype=int)[[0] * 6 + [1] * 6]
    random = np.random.default_rng([7, 3])
    labelled = np.concatenate([random.permutation(np.arange(6))[:3], random.permutation(np.arange(6, 12))[:3]])
    others = np.setdiff1d(np.arange(12), labelled)
    scaled, truth = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0), np.repeat([1, 2], 6)
    model = LogisticRegression().fit(scaled[labelled], truth[labelled])
    (found,) = linear_probe(vectors, counts, labels=[3], draws=1, seed=7).values()
    assert found.accuracy == pytest.approx(model.score(scaled[others], truth[others]))


def test_of_rare_classes_half_are_labelled_but_one_at_least() -> None:
    counts = np.eye(3, dtype=int)[[0] * 50 + [1] * 2 + [2]]
    vectors = counts + np.random.default_rng(0).normal(scale=0.01, size=counts.shape)
    assert linear_probe(vectors, counts, labels=[20], draws=2)[20] == (1, 1, 0, 0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"vectors": np.zeros((3, 2))}, ConfigError, "`vectors` must have one row per row of `counts`, 300"),
        ({"draws": 0}, ConfigError, "`labels` and `draws` must be at least 1"),
        ({"labels": [0]}, ConfigError, "`labels` and `draws` must be at least 1"),
        ({"counts": np.ones((300, 1))}, NotUsable, "fewer than two"),
        ({"vectors": np.eye(2), "counts": np.eye(2)}, NotUsable, "none is left to predict"),
        ({"vectors": np.full((300, 2), np.nan)}, NotUsable, "NaN"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        linear_probe(**({"vectors": np.zeros((300, 2)), "counts": COUNTS} | change))
