import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.errors import ConfigError
from rsgraph.evaluation.clicks import click
from rsgraph.evaluation.scores import ceiling
from rsgraph.prediction.propagation import propagate

COUNTS = np.array([[4, 1], [0, 9], [6, 0], [0, 0]])


def test_segments_are_clicked_from_the_largest_gain_on() -> None:
    trace = click(COUNTS, strokes=5)
    np.testing.assert_array_equal(trace.centres, [1, 2, 0, -1, -1])
    np.testing.assert_array_equal(trace.codes, [2, 1, 1, 0, 0])
    np.testing.assert_allclose(trace.accuracy, np.array([9, 15, 19, 19, 19]) / 20)
    assert (trace.accuracy[-1], trace.mean_iou[-1]) == ceiling(COUNTS)
    np.testing.assert_array_equal(trace.labels, [1, 2, 1, 0])


def test_spreading_is_corrected_where_it_is_most_wrong() -> None:
    seen = []

    def last_class_everywhere(given: NDArray[np.int64]) -> NDArray[np.int64]:
        seen.append(given.tolist())
        return np.full(4, 2)

    trace = click(COUNTS, spread=last_class_everywhere, strokes=3)
    # segment 1 gains most; then 2 would gain 6 and 0 would gain 4 - 1
    np.testing.assert_array_equal(trace.centres, [1, 2, 0])
    np.testing.assert_allclose(trace.accuracy, [10 / 20, 16 / 20, 19 / 20])
    assert seen == [[0, 2, 0, 0], [0, 2, 1, 0], [1, 2, 1, 0]]


def test_clicked_segments_keep_their_class_and_are_not_clicked_again() -> None:
    trace = click(COUNTS, spread=lambda given: np.zeros(4, dtype=np.int64), strokes=4)
    np.testing.assert_array_equal(trace.centres, [1, 2, 0, -1])
    assert trace.accuracy[-1] == ceiling(COUNTS).accuracy


def test_propagation_on_a_path_needs_one_click_per_side() -> None:
    edges = np.stack([np.arange(19), np.arange(1, 20)])
    edges = edges[:, edges[0] != 9]
    counts = np.eye(2, dtype=np.int64)[(np.arange(20) >= 10).astype(int)] * 7

    def spread(given: NDArray[np.int64]) -> NDArray[np.int64]:
        found = propagate(edges, given, 2)
        return np.where(found.any(axis=1), found.argmax(axis=1) + 1, 0)

    trace = click(counts, spread=spread, strokes=3)
    np.testing.assert_allclose(trace.accuracy, [0.5, 1, 1])
    np.testing.assert_array_equal(trace.centres, [0, 10, -1])
    np.testing.assert_allclose(click(counts, strokes=3).accuracy, [0.05, 0.1, 0.15])


def test_what_spread_returns_must_fit() -> None:
    with pytest.raises(ConfigError, match="one code from 0 to 2 per segment"):
        click(COUNTS, spread=lambda given: given + 2)
    with pytest.raises(ConfigError, match="Got codes of shape"):
        click(COUNTS, spread=lambda given: given[:2])
    with pytest.raises(ConfigError, match="`strokes` must be at least 1"):
        click(COUNTS, strokes=0)
