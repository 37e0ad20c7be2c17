from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.neighbours.rows import standardised
from rsgraph.prediction.classification import FOLDS, classify, expected_calibration_error

C, D = 3, 30


def gaussians(n: int, distance: float = 0.35, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vectors, true classes 0 ... C - 1, and the posterior by Bayes' rule."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(C, D)) * distance
    truth = rng.integers(0, C, n)
    vectors = centres[truth] + rng.normal(size=(n, D))
    logs = -((vectors[:, None] - centres) ** 2).sum(axis=-1) / 2
    posterior = np.exp(logs - logs.max(axis=1, keepdims=True))
    return vectors.astype(np.float32), truth, posterior / posterior.sum(axis=1, keepdims=True)


def labelled(truth: np.ndarray, each: int) -> np.ndarray:
    codes = np.zeros(len(truth), dtype=np.int16)
    for code in range(C):
        codes[np.flatnonzero(truth == code)[:each]] = code + 1
    return codes


def uncalibrated(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    powers = probabilities.astype(np.float64) ** temperature
    return powers / powers.sum(axis=1, keepdims=True)


def error_on(probabilities: np.ndarray, truth: np.ndarray) -> float:
    return expected_calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == truth)


def test_raw_scores_are_those_of_scikit_learn() -> None:
    vectors, truth, _ = gaussians(800)
    codes = labelled(truth, 100)
    found = classify(vectors, codes, C)
    points = standardised(vectors)
    peer = LogisticRegression(C=1.0, max_iter=2000, tol=1e-8).fit(points[codes > 0], codes[codes > 0])
    np.testing.assert_allclose(
        uncalibrated(found.probabilities, found.temperature), peer.predict_proba(points), atol=2e-3
    )


def test_with_many_labels_probabilities_are_the_true_posterior() -> None:
    vectors, truth, posterior = gaussians(12_000)
    found = classify(vectors, labelled(truth, 3000), C)
    assert np.abs(found.probabilities - posterior).mean() < 0.02
    assert error_on(found.probabilities, truth) < 0.02
    assert found.calibration_error is not None
    assert found.calibration_error < 0.02
    assert found.accuracy == pytest.approx((posterior.argmax(axis=1) == truth).mean(), abs=0.02)


def test_with_few_labels_it_is_better_calibrated_than_raw_scores_and_says_how_well() -> None:
    vectors, truth, _ = gaussians(8000)
    codes = labelled(truth, 30)
    found, rest = classify(vectors, codes, C), codes == 0
    ours = error_on(found.probabilities[rest], truth[rest])
    raw = error_on(uncalibrated(found.probabilities, found.temperature)[rest], truth[rest])
    assert ours < 0.06
    assert raw > 2 * ours
    assert found.temperature > 1.2
    assert found.calibration_error == pytest.approx(ours, abs=0.1)  # 90 labels tell no more


def test_rows_sum_to_one_and_classes_without_labels_have_none() -> None:
    vectors, truth, _ = gaussians(300)
    codes = np.where(labelled(truth, 20) == 2, 0, labelled(truth, 20))
    found = classify(vectors, codes, 5)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert not found.probabilities[:, [1, 3, 4]].any()
    np.testing.assert_array_equal(found.n_train, [20, 0, 20, 0, 0])


def test_two_labels_per_class_are_enough_and_one_is() -> None:
    vectors, truth, _ = gaussians(2000, distance=1.0)
    for each, accuracy in ((2, 0.85), (1, 0.8)):
        found = classify(vectors, labelled(truth, each), C)
        assert (found.probabilities.argmax(axis=1) == truth).mean() > accuracy
        assert found.temperature >= 1
        assert found.calibration_error is None


def test_chips_are_held_out_whole_so_that_copies_within_them_do_not_flatter() -> None:
    # labels say nothing of other chips: within a chip all segments are copies and share a random class
    rng = np.random.default_rng(0)
    chips = np.repeat(np.arange(60), 10)
    vectors = rng.normal(size=(60, 64)).astype(np.float32)[chips]
    codes = rng.integers(1, 3, 60)[chips]
    by_chip, by_row = classify(vectors, codes, 2, groups=chips), classify(vectors, codes, 2)
    assert (by_chip.grouped, by_row.grouped) == (True, False)
    assert by_chip.accuracy is not None
    assert by_row.accuracy is not None
    assert by_chip.accuracy < 0.7
    assert by_row.accuracy > 0.9
    assert by_chip.temperature > 3 * by_row.temperature
    assert by_chip.probabilities.max(axis=1).mean() < 0.75


def test_classes_of_one_chip_each_are_tested_row_by_row_and_it_is_said() -> None:
    vectors, truth, _ = gaussians(300)
    found = classify(vectors, (truth + 1).astype(np.int64), C, groups=truth)
    assert not found.grouped
    assert found.n_tested == 300


def test_the_same_seed_gives_the_same_numbers() -> None:
    vectors, truth, _ = gaussians(500)
    groups = np.arange(500) % 23
    one, two = (classify(vectors, labelled(truth, 40), C, groups=groups, seed=3) for _ in range(2))
    np.testing.assert_array_equal(one.probabilities, two.probabilities)
    assert one.calibration_error == two.calibration_error


def test_large_classes_are_sampled_but_weigh_what_they_did(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    truth = (rng.random(20_000) < 0.1).astype(np.int64)
    vectors = (rng.normal(size=(20_000, 4)) + truth[:, None] * 0.5).astype(np.float32)
    monkeypatch.setattr("rsgraph.prediction.classification._MOST", 1500)
    found = classify(vectors, truth + 1, 2)
    np.testing.assert_array_equal(found.n_train, [1500, 1500])
    assert found.probabilities[:, 1].mean() == pytest.approx(0.1, abs=0.01)


def test_progress_begins_at_once_never_goes_back_and_may_cancel() -> None:
    vectors, truth, _ = gaussians(300)
    calls: list[tuple[int, int]] = []
    classify(vectors, labelled(truth, 20), C, progress=lambda done, total: calls.append((done, total)))
    assert calls[0][0] == 0
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert calls[-1][0] == calls[-1][1]
    assert len(calls) > FOLDS

    def cancel(done: int, total: int) -> None:
        if done > 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        classify(vectors, labelled(truth, 20), C, progress=cancel)


def test_calibration_error_of_known_bins() -> None:
    confidence = np.array([0.95, 0.95, 0.95, 0.95, 0.55, 0.55])
    right = np.array([True, True, True, False, True, False])
    assert expected_calibration_error(confidence, right) == pytest.approx((4 * 0.2 + 2 * 0.05) / 6)
    assert expected_calibration_error(np.ones(3), np.ones(3, dtype=bool)) == 0


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.zeros(10, dtype=int), "at least two classes, but nothing is labelled yet"),
        (np.array([2] * 4 + [0] * 6), "only class 2 has labels"),
    ],
)
def test_one_class_or_none_is_said(codes: np.ndarray, message: str) -> None:
    with pytest.raises(NotUsable, match=message):
        classify(np.zeros((10, 2), dtype=np.float32), codes, 3)


def test_shapes_that_do_not_fit_are_said() -> None:
    vectors, codes = np.zeros((10, 2), dtype=np.float32), np.ones(10, dtype=int)
    with pytest.raises(ConfigError, match=r"`codes` must have one entry per segment, \(10,\)"):
        classify(vectors, codes[:5], 2)
    with pytest.raises(ConfigError, match="`groups` must have one entry"):
        classify(vectors, codes, 2, groups=codes[:5])
    with pytest.raises(ConfigError, match=r"from 1 to 2\. Got 3"):
        classify(vectors, codes + 2, 2)


def test_features_of_a_learnt_layer_keep_their_proportions() -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 2)).astype(np.float32)
    codes = np.arange(60) % 2 + 1
    vectors[:, 0] += codes
    twice = classify(vectors * np.float32(3), codes, 2, metric="euclidean").probabilities
    np.testing.assert_allclose(classify(vectors, codes, 2, metric="euclidean").probabilities, twice, atol=1e-4)
    faint = vectors * np.array([1e-3, 1], dtype=np.float32)
    assert classify(faint, codes, 2).accuracy > classify(faint, codes, 2, metric="euclidean").accuracy + 0.1
    with pytest.raises(ConfigError, match="`metric` must be one of"):
        classify(vectors, codes, 2, metric="city block")  # type: ignore[arg-type]
