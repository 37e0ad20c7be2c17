import numpy as np
import pytest

from rsgraph.evaluation.circles import Circles


@pytest.fixture
def circles() -> Circles:
    points = np.array([[0.0, 0], [3, 4], [0, 5], [0, 12]])
    counts = np.array([[5, 0], [0, 9], [2, 1], [0, 0]])
    return Circles(points, counts, np.array([0, 3]), np.array([0.0, 5.0, 13.0]))


def test_contents_of_circles_with_points_exactly_on_the_border(circles: Circles) -> None:
    np.testing.assert_array_equal(circles.most, [[5, 10, 10], [0, 0, 10]])
    np.testing.assert_array_equal(circles.codes, [[1, 2, 2], [1, 1, 2]])


def test_best_is_the_first_with_the_least_radius(circles: Circles) -> None:
    best = circles.best()
    assert best == (10, 0, 1, 2)
    np.testing.assert_array_equal(circles.inside(best), [0, 1, 2])


def test_within_takes_any_radius(circles: Circles) -> None:
    assert [circles.within(0, radius).tolist() for radius in (0, 4.9, 5.0, 12.5)] == [
        [0],
        [0],
        [0, 1, 2],
        [0, 1, 2, 3],
    ]


def test_changes_are_known_to_every_circle_that_holds_the_point(circles: Circles) -> None:
    circles.change(np.array([0, 1, 2]), np.array([0, 9, 1]))  # the best stroke was made: class 2 for the first three
    assert circles.best() == (5, 0, 0, 1)
    circles.change(np.array([1]), np.array([-9]))
    assert circles.best() == (9, 0, 1, 2)


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1.0, 1e9, 1e150])
def test_rings_are_exact_at_any_scale(scale: float) -> None:
    rng = np.random.default_rng(0)
    points, radii = rng.random((50, 2)) * scale, np.sort(rng.random(9)) * scale
    circles = Circles(points, np.ones((50, 1), dtype=np.int64), np.arange(50), radii)
    dx, dy = np.moveaxis(points[:, None] - points, -1, 0)
    expected = (dx * dx + dy * dy)[..., None] <= radii * radii
    np.testing.assert_array_equal(circles.most, expected.sum(axis=1))
