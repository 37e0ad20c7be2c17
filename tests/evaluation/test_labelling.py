"""The expert against a brute-force one, which counts every circle and class anew at every stroke."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.clumsy import CLUMSY, Clumsy
from rsgraph.evaluation.labelling import Trace, log_radii, simulate, simulate_maps, strokes_to
from rsgraph.evaluation.scores import Scores, ceiling, scores


def brute_force(
    points: NDArray[Any], counts: NDArray[Any], radii: NDArray[Any], strokes: int, centres: NDArray[Any]
) -> tuple[list[tuple[int, float, int]], NDArray[Any]]:
    """Return strokes (centre, radius, class) and the final codes."""
    labels = np.zeros(len(points), dtype=int)
    padded = np.hstack([np.zeros((len(counts), 1), dtype=int), counts])
    taken = []
    for _ in range(strokes):
        best: tuple[int, int, float, int] = (0, -1, 0.0, 0)
        for centre in centres:
            dx, dy = (points - points[centre]).T
            for radius in radii:
                inside = dx * dx + dy * dy <= radius * radius
                gains = counts[inside].sum(axis=0) - padded[inside, labels[inside]].sum()
                code = int(gains.argmax()) + 1
                if gains[code - 1] > best[0]:
                    best = (int(gains[code - 1]), int(centre), float(radius), code)
        if best[0] > 0:
            dx, dy = (points - points[best[1]]).T
            labels[dx * dx + dy * dy <= best[2] * best[2]] = best[3]
        taken.append(best[1:])
    return taken, labels


def clumps(seed: int, n: int = 60, n_classes: int = 4) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a map of overlapping clumps with mixed segments, some points doubled and some unknown."""
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 2 * n_classes, size=n)
    points = rng.normal(size=(2 * n_classes, 2), scale=3)[groups] + rng.normal(size=(n, 2))
    points[-5:] = points[:5]
    counts = rng.integers(0, 4, size=(n, n_classes))
    counts[np.arange(n), groups % n_classes] += rng.integers(0, 20, size=n)
    counts[rng.random(n) < 0.1] = 0
    return points, counts


def assert_equal(trace: Trace, taken: list[tuple[int, float, int]], labels: NDArray[Any]) -> None:
    assert list(zip(trace.centres.tolist(), trace.radii.tolist(), trace.codes.tolist(), strict=True)) == taken
    np.testing.assert_array_equal(trace.labels, labels)


@pytest.mark.parametrize("seed", range(6))
def test_expert_equals_brute_force(seed: int) -> None:
    points, counts = clumps(seed)
    trace = simulate(points, counts, strokes=12)
    taken, labels = brute_force(points, counts, log_radii(points), 12, np.arange(len(points)))
    assert_equal(trace, taken, labels)
    assert (trace.accuracy[-1], trace.mean_iou[-1]) == scores(counts, labels)


def test_expert_equals_brute_force_on_a_lattice_where_many_gains_and_distances_are_equal() -> None:
    grid = np.stack(np.meshgrid(np.arange(7), np.arange(7)), axis=-1).reshape(-1, 2)
    counts = np.eye(3, dtype=int)[(grid.sum(axis=1) // 3) % 3]
    radii = np.array([0, 1, np.sqrt(2), 2, 3, 5])
    trace = simulate(grid, counts, radii=radii, strokes=15)
    assert_equal(trace, *brute_force(grid, counts, radii, 15, np.arange(49)))


def test_more_points_than_are_read_at_once_change_nothing() -> None:
    points, counts = clumps(9, n=1200, n_classes=3)
    radii = np.array([0.5, 2.0])
    trace = simulate(points, counts, radii=radii, strokes=2)
    assert_equal(trace, *brute_force(points, counts, radii, 2, np.arange(1200)))


def test_drawn_centres_are_the_only_ones_and_follow_the_seed() -> None:
    points, counts = clumps(3)
    trace = simulate(points, counts, centres=8, seed=5, strokes=10)
    drawn = np.sort(np.random.default_rng(5).choice(60, 8, replace=False))
    assert_equal(trace, *brute_force(points, counts, log_radii(points), 10, drawn))
    whole = simulate(points, counts, centres=1000, strokes=4)
    np.testing.assert_array_equal(whole.centres, simulate(points, counts, strokes=4).centres)


def test_two_clumps_take_two_strokes_and_then_the_expert_rests() -> None:
    points = np.array([[0, 0], [0, 1], [1, 0], [9, 9], [9, 8]])
    counts = np.array([[3, 0], [3, 0], [2, 1], [0, 4], [0, 4]])
    trace = simulate(points, counts, radii=np.array([1.0, 20.0]), strokes=4)
    # all class 2 gains 9 pixels, more than either clump by itself; class 1 on top of it then gains 8 - 1
    np.testing.assert_allclose(trace.accuracy, [9 / 17, 16 / 17, 16 / 17, 16 / 17])
    np.testing.assert_array_equal(trace.codes, [2, 1, 0, 0])
    np.testing.assert_array_equal(trace.centres, [0, 0, -1, -1])
    np.testing.assert_array_equal(trace.radii, [20, 1, 0, 0])
    np.testing.assert_array_equal(trace.labels, [1, 1, 1, 2, 2])
    np.testing.assert_allclose(trace.mean_iou[-1], (8 / 9 + 8 / 9) / 2)


def test_overwriting_a_wrong_stroke_gains() -> None:
    # a sea with an island in the middle: one large stroke, then a small one on top of it
    angle = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    ring = 3 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.vstack([ring, [[0, 0], [0.1, 0]]])
    counts = np.eye(2, dtype=int)[[0] * 12 + [1] * 2]
    trace = simulate(points, counts, radii=np.array([0.2, 3.2]), strokes=2)
    np.testing.assert_array_equal(trace.codes, [1, 2])
    assert trace.accuracy[1] == 1.0


def test_accuracy_never_falls_and_never_passes_the_ceiling() -> None:
    points, counts = clumps(11, n=400)
    trace = simulate(points, counts)
    assert np.all(np.diff(trace.accuracy) >= 0)
    assert trace.accuracy[-1] <= ceiling(counts).accuracy
    assert len(trace.accuracy) == 50


def test_strokes_do_not_depend_on_the_unit_of_the_map() -> None:
    points, counts = clumps(4)
    one, other = simulate(points, counts, strokes=20), simulate(points * 1024, counts, strokes=20)
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_allclose(one.radii * 1024, other.radii)


def test_equal_points_are_labelled_together() -> None:
    trace = simulate(np.ones((5, 2)), np.array([[1, 0]] * 3 + [[0, 1]] * 2), strokes=3)
    np.testing.assert_allclose(trace.accuracy, 0.6)


def test_default_radii_are_logarithmic_and_the_largest_holds_every_point() -> None:
    points = np.array([[0.1, 0.2], [3.1, 4.2], [1, 1]])
    radii = log_radii(points)
    np.testing.assert_allclose(np.diff(np.log(radii)), np.log(500) / 23, rtol=1e-6)
    assert radii[-1] == pytest.approx(5)
    assert radii[-1] >= np.hypot(*(points[1] - points[0]))


def test_strokes_to_a_share_of_the_ceiling() -> None:
    points = np.array([[0, 0], [0, 1], [9, 9], [50, 0]])
    counts = np.array([[60, 0], [30, 0], [0, 8], [2, 0]])
    trace = simulate(points, counts, radii=np.array([2.0]), strokes=3)
    best = ceiling(counts)
    np.testing.assert_allclose(trace.accuracy, [0.9, 0.98, 1.0])
    assert [strokes_to(trace, best, share) for share in (0.9, 0.95, 0.99)] == [1, 2, 3]
    assert strokes_to(trace, best, 0.9, measure="mean_iou") == 2
    assert strokes_to(simulate(points, counts, radii=np.array([2.0]), strokes=2), best, 0.99) is None


def test_what_is_lost_again_does_not_count_as_reached() -> None:
    trace = Trace.blank(1, 5)
    trace.accuracy[:] = [0.95, 0.5, 0.91, 0.9, 1.0]
    best = Scores(1.0, 1.0)
    assert [strokes_to(trace, best, share) for share in (0.4, 0.9, 0.95)] == [1, 3, 5]
    trace.accuracy[4] = 0.6
    assert strokes_to(trace, best, 0.9) is None


def test_progress_begins_with_the_circles_and_ends_whole() -> None:
    points, counts = clumps(5)
    calls: list[tuple[int, int]] = []
    simulate(points, counts, strokes=3, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(60, 63), (61, 63), (62, 63), (63, 63)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points": np.zeros((3, 2))}, r"`points` must have one row per row of `counts`, \(60, 2\)"),
        ({"strokes": 0}, "`strokes` must be at least 1. Got 0"),
        ({"radii": np.array([-1.0])}, "`radii` must be"),
        ({"radii": np.array([])}, "`radii` must be"),
        ({"centres": 0}, "`centres` must be null or at least 1"),
    ],
)
def test_what_does_not_fit_is_said(change: dict[str, Any], message: str) -> None:
    points, counts = clumps(6)
    with pytest.raises(ConfigError, match=message):
        simulate(**({"points": points, "counts": counts} | change))


def test_a_map_that_is_not_finite_is_refused() -> None:
    points, counts = clumps(6)
    points[3, 1] = np.nan
    with pytest.raises(NotUsable, match="not finite"):
        simulate(points, counts)


def brute_force_on(
    maps: list[NDArray[Any]], counts: NDArray[Any], strokes: int
) -> tuple[list[tuple[int, int, float, int]], NDArray[Any]]:
    """Return strokes (map, centre, radius, class) and the final codes, every circle of every map counted anew."""
    labels = np.zeros(len(counts), dtype=int)
    padded = np.hstack([np.zeros((len(counts), 1), dtype=int), counts])
    taken = []
    for _ in range(strokes):
        best: tuple[int, int, int, float, int] = (0, 0, -1, 0.0, 0)
        for on, points in enumerate(maps):
            for centre in range(len(points)):
                distances = np.square(points - points[centre]).sum(axis=1)
                for radius in log_radii(points):
                    inside = distances <= radius * radius
                    gains = counts[inside].sum(axis=0) - padded[inside, labels[inside]].sum()
                    if gains.max() > best[0]:
                        best = (int(gains.max()), on, centre, float(radius), int(gains.argmax()) + 1)
        if best[0] > 0:
            distances = np.square(maps[best[1]] - maps[best[1]][best[2]]).sum(axis=1)
            labels[distances <= best[3] * best[3]] = best[4]
        taken.append(best[1:])
    return taken, labels


@pytest.mark.parametrize("seed", range(4))
def test_expert_on_several_maps_equals_brute_force(seed: int) -> None:
    points, counts = clumps(seed)
    maps = [points, np.random.default_rng(seed).permutation(points), clumps(seed + 50)[0]]
    trace = simulate_maps(maps, counts, strokes=12)
    taken, labels = brute_force_on(maps, counts, 12)
    found = zip(trace.maps.tolist(), trace.centres.tolist(), trace.radii.tolist(), trace.codes.tolist(), strict=True)
    assert list(found) == taken
    np.testing.assert_array_equal(trace.labels, labels)
    assert len(set(trace.maps.tolist())) > 1


def test_the_same_map_twice_changes_nothing() -> None:
    points, counts = clumps(7)
    one, twice = simulate(points, counts, strokes=20), simulate_maps([points, points], counts, strokes=20)
    np.testing.assert_array_equal(one.labels, twice.labels)
    np.testing.assert_array_equal(one.mean_iou, twice.mean_iou)
    assert not twice.maps.any()


def test_where_each_map_parts_other_classes_both_are_used() -> None:
    classes = np.repeat([2, 0, 1], [40, 26, 24])  # the first stroke covers everything with the third class
    counts = np.eye(3, dtype=int)[classes]
    near = np.random.default_rng(0).normal(size=(2, 90, 2))
    maps = [near[number] + 100 * (classes == number)[:, None] for number in (0, 1)]
    trace = simulate_maps(maps, counts, strokes=4)
    assert trace.accuracy[2] == 1
    assert set(trace.maps[:3].tolist()) == {0, 1}
    assert simulate(maps[0], counts, strokes=3).accuracy[2] < 1
    one = simulate_maps(maps, counts, strokes=4, choice="purest")
    assert one.accuracy[-1] == 1, "and without the gains, too"


def test_a_clumsy_expert_errs_and_goes_on_from_there() -> None:
    points, counts = clumps(8, n=300)
    right, clumsy = simulate(points, counts), simulate(points, counts, clumsy=CLUMSY)
    assert clumsy.mean_iou[:20].mean() < right.mean_iou[:20].mean()
    np.testing.assert_array_equal(clumsy.labels, simulate(points, counts, clumsy=CLUMSY).labels)
    assert np.any(np.diff(clumsy.accuracy) < 0)
    assert (clumsy.accuracy[-1], clumsy.mean_iou[-1]) == scores(counts, clumsy.labels)
    pair = simulate_maps([points, points[::-1]], counts, clumsy=Clumsy(mistaken=1, seed=3), strokes=5)
    assert (pair.accuracy[-1], pair.mean_iou[-1]) == scores(counts, pair.labels)


def test_progress_counts_the_circles_of_all_maps() -> None:
    points, counts = clumps(5)
    calls: list[tuple[int, int]] = []
    simulate_maps([points, points], counts, strokes=2, progress=lambda done, total: calls.append((done, total)))
    assert calls == [(60, 122), (120, 122), (121, 122), (122, 122)]


def test_no_map_is_refused() -> None:
    with pytest.raises(ConfigError, match="`maps` must hold at least one map"):
        simulate_maps([], clumps(1)[1])
