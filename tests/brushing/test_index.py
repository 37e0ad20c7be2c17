from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib.path import Path
from numpy.typing import NDArray

from rsgraph.brushing import index as index_module
from rsgraph.brushing.index import PointIndex, count_selected
from rsgraph.brushing.shapes import Circle, Lasso, Rectangle, Shape

Points = NDArray[np.float32]


def clumps(n: int, seed: int = 0) -> Points:
    """Return n points in 20 tight clumps, as UMAP leaves them."""
    generator = np.random.default_rng(seed)
    centres, spreads = generator.normal(0, 10, (20, 2)), generator.uniform(0.01, 1, 20)
    own = generator.integers(0, 20, n)
    return (centres[own] + generator.normal(0, 1, (n, 2)) * spreads[own, np.newaxis]).astype(np.float32)


def expected(points: Points, shape: Shape) -> NDArray[np.int64]:
    """Ask every point, in double precision; for a lasso matplotlib's Path."""
    finite = np.isfinite(points).all(axis=1)
    x, y = np.where(finite[:, np.newaxis], points, 0).astype(np.float64).T
    if isinstance(shape, Circle):
        inside = (x - shape.x) ** 2 + (y - shape.y) ** 2 <= shape.radius**2
    elif isinstance(shape, Rectangle):
        inside = (x >= shape.x - shape.half_width) & (x <= shape.x + shape.half_width)
        inside &= (y >= shape.y - shape.half_height) & (y <= shape.y + shape.half_height)
    else:
        inside = Path(shape.points).contains_points(np.stack([x, y], axis=1))
    return np.flatnonzero(inside & finite)


def check(index: PointIndex, shape: Shape) -> None:
    rows = index.inside(shape)
    assert rows.dtype == np.int64
    np.testing.assert_array_equal(np.sort(rows), expected(index.points, shape))


def test_circle_and_rectangle_include_their_border() -> None:
    index = PointIndex(np.array([[0, 0], [3, 4], [3, 4.001], [-5, 0]], dtype=np.float32))
    assert sorted(index.inside(Circle(0, 0, 5))) == [0, 1, 3]
    assert sorted(index.inside(Rectangle(0, 0, 3, 4))) == [0, 1]
    assert sorted(index.inside(Circle(0, 0, 0))) == [0]
    assert index.inside(Circle(0, 0, -1)).size == 0
    assert index.inside(Rectangle(0, 0, -1, 1)).size == 0


def test_what_a_lasso_encloses_twice_lies_outside() -> None:
    twice = np.array([[0, 0], [4, 0], [4, 4], [0, 4], [0, 0], [1, 1], [3, 1], [3, 3], [1, 3], [1, 1]])
    index = PointIndex(np.array([[2, 2], [0.5, 2], [5, 5]], dtype=np.float32))
    assert index.inside(Lasso(twice)).tolist() == [1]
    assert index.inside(Lasso(twice[:2])).size == 0
    assert index.inside(Lasso(np.empty((0, 2)))).size == 0


@pytest.mark.parametrize("n", [0, 1, 2, 63, 64, 65, 20_000])
def test_every_shape_equals_asking_every_point(n: int) -> None:
    index = PointIndex(clumps(n))
    generator = np.random.default_rng(n)
    for radius in (0.01, 1, 5, 15, 100):
        x, y = place = generator.normal(0, 8, 2)
        check(index, Circle(x, y, radius))
        check(index, Rectangle(x, y, radius, radius / 2))
        check(index, Lasso(generator.normal(0, radius, (3, 2)) + place))
        check(index, Lasso(generator.normal(0, radius, (40, 2)) + place))
        angles = np.sort(generator.uniform(0, 2 * np.pi, 300))
        ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * generator.uniform(0.8, 1.2, (300, 1))
        check(index, Lasso(ring * radius + place))


def test_clumps_far_apart_and_huge_coordinates() -> None:
    for scale in (1e-30, 1e-3, 1e6, 1e37):
        points = clumps(5_000) * np.float32(scale)
        index = PointIndex(points)
        check(index, Circle(0, 0, 8 * scale))
        check(index, Rectangle(0, 0, 5 * scale, 9 * scale))
        check(index, Lasso(np.random.default_rng(1).normal(0, 10 * scale, (30, 2))))


def test_equal_points_are_all_inside_or_all_outside() -> None:
    index = PointIndex(np.full((1_000, 2), 3, dtype=np.float32))
    assert len(index.inside(Circle(3, 3, 0))) == 1_000
    assert len(index.inside(Circle(3.1, 3, 0.05))) == 0
    check(index, Lasso(np.array([[3, 3], [4, 3], [4, 4], [3, 4]], dtype=float)))
    check(index, Lasso(np.array([[2, 2], [3, 3], [4, 2], [3, 1]], dtype=float)))
    assert index.bounds == (3, 3, 3, 3)


def test_points_without_place_are_never_inside() -> None:
    points = clumps(500)
    points[::7, 0], points[1::7, 1], points[2::7, 0] = np.nan, np.inf, -np.inf
    index = PointIndex(points)
    assert len(index) == 500
    for shape in (
        Circle(0, 0, 1e30),
        Rectangle(0, 0, 1e30, 1e30),
        Lasso(1e30 * np.array([[-1, -1], [3, -1], [-1, 3]])),
    ):
        check(index, shape)
    assert index.nearest(float("nan"), 0, within=1e9) == -1
    nothing = PointIndex(np.full((3, 2), np.nan, dtype=np.float32))
    assert nothing.inside(Circle(0, 0, 1e30)).size == 0
    assert nothing.nearest(0, 0, within=1e9) == -1
    assert nothing.bounds == (0, 1, 0, 1)


wide = st.floats(-1e6, 1e6, width=32)
grid = st.integers(-4, 4).map(float)  # corners on points, points on edges, edges on edges


@settings(deadline=None, max_examples=300)
@given(st.data(), st.sampled_from([1, 2, 64]))
def test_lasso_equals_matplotlib(data: st.DataObject, cell: int) -> None:
    place = data.draw(st.sampled_from([wide, grid]))
    points = data.draw(arrays.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2)), elements=place))
    corners = data.draw(arrays.arrays(np.float64, st.tuples(st.integers(0, 25), st.just(2)), elements=place))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "CELL", cell)
        index = PointIndex(points)
    if len(corners) >= 3:
        check(index, Lasso(corners))
    else:
        assert index.inside(Lasso(corners)).size == 0


@settings(deadline=None, max_examples=200)
@given(st.data(), st.sampled_from([1, 3, 64]))
def test_circle_and_rectangle_equal_asking_every_point(data: st.DataObject, cell: int) -> None:
    place = data.draw(st.sampled_from([wide, grid]))
    points = data.draw(arrays.arrays(np.float32, st.tuples(st.integers(0, 40), st.just(2)), elements=place))
    x, y, a, b = (data.draw(place) for _ in range(4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index_module, "CELL", cell)
        index = PointIndex(points)
    check(index, Circle(x, y, abs(a)))
    check(index, Rectangle(x, y, abs(a), abs(b)))


def test_a_long_lasso_over_many_clumps_equals_matplotlib() -> None:
    index = PointIndex(clumps(50_000))
    steps = np.cumsum(np.random.default_rng(4).normal(0, 1, (800, 2)), axis=0)  # a hand that wanders
    check(index, Lasso(steps))


def test_filtered_points_are_left_out() -> None:
    points = clumps(3_000)
    visible = np.random.default_rng(0).random(3_000) < 0.5
    codes = np.arange(3_000) % 4
    index = PointIndex(points)
    for shape in (Circle(0, 0, 9), Rectangle(0, 0, 9, 5), Lasso(np.array([[-9.0, -9], [12, 0], [-3, 14]]))):
        rows = expected(points, shape)
        rows = rows[visible[rows]]
        np.testing.assert_array_equal(np.sort(index.inside(shape, visible)), rows)
        np.testing.assert_array_equal(index.counts(shape, codes, 3, visible), np.bincount(codes[rows], minlength=4))
    with pytest.raises(ValueError, match=r"`visible` must have shape \(3000,\). Got \(2,\)"):
        index.inside(Circle(0, 0, 1), visible[:2])


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64])
def test_counts_by_class(dtype: Any) -> None:
    points = clumps(10_000)
    codes = np.random.default_rng(1).integers(0, 6, 10_000).astype(dtype)
    index = PointIndex(points)
    for radius in (0, 3, 10, 1e3):
        rows = expected(points, Circle(1, 1, radius))
        counts = index.counts(Circle(1, 1, radius), codes, 7)
        np.testing.assert_array_equal(counts, np.bincount(codes[rows], minlength=8))
    selected = np.zeros(10_000, dtype=bool)
    selected[::3] = True
    np.testing.assert_array_equal(count_selected(selected, codes, 7), np.bincount(codes[::3], minlength=8))


def test_counts_follow_the_codes_without_a_call() -> None:
    index = PointIndex(clumps(100))
    codes = np.zeros(100, dtype=np.int16)
    everything = Circle(0, 0, 1e3)
    assert index.counts(everything, codes, 2).tolist() == [100, 0, 0]
    codes[:30] = 2
    assert index.counts(everything, codes, 2).tolist() == [70, 0, 30]


@pytest.mark.parametrize("code", [-1, 3])
def test_codes_out_of_range_are_refused(code: int) -> None:
    index = PointIndex(np.zeros((4, 2), dtype=np.float32))
    with pytest.raises(ValueError, match=r"`codes` must lie in 0 \.\.\. 2. Got 1 others"):
        index.counts(Circle(0, 0, 1), np.array([0, 1, 2, code]), 2)
    with pytest.raises(ValueError, match=r"`codes` must have shape \(4,\)"):
        index.counts(Circle(0, 0, 1), np.array([0, 1, 2]), 2)


def test_points_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`points` must have shape \(n, 2\). Got \(3, 3\)"):
        PointIndex(np.zeros((3, 3), dtype=np.float32))


@settings(deadline=None)
@given(arrays.arrays(np.float32, st.tuples(st.integers(1, 200), st.just(2)), elements=grid), grid, grid)
def test_nearest_is_the_nearest_and_of_equals_the_first(points: Points, x: float, y: float) -> None:
    distances = ((points.astype(np.float64) - (x, y)) ** 2).sum(axis=1)
    best = int(distances.argmin())
    index = PointIndex(points)
    assert index.nearest(x, y, within=100) == best
    within = float(np.sqrt(distances[best]))
    assert index.nearest(x, y, within=within * 1.001) == best
    assert within == 0 or index.nearest(x, y, within=within * 0.999) == -1
    visible = np.ones(len(points), dtype=bool)
    visible[best] = False
    distances[best] = np.inf
    wanted = -1 if len(points) == 1 else int(distances.argmin())
    assert index.nearest(x, y, within=100, visible=visible) == wanted


def test_nearest_in_clumps_equals_asking_every_point() -> None:
    points = clumps(30_000)
    index = PointIndex(points)
    for x, y in np.random.default_rng(0).normal(0, 12, (50, 2)):
        distances = ((points.astype(np.float64) - (x, y)) ** 2).sum(axis=1)
        assert index.nearest(x, y, within=1e3) == distances.argmin()


def test_thumbnails_in_view_stay_when_the_map_is_moved() -> None:
    points = np.random.default_rng(0).uniform(0, 1, (5_000, 2)).astype(np.float32)
    index = PointIndex(points)
    first = index.in_view(Rectangle(0.5, 0.5, 0.2, 0.2), limit=100)
    moved = index.in_view(Rectangle(0.52, 0.5, 0.2, 0.2), limit=100)
    assert len(first) == len(moved) == 100
    assert np.isin(first, expected(points, Rectangle(0.5, 0.5, 0.2, 0.2))).all()
    assert (np.diff(first) > 0).all()
    assert len(np.intersect1d(first, moved)) > 85  # of the strip that left the view, 5 of 100 on average
    everything = index.in_view(Rectangle(0.5, 0.5, 0.01, 0.01), limit=100)
    np.testing.assert_array_equal(everything, expected(points, Rectangle(0.5, 0.5, 0.01, 0.01)))
    assert index.in_view(Rectangle(0.5, 0.5, 1, 1), limit=0).size == 0
    assert index.in_view(Rectangle(9, 9, 1, 1), limit=5).size == 0


def test_the_index_keeps_its_own_points() -> None:
    points = np.zeros((3, 2), dtype=np.float32)
    index = PointIndex(points)
    points[:] = 5
    assert len(index.inside(Circle(0, 0, 1))) == 3
