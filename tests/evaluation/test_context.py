from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from rsgraph.errors import ConfigError, NotUsable
from rsgraph.evaluation.context import (
    context_measures,
    context_pairs,
    evaluate_graph,
    spatial_neighbours,
)
from rsgraph.evaluation.descriptors import Descriptors, MeasureOptions
from rsgraph.evaluation.pairs import MEASURES, measure_pairs
from rsgraph.neighbours.nearest import nearest


def vectors_of(seed: int, n: int, d: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def random_descriptors(seed: int, n: int) -> Descriptors:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(10), n).astype(np.float32)
    grids, spectra = rng.random((n, 11, 11), dtype=np.float32), rng.random((n, 4), dtype=np.float32)
    return Descriptors(rng.random((n, 4)), shares, grids, spectra)


# nearest on the ground


def test_spatial_neighbours_equal_all_distances_within_each_image() -> None:
    rng = np.random.default_rng(0)
    points, group = rng.random((200, 2)) * 100, rng.integers(0, 4, 200)
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    distance[group[:, None] != group] = np.inf
    np.fill_diagonal(distance, np.inf)
    np.testing.assert_array_equal(spatial_neighbours(points, group), np.argsort(distance, axis=1)[:, :8])


def test_on_a_grid_equally_near_ones_come_by_index() -> None:
    points = np.stack(np.mgrid[:5, :5], axis=-1).reshape(-1, 2)
    found = spatial_neighbours(points, np.zeros(25))
    np.testing.assert_array_equal(found[12], [7, 11, 13, 17, 6, 8, 16, 18])
    np.testing.assert_array_equal(spatial_neighbours(points, np.zeros(25), k=2)[0], [1, 5])


def test_small_images_are_padded_and_coinciding_points_are_neighbours() -> None:
    points = np.array([[0, 0], [5, 5], [0, 0], [1, 0], [9, 9]], dtype=np.float32)
    found = spatial_neighbours(points, np.array([7, 1, 7, 7, 2]), k=3)
    np.testing.assert_array_equal(found, [[2, 3, -1], [-1] * 3, [0, 3, -1], [0, 2, -1], [-1] * 3])
    assert spatial_neighbours(np.zeros((0, 2)), np.zeros(0)).shape == (0, 8)


def test_spatial_neighbours_say_what_does_not_fit() -> None:
    with pytest.raises(ConfigError, match="must have shapes"):
        spatial_neighbours(np.zeros((3, 2)), np.zeros(4))
    with pytest.raises(ConfigError, match="`k`"):
        spatial_neighbours(np.zeros((3, 2)), np.zeros(3), k=0)
    with pytest.raises(NotUsable, match="centroid"):
        spatial_neighbours(np.full((3, 2), np.nan), np.zeros(3))


# one to one


def test_context_pairs_are_the_best_assignment_of_both_sides() -> None:
    rng = np.random.default_rng(1)
    vectors, group = vectors_of(5, 120), np.sort(rng.integers(0, 18, 120))  # some images are smaller than nine
    neighbours = spatial_neighbours(rng.random((120, 2)), group)
    segments, partners = np.arange(120), rng.permutation(120)
    pairs = context_pairs(vectors, segments, partners, neighbours)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    padded = 0
    for s, p, found in zip(segments, partners, pairs, strict=True):
        here, there = (np.array([i, *neighbours[i][neighbours[i] >= 0]]) for i in (s, p))
        cost = 1 - unit[here].astype(float) @ unit[there].T
        rows, columns = linear_sum_assignment(cost)
        made = found[found[:, 0] >= 0]
        assert len(made) == min(len(here), len(there))
        assert set(made[:, 0]) <= set(here)
        assert set(made[:, 1]) <= set(there)
        assert len(set(made[:, 0])) == len(set(made[:, 1])) == len(made)
        total = (1 - (unit[made[:, 0]].astype(float) * unit[made[:, 1]]).sum(axis=1)).sum()
        assert total == pytest.approx(cost[rows, columns].sum(), abs=1e-5)
        np.testing.assert_array_equal(found[: len(here), 0][found[: len(here), 0] >= 0], made[:, 0])
        assert (found[found[:, 0] < 0] == -1).all()
        padded += len(made) < 9
    assert 0 < padded < 120


def test_context_pairs_by_euclidean_distance_are_the_best_assignment() -> None:
    rng = np.random.default_rng(1)
    vectors = vectors_of(5, 60) * rng.uniform(0.1, 9, (60, 1)).astype(np.float32)
    neighbours, partners = spatial_neighbours(rng.random((60, 2)), np.zeros(60)), rng.permutation(60)
    pairs = context_pairs(vectors, np.arange(60), partners, neighbours, metric="euclidean")
    for s, p, found in zip(np.arange(60), partners, pairs, strict=True):
        cost = np.linalg.norm(vectors[[s, *neighbours[s]]][:, None] - vectors[[p, *neighbours[p]]], axis=-1)
        rows, columns = linear_sum_assignment(cost)
        total = np.linalg.norm(vectors[found[:, 0]] - vectors[found[:, 1]], axis=-1).sum()
        assert total == pytest.approx(cost[rows, columns].sum(), rel=1e-5)
    with pytest.raises(ConfigError, match="`metric` must be one of: cosine, euclidean"):
        context_pairs(vectors, partners, partners, neighbours, metric="other")  # type: ignore[arg-type]


def test_euclidean_nearest_segments_are_measured() -> None:
    vectors, descriptors = (
        np.array([[1.0, 0], [9, 0], [1, 1.1], [9, 3.0]], dtype=np.float32),
        random_descriptors(0, 4),
    )
    points = np.random.default_rng(0).random((4, 2))
    found = evaluate_graph(descriptors, vectors, points, np.zeros(4), metric="euclidean")
    pairs = np.array([[0, 2], [1, 3], [2, 0], [3, 1]])
    expected = measure_pairs(descriptors, pairs, MeasureOptions())
    assert found["feature"] == pytest.approx({name: values.mean() for name, values in expected.items()})


def test_a_context_is_paired_with_itself_where_it_is_its_own_partner() -> None:
    vectors = vectors_of(6, 30)
    neighbours = spatial_neighbours(np.random.default_rng(0).random((30, 2)), np.zeros(30))
    pairs = context_pairs(vectors, np.arange(30), np.arange(30), neighbours)
    np.testing.assert_array_equal(pairs[..., 0], pairs[..., 1])
    np.testing.assert_array_equal(pairs[:, 0, 0], np.arange(30))
    np.testing.assert_array_equal(pairs[:, 1:, 0], neighbours)


def test_context_pairs_say_what_does_not_fit() -> None:
    vectors, some = vectors_of(7, 5), np.arange(3)
    neighbours = np.full((5, 8), -1)
    for wrong in ((some, some[:2], neighbours), (some, some, neighbours[:4])):
        with pytest.raises(ConfigError, match="must have shapes"):
            context_pairs(vectors, *wrong)
    for wrong in ((some + 3, some, neighbours), (some, some - 1, neighbours), (some, some, neighbours + 6)):
        with pytest.raises(ConfigError, match="indices of the 5 segments"):
            context_pairs(vectors, *wrong)


# the measures


def test_context_measures_are_means_over_the_pairs_that_there_are() -> None:
    descriptors, options = random_descriptors(0, 50), MeasureOptions()
    pairs = np.random.default_rng(1).integers(0, 50, (20, 9, 2))
    pairs[3, 5:] = -1
    pairs[7, 1] = -1
    found = context_measures(descriptors, pairs, options)
    for index, nine in enumerate(pairs):
        expected = measure_pairs(descriptors, nine[nine[:, 0] >= 0], options)
        for name in MEASURES:
            assert found[name][index] == pytest.approx(expected[name].mean(), abs=1e-12)


def test_context_measures_do_not_depend_on_the_order_of_the_nine() -> None:
    descriptors, options = random_descriptors(1, 50), MeasureOptions()
    rng = np.random.default_rng(1)
    pairs = rng.integers(0, 50, (20, 9, 2))
    found = context_measures(descriptors, pairs, options)
    again = context_measures(descriptors, pairs[:, rng.permutation(9), ::-1], options)
    for name in MEASURES:
        np.testing.assert_allclose(found[name], again[name], atol=1e-12)


def test_context_measures_say_what_does_not_fit() -> None:
    descriptors = random_descriptors(1, 5)
    with pytest.raises(ConfigError, match="at least one pair"):
        context_measures(descriptors, np.full((2, 9, 2), -1), MeasureOptions())
    with pytest.raises(ConfigError, match=r"shape \(segments, 9, 2\)"):
        context_measures(descriptors, np.zeros((9, 2), dtype=np.int64), MeasureOptions())
    found = context_measures(descriptors, np.zeros((0, 9, 2), dtype=np.int64), MeasureOptions())
    assert {name: values.shape for name, values in found.items()} == dict.fromkeys(MEASURES, (0,))


def test_evaluate_graph_puts_the_parts_together() -> None:
    n, options = 90, MeasureOptions()
    rng = np.random.default_rng(3)
    descriptors, vectors, points = random_descriptors(2, n), vectors_of(8, n), rng.random((n, 2))
    group, among = np.repeat(np.arange(6), 15), rng.random(n) < 0.5
    found = evaluate_graph(descriptors, vectors, points, group, among=among)
    segments = np.flatnonzero(among)
    partners = nearest(vectors, 1, queries=segments, among=segments).rows[:, 0]
    feature = measure_pairs(descriptors, np.stack([segments, partners], axis=1), options)
    pairs = context_pairs(vectors, segments, partners, spatial_neighbours(points, group))
    around = context_measures(descriptors, pairs, options)
    itself = np.array([[one == two for one, two in nine] for nine in pairs])
    neighbours = spatial_neighbours(points, group)
    adjacent = np.mean([partner in neighbours[segment] for segment, partner in zip(segments, partners, strict=True)])
    apart = ~itself.any(axis=1)
    assert found["overlap"] == pytest.approx({"adjacent": adjacent, "itself": itself.mean(), "apart": apart.mean()})
    assert 0 < apart.mean() < 1
    for name in MEASURES:
        assert found["feature"][name] == pytest.approx(feature[name].mean())
        assert found["context"][name] == pytest.approx(around[name].mean())
        assert found["feature_std"][name] == pytest.approx(feature[name].std())
        assert found["context_std"][name] == pytest.approx(around[name].std())
        assert found["feature_apart"][name] == pytest.approx(feature[name][apart].mean())
        assert found["context_apart"][name] == pytest.approx(around[name][apart].mean())


def test_evaluate_graph_has_nothing_to_say_of_contexts_apart_where_there_is_one_image_of_nine() -> None:
    points = np.random.default_rng(0).random((9, 2))
    found = evaluate_graph(random_descriptors(3, 9), vectors_of(4, 9), points, np.zeros(9))
    assert found["overlap"] == {"adjacent": 1, "itself": 1, "apart": 0}  # everybody's context is all nine
    assert np.isnan(list(found["context_apart"].values())).all()
    assert found["context"] == pytest.approx({"glcm": 0, "lbp": 1, "ssim": 1, "sam": 0}, abs=1e-9)


def test_evaluate_graph_prefers_the_embedding_that_puts_like_by_like() -> None:
    # twenty kinds of segments, five copies of each, scattered
    kinds = np.random.default_rng(0).permutation(np.repeat(np.arange(20), 5))
    one = random_descriptors(4, 20)
    descriptors = Descriptors(one.glcm[kinds], one.lbp[kinds], one.ssim[kinds], one.sam[kinds])
    points = np.random.default_rng(1).random((100, 2))
    good = evaluate_graph(descriptors, vectors_of(9, 20)[kinds], points, np.zeros(100))
    blind = evaluate_graph(descriptors, vectors_of(9, 100), points, np.zeros(100))
    assert good["feature"] == pytest.approx({"glcm": 0, "lbp": 1, "ssim": 1, "sam": 0}, abs=1e-9)
    for name, sign in MEASURES.items():
        assert sign * (good["feature"][name] - blind["feature"][name]) > 0
        assert sign * (good["context"][name] - blind["context"][name]) > 0


def test_evaluate_graph_says_what_does_not_fit() -> None:
    descriptors = random_descriptors(1, 5)
    with pytest.raises(ConfigError, match="one row per segment"):
        evaluate_graph(descriptors, vectors_of(0, 4), np.zeros((5, 2)), np.zeros(5))
