import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, jaccard_score

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.reference import majority
from rsgraph.evaluation.scores import ceiling, scores

COUNTS = np.array([[8, 2, 0], [0, 5, 5], [1, 0, 0], [0, 0, 0]])


def test_scores_of_a_known_case() -> None:
    # rightly: 8 of class 1; the 2 beside them are wrong; segment 1 is unlabelled, segment 2 wrongly class 2
    accuracy, mean_iou = scores(COUNTS, np.array([1, 0, 2, 3]))
    assert accuracy == 8 / 21
    assert mean_iou == pytest.approx((8 / (8 + 1 + 2) + 0 / 8 + 0 / 5) / 3)


def test_scores_agree_with_scikit_learn_pixel_by_pixel() -> None:
    rng = np.random.default_rng(0)
    counts, codes = rng.integers(0, 6, size=(40, 4)), rng.integers(0, 5, size=40)
    reference = np.repeat(np.tile(np.arange(1, 5), 40), counts.ravel())
    predicted = np.repeat(np.repeat(codes, 4), counts.ravel())
    accuracy, mean_iou = scores(counts, codes)
    assert accuracy == pytest.approx(accuracy_score(reference, predicted))
    expected = jaccard_score(reference, predicted, labels=[1, 2, 3, 4], average="macro")
    assert mean_iou == pytest.approx(expected)


def test_classes_that_the_reference_lacks_are_not_averaged() -> None:
    counts = np.array([[4, 0, 0], [0, 6, 0]])
    assert scores(counts, np.array([1, 2])) == (1.0, 1.0)
    assert scores(counts, np.array([1, 3])).mean_iou == 0.5


def test_ceiling_is_reached_by_no_other_labelling() -> None:
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 9, size=(5, 3))
    labellings = np.stack(np.meshgrid(*[[1, 2, 3]] * 5), axis=-1).reshape(-1, 5)
    assert ceiling(counts).accuracy == max(scores(counts, codes).accuracy for codes in labellings)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match="whole numbers"):
        ceiling(np.full((3, 2), 0.5))
    with pytest.raises(ConfigError, match=r"shape \(items, classes\)"):
        ceiling(np.ones(3, dtype=int))
    with pytest.raises(ConfigError, match="whole numbers"):
        ceiling(np.array([[1, -1]]))
    with pytest.raises(NotUsable, match="knows the class of no pixel"):
        ceiling(np.zeros((3, 2), dtype=int))


ITEMS = np.array([[6, 2, 0], [1, 1, 0], [0, 0, 0], [0, 3, 1]])


def test_ceiling_by_hand() -> None:
    accuracy, iou = ceiling(ITEMS)
    assert accuracy == pytest.approx(10 / 14)
    assert iou == pytest.approx((7 / 10 + 3 / 7 + 0) / 3)


@given(st.integers(0, 2**32 - 1))
def test_ceiling_is_that_of_the_painted_pixels(seed: int) -> None:
    counts = np.random.default_rng(seed).integers(0, 6, (12, 4)) * (np.arange(4) != 2)
    counts[0, 0] += 1
    truth = np.concatenate([np.repeat(np.arange(1, 5), row) for row in counts])
    painted = np.repeat(majority(counts), counts.sum(axis=1))
    accuracy, iou = ceiling(counts)
    assert accuracy == pytest.approx(accuracy_score(truth, painted))
    present = np.unique(truth)
    assert iou == pytest.approx(jaccard_score(truth, painted, labels=present, average="macro", zero_division=0))


def test_pure_segments_allow_everything() -> None:
    assert ceiling(np.diag([4, 0, 9])) == (1, 1)
