import numpy as np
import pytest

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.ideal import ideal, share_of_ideal
from rsgraph.evaluation.labelling import Trace, simulate
from rsgraph.evaluation.scores import ceiling

COUNTS = np.array([[5, 0, 0], [4, 1, 0], [0, 20, 0], [0, 0, 2], [0, 0, 0]])


def test_each_class_takes_one_stroke_and_the_one_that_gains_most_is_first() -> None:
    trace = ideal(COUNTS, strokes=5)
    assert trace.codes.tolist() == [2, 1, 3, 0, 0]
    assert trace.centres.tolist() == [2, 0, 3, -1, -1]
    assert trace.labels.tolist() == [1, 1, 2, 3, 0]
    np.testing.assert_allclose(trace.accuracy, [20 / 32, 29 / 32, 31 / 32, 31 / 32, 31 / 32])
    np.testing.assert_allclose(trace.mean_iou[:2], [20 / 21 / 3, (20 / 21 + 9 / 10) / 3])
    assert (trace.accuracy[-1], trace.mean_iou[-1]) == ceiling(COUNTS)


def test_a_map_whose_classes_are_islands_is_ideal() -> None:
    rng = np.random.default_rng(0)
    classes = rng.integers(0, 4, size=200)
    counts = np.eye(4, dtype=int)[classes] * rng.integers(1, 50, size=(200, 1))
    points = rng.normal(size=(200, 2)) + 1000 * np.stack([np.cos(1.6 * classes), np.sin(1.6 * classes)], axis=1)
    trace, best = simulate(points, counts, radii=np.array([20.0])), ideal(counts)
    np.testing.assert_array_equal(trace.mean_iou[:20], best.mean_iou)
    assert share_of_ideal(trace, best) == 1


def test_no_island_is_made_of_a_class_that_no_segment_is_mostly_of() -> None:
    assert ideal(np.array([[3, 2], [4, 1]]), strokes=3).codes.tolist() == [1, 0, 0]


def test_share_is_of_means_over_the_first_strokes() -> None:
    trace, best = Trace.blank(1, 4), Trace.blank(1, 3)
    trace.mean_iou[:], best.mean_iou[:] = [0.1, 0.2, 0.3, 0.9], [0.2, 0.4, 0.6]
    assert share_of_ideal(trace, best) == pytest.approx(0.5)
    assert share_of_ideal(trace, best, strokes=1) == pytest.approx(0.5)
    assert share_of_ideal(best, trace, strokes=2) == pytest.approx(2)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(ConfigError, match="`strokes` must be at least 1"):
        ideal(COUNTS, strokes=0)
    with pytest.raises(NotUsable, match="knows the class of no pixel"):
        ideal(np.zeros((3, 2)))
