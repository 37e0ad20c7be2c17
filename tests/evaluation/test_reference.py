from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, jaccard_score

from rsgraph.errors import ConfigError
from rsgraph.evaluation.reference import ceiling, majority, purity, summed

COUNTS = np.array([[6, 2, 0], [1, 1, 0], [0, 0, 0], [0, 3, 1]])


def test_majority_and_purity_of_each_segment() -> None:
    assert majority(COUNTS).tolist() == [1, 1, 0, 2]
    np.testing.assert_allclose(purity(COUNTS), [0.75, 0.5, np.nan, 0.75])


def test_ceiling_by_hand() -> None:
    accuracy, iou = ceiling(COUNTS)
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


def test_pure_segments_allow_everything_and_an_empty_reference_nothing() -> None:
    assert ceiling(np.diag([4, 0, 9])) == (1, 1)
    assert np.isnan(ceiling(np.zeros((3, 2), dtype=int))).all()
    assert np.isnan(ceiling(np.zeros((3, 0), dtype=int))).all()
    assert majority(np.zeros((3, 0), dtype=int)).tolist() == [0, 0, 0]


def test_summed_adds_segments_to_chips() -> None:
    assert summed(COUNTS, np.array([1, 0, 0, 1]), 3).tolist() == [[1, 1, 0], [6, 5, 1], [0, 0, 0]]


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match=r"`counts` must have shape \(items, classes\). Got \(3,\)"):
        majority(np.zeros(3))
    with pytest.raises(ConfigError, match="whole numbers of pixels"):
        ceiling(COUNTS / 4)
    with pytest.raises(ConfigError, match=r"`groups` must be \(4,\), from 0 to 2"):
        summed(COUNTS, np.array([0, 1, 2, 3]), 3)
